/**
 * A lease node at work: requests in, answers out when what they promise is on disk (LEASE-HOST-1 of disk.ts).
 *
 * LEASE-HOST-2: a node that does not vote answers every vote with an error (see recovery.ts).
 * TTL-1: the longest lease that this node may grant is in its file before it grants any, and stays there: it is told
 *     to a node that lost its file, which waits for so long.
 * TTL-2: leases longer than the file had been told of before are granted only when so long has passed since the start:
 *     a node that heard the shorter time by then waited for nothing that this one could have completed. That the wait
 *     is over is written down when it is (lease-lengths.ts): a start before that waits for the whole time again.
 */
import { HoldfastError } from '@holdfast/protocol';
import type {
  QuorumAcquireAnswer,
  QuorumAcquireBody,
  QuorumBeginBody,
  QuorumCloseBody,
  QuorumConfirmBody,
  QuorumOverviewAnswer,
  QuorumPrepareBody,
  QuorumReleaseAnswer,
  QuorumReleaseBody,
  QuorumRenewBody,
  QuorumRequest,
  QuorumSet,
  QuorumSetAnswer,
  QuorumStandingAnswer,
  QuorumStatusAnswer,
  QuorumTokensAnswer,
  QuorumWaitAnswer,
  QuorumWaitBody,
} from '@holdfast/protocol';
import type { Recovery } from './recovery.ts';
import { AddressLeases } from './address-leases.ts';
import { DurableAnswers } from './disk.ts';
import { noPlace, tooManyLeases, tooManyReleased, ttlTooLong } from './host-errors.ts';
import type { HostOptions } from './host-options.ts';
import { HeldLeases } from './held-leases.ts';
import type { WantedLeases } from './held-leases.ts';
import { overviewOf } from './overview.ts';
import { Pages } from './pages.ts';
import { WaitQueues } from './wait-queues.ts';
import type { LeaseWaiter } from './wait-queues.ts';

const longestWaitMs = 60_000;

export class LeaseHost {
  readonly #options: HostOptions;
  readonly #disk: DurableAnswers;
  readonly #waitQueues: WaitQueues;
  readonly #pages = new Pages();
  readonly #held: HeldLeases;
  readonly #addressLeases: AddressLeases;
  readonly #startedMs: number;
  #fresh: boolean;
  #voting: boolean;
  #bootstrapSet: readonly number[];
  #recovery: Recovery | undefined;
  #cancelTick: (() => void) | undefined;
  #tickAtMs = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#disk = new DurableAnswers(options);
    this.#waitQueues = new WaitQueues(options.maxWaiters);
    const { node, clock, maxLeasesPerAddress: most = 0 } = options;
    const { maxReleasedLeasesPerAddress: mostReleased = 0 } = options;
    this.#addressLeases = new AddressLeases({ most, mostReleased, node, clock });
    this.#startedMs = clock.now();
    this.#held = new HeldLeases(() => node.standing(() => clock.now()), clock);
    this.#fresh = options.fresh;
    this.#bootstrapSet = options.bootstrapSet;
    this.#recovery = options.recovery;
    this.#voting = options.recovery === undefined && options.membership.id !== '';
  }

  /** It knows what its set granted: it votes, where that is not closed. */
  get hasRecovered(): boolean {
    return this.#voting;
  }

  get voting(): boolean {
    return this.#voting && !this.#options.membership.isClosed;
  }

  /** @param from For whom it counts (ADDRESS-LEASES-3). @throws HoldfastError `wrong_epoch`, `not_voting`, `storage_failed`, `invalid_request`, `limit_exceeded`. */
  async acquire(body: QuorumAcquireBody, from?: string): Promise<QuorumAcquireAnswer> {
    this.#check(body);
    this.#checkTtl(body.ttl_ms);
    const { node, clock } = this.#options;
    const { resource, lease_id: leaseId, client_id: clientId, ttl_ms: ttlMs } = body;
    const now = clock.now();
    const turnMs = this.#waitQueues.turnOfOthersMs(resource, body.waiter_id, now);
    const denied = (remainingMs: number): QuorumAcquireAnswer => {
      const waiters = this.#waitQueues.count(resource);
      return { status: 'DENIED', remaining_ms: remainingMs, ...(waiters > 0 ? { waiters } : {}) };
    };
    const isFree = node.remainingMs(resource, now) === 0;
    if (turnMs > 0 && body.is_next !== true && isFree) return denied(turnMs);
    if (isFree && !node.remembers(leaseId)) this.#addressLeases.check(from);
    const outcome = node.acquire(resource, { leaseId, clientId, ttlMs }, now);
    if (outcome.type === 'denied') return denied(outcome.remainingMs);
    if (outcome.type === 'released') return { status: 'RELEASED' };
    if (outcome.type === 'full') throw tooManyLeases();
    try {
      await this.#synced(resource, from);
      this.#waitQueues.taken(resource);
    } finally {
      this.#look(resource);
    }
    return { status: 'GRANTED', token: outcome.token, file_id: this.#options.fileId };
  }

  /** @throws HoldfastError as `acquire`. */
  async confirm(body: QuorumConfirmBody): Promise<QuorumStandingAnswer> {
    this.#check(body);
    const { node, clock } = this.#options;
    const done = node.confirm(body.resource, body.lease_id, body.token, clock.now());
    await this.#disk.synced();
    return { status: done ? 'DONE' : 'REFUSED', file_id: this.#options.fileId };
  }

  /** @param from As of `acquire`. @throws HoldfastError as `acquire`. */
  async renew(body: QuorumRenewBody, from?: string): Promise<QuorumStandingAnswer> {
    this.#check(body);
    this.#checkTtl(body.ttl_ms);
    const { node, clock } = this.#options;
    const { resource } = body;
    const done = node.renew(resource, body.lease_id, body.ttl_ms, clock.now());
    // It may be for a shorter time, or not on disk: the lease ends earlier than it was to.
    await this.#synced(resource, done ? from : undefined).finally(() => this.#look(resource));
    return { status: done ? 'DONE' : 'REFUSED', file_id: this.#options.fileId };
  }

  /** @param from For whom it counts (ADDRESS-RELEASES-1). @throws HoldfastError as `acquire`. */
  async release(body: QuorumReleaseBody, from?: string): Promise<QuorumReleaseAnswer> {
    this.#checkVoting(body); // SET-3
    const { node, clock } = this.#options;
    const isNew = !node.remembers(body.lease_id);
    if (!node.release(body.resource, body.lease_id, clock.now())) throw tooManyReleased();
    if (isNew) this.#addressLeases.released(from);
    await this.#synced(body.resource);
    this.#look(body.resource);
    return { status: 'RELEASED' };
  }

  /** What was asked for of this lease is on disk. @throws HoldfastError `storage_failed`: the lease is as it was. */
  async #synced(resource: string, from?: string): Promise<void> {
    await this.#addressLeases.synced(resource, from, () => this.#disk.synced());
  }

  /** @param signal The caller has gone. @throws HoldfastError as `acquire`. */
  wait(body: QuorumWaitBody, signal: AbortSignal): Promise<QuorumWaitAnswer> {
    this.#check(body);
    const { clock } = this.#options;
    const { resource, waiter_id: id, waited_ms: waitedMs = 0 } = body;
    return new Promise((resolve, reject) => {
      const now = clock.now();
      const waiter: LeaseWaiter = {
        id,
        sinceMs: now - waitedMs,
        beganMs: body.began_ms,
        untilMs: now + Math.min(body.timeout_ms, longestWaitMs),
        tell: (status) => resolve({ status }),
      };
      if (this.#closed) {
        waiter.tell('TIMEOUT');
        return;
      }
      const full = this.#waitQueues.add(resource, waiter, now);
      if (full !== undefined) {
        reject(noPlace(resource, full));
        return;
      }
      const leave = (): void => {
        this.#waitQueues.remove(waiter);
        waiter.tell('TIMEOUT');
      };
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
      this.#look(resource);
    });
  }

  status(resource: string): QuorumStatusAnswer {
    const { node, clock, membership, fileId } = this.#options;
    const now = clock.now();
    const { clientId, maxToken } = node.look(resource, now);
    return {
      resource,
      voting: this.voting,
      held: clientId !== undefined,
      client_id: clientId ?? null,
      remaining_ms: Math.max(0, Math.ceil(node.remainingMs(resource, now))),
      max_token: maxToken,
      waiters: this.#waitQueues.count(resource),
      epoch: membership.stored.set?.epoch ?? 0,
      set: membership.id,
      file_id: fileId,
      fresh: this.#fresh,
      waits_ms: this.#voting ? 0 : Math.ceil(this.#recovery?.waitMs(now) ?? 0),
    };
  }

  /**
   * What people are told of it (HELD-1 and HELD-2 of held-leases.ts).
   *
   * @param gone The caller has gone.
   * @throws HoldfastError `limit_exceeded`, `overloaded`, `wait_cancelled`.
   */
  async overview(wanted: WantedLeases, gone?: AbortSignal): Promise<QuorumOverviewAnswer> {
    const held = await this.#held.read(wanted, gone);
    const runningMs = this.#options.clock.now() - this.#startedMs;
    const waitersOf = (resource: string): number => this.#waitQueues.count(resource);
    return overviewOf({
      status: this.status(''),
      set: this.ofSet(),
      held,
      runningMs,
      waitersOf,
      released: this.#options.node.released,
    });
  }

  /** What it says of itself, with a page of what it knows. @param after As `next` told; empty: the first page. */
  tokens(after: string): QuorumTokensAnswer {
    const { node } = this.#options;
    const { names, next } = this.#pages.page(after, () => node.names());
    return { ...this.said(), tokens: node.tokens(names), next };
  }

  /** What it says of itself. */
  said(): QuorumTokensAnswer {
    const { node, membership, fileId, longestLeaseMs } = this.#options;
    const { set, after, next } = membership.stored;
    return {
      ...(next === undefined ? {} : { closed_for: next }),
      ...(longestLeaseMs === undefined ? {} : { longest_lease_ms: longestLeaseMs }),
      epoch: set?.epoch ?? 0,
      set: membership.id,
      after,
      // Closed or not: what it knows of its set helps one that lost its file, and has to be closed as well.
      voting: this.#voting,
      fresh: this.#fresh,
      file_id: fileId,
      bootstrap_set: this.#bootstrapSet,
      floor: node.floor,
      tokens: [],
      next: null,
    };
  }

  /** What another node told, of which this one begins where it had lost its file. */
  async adopt({ floor, tokens, closed_for: next }: QuorumTokensAnswer): Promise<void> {
    if (this.#voting) return;
    this.#learnClosed(next); // SET-3
    this.#options.node.adopt(floor, tokens);
    await this.#disk.synced();
  }

  #learnClosed(next: QuorumSet | undefined): void {
    const { membership } = this.#options;
    const stored = membership.learning(next);
    if (stored === undefined) return;
    this.#disk.write((store) => store.writeSet(stored));
    membership.wrote(stored);
  }

  /** With whom this node agreed that the cluster begins; empty: with nobody yet. */
  get bootstrapSet(): readonly number[] {
    return this.#bootstrapSet;
  }

  /** Another node has heard that nobody has voted, and proposes to begin (VOTER-RECOVERY-2 of recovery.ts). @throws Error where the disk refuses. */
  begin({ epoch, set, bootstrap_set: bootstrapSet }: QuorumBeginBody): void {
    this.#options.membership.check({ epoch, set });
    const isNew = this.#fresh && this.#bootstrapSet.length === 0;
    if (!isNew || !bootstrapSet.includes(this.#options.fileId)) return;
    this.#disk.write(() => this.#found(bootstrapSet));
  }

  #found(bootstrapSet: readonly number[]): void {
    this.#options.store.found(bootstrapSet);
    this.#recovery?.found(bootstrapSet);
    this.#bootstrapSet = bootstrapSet;
  }

  /** A round of questions is over. @throws Error where the disk refuses. */
  lookAtRecovery(): void {
    const { store, membership } = this.#options;
    const recovery = this.#recovery;
    if (this.#voting || recovery === undefined) return;
    const bootstrapSet = recovery.bootstrapSetToWrite;
    if (bootstrapSet !== undefined) this.#found(bootstrapSet);
    if (!recovery.mayVote()) return;
    if (recovery.adopts) store.writeSet(membership.stored);
    else store.markVoting();
    this.#voting = true;
    this.#fresh = false;
  }

  close(): void {
    this.#closed = true;
    this.#cancelTick?.();
    this.#waitQueues.endAll();
  }

  /** What it says of its set. */
  ofSet(): QuorumSetAnswer {
    const { node, clock, membership, fileId } = this.#options;
    const { set, after, next } = membership.stored;
    return {
      name: membership.name,
      epoch: set?.epoch ?? 0,
      members: set?.members ?? [],
      set: membership.id,
      after,
      next: next ?? null,
      voting: this.voting,
      fresh: this.#fresh,
      file_id: fileId,
      leases_ms: Math.ceil(node.leasesMs(clock.now())),
      largest_token: node.largestToken,
    };
  }

  /** SET-3, SET-4. @throws HoldfastError as `closing`, `storage_failed`. */
  closeSet(body: QuorumCloseBody): QuorumSetAnswer {
    const { membership } = this.#options;
    const stored = membership.closing(body, this.#voting);
    if (stored !== undefined) {
      this.#disk.write((store) => store.writeSet(stored));
      membership.wrote(stored);
      this.#waitQueues.endAll();
    }
    return this.ofSet();
  }

  /** SET-5. @throws HoldfastError as `preparing`, `storage_failed`. */
  async prepare(body: QuorumPrepareBody): Promise<QuorumSetAnswer> {
    const { node, membership } = this.#options;
    if (membership.preparing(body, this.#fresh) === undefined) return this.ofSet();
    node.adopt(body.floor, []);
    await this.#disk.synced();
    // Meanwhile somebody else may have done the same.
    const stored = membership.preparing(body, this.#fresh);
    if (stored === undefined) return this.ofSet();
    this.#disk.write((store) => store.becomeMember(stored));
    membership.wrote(stored);
    this.#voting = false;
    this.#fresh = true;
    this.#bootstrapSet = [];
    this.#waitQueues.endAll();
    this.#recovery = this.#options.onMember(stored);
    return this.ofSet();
  }

  /** SET-2, SET-3, LEASE-HOST-2. */
  #check(request: QuorumRequest): void {
    this.#options.membership.check(request);
    this.#options.membership.checkOpen();
    this.#checkVoting(request);
  }

  /** SET-2, LEASE-HOST-2. */
  #checkVoting(request: QuorumRequest): void {
    const { membership, clock } = this.#options;
    membership.check(request);
    if (!this.#voting)
      throw new HoldfastError(
        'not_voting',
        'This node does not vote yet: its file is new, or was lost. A new set votes when all its nodes run and reach each other. A node that lost its file waits until its leases have ended, and learns from the others.',
        { waits_ms: Math.ceil(this.#recovery?.waitMs(clock.now()) ?? 0) },
      );
  }

  #checkTtl(ttlMs: number): void {
    const { longestTtlMs, raised, clock } = this.#options;
    const raisedInMs = raised === undefined ? 0 : Math.ceil(raised.atMs - clock.now());
    const limit = raisedInMs > 0 ? Math.min(longestTtlMs, raised?.fromTtlMs ?? 0) : longestTtlMs; // TTL-2
    if (ttlMs > limit) throw ttlTooLong(ttlMs, limit, longestTtlMs, raisedInMs);
  }

  /** Tells waiters whose time has come, and plans the next look. @param changed The lease of this one. */
  #look(changed?: string): void {
    if (this.#closed) return;
    const { node, clock } = this.#options;
    if (changed !== undefined) this.#waitQueues.changed(changed);
    const now = clock.now();
    const next = this.#waitQueues.tick(now, (resource) => node.remainingMs(resource, now));
    if (next === undefined || next >= this.#tickAtMs) return;
    this.#cancelTick?.();
    this.#tickAtMs = next;
    this.#cancelTick = clock.after(Math.max(1, next - now), () => {
      this.#tickAtMs = Number.POSITIVE_INFINITY;
      this.#look();
    });
  }
}
