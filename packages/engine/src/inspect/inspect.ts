/**
 * Looks into the folder of a node that does not run: whose it is, what its log and snapshots are, and the state that comes
 * out of them.
 *
 * INSPECT-1: nothing is changed (LOOK-1 of the storage), and a folder that a node has is not looked into, nor one that it took
 *     while that was done.
 * INSPECT-2: the state is that of what is known here to be committed. What else stands in the log may never have been, and
 *     may be replaced: it is applied only where somebody asks for it, and is told apart.
 * INSPECT-3: a state out of a damaged folder says that it is one: it may lack what was acknowledged.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { decodeMembership } from '@holdfast/raft';
import type { Entry, LogIndex, Membership, Recovered } from '@holdfast/raft';
import {
  beginRestore,
  createStateMachine,
  initialLimits,
  primitiveDeclarations,
} from '@holdfast/state';
import type { ListedKind, StateMachine } from '@holdfast/state';
import { lookAtLog, lookAtPayloads } from '@holdfast/storage/parts';
import type { SeenLog, SeenPayloads } from '@holdfast/storage/parts';
import { decodeBatch } from '../batch.ts';
import { readIdentity, refuseDiverged } from '../identity.ts';
import { refuseForgotten } from '../peer-files.ts';
import type { Former, Identity } from '../identity.ts';
import { refuseUnfinished } from '../restore/unfinished.ts';

export type InspectedLog = Pick<
  SeenLog,
  'format' | 'segments' | 'snapshots' | 'hardState' | 'repairs'
>;

export interface InspectedState {
  readonly state: StateMachine;
  /** Of which it can tell lists. */
  readonly kinds: readonly ListedKind[];
  /** The last entry that it holds. */
  readonly index: LogIndex;
  /** Known here to be committed. A node that ends at once does not record the last of it. */
  readonly committedIndex: LogIndex;
  readonly lastIndex: LogIndex;
  /** What follows the snapshot could not be used (INSPECT-3). */
  readonly snapshotAlone: boolean;
}

export interface InspectedFolder {
  readonly folder: string;
  /** Undefined: there is none, though there is a log. */
  readonly identity: Identity | Former | undefined;
  /** The latest in the log, committed or not: undefined where nothing tells one. */
  readonly membership: Membership | undefined;
  readonly log: InspectedLog;
  /** Files with payloads of messages, beside the state. */
  readonly payloads: readonly SeenPayloads[];
  /** Why no node starts on it, or should. */
  readonly problems: readonly string[];
  /** Undefined: there is none, or it cannot be read, which `problems` says. */
  readonly state: InspectedState | undefined;
}

export interface InspectOptions {
  readonly folder: string;
  /** With the entries that are not known to be committed (INSPECT-2). */
  readonly uncommitted: boolean;
}

/** @throws FolderInUseError, DiskError; Error where it is not the folder of a node. */
export async function inspectFolder({
  folder,
  uncommitted,
}: InspectOptions): Promise<InspectedFolder> {
  const logFolder = join(folder, 'log');
  const problems: string[] = [];
  const tell = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      problems.push(messageOf(error));
      return undefined;
    }
  };
  const identityFile = join(folder, 'identity.json');
  if (!existsSync(identityFile) && !existsSync(logFolder))
    throw new Error(
      `"${folder}" is not the folder of a node: it has neither identity.json nor log. Name the folder that "storage.folder" of the node's configuration names.`,
    );
  const identity = tell(() => readIdentity(folder));
  if (identity === undefined && problems.length === 0)
    problems.push(`${identityFile} is not there: no node starts on this folder as the one it was.`);
  tell(() => refuseDiverged(folder));
  tell(() => refuseUnfinished(folder));
  if (identity !== undefined) tell(() => refuseForgotten(folder, identity));
  const seen = await lookAtLog({
    logFolder,
    log: identity !== undefined && 'log' in identity ? identity.log : undefined,
    ...(identity === undefined
      ? {}
      : { formerOwner: { clusterId: identity.clusterId, memberId: identity.nodeId } }),
  });
  try {
    for (const damage of seen.damage) problems.push(damage);
    const { format, segments, snapshots, hardState, repairs } = seen;
    const payloads = await lookAtPayloads(logFolder).catch((error: unknown) => {
      problems.push(`The payloads of messages cannot be looked at: ${messageOf(error)}`);
      return [];
    });
    const state = await stateOf(seen, uncommitted, problems);
    seen.assertUnused(); // INSPECT-1
    return {
      folder,
      identity,
      membership: seen.recovered && membershipOf(seen.recovered),
      log: { format, segments, snapshots, hardState, repairs },
      payloads,
      state,
      problems,
    };
  } finally {
    seen.close();
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

function membershipOf({ snapshot, entries }: Recovered): Membership | undefined {
  const last = entries.findLast(
    ({ kind, index }) => kind === 'membership' && index > snapshot.index,
  );
  if (last !== undefined) return decodeMembership(last.data);
  return snapshot.index === 0 ? undefined : snapshot.membership;
}

/** What cannot be applied is a problem of the folder, or of the age of this program: what was applied before is shown. */
async function stateOf(
  seen: SeenLog,
  uncommitted: boolean,
  problems: string[],
): Promise<InspectedState | undefined> {
  const { recovered } = seen;
  if (recovered === undefined) return undefined;
  const { snapshot, entries, hardState } = recovered;
  let state: StateMachine;
  try {
    state = snapshot.index === 0 ? createStateMachine(initialLimits) : await restored(seen);
  } catch (error) {
    problems.push(`The state of the snapshot cannot be read: ${messageOf(error)}`);
    return undefined;
  }
  const until = uncommitted ? Number.POSITIVE_INFINITY : hardState.commit; // INSPECT-2
  try {
    await applyAll(state, entries, until);
  } catch (error) {
    problems.push(
      `The entry behind ${String(state.index)} cannot be applied: ${messageOf(error)} The state is that of before it.`,
    );
  }
  return {
    state,
    index: state.index,
    kinds: ['session', ...primitiveDeclarations.map(({ kind }) => kind)],
    committedIndex: hardState.commit,
    lastIndex: entries.at(-1)?.index ?? snapshot.index,
    snapshotAlone: seen.damage.length > 0,
  };
}

async function restored({ stateChunks }: SeenLog): Promise<StateMachine> {
  const restorer = beginRestore();
  for await (const chunk of stateChunks()) {
    restorer.push(chunk);
    restorer.takePayloads(); // Of queues, whose messages are counted and not shown.
  }
  return restorer.end();
}

const entriesPerTurn = 1000;

async function applyAll(
  state: StateMachine,
  entries: readonly Entry[],
  until: LogIndex,
): Promise<void> {
  for (const [place, { index, kind, data }] of entries.entries()) {
    if (index > until) return;
    if (index <= state.index) continue;
    if (kind !== 'command') state.skipTo(index);
    else {
      const { time, commands, wallMs } = decodeBatch(data);
      state.apply({ index, time, commands, wallMs });
    }
    if (place % entriesPerTurn === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
