/**
 * What a node does while it leads: keeps the leases of sessions and ends those that ran out, proves
 * that it leads, lets time pass, puts its limits in force.
 *
 * LEADERSHIP-1: a keepalive is answered only after a proof of leadership begun after it arrived, and only for a
 *     session that still stands in the state then applied.
 * LEADERSHIP-2: what did not fit into an entry (a large session that ends) goes on in the next turn of the event
 *     loop, with the commands of that turn, and at most one such entry is in flight.
 * LEADERSHIP-3: the leases of many sessions begin in several turns. One that has not begun cannot run out, and
 *     a keepalive begins it: a session is given more time by that, never less.
 * LEADERSHIP-4: what a leader answers from its memory is lost with it, so the first keepalive of a session under each leader
 *     is logged and answered once it is applied; those after it cost no write (state/src/kernel/sessions/leaderships.ts HEARD-1).
 *     None is answered before the beginning of this leadership is in the log. A keepalive that a former leader
 *     proved was sent before that beginning was stamped: of the majority that proved it (raft/src/reads.ts) at least one
 *     has voted for the later leader, and did so afterwards.
 * LEADERSHIP-5: the lease of a session that was not heard of under this leader ends by cluster time, which never runs
 *     ahead of the clocks of those that counted it (CLOCK-2), from a beginning that is not before any keepalive of it
 *     was sent that was answered (HEARD-2): so never while its client may believe in it.
 * LEADERSHIP-6: while such a lease goes on, the time is logged now and then, each time after twice as long: a node that was
 *     restarted knows no time but the log's, and leads on from at least half of what has passed. No leader logs it
 *     more than ten times in two minutes or twenty in a day, and none where every session was heard of under it.
 * LEADERSHIP-7: what is asked of a leader beside the log is answered only where what its caller may do has not changed since
 *     its node authorized it, by the state as of a proof of leadership (OWNER-2 of the state).
 * LIMIT-2: the first command of a new leader puts its limits in force, where others are: behind the log of a
 *     version without bounds of work and holds nothing is executed without them (LIMIT-1).
 */
import { isDeepStrictEqual } from 'node:util';
import { HoldfastError } from '@holdfast/protocol';
import { limitsWithin } from '@holdfast/state';
import type { Status } from '@holdfast/raft';
import type {
  Command,
  Event,
  Refusal,
  SessionId,
  SessionLeaseView,
  StateLimits,
} from '@holdfast/state';
import { isSignOfLife, nodeIdentity } from '@holdfast/state';
import type { Batch } from './batch.ts';
import type { Clock } from './clock.ts';
import { clusterClockGrainMs } from './cluster-clock.ts';
import type { ClusterClock } from './cluster-clock.ts';
import type { CommandQueue } from './command-queue.ts';
import { missingSession } from './failures.ts';
import { Interrupted } from './interrupted.ts';
import { LeaseTable } from './leases.ts';
import { answerQuery } from './queries.ts';
import type { Replica } from './replica.ts';
import { TurnShare } from './turn-share.ts';
import { callerIn } from './types.ts';
import type { Caller, Query, QueryResult, KeepAliveResult } from './types.ts';

const maxExpiriesPerTick = 500;
const leasesPerTurn = 5000; // Some ms.
const firstTimeLoggedMs = 250; // LEADERSHIP-6

export interface LeadershipParts {
  readonly clock: Clock;
  readonly clusterClock: ClusterClock;
  readonly replica: Replica;
  readonly queue: CommandQueue;
  readonly limits: StateLimits;
}

export class LeaderDuties {
  readonly #parts: LeadershipParts;
  readonly leases: LeaseTable = new LeaseTable();
  /** The term in which this node has begun to lead, 0 when it does not. */
  #term = 0;
  /** Until the beginning of this leadership is applied (LEADERSHIP-4). */
  #beginning: PromiseWithResolvers<void> | undefined;
  #beginPending = false;
  #beganMs = 0;
  #timeLoggedAfterMs = 0;
  /** Sessions whose leases have not begun yet (LEADERSHIP-3). */
  #unleased: Iterator<SessionLeaseView, void> | undefined;
  #advancePending = false;
  #limitsPending = false;
  /** Those in force that were found to be the configured ones, and the level under which. */
  #limitsFoundRight: StateLimits | undefined;
  #levelOfLimits = 0;
  #turnProof: Promise<void> | undefined;
  readonly #reads: TurnShare;

  constructor(parts: LeadershipParts) {
    this.#parts = parts;
    this.#reads = new TurnShare(parts.clock);
    this.onRestored();
  }

  onStatus(status: Status): void {
    if (this.#term !== 0 && (status.role !== 'leader' || status.term !== this.#term)) this.#stop();
    if (status.ready && this.#term === 0) this.#start(status);
  }

  /** On every node, as all that follows an entry. */
  onApplied(batch: Batch, events: readonly Event[]): void {
    const now = this.#parts.clock.now();
    this.#parts.clusterClock.applied(batch.time, now);
    if (this.#term === 0) return;
    this.#renewLeases(batch, events, now);
    // What is applied while this node leads is its own.
    if (
      this.#beginning !== undefined &&
      batch.commands.some(({ command }) => command.type === 'begin_leadership')
    )
      this.#begun();
    this.#goOn();
  }

  /** The state is another one than before. */
  onRestored(): void {
    const { clock, clusterClock, replica } = this.#parts;
    clusterClock.applied(replica.state.time, clock.now());
  }

  onTick(): void {
    if (this.#term === 0) return;
    const now = this.#parts.clock.now();
    this.#letTimePass(now);
    this.#putLimitsInForce();
    this.#begin();
    this.leases.expireDue(now, maxExpiriesPerTick, (sessionId) => this.#expire(sessionId));
  }

  /** LEADERSHIP-1, LEADERSHIP-4. */
  async keepAlive(sessionId: SessionId, caller: Caller): Promise<KeepAliveResult> {
    for (;;) {
      if (this.#parts.replica.state.isForeign(caller.identity, sessionId))
        return missingSession(sessionId, undefined); // VISIBLE-1
      if (this.#beginning !== undefined) await this.#beginning.promise;
      const expiry = this.leases.expiryInProgress(sessionId);
      if (expiry !== undefined) {
        await expiry; // LEASE-3
        continue;
      }
      if (this.#isUnheard(sessionId)) return this.#logKeepAlive(sessionId, caller);
      await this.prove();
      const stale = this.#staleRights(caller);
      if (stale !== undefined) return stale; // LEADERSHIP-7
      // Meanwhile its end may have begun, or this node may lead anew.
      if (this.leases.expiryInProgress(sessionId) !== undefined) continue;
      if (this.#beginning !== undefined || this.#isUnheard(sessionId)) continue;
      return this.#renewFromMemory(sessionId);
    }
  }

  #isUnheard(sessionId: SessionId): boolean {
    return this.#parts.replica.state.leaseOf(sessionId)?.unheardSinceMs !== undefined;
  }

  #renewFromMemory(sessionId: SessionId): KeepAliveResult {
    const { clock, replica } = this.#parts;
    const lease = replica.state.leaseOf(sessionId);
    if (lease === undefined) return missingSession(sessionId, replica.state.endedReason(sessionId));
    const now = clock.now();
    const wall = clock.wallNow();
    if (this.#unleased !== undefined) this.leases.begin(sessionId, lease.timeoutMs, now, wall); // LEADERSHIP-3
    const timeoutMs = this.leases.touch(sessionId, now, wall);
    if (timeoutMs === undefined) throw new Interrupted(false, 'this node stopped leading');
    return { ok: true, timeoutMs };
  }

  /** LEADERSHIP-4: with all the others of its turn in one entry. */
  #logKeepAlive(sessionId: SessionId, caller: Caller): Promise<KeepAliveResult> {
    const command = { type: 'keep_alive', sessionId } as const;
    return new Promise((resolve, reject) => {
      this.#parts.queue.submit(
        { ...callerIn(caller), command },
        (result) => {
          if (!result.ok) resolve(result);
          else if (result.type === 'kept_alive') resolve({ ok: true, timeoutMs: result.timeoutMs });
          else reject(new Error(`A keepalive was answered with "${result.type}".`));
        },
        reject,
      );
    });
  }

  async query(query: Query, caller: Caller): Promise<QueryResult> {
    await this.prove();
    return this.#reads.run(() => {
      this.assertAdmitted(caller);
      const { clock, clusterClock, replica } = this.#parts;
      return answerQuery(replica.state, this.leases, query, caller, clusterClock.read(clock.now()));
    });
  }

  /** Without a proof; ages are as of now all the same: a queue whose workers are dead brings no entries. */
  queryHere(query: Query, caller: Caller): QueryResult | Promise<QueryResult> {
    const { clock, clusterClock, replica } = this.#parts;
    return this.#reads.run(() => {
      const timeMs = clusterClock.estimate(clock.now());
      return answerQuery(replica.state, this.leases, query, caller, timeMs);
    });
  }

  #staleRights({ identity, authorizedAt }: Caller): Refusal | undefined {
    return this.#parts.replica.state.staleRights(identity, authorizedAt);
  }

  /** LEADERSHIP-7: after a proof. @throws HoldfastError */
  assertAdmitted(caller: Caller): void {
    const stale = this.#staleRights(caller);
    if (stale === undefined) return;
    throw new HoldfastError('access_changed', stale.message, stale.details);
  }

  /** One proof for all that ask in one event-loop turn. */
  prove(): Promise<void> {
    this.#turnProof ??= new Promise((resolve, reject) => {
      this.#parts.clock.endOfTurn(() => {
        this.#turnProof = undefined;
        this.#parts.replica
          .prove()
          .then(resolve, () => reject(new Interrupted(false, 'leadership was not proven')));
      });
    });
    return this.#turnProof;
  }

  #start(status: Status): void {
    this.#term = status.term;
    this.#parts.clusterClock.lead();
    this.leases.clear(); // LEASE-2
    this.#putLimitsInForce(); // LIMIT-2
    this.#beginning = Promise.withResolvers();
    this.#beginning.promise.catch(() => undefined); // Perhaps nobody waits for it.
    this.#begin();
  }

  /** LEADERSHIP-4. */
  #begin(): void {
    if (this.#beginning === undefined || this.#beginPending) return;
    this.#beginPending = true;
    const term = this.#term;
    void this.#background({ type: 'begin_leadership' }).then(() => {
      if (this.#term === term) this.#beginPending = false;
    });
  }

  /** From here on it is known of every session whether it was heard of under this leader. */
  #begun(): void {
    this.#beginning?.resolve();
    this.#beginning = undefined;
    this.#timeLoggedAfterMs = firstTimeLoggedMs;
    this.#beganMs = this.#parts.clock.now();
    const sessions = this.#parts.replica.state.leases()[Symbol.iterator]();
    this.#unleased = sessions;
    this.#beginLeases(sessions);
  }

  /** LEADERSHIP-3. */
  #beginLeases(sessions: Iterator<SessionLeaseView, void>): void {
    if (this.#unleased !== sessions) return;
    const { clock } = this.#parts;
    const now = clock.now();
    const wall = clock.wallNow();
    for (let count = 0; count < leasesPerTurn; count++) {
      const next = sessions.next();
      if (next.done === true) {
        this.#unleased = undefined;
        return;
      }
      const { sessionId, timeoutMs } = next.value;
      this.leases.begin(sessionId, timeoutMs, now, wall, this.#leftMs(next.value, now));
    }
    clock.endOfTurn(() => this.#beginLeases(sessions));
  }

  /** LEASE-2, LEADERSHIP-5. */
  #leftMs({ timeoutMs, unheardSinceMs }: SessionLeaseView, now: number): number | undefined {
    if (unheardSinceMs === undefined) return undefined;
    const passedMs = this.#parts.clusterClock.read(now) - unheardSinceMs - clusterClockGrainMs;
    return timeoutMs - passedMs;
  }

  #stop(): void {
    this.#term = 0;
    this.#beginning?.reject(new Interrupted(false, 'this node stopped leading'));
    this.#beginning = undefined;
    this.#beginPending = false;
    this.#unleased = undefined;
    this.leases.clear();
    this.#parts.queue.interrupt();
  }

  #renewLeases(batch: Batch, events: readonly Event[], now: number): void {
    const wall = this.#parts.clock.wallNow();
    const { state } = this.#parts.replica;
    for (const envelope of batch.commands) {
      const { command } = envelope;
      // A command of somebody else is no sign of life, whatever it names (OWNER-1).
      if (
        'sessionId' in command &&
        command.sessionId !== undefined &&
        state.isForeign(envelope.identity, command.sessionId)
      )
        continue;
      if (envelope.repeated === true && 'sessionId' in command)
        this.#touchTold(command.sessionId, now, wall);
      if (!('sessionId' in command) || !isSignOfLife(envelope)) continue;
      this.leases.touch(command.sessionId, now, wall);
    }
    for (const event of events) {
      if (event.type === 'session_created')
        this.leases.begin(event.sessionId, event.timeoutMs, now, wall);
      else if (event.type === 'session_ended') this.leases.end(event.sessionId);
      else if (event.type === 'granted' || event.type === 'permits_granted')
        this.#touchOwn(event.sessionId, now, wall);
    }
  }

  /** The lease of a session that was made for one hold counts from the grant. */
  #touchOwn(sessionId: SessionId, now: number, wall: number): void {
    if (this.#parts.replica.state.leaseOf(sessionId)?.own === true)
      this.leases.touch(sessionId, now, wall);
  }

  /** LIFE-2: the answer to a repetition tells its caller of the grant. */
  #touchTold(sessionId: SessionId, now: number, wall: number): void {
    const lease = this.#parts.replica.state.leaseOf(sessionId);
    if (lease?.own === true && !lease.onlyWaits) this.leases.touch(sessionId, now, wall);
  }

  #letTimePass(now: number): void {
    if (this.#advancePending) return;
    const dueTime = this.#parts.replica.state.nextDueTime();
    const isDue = dueTime !== undefined && dueTime <= this.#parts.clusterClock.read(now);
    if (isDue || this.#isTimeToBeLogged(now)) this.#advance();
  }

  /** LEADERSHIP-6. */
  #isTimeToBeLogged(now: number): boolean {
    if (this.leases.restCount === 0 || now - this.#beganMs < this.#timeLoggedAfterMs) return false;
    this.#timeLoggedAfterMs *= 2;
    return true;
  }

  /** LEADERSHIP-2. */
  #goOn(): void {
    const { state } = this.#parts.replica;
    const dueTime = state.nextDueTime();
    if (dueTime === undefined || dueTime > state.time || this.#advancePending) return;
    this.#advance();
  }

  #advance(): void {
    this.#advancePending = true;
    void this.#background({ type: 'advance' }).then((applied) => {
      this.#advancePending = false;
      if (applied && this.#term !== 0) this.#goOn();
    });
  }

  /** What a node is configured with counts only once it is in the log. */
  #putLimitsInForce(): void {
    const { limits, replica } = this.#parts;
    const { featureLevel, limits: inForce } = replica.state;
    if (this.#limitsPending) return;
    if (this.#limitsFoundRight === inForce && this.#levelOfLimits === featureLevel) return;
    // FEATURE-1
    const loggable = limitsWithin(limits, featureLevel);
    if (isDeepStrictEqual(loggable, limitsWithin(inForce, featureLevel))) {
      this.#limitsFoundRight = inForce;
      this.#levelOfLimits = featureLevel;
      return;
    }
    this.#limitsPending = true;
    void this.#background({ type: 'set_limits', limits: loggable }).then(() => {
      this.#limitsPending = false;
    });
  }

  async #expire(sessionId: SessionId): Promise<void> {
    const session = this.#parts.replica.state.leaseOf(sessionId);
    if (session === undefined) return;
    if (session.own && session.onlyWaits) {
      // It lives as long as its one wait, which has an end of its own.
      const { clock } = this.#parts;
      this.leases.touch(sessionId, clock.now(), clock.wallNow());
      return;
    }
    await this.#background({ type: 'expire_session', sessionId, renewal: session.renewal });
  }

  /** A command of the leader's own. Its failure is no news: it is tried again when due. Tells whether it was applied. */
  #background(command: Command): Promise<boolean> {
    return new Promise((resolve) => {
      this.#parts.queue.submit(
        { identity: nodeIdentity, command },
        () => resolve(true),
        () => resolve(false),
      );
    });
  }
}
