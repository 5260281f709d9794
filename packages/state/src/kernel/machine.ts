/**
 * The state machine: one entry in, its results and events out. Which module carries out which
 * command, and nothing more; the rules and their numbers are there.
 *
 * M1: the outcome is a function of the tables and the entry alone. Nothing here or below reads a
 *     clock, draws a chance or does I/O (spec rule 2.1).
 * M2: entries come in order of their index, and time never runs backwards.
 * M3: a command that this version does not know stops the node.
 */
import { acquire } from '../primitives/lock/acquire.ts';
import { Searches, searchStepsUnder } from '../primitives/holds/deadlock.ts';
import { enterBarrier, leaveBarrier } from '../primitives/barrier/barriers.ts';
import { campaign, proclaim, resign } from '../primitives/election/elections.ts';
import { invariant } from './invariant.ts';
import { initialLimits, limitsOfOldLogs, limitsWithoutLog } from './limits.ts';
import {
  advance,
  createSession,
  endSession,
  expireSession,
  keepAlive,
} from './sessions/lifetimes.ts';
import { countDown, createLatch, deleteLatch } from '../primitives/latch/latches.ts';
import { acquireMany } from '../primitives/holds/multi-acquire.ts';
import { carryOutForQueue, isForQueue } from '../primitives/queue/perform.ts';
import { QueueReader } from '../primitives/queue/queue-views.ts';
import { limitExceeded } from './refusals.ts';
import { abandon, downgrade, forceRelease, release } from '../primitives/lock/release.ts';
import {
  acquirePermits,
  createSemaphore,
  deleteSemaphore,
  releasePermits,
  resizeSemaphore,
} from '../primitives/semaphore/semaphores.ts';
import { SnapshotRestorer } from './snapshot/restore.ts';
import { isSignOfLife } from './sign-of-life.ts';
import { digestOf, SnapshotWriter } from './snapshot/snapshot.ts';
import { Tables } from './tables.ts';
import { beginCommand, beginShare, boundShare } from './work.ts';
import type { Envelope } from './commands.ts';
import type { QueueViews } from '../primitives/queue/commands.ts';
import type { StateLimits, StateMachine, StateRestorer } from './contract.ts';
import type {
  BarrierView,
  ElectionView,
  EndedHold,
  FoundHold,
  Holder,
  HoldsPage,
  LatchView,
  Listed,
  ListedKind,
  ListWanted,
  LockView,
  PlacesPage,
  SemaphoreView,
  SessionLease,
  SessionView,
  Stats,
} from './view-types.ts';
import type {
  ClusterTimeMs,
  FenceToken,
  LogIndex,
  ResourceKind,
  ResourceName,
  SessionId,
} from './names.ts';
import type { Applied, CommandResult } from './outcomes.ts';
import { barrierView, electionView, latchView, lockView, semaphoreView } from './views.ts';
import { list } from './listing.ts';
import { holdsPage, placesPage, sessionLease, sessionView } from './sessions/session-views.ts';
import { foundHold } from '../primitives/holds/find-hold.ts';

/** After a restore from backup the fence counter moves to the next multiple of this. */
const fenceJump = 2 ** 40;

/**
 * An empty state machine, before the first entry.
 *
 * @param limits Of one that is to apply a log, `initialLimits`: it may have been begun by an earlier version.
 */
export function createStateMachine(limits: StateLimits = limitsWithoutLog): StateMachine {
  return new Machine(new Tables(limits));
}

/**
 * The state machine as a snapshot shows it.
 *
 * @throws SnapshotFormatError when the snapshot is damaged, cut off or of a newer version.
 */
export function restoreStateMachine(chunks: Iterable<Uint8Array>): StateMachine {
  const restorer = beginRestore();
  for (const chunk of chunks) restorer.push(chunk);
  return restorer.end();
}

/** Begins to take back a snapshot that comes piece by piece, with bounded work for each piece. */
export function beginRestore(): StateRestorer {
  const restorer = new SnapshotRestorer(initialLimits);
  return {
    push: (bytes) => restorer.push(bytes),
    end: () => new Machine(restorer.end()),
  };
}

class Machine implements StateMachine {
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  get index(): LogIndex {
    return this.#tables.index;
  }

  get time(): ClusterTimeMs {
    return this.#tables.timeMs;
  }

  get isComparable(): boolean {
    return this.#tables.isComparable;
  }

  get limits(): StateLimits {
    return this.#tables.limits;
  }

  get featureLevel(): number {
    return this.#tables.featureLevel;
  }

  apply(entry: {
    readonly index: LogIndex;
    readonly time: ClusterTimeMs;
    readonly commands: readonly Envelope[];
  }): Applied {
    const tables = this.#tables;
    this.skipTo(entry.index);
    invariant(
      entry.time >= tables.timeMs,
      'M2: time never runs backwards.',
      tables.timeMs,
      entry.time,
    );
    tables.events = [];
    advance(tables, entry.time);
    const results: CommandResult[] = [];
    beginShare(tables);
    for (const envelope of entry.commands) {
      beginCommand(tables); // WORK-4: whatever the commands before it did.
      results.push(carryOut(tables, envelope));
    }
    const { events } = tables;
    tables.events = [];
    tables.searches = new Searches(searchStepsUnder(tables.limits));
    return { results, events };
  }

  skipTo(index: LogIndex): void {
    const tables = this.#tables;
    invariant(
      index > tables.index && Number.isSafeInteger(index),
      'M2: entries come in order of their index.',
      tables.index,
      index,
    );
    tables.index = index;
  }

  nextDueTime(): ClusterTimeMs | undefined {
    const tables = this.#tables;
    // WORK-2
    return tables.isBehind ? tables.timeMs : tables.due.first()?.dueMs;
  }

  session(id: SessionId): SessionView | undefined {
    const session = this.#tables.sessions.get(id);
    return session === undefined ? undefined : sessionView(session);
  }

  renewalOf(id: SessionId): number | undefined {
    return this.#tables.sessions.get(id)?.renewal;
  }

  endedReason(id: SessionId): 'ended' | 'expired' | undefined {
    return this.#tables.tombstone(id)?.reason;
  }

  leaseOf(id: SessionId): SessionLease | undefined {
    const session = this.#tables.sessions.get(id);
    return session === undefined ? undefined : sessionLease(session, this.#tables);
  }

  *leases(): Generator<SessionLease, void, undefined> {
    for (const session of this.#tables.sessions.values()) yield sessionLease(session, this.#tables);
  }

  holdsOf(id: SessionId, after: number, limit: number): HoldsPage | undefined {
    const session = this.#tables.sessions.get(id);
    return session === undefined ? undefined : holdsPage(session, after, limit);
  }

  waitsOf(id: SessionId, after: number, limit: number): PlacesPage {
    return placesPage(this.#tables.sessions.get(id), after, limit);
  }

  *sessions(): Generator<SessionView, void, undefined> {
    for (const session of this.#tables.sessions.values()) yield sessionView(session);
  }

  lock(name: ResourceName, limit?: number, fenceToken?: FenceToken): LockView {
    const { pools, timeMs } = this.#tables;
    return lockView(name, pools.get(name), timeMs, limit, fenceToken);
  }

  semaphore(
    name: ResourceName,
    limit?: number,
    fenceToken?: FenceToken,
  ): SemaphoreView | undefined {
    const { semaphores, timeMs } = this.#tables;
    const pool = semaphores.get(name);
    return pool === undefined ? undefined : semaphoreView(pool, timeMs, limit, fenceToken);
  }

  election(name: ResourceName, limit?: number): ElectionView {
    return electionView(name, this.#tables.elections.get(name), this.#tables.timeMs, limit);
  }

  barrier(name: ResourceName, limit?: number): BarrierView | undefined {
    const barrier = this.#tables.barriers.get(name);
    return barrier === undefined ? undefined : barrierView(barrier, limit);
  }

  isInside(name: ResourceName, id: SessionId): boolean {
    const session = this.#tables.sessions.get(id);
    const barrier = this.#tables.barriers.get(name);
    return session !== undefined && barrier !== undefined && barrier.members.has(session);
  }

  findHold(
    kind: ResourceKind,
    name: ResourceName,
    fenceToken: FenceToken | undefined,
    holder: Holder | undefined,
  ): FoundHold {
    return foundHold(this.#tables.poolsOf(kind).get(name), fenceToken, holder);
  }

  latch(name: ResourceName): LatchView | undefined {
    const latch = this.#tables.latches.get(name);
    return latch === undefined ? undefined : latchView(latch);
  }

  get queues(): QueueViews {
    return new QueueReader(this.#tables);
  }

  endedHold(kind: ResourceKind, name: ResourceName, fenceToken: FenceToken): EndedHold | undefined {
    return this.#tables.endedHoldOf(kind, name, fenceToken);
  }

  ownSessionOf(name: ResourceName, fenceToken: FenceToken): SessionId | undefined {
    return this.#tables.ownEnded.thatGaveBack(name, fenceToken);
  }

  list(kind: ListedKind, wanted: ListWanted): Listed {
    return list(this.#tables, kind, wanted);
  }

  stats(): Stats {
    const tables = this.#tables;
    return {
      activeSessions: tables.sessions.size,
      expiredSessions: tables.expiredSessions,
      totalSessions: tables.totalSessions,
      fenceCounter: tables.fenceCounter,
      heldLocks: tables.heldPools,
      waiters: tables.waiterCount,
      rememberedSessions: tables.ended.count + tables.ownEnded.count,
      rememberedBytes: tables.ended.bytes + tables.ownEnded.bytes,
    };
  }

  snapshot(): IterableIterator<Uint8Array> {
    return new SnapshotWriter(this.#tables);
  }

  digest(): string {
    return digestOf(this.#tables);
  }
}

function carryOut(tables: Tables, envelope: Envelope): CommandResult {
  const { command, answeredBelow } = envelope;
  tables.isSignOfLife = isSignOfLife(envelope);
  tables.isRepeated = envelope.repeated === true;
  if (isForQueue(command)) return carryOutForQueue(tables, command);
  switch (command.type) {
    case 'acquire':
      return acquire(tables, command, answeredBelow);
    case 'release':
      return release(tables, command, answeredBelow);
    case 'abandon':
      return abandon(tables, command, answeredBelow);
    case 'downgrade':
      return downgrade(tables, command, answeredBelow);
    case 'acquire_many':
      return acquireMany(tables, command, answeredBelow);
    case 'campaign':
      return campaign(tables, command, answeredBelow);
    case 'resign':
      return resign(tables, command, answeredBelow);
    case 'proclaim':
      return proclaim(tables, command, answeredBelow);
    case 'enter_barrier':
      return enterBarrier(tables, command, answeredBelow);
    case 'leave_barrier':
      return leaveBarrier(tables, command, answeredBelow);
    case 'create_latch':
      return createLatch(tables, command);
    case 'count_down':
      return countDown(tables, command, answeredBelow);
    case 'delete_latch':
      return deleteLatch(tables, command);
    case 'acquire_permits':
      return acquirePermits(tables, command, answeredBelow);
    case 'release_permits':
      return releasePermits(tables, command, answeredBelow);
    case 'create_semaphore':
      return createSemaphore(tables, command);
    case 'resize_semaphore':
      return resizeSemaphore(tables, command);
    case 'delete_semaphore':
      return deleteSemaphore(tables, command);
    case 'force_release':
      return forceRelease(tables, command);
    case 'create_session': {
      const made = createSession(tables, command);
      return 'ok' in made ? made : { ok: true, type: 'session', session: sessionView(made) };
    }
    case 'end_session': {
      const session = tables.sessions.get(command.sessionId);
      if (session === undefined) return tables.missingSession(command.sessionId);
      const releasedCount = endSession(tables, session, 'ended');
      return { ok: true, type: 'session_ended', releasedCount };
    }
    case 'keep_alive':
      return keepAlive(tables, command.sessionId);
    case 'begin_leadership':
      tables.leaderships.begin(tables.timeMs);
      return { ok: true, type: 'advanced' };
    case 'expire_session':
      return expireSession(tables, command.sessionId, command.renewal);
    case 'advance':
    case 'checkpoint':
      return { ok: true, type: 'advanced' };
    case 'jump_fence_counter':
      return jumpFenceCounter(tables);
    case 'set_limits':
      tables.limits = { ...limitsOfOldLogs, ...command.limits }; // LIMIT-1
      boundShare(tables);
      return { ok: true, type: 'advanced' };
    case 'raise_feature_level':
      tables.featureLevel = Math.max(tables.featureLevel, command.level); // FEATURE-1
      return { ok: true, type: 'advanced' };
  }
  // A node that skips what it does not know would go another way than the others.
  invariant(false, 'M3: every command is known.', JSON.stringify(command));
}

/** Past any token that was given since the backup (spec rule 2.5). */
function jumpFenceCounter(tables: Tables): CommandResult {
  const next = (Math.floor(tables.fenceCounter / fenceJump) + 1) * fenceJump;
  if (next >= Number.MAX_SAFE_INTEGER) {
    return limitExceeded('fence_counter', Number.MAX_SAFE_INTEGER, 'Begin a new cluster.');
  }
  tables.fenceCounter = next;
  return { ok: true, type: 'advanced' };
}
