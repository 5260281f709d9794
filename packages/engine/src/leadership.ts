/**
 * What a node does while it leads: keeps the leases of sessions and ends those that ran out, proves
 * that it leads, lets time pass, puts its limits in force.
 *
 * E1: a keepalive is answered only after a proof of leadership begun after it arrived, and only for a
 *     session that still stands in the state then applied (spec rule 2.3).
 * E2: what did not fit into an entry (a large session that ends) goes on in the next turn of the event
 *     loop, with the commands of that turn, and at most one such entry is in flight.
 * E3: the leases of many sessions begin in several turns. One that has not begun cannot run out, and
 *     a keepalive begins it: a session is given more time by that, never less.
 * LIMIT-2: the first command of a new leader puts its limits in force, where others are: behind the log of a
 *     version without bounds of work and holds nothing is carried out without them (LIMIT-1).
 */
import { isDeepStrictEqual } from 'node:util';
import type { Status } from '@holdfast/raft';
import type {
  Command,
  Event,
  Refusal,
  SessionId,
  SessionLease,
  StateLimits,
} from '@holdfast/state';
import type { Batch } from './batch.ts';
import type { Clock } from './clock.ts';
import type { ClusterClock } from './cluster-clock.ts';
import type { CommandQueue } from './command-queue.ts';
import { missingSession } from './failures.ts';
import { Interrupted } from './interrupted.ts';
import { LeaseTable } from './leases.ts';
import { answerQuery } from './queries.ts';
import type { Replica } from './replica.ts';
import type { Query, QueryResult } from './types.ts';

const maxExpiriesPerTick = 500;
/** Some ms. */
const leasesPerTurn = 5000;

export type KeepAliveResult = { readonly ok: true; readonly timeoutMs: number } | Refusal;

export interface LeadershipParts {
  readonly clock: Clock;
  readonly clusterClock: ClusterClock;
  readonly replica: Replica;
  readonly queue: CommandQueue;
  readonly limits: StateLimits;
}

export class Leadership {
  readonly #parts: LeadershipParts;
  readonly leases: LeaseTable = new LeaseTable();
  /** The term in which this node has begun to lead, 0 when it does not. */
  #term = 0;
  /** Sessions whose leases have not begun yet (E3). */
  #unleased: Iterator<SessionLease, void> | undefined;
  #advancePending = false;
  #limitsPending = false;
  #turnProof: Promise<void> | undefined;

  constructor(parts: LeadershipParts) {
    this.#parts = parts;
  }

  onStatus(status: Status): void {
    if (this.#term !== 0 && (status.role !== 'leader' || status.term !== this.#term)) this.#stop();
    if (status.ready && this.#term === 0) this.#start(status);
  }

  onApplied(batch: Batch, events: readonly Event[]): void {
    if (this.#term === 0) return;
    this.#renewLeases(batch, events);
    this.#goOn();
  }

  onTick(): void {
    if (this.#term === 0) return;
    const now = this.#parts.clock.now();
    this.#letTimePass(now);
    this.#putLimitsInForce();
    this.leases.expireDue(now, maxExpiriesPerTick, (sessionId) => this.#expire(sessionId));
  }

  /** E1. */
  async keepAlive(sessionId: SessionId): Promise<KeepAliveResult> {
    for (;;) {
      const expiry = this.leases.expiryInProgress(sessionId);
      if (expiry === undefined) break;
      await expiry; // L3
    }
    await this.#prove();
    const { state } = this.#parts.replica;
    if (state.renewalOf(sessionId) === undefined)
      return missingSession(sessionId, state.endedReason(sessionId));
    if (this.leases.expiryInProgress(sessionId) !== undefined) return this.keepAlive(sessionId);
    const { clock } = this.#parts;
    const now = clock.now();
    const wall = clock.wallNow();
    const lease = state.leaseOf(sessionId);
    if (this.#unleased !== undefined && lease !== undefined)
      this.leases.begin(sessionId, lease.timeoutMs, now, wall); // E3
    const timeoutMs = this.leases.touch(sessionId, now, wall);
    if (timeoutMs === undefined) throw new Interrupted(false, 'this node stopped leading');
    return { ok: true, timeoutMs };
  }

  async query(query: Query): Promise<QueryResult> {
    await this.#prove();
    return answerQuery(this.#parts.replica.state, this.leases, query);
  }

  /** One proof for all that ask in one event-loop turn. */
  #prove(): Promise<void> {
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
    const { clock, clusterClock, replica } = this.#parts;
    const now = clock.now();
    this.#term = status.term;
    clusterClock.restart(replica.state.time, now);
    this.leases.clear(); // L2
    this.#putLimitsInForce(); // LIMIT-2
    const sessions = replica.state.leases()[Symbol.iterator]();
    this.#unleased = sessions;
    this.#beginLeases(sessions);
  }

  /** E3. */
  #beginLeases(sessions: Iterator<SessionLease, void>): void {
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
      this.leases.begin(next.value.sessionId, next.value.timeoutMs, now, wall);
    }
    clock.endOfTurn(() => this.#beginLeases(sessions));
  }

  #stop(): void {
    this.#term = 0;
    this.#unleased = undefined;
    this.leases.clear();
    this.#parts.queue.interrupt();
  }

  #renewLeases(batch: Batch, events: readonly Event[]): void {
    const now = this.#parts.clock.now();
    const wall = this.#parts.clock.wallNow();
    for (const { command } of batch.commands) {
      // An expiry is no sign of life.
      if (command.type === 'expire_session' || !('sessionId' in command)) continue;
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

  #letTimePass(now: number): void {
    const dueTime = this.#parts.replica.state.nextDueTime();
    if (dueTime === undefined || this.#advancePending) return;
    if (dueTime > this.#parts.clusterClock.read(now)) return;
    this.#advance();
  }

  /** E2. */
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
    if (this.#limitsPending || isDeepStrictEqual(limits, replica.state.limits)) return;
    this.#limitsPending = true;
    void this.#background({ type: 'set_limits', limits }).then(() => {
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
        { identity: 'holdfast', command },
        () => resolve(true),
        () => resolve(false),
      );
    });
  }
}
