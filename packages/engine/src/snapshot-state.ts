/** The state that comes out of a snapshot: the one that a node starts with, or one that it received. ENG-SNAP: snapshots.ts. */
import { createHash } from 'node:crypto';
import type { SnapshotMeta } from '@holdfast/raft';
import { beginRestore, createStateMachine, initialLimits } from '@holdfast/state';
import type { StateMachine } from '@holdfast/state';
import type { SnapshotReader, Storage } from '@holdfast/storage';
import type { Clock } from './clock.ts';
import { assertSupported } from './feature-levels.ts';
import type { IdSet } from './payloads/id-set.ts';
import type { Payloads } from './payloads/payloads.ts';

/** Bytes that are read and taken back in one turn of the event loop. */
const sliceBytes = 256 * 1024;

interface SnapshotSource {
  readonly storage: Storage;
  readonly clock: Clock;
}

export interface RestoredState {
  readonly state: StateMachine;
  /** ENG-SNAP-5. */
  readonly stateHash: string | undefined;
}

/** With what it names beside it, all of which is here. */
export interface ReceivedState extends RestoredState {
  readonly named: IdSet;
}

/** Of all its bytes, read a slice a turn. */
export async function hashOf(reader: SnapshotReader, clock: Clock): Promise<string> {
  const hash = createHash('sha256');
  const { byteLength } = reader.meta;
  for (let offset = 0; offset < byteLength; offset += sliceBytes) {
    hash.update(await reader.read(offset, Math.min(sliceBytes, byteLength - offset)));
    await new Promise<void>((resolve) => clock.endOfTurn(resolve));
  }
  return hash.digest('hex');
}

/** The state that this node starts with: of its snapshot, or an empty one. @throws FeatureLevelError */
export async function recoverState(
  options: SnapshotSource & { readonly payloads: Payloads },
  meta: SnapshotMeta,
  supportedLevel: number,
): Promise<RestoredState> {
  const { payloads } = options;
  if (meta.index === 0) {
    await payloads.adoptFound(undefined, 0);
    return { state: createStateMachine(initialLimits), stateHash: undefined };
  }
  const found = await readState(options, meta, supportedLevel);
  await payloads.adoptFound(await payloads.complete(found.state, false), meta.index);
  return found;
}

/**
 * Takes the state of a snapshot back, a slice a turn.
 *
 * @throws FeatureLevelError
 */
export async function readState(
  { storage, clock }: SnapshotSource,
  meta: SnapshotMeta,
  supportedLevel: number,
): Promise<RestoredState> {
  const reader = storage.openSnapshot(meta.hash);
  if (reader === undefined)
    throw new Error(`The snapshot at ${String(meta.index)} (${meta.hash}) is not there.`);
  try {
    const restorer = beginRestore();
    const stateHash = createHash('sha256');
    const begin = storage.stateOffset(meta);
    for (let offset = begin; offset < meta.byteLength; offset += sliceBytes) {
      const bytes = await reader.read(offset, Math.min(sliceBytes, meta.byteLength - offset));
      stateHash.update(bytes);
      restorer.push(bytes);
      await new Promise<void>((resolve) => clock.endOfTurn(resolve));
    }
    const state = restorer.end();
    assertSupported(state.featureLevel, supportedLevel); // FEATURE-4
    return { state, stateHash: state.isComparable ? stateHash.digest('hex') : undefined };
  } finally {
    reader.close();
  }
}
