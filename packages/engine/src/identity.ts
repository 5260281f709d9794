/**
 * Who this folder belongs to, written before anything else, and which log is its own.
 *
 * IDENTITY-1: a member whose folder was lost must not vote as if nothing had happened: what it had
 *     acknowledged is gone. Each folder has an incarnation of its own; peers remember the
 *     incarnation of each member id and refuse another one.
 * IDENTITY-2: neither must one whose log alone was lost. The identity names the log, by an id that stands in
 *     every frame of it, and says that it was made, before the node takes part in anything: from then
 *     on the node does not start without it, or with another.
 * IDENTITY-3: neither must one with an older copy of its log. The identity says how often the log was opened and how
 *     many writes it had, recorded after the log itself says so, before the node takes part, and when it
 *     stopped: a log that says less is refused. A crash in between leaves a log that says more.
 * IDENTITY-4: all of this is read and written under the folder's lock: of two first starts at once the later one
 *     would put another identity in the place of the one whose log was made.
 * IDENTITY-5: neither must others that lost their folders, by a node that forgot whom it had met: the identity says that the
 *     files of what is known of peers were made, and the node does not start without one of them (`peer-files.ts`).
 */
import { randomBytes, randomUUID } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { diskError, makeFolders, openToOthers, privateFileMode } from '@holdfast/storage';
import type { LogPosition } from '@holdfast/storage';
import { maxRuns, readRuns } from './transport/run-names.ts';
import type { Run } from './transport/run-names.ts';

/** IDENTITY-2, IDENTITY-3. */
export interface LogIdentity extends LogPosition {
  /** 32 hexadecimal digits. */
  readonly id: string;
  readonly made: boolean;
  /** The latest processes that had this folder, in order (RUN-1 of `peer-runs.ts`). */
  readonly runs?: readonly Run[];
}

export interface Identity {
  /** 1: of the format before, which knew nothing of a log. It becomes 2 by `recordLog`. */
  readonly formatVersion: 1 | 2;
  readonly clusterId: string;
  readonly nodeId: string;
  readonly incarnation: string;
  readonly initialMembers: readonly { readonly id: string; readonly address: string }[];
  readonly joined: boolean;
  readonly log: LogIdentity;
  /** IDENTITY-5. Undefined: of a folder that was made before this was recorded. */
  readonly peersMade?: boolean;
}

/** Of files that were being written; one that is left behind by a crash is removed at the next start. */
export const temporaryEnding = '.new';

/**
 * Writes a small file so that after a crash either the old or the new one is there, whole. The event loop waits for the
 * disk: only where a node starts or stops. While it serves: `DurableFile`.
 */
export function writeDurably(folder: string, name: string, text: string): void {
  try {
    const temporary = join(folder, `${name}.${randomUUID()}${temporaryEnding}`);
    const file = openSync(temporary, 'wx', privateFileMode);
    try {
      writeFileSync(file, text);
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
  } catch (error) {
    throw diskError(error, 'written', join(folder, name));
  }
}

export function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw diskError(error, 'read', path);
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

export type Former = Omit<Identity, 'log'>;

function isIdentity(value: unknown): value is Identity | Former {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Record<string, unknown>;
  return (
    (record['formatVersion'] === 1 ||
      (record['formatVersion'] === 2 && isLogIdentity(record['log']))) &&
    typeof record['clusterId'] === 'string' &&
    typeof record['nodeId'] === 'string' &&
    typeof record['incarnation'] === 'string' &&
    typeof record['joined'] === 'boolean' &&
    ['undefined', 'boolean'].includes(typeof record['peersMade']) &&
    Array.isArray(record['initialMembers'])
  );
}

function isLogIdentity(value: unknown): value is LogIdentity {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Record<string, unknown>;
  const isCount = (count: unknown): boolean =>
    count === undefined || (Number.isSafeInteger(count) && Number(count) >= 0);
  return (
    typeof record['id'] === 'string' &&
    /^[0-9a-f]{32}$/.test(record['id']) &&
    typeof record['made'] === 'boolean' &&
    isCount(record['starts']) &&
    isCount(record['frames']) &&
    (record['runs'] === undefined || readRuns(record['runs']) !== undefined)
  );
}

const newLog = (): LogIdentity => ({ id: randomBytes(16).toString('hex'), made: false });

function writeIdentity(folder: string, identity: Identity): void {
  writeDurably(folder, 'identity.json', JSON.stringify(identity, null, 2) + '\n');
}

/** Of the format before, it names no log. Undefined: the folder has none. @throws Error where it cannot be read. */
export function readIdentity(folder: string): Identity | Former | undefined {
  const path = join(folder, 'identity.json');
  const found = readJson(path);
  if (found === undefined || isIdentity(found)) return found;
  throw new Error(`${path} is not an identity this version can read.`);
}

/** Reads the folder's identity, or gives it one. The caller holds the folder's lock (IDENTITY-4). Throws where it belongs to another cluster or node. */
export function claimFolder(
  folder: string,
  wanted: Omit<Identity, 'formatVersion' | 'incarnation' | 'log'>,
): Identity {
  makeFolders(folder);
  for (const name of readdirSync(folder))
    if (name.endsWith(temporaryEnding)) rmSync(join(folder, name), { force: true });
  const found = readIdentity(folder);
  if (found === undefined) {
    const identity: Identity = {
      formatVersion: 2,
      incarnation: randomUUID(),
      ...wanted,
      log: newLog(),
    };
    writeIdentity(folder, identity);
    return identity;
  }
  if (found.clusterId !== wanted.clusterId || found.nodeId !== wanted.nodeId) {
    throw new Error(
      `The folder ${folder} belongs to node "${found.nodeId}" of cluster "${found.clusterId}", ` +
        `not to node "${wanted.nodeId}" of cluster "${wanted.clusterId}". ` +
        `Point this node at a folder of its own, or set its names as they were.`,
    );
  }
  // Of the format before: it is rewritten only when its log was converted.
  return 'log' in found ? found : { ...found, log: newLog() };
}

/** The log is there, durably, and has come so far: from now on this node does not start without it (IDENTITY-2, IDENTITY-3). */
export function recordLog(
  folder: string,
  identity: Identity,
  { starts, frames }: Required<LogPosition>,
): void {
  writeIdentity(folder, {
    ...identity,
    formatVersion: 2,
    log: {
      id: identity.log.id,
      made: true,
      starts,
      frames,
      ...(identity.log.runs === undefined ? {} : { runs: identity.log.runs }),
    },
  });
}

/** With this process as the latest that has the folder. */
export function withOwnRun(identity: Identity, starts: number): Identity {
  const earlier = (identity.log.runs ?? []).filter((run) => run.starts < starts);
  const runs = [...earlier, { starts, run: randomBytes(8).toString('hex') }].slice(-maxRuns);
  return { ...identity, log: { ...identity.log, runs } };
}

/**
 * What others than the owner can use of this folder, as a sentence with what to do. Folders made before this
 * was so are left as they are: somebody may read them on purpose.
 */
export function warningOfOthers(folder: string): string | undefined {
  const names = ['identity.json', 'known-peers.json', 'log', 'snapshots'];
  const open = openToOthers(folder, names);
  if (open.length === 0) return undefined;
  return (
    `Other users of this machine can use ${open.join(', ')}: ids of sessions are in there, and whoever knows one ` +
    `can act for that session. Close it with: chmod -R go-rwx ${folder}`
  );
}

const divergedName = 'diverged.json';

/** The state of this folder is wrong: no node starts on it any more (DIGEST-5 of consistency-check.ts). */
export function markDiverged(folder: string, error: Error): void {
  const text = JSON.stringify({ at: new Date().toISOString(), what: error.message }, null, 2);
  writeDurably(folder, divergedName, `${text}\n`);
}

/** @throws Error when the folder was marked. */
export function refuseDiverged(folder: string): void {
  const found = readJson(join(folder, divergedName));
  if (found === undefined) return;
  const what =
    typeof found === 'object' && found !== null && 'what' in found ? found.what : undefined;
  throw new Error(
    `${join(folder, divergedName)} says that this folder holds a wrong state: ${String(what)} ` +
      `Nothing was changed.`,
  );
}
