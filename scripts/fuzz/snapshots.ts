/**
 * Snapshots: the state's bytes by themselves, and the files as a node finds them when it starts, and as it is sent them by
 * a leader.
 */
import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { FeatureLevelError } from '../../packages/engine/src/feature-levels.ts';
import { readState } from '../../packages/engine/src/snapshot-state.ts';
import { StillClock } from '../../packages/engine/test/unit/still-clock.ts';
import type { SnapshotMeta } from '../../packages/raft/src/index.ts';
import {
  beginRestore,
  createStateMachine,
  latestFeatureLevel,
  SnapshotFormatError,
} from '../../packages/state/src/index.ts';
import type { StateMachine } from '../../packages/state/src/index.ts';
import { TextHash } from '../../packages/state/src/kernel/snapshot/digest.ts';
import { decodeHead, StorageDamagedError } from '../../packages/storage/src/index.ts';
import type { Opened, SnapshotPoint, Storage } from '../../packages/storage/src/index.ts';
import { snapshotName, snapshotOf } from '../../packages/storage/src/layout.ts';
import type { SnapshotName } from '../../packages/storage/src/layout.ts';
import {
  fill,
  hardState,
  LogInMemory,
  membership,
  settle,
} from '../../packages/storage/test/log-in-memory.ts';
import { orRefused, refusing } from './target.ts';
import type { Target } from './target.ts';

/** A state with something of most kinds. */
function machine(): StateMachine {
  const state = createStateMachine();
  const commands = [
    { type: 'set_audit', isOn: true },
    {
      type: 'create_session',
      sessionId: 's',
      clientId: 'c',
      timeoutMs: 1000,
      lockDelayMs: 5,
      createdAtMs: 1,
    },
    {
      type: 'acquire',
      sessionId: 's',
      requestId: 1,
      name: 'x',
      mode: 'exclusive',
      waitMs: 0,
      acquiredAtMs: 1,
    },
    { type: 'create_latch', name: 'l', count: 3 },
    { type: 'queue_push', name: 'q', messages: [{ payload: 'p', key: 'k' }] },
    { type: 'cache_set', name: 'k', value: 'v' },
    {
      type: 'auth_create_key',
      id: 'k1',
      identity: 'a',
      hash: 'f'.repeat(64),
      createdAtMs: 1,
      roles: ['admin'],
    },
  ];
  for (const command of commands)
    state.apply({
      index: state.index + 1,
      time: 10,
      commands: [{ identity: 'a', command }] as never,
    });
  return state;
}

const stateBytes = (): readonly Buffer[] => [Buffer.concat([...machine().snapshot()])];

const snapshots: Target = {
  name: 'snapshots',
  seeds: stateBytes,
  run: (input) =>
    refusing([SnapshotFormatError], () => {
      const restorer = beginRestore();
      for (let at = 0; at < input.length; at += 100) restorer.push(input.subarray(at, at + 100));
      restorer.end();
    }),
};

/** With the number of lines and the hash that belong to them: what is in the records is read. */
function closed(input: Buffer): Buffer {
  const hash = new TextHash();
  const lines = input
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('["end"'));
  for (const line of lines) hash.add(line);
  return Buffer.from(
    [...lines, JSON.stringify(['end', lines.length, hash.digest()]), ''].join('\n'),
  );
}

const snapshotRecords: Target = {
  name: 'snapshot-records',
  seeds: stateBytes,
  run: (input) => snapshots.run(closed(input)),
};

/** A node whose log goes on behind its snapshot. */
interface Node {
  readonly log: LogInMemory;
  readonly path: string;
  readonly named: SnapshotName;
  readonly bytes: Buffer;
}

const entries = 9;
const chunkBytes = 700;
const clock = new StillClock();

async function makeNode(): Promise<Node> {
  const log = new LogInMemory();
  const opened = await log.open();
  const { storage } = opened;
  await fill(opened, 1, entries);
  const state = machine();
  await storage.saveSnapshot({ index: state.index, term: 1, membership }, [...state.snapshot()]);
  await storage.close();
  const path = log.files.paths.find((one) => snapshotOf(basename(one)) !== undefined) ?? '';
  const named = snapshotOf(basename(path));
  if (named === undefined) throw new Error('No snapshot was saved.');
  return { log, path, named, bytes: Buffer.from(log.files.bytes(path)) };
}

let made: Promise<Node> | undefined;
const node = (): Promise<Node> => (made ??= makeNode());

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** What a start finds may be damaged, or of a newer program, which is said. */
async function openedOr(log: LogInMemory): Promise<Opened | undefined> {
  try {
    return await orRefused([StorageDamagedError], () => log.open());
  } catch (error) {
    if (!String(error).endsWith('Run the version that wrote it, or newer.')) throw error;
    return undefined;
  }
}

/** The state that a node begins with, or installs. */
async function stateIn(storage: Storage, meta: SnapshotMeta): Promise<StateMachine | undefined> {
  const found = await orRefused([SnapshotFormatError, FeatureLevelError], () =>
    readState({ storage, clock }, meta, latestFeatureLevel),
  );
  return found?.state;
}

/** At a start: the file has this name and these bytes. @returns Whether it was taken for the snapshot that its name says. */
async function isTaken({ log, path }: Node, named: SnapshotName, bytes: Buffer): Promise<boolean> {
  const copy = log.copy();
  copy.files.remove(path);
  copy.files.put(join(dirname(path), snapshotName(named)), bytes);
  const opened = await openedOr(copy);
  if (opened === undefined) return false;
  const meta = opened.recovered?.snapshot;
  if (meta?.hash !== named.hash || meta.index !== named.index)
    throw new Error('another snapshot than that of the folder was found');
  await stateIn(opened.storage, meta);
  await opened.storage.close();
  return true;
}

/** From a leader, which says that it is this snapshot. @returns Whether it was verified. */
async function isVerified(point: SnapshotPoint, hash: string, bytes: Buffer): Promise<boolean> {
  const log = new LogInMemory();
  const { storage } = await log.open();
  const { index, term, membership } = point;
  const meta = { index, term, membership, hash, byteLength: bytes.length };
  for (let offset = 0; offset < bytes.length; offset += chunkBytes) {
    const data = bytes.subarray(offset, offset + chunkBytes);
    await storage.write({ id: offset, entries: [], snapshotChunks: [{ meta, offset, data }] });
  }
  const isGood = await storage.verifyReceived(meta);
  if (isGood && (await stateIn(storage, meta)) !== undefined) await installed(log, storage, meta);
  await storage.close();
  return isGood;
}

/** What was verified and read is found at the next start. */
async function installed(log: LogInMemory, storage: Storage, meta: SnapshotMeta): Promise<void> {
  await storage.write({
    id: 1,
    hardState: hardState(meta.index, meta.term),
    entries: [],
    installSnapshot: meta,
  });
  await settle();
  if (log.failures.length > 0) throw log.failures[0] ?? new Error('the disk failed');
  const { recovered, storage: next } = await log.copy().open();
  if (recovered?.snapshot.hash !== meta.hash)
    throw new Error('a snapshot that was installed is not found at the next start');
  await next.close();
}

/** The point that the head names, where a message of a leader can name it (`isSnapshotMeta` of the engine's messages). */
function pointOf(bytes: Buffer): SnapshotPoint | undefined {
  try {
    const point = decodeHead(bytes);
    if (point === undefined) return undefined;
    const { index, term } = point;
    const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
    return isCount(index) && index > 0 && isCount(term) ? point : undefined;
  } catch {
    return undefined; // Of a newer program.
  }
}

/** Head as it stands, and a state whose end belongs to its records. */
function wholeFile(input: Buffer): Buffer {
  const end = input.indexOf('\n') + 1;
  return Buffer.concat([input.subarray(0, end), closed(input.subarray(end))]);
}

/**
 * Under the name that it had, what was changed is damage. Under the name of its own hash, as a faulty program would have
 * written it, it is read or refused. The same where it is received.
 */
const snapshotFiles: Target = {
  name: 'snapshot-files',
  seeds: async () => [(await node()).bytes],
  async run(input) {
    const own = await node();
    const { named, bytes } = own;
    const isSame = input.equals(bytes);
    if ((await isTaken(own, named, input)) !== isSame)
      throw new Error(
        `at a start, a file that was ${isSame ? 'not ' : ''}changed was taken wrongly`,
      );
    const whole = wholeFile(input);
    await isTaken(own, { ...named, hash: hashOf(whole) }, whole);
    const point = pointOf(whole);
    if (point === undefined) return;
    const isSameWhole = whole.equals(bytes);
    if ((await isVerified(point, named.hash, whole)) !== isSameWhole)
      throw new Error(
        'bytes that are not those of the hash were verified, or those that are were not',
      );
    if (!isSameWhole) await isVerified(point, hashOf(whole), whole);
  },
};

export const snapshotTargets: readonly Target[] = [snapshots, snapshotRecords, snapshotFiles];
