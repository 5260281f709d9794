/**
 * Who this folder belongs to, written once, before anything else.
 *
 * N1: a member whose folder was lost must not vote as if nothing had happened: what it had
 *     acknowledged is gone. Each folder has an incarnation of its own; peers remember the
 *     incarnation of each member id and refuse another one.
 */
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

export interface Identity {
  readonly formatVersion: 1;
  readonly clusterId: string;
  readonly nodeId: string;
  readonly incarnation: string;
  readonly initialMembers: readonly { readonly id: string; readonly address: string }[];
  readonly joined: boolean;
}

/** Writes a small file so that after a crash either the old or the new one is there, whole. */
function writeDurably(folder: string, name: string, text: string): void {
  const temporary = join(folder, `${name}.new`);
  const file = openSync(temporary, 'w');
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, join(folder, name));
  const directory = openSync(folder, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(
      `${path} is damaged. Restore it from a copy, or add this node under a new id.`,
      {
        cause: error,
      },
    );
  }
}

function isIdentity(value: unknown): value is Identity {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Record<string, unknown>;
  return (
    record['formatVersion'] === 1 &&
    typeof record['clusterId'] === 'string' &&
    typeof record['nodeId'] === 'string' &&
    typeof record['incarnation'] === 'string' &&
    typeof record['joined'] === 'boolean' &&
    Array.isArray(record['initialMembers'])
  );
}

/** Reads the folder's identity, or gives it one. Throws where it belongs to another cluster or node. */
export function claimFolder(
  folder: string,
  wanted: Omit<Identity, 'formatVersion' | 'incarnation'>,
): Identity {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'identity.json');
  const found = readJson(path);
  if (found === undefined) {
    const identity: Identity = { formatVersion: 1, incarnation: randomUUID(), ...wanted };
    writeDurably(folder, 'identity.json', JSON.stringify(identity, null, 2) + '\n');
    return identity;
  }
  if (!isIdentity(found)) {
    throw new Error(`${path} is not an identity this version can read.`);
  }
  if (found.clusterId !== wanted.clusterId || found.nodeId !== wanted.nodeId) {
    throw new Error(
      `The folder ${folder} belongs to node "${found.nodeId}" of cluster "${found.clusterId}", ` +
        `not to node "${wanted.nodeId}" of cluster "${wanted.clusterId}". ` +
        `Point this node at a folder of its own, or set its names as they were.`,
    );
  }
  return found;
}

/** More members than a cluster ever has; beyond it a newcomer is refused. */
const maxKnownPeers = 1000;

/** The incarnations of peers as first met (N1). */
export class KnownPeers {
  readonly #folder: string;
  readonly #incarnations: Map<string, string>;

  constructor(folder: string) {
    this.#folder = folder;
    const found = readJson(join(folder, 'known-peers.json'));
    this.#incarnations = new Map(
      typeof found === 'object' && found !== null
        ? Object.entries(found).filter(
            (pair): pair is [string, string] => typeof pair[1] === 'string',
          )
        : [],
    );
  }

  /** True when this peer is new or the one that was met before. Remembers a new one durably first. */
  accepts(id: string, incarnation: string): boolean {
    const known = this.#incarnations.get(id);
    if (known !== undefined) return known === incarnation;
    if (this.#incarnations.size >= maxKnownPeers) return false;
    this.#incarnations.set(id, incarnation);
    writeDurably(
      this.#folder,
      'known-peers.json',
      JSON.stringify(Object.fromEntries(this.#incarnations), null, 2) + '\n',
    );
    return true;
  }
}
