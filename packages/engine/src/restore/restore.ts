/**
 * Makes the folder of a new cluster's first node out of a backup.
 *
 * REST-1: a folder is whole or says that it is not: a marker is durable before anything else is written, and taken
 *     away, durably, after all of it is. No node starts on a folder with the marker.
 * REST-2: nothing is written before the backup was found good and the new state is there, in memory.
 * REST-3: only a folder with nothing in it is written to, which is looked at again when it is locked.
 * REST-4: the new cluster has an id of its own, which is not that of the old one where somebody kept that, and one member with a new
 *     incarnation. So members of the old cluster are refused by it, and two restores of one backup are two clusters.
 * REST-5: what ends a restore behind the marker says that the folder is not whole, and what to do. What the disk refused is told
 *     as such, with its cause.
 * REST-6: who gives a restore up is obeyed between two pieces: nothing was written until the marker, and REST-5 holds behind it.
 * REST-7: what has to be known before a node can start on the folder is told before the marker goes (`beforeWhole`).
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { HoldfastError } from '@holdfast/protocol';
import type { MemberId } from '@holdfast/raft';
import {
  fileDisk,
  openPayloads,
  removeDurably,
  renameDurably,
  writeRestored,
} from '@holdfast/storage/parts';
import type { Disk, FoundFile, SegmentSettings } from '@holdfast/storage/parts';
import type { Identity } from '../identity.ts';
import { isPeerId } from '../transport/peer-names.ts';
import type { KeysChoice, NewAdministrator, RestoredAccess } from './access-anew.ts';
import { readBackup, readPayloads } from './backup-file.ts';
import type { OnBytes, ReadBackup } from './backup-file.ts';
import { beginAnew } from './new-beginning.ts';
import type { SessionsChoice } from './new-beginning.ts';
import { RestoreError } from './restore-error.ts';
import { markerName, notWhole, unfinished } from './unfinished.ts';

/** `payloads`: those of messages, which stand beside the state, are written. */
export type RestorePhase = 'check' | 'read' | 'payloads' | 'write';

export interface RestoreOptions {
  /** The backup. */
  readonly file: string;
  /** SHA-256 of it, where somebody kept it. */
  readonly hash?: string;
  /** Empty or absent. */
  readonly folder: string;
  readonly clusterId: string;
  /** Of the cluster that the backup is of, where somebody kept it (REST-4). */
  readonly formerClusterId?: string | undefined;
  readonly nodeId: string;
  /** `host:port` at which peers will reach this node; empty: none will. */
  readonly address: string;
  readonly sessions: SessionsChoice;
  /** Has to be told where the backup has any (BEGIN-5). */
  readonly keys?: KeysChoice | undefined;
  /** Whose key is the only one where keys end. */
  readonly administrator?: NewAdministrator;
  /** Tokens and positions are past this number, too: where a restore before began (BEGIN-4). */
  readonly fenceAbove?: number;
  readonly onProgress: (phase: RestorePhase, bytes: number, totalBytes: number) => void;
  /** All is durable, and the folder counts when this resolves (REST-7). Where it rejects the folder is not whole. */
  readonly beforeWhole?: (restored: Restored) => Promise<void>;
  /** Aborted where it is wanted no more (REST-6). */
  readonly signal?: AbortSignal;
  /** Another one than that of this machine, for tests. */
  readonly disk?: Disk;
  /** For tests. */
  readonly segments?: SegmentSettings;
}

export interface Restored extends RestoredAccess {
  readonly clusterId: string;
  readonly nodeId: string;
  /** Of the backup. */
  readonly backup: { readonly index: number; readonly hash: string; readonly byteLength: number };
  /** Of the first snapshot of the new cluster. */
  readonly index: number;
  /** Where tokens begin, and what a later restore has to be told (BEGIN-4). */
  readonly fenceCounter: number;
  readonly endedSessions: number;
}

/** @throws RestoreError, DiskError, FolderInUseError; HoldfastError where it was cancelled. */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { file, hash, folder, clusterId, nodeId, sessions } = options;
  const { disk = fileDisk, fenceAbove = 0 } = options;
  const isName: boolean = isPeerId(nodeId);
  if (!isName)
    throw new RestoreError(
      `No node can have the id "${nodeId}": it has 1 to 64 letters, digits, ".", "_" or "-".`,
    );
  if (clusterId === options.formerClusterId)
    throw new RestoreError(
      `"${clusterId}" is the name of the cluster that the backup is of: members and clients of the old cluster would take the new one for it. ` +
        'Give a name that was never used. Nothing was written.',
    );
  await refuseUsed(disk, folder);
  const backup = await readBackup(
    file,
    hash,
    onBytesOf(options, 'check'),
    onBytesOf(options, 'read'),
  );
  const { keys: choice, administrator } = options;
  const begun = await beginAnew(backup.state, sessions, fenceAbove, () => nextTurn(options), {
    choice,
    ...(administrator === undefined ? {} : { administrator }),
  });
  const restored: Restored = {
    clusterId,
    nodeId,
    backup: { index: backup.point.index, hash: backup.hash, byteLength: backup.byteLength },
    index: backup.state.index,
    ...begun,
  };
  await write(options, backup, restored); // REST-2
  return restored;
}

async function nextTurn({ signal }: RestoreOptions): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  assertWanted(signal);
}

/** REST-6. */
function assertWanted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new HoldfastError('cancelled', 'The restore was cancelled.');
}

const onBytesOf =
  ({ onProgress, signal }: RestoreOptions, phase: RestorePhase): OnBytes =>
  (bytes, totalBytes) => {
    assertWanted(signal);
    onProgress(phase, bytes, totalBytes);
  };

async function* countedChunks(
  options: RestoreOptions,
  backup: ReadBackup,
): AsyncGenerator<Uint8Array, void, undefined> {
  const onBytes = onBytesOf(options, 'write');
  let bytes = 0;
  for (const chunk of backup.state.snapshot()) {
    bytes += chunk.byteLength;
    // How many there will be is not known: about as many as there were.
    onBytes(bytes, Math.max(bytes, backup.byteLength));
    yield chunk;
  }
}

/** REST-1. */
async function write(
  options: RestoreOptions,
  backup: ReadBackup,
  restored: Restored,
): Promise<void> {
  const { disk = fileDisk, folder } = options;
  const logFolder = join(folder, 'log');
  await disk.makeFolder(logFolder);
  const unlock = await disk.lock(join(logFolder, 'lock'));
  try {
    await refuseUsed(disk, folder); // REST-3
    assertWanted(options.signal);
    try {
      await fill(disk, logFolder, options, backup, restored);
    } catch (error) {
      throw notWhole(error, folder); // REST-5
    }
  } finally {
    unlock();
  }
}

async function fill(
  disk: Disk,
  logFolder: string,
  options: RestoreOptions,
  backup: ReadBackup,
  restored: Restored,
): Promise<void> {
  const { folder, segments, beforeWhole } = options;
  const marker = join(folder, markerName);
  await writeFile(disk, marker, { of: options.file, since: new Date().toISOString() });
  await disk.syncFolder(folder);
  const members = [
    { id: options.nodeId as MemberId, address: options.address, role: 'voter' as const },
  ];
  const logId = randomBytes(16).toString('hex');
  const { index } = backup.state;
  const point = { index, term: backup.point.term, membership: { members } };
  await writePayloads(disk, logFolder, options, backup);
  const chunks = countedChunks(options, backup);
  const position = await writeRestored(disk, logFolder, logId, point, chunks, segments);
  const identity: Identity = {
    formatVersion: 2,
    clusterId: options.clusterId,
    nodeId: options.nodeId,
    incarnation: randomUUID(), // REST-4
    initialMembers: members.map(({ id, address }) => ({ id, address })),
    joined: false,
    log: { id: logId, made: true, ...position },
  };
  const written = join(folder, 'identity.json.new');
  await writeFile(disk, written, identity);
  await renameDurably(disk, written, join(folder, 'identity.json'));
  assertWanted(options.signal);
  await beforeWhole?.(restored); // REST-7
  await removeDurably(disk, marker);
}

/** What stands beside the state, durable before the folder counts (REST-1). */
async function writePayloads(
  disk: Disk,
  logFolder: string,
  options: RestoreOptions,
  backup: ReadBackup,
): Promise<void> {
  const { file } = options;
  let failure: unknown;
  const store = await openPayloads(disk, logFolder, (error) => (failure = error));
  const notWritten = (): Error =>
    store.shortage ??
    (failure instanceof Error
      ? failure
      : new Error(`The payloads of ${file} could not be written.`, { cause: failure }));
  try {
    if (backup.hasPayloads)
      await readPayloads(file, backup, onBytesOf(options, 'payloads'), async (payloads) => {
        for (const { id, text } of payloads) store.put(id, Buffer.from(text));
        if (store.isBehind && !(await store.durable())) throw notWritten();
      });
    if (!(await store.durable())) throw notWritten();
  } finally {
    await store.close();
  }
}

async function writeFile(disk: Disk, path: string, content: object): Promise<void> {
  const file = await disk.create(path, 0);
  try {
    await file.write(Buffer.from(`${JSON.stringify(content, null, 2)}\n`), 0);
  } finally {
    await file.close();
  }
}

/** What file systems have in their root from the beginning: who gives a disk of its own gives that root. */
const isOfFileSystem = ({ name, isFolder }: FoundFile): boolean =>
  name === 'lost+found' && isFolder;

/** REST-3; but for what a lock leaves behind, and folders in which nothing is. */
async function refuseUsed(disk: Disk, folder: string): Promise<void> {
  const contentOf = async (path: string): Promise<readonly FoundFile[]> =>
    (await disk.list(path)).filter((found) => !isOfFileSystem(found));
  const names = (await contentOf(folder)).map(({ name }) => name);
  if (names.includes(markerName)) throw new RestoreError(unfinished(folder));
  const inLog = await contentOf(join(folder, 'log'));
  const inSnapshots = await contentOf(join(folder, 'snapshots'));
  const used =
    names.find((name) => name !== 'log' && name !== 'snapshots') ??
    inLog.find(({ name }) => !/^(?:lock|owner)/.test(name))?.name ??
    inSnapshots[0]?.name;
  if (used !== undefined)
    throw new RestoreError(
      `${folder} is not empty: there is "${used}" in it. Give a folder that is empty or not there. Nothing was written.`,
    );
}
