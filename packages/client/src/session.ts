/**
 * A session and its holds, as the client may believe in them.
 *
 * How long the lease of a session is certain: CLIENT-SESSION-1 to CLIENT-SESSION-4 of session-lease.ts.
 *
 * CLIENT-SESSION-5: a session that is lost never comes back, nor do its holds.
 * CLIENT-SESSION-6: a hold that others ended while its session lives is lost when that is told, or, after a broken
 *     connection, when the cluster is asked again (holds-check.ts): within a second of the break, also where nothing
 *     else is asked, and until it is answered. A break that nobody reports is noticed with the next request, at the
 *     latest with the next keepalive.
 * CLIENT-SESSION-7: what became of every request is settled in the end (numbered-calls.ts).
 *
 * `Hold` and `Permits` stand here too: each names its session, and the session gives them out.
 */
import { HoldfastError } from '@holdfast/protocol';
import type {
  AcquireAnswer,
  AcquirePermitsAnswer,
  LockMode,
  OperationName,
  Operations,
  SessionWaitsAnswer,
  WatchEvent,
} from '@holdfast/protocol';
import type { AcquireOptions, WaitOptions } from './acquiring.ts';
import type { ClientClock } from './clock.ts';
import { problemOfMs } from './durations.ts';
import type { Connection } from './connection.ts';
import { Held } from './held.ts';
import { HoldCounts } from './hold-counts.ts';
import { maxHoldOf, type MaxHold } from './max-hold.ts';
import { NumberedCalls } from './numbered-calls.ts';
import { problemOfOperation } from './request-problems.ts';
import {
  allWaits,
  isGone,
  lockBody,
  isNumbered,
  isOfSession,
  isTaken,
  permitsBody,
} from './session-requests.ts';
import type { LockOptions, PermitsOptions } from './session-requests.ts';
import type { SessionFields } from './session-fields.ts';
import { SessionHolds } from './session-holds.ts';
import { SessionLease } from './session-lease.ts';
import { watch, type WatchOptions } from './watch.ts';
import { underHold } from './with-lock.ts';

/** `lost`: it expired, or its lease can no longer be proven. `ended`: by its own client. */
export type SessionState = 'active' | 'lost' | 'ended';

/**
 * A client's presence in the cluster: what it holds and waits for ends with it. It is kept alive by
 * itself until it is ended.
 *
 * @example
 * await using session = await client.session({ timeoutSeconds: 10 });
 * session.signal.addEventListener('abort', () => stopTheWork());
 */
export class Session {
  /** Names the session in the cluster; whoever knows it can act for it. */
  readonly id: string;
  /** Shown to people as the holder. */
  readonly clientId: string;
  /** Without a keepalive for so long the cluster ends it. */
  readonly timeoutMs: number;
  readonly #connection: Connection;
  readonly #clock: ClientClock;
  readonly #callTimeoutMs: number;
  readonly #holds: SessionHolds;
  /** @internal */
  readonly counts: HoldCounts;
  readonly #numbered: NumberedCalls;
  readonly #controller = new AbortController();
  #state: SessionState = 'active';
  readonly #lease: SessionLease;
  #ending: Promise<void> | undefined;
  #heldAtEnd: readonly Held[] = [];
  readonly #unsubscribe: () => void;
  readonly #detach: () => void;

  /** @internal */
  constructor(connection: Connection, clock: ClientClock, fields: SessionFields) {
    this.#connection = connection;
    this.#clock = clock;
    this.id = fields.id;
    this.clientId = fields.clientId;
    this.timeoutMs = fields.timeoutMs;
    this.#callTimeoutMs = fields.callTimeoutMs;
    this.#numbered = this.#newNumbered();
    this.#holds = this.#newHolds();
    const { holdings } = this.#holds;
    this.counts = new HoldCounts(this.id, holdings, this.#numbered, fields.onWarning);
    connection.beginCallsOf(this.id);
    this.#detach = connection.pushes.attach(this.id, {
      leaseMs: this.timeoutMs,
      onEnded: () => this.#lose('the cluster reports that it has ended'),
      onHoldEnded: (push) => this.#holds.endedByOthers(push),
    });
    this.#unsubscribe = this.#holds.checkWithConnection();
    this.#lease = this.#newLease(fields);
  }

  /** What this client knows of it now. */
  get state(): SessionState {
    return this.#state;
  }

  /** Aborted when the session is lost or ended. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Locks and permits. */
  get holds(): readonly Held[] {
    return this.#holds.holdings.all();
  }

  /** Ms for which the lease is certain from now; 0 when it is not. */
  get validForMs(): number {
    return this.#state === 'active' ? this.#lease.validForMs : 0;
  }

  /** CLIENT-SESSION-2, CLIENT-SESSION-4: compares clocks; finds out a lease that has run out though no timer has fired. */
  isValid(): boolean {
    return this.#state === 'active' && this.#lease.isValid();
  }

  /**
   * One operation of the wire on behalf of this session: done once, however often it has to be sent. Of those with a number, as acquires, 448
   * are under way at once; 10,000 more wait for their turn, and the next one is refused with `overloaded`: it was not sent.
   *
   * @param body Without the session and the number of the request, which are added.
   * @param options How long the answer may take beyond the usual, and what cancels it.
   */
  request<N extends OperationName>(
    operation: N,
    body: Omit<Operations[N]['body'], 'session_id' | 'request_id'>,
    options: WaitOptions = {},
  ): Promise<Operations[N]['answer']> {
    const { waitMs = 0, signal } = options;
    const wrong = problemOfOperation(operation) ?? problemOfMs('waitMs', waitMs); // REQUEST-3, DURATION-1
    if (wrong !== undefined) return Promise.reject(wrong);
    const settings = { timeoutMs: waitMs + this.#callTimeoutMs, signal };
    if (isNumbered(operation)) return this.#numbered.call(operation, body, settings);
    const more = isOfSession(operation) ? { session_id: this.id } : {};
    return this.#connection.call(operation, { ...body, ...more }, settings);
  }

  /** Where this session waits: all of its places in the queues, and who is ahead. Read page by page. */
  async waits(): Promise<SessionWaitsAnswer['waits']> {
    return allWaits((after) => this.request('session_waits', { after }));
  }

  /** Every change, as `Client.watch` tells it. */
  watch(options: WatchOptions = {}): AsyncGenerator<WatchEvent, void, undefined> {
    return watch(this.#connection, this.#callTimeoutMs, options);
  }

  /**
   * Takes a lock.
   *
   * @throws HoldfastError `lock_held`, `wait_timeout`, `deadlock`, `cancelled`, `session_expired`, `hold_lost`, `no_quorum`,
   *   `overloaded` (10,000 requests of the session wait for their turn: see `request`), ...
   */
  async lock(name: string, options: LockOptions = {}): Promise<Hold> {
    const { quiet } = this.counts;
    const lasting = this.lasting(options);
    const answer = await this.request('acquire', lockBody(name, options), options);
    const mayCompare = this.counts.isQuietSince(quiet); // HOLD-COUNT-1
    const hold: Hold = new Hold(this, answer, () => this.giveBack('release', hold));
    this.keep(hold, lasting);
    if (mayCompare) this.counts.compare(hold, answer.hold_count);
    return hold;
  }

  /** Takes a lock, works, and gives it back: `session.withLock('a', { waitMs: 5000 }, async (hold) => ...)`. */
  async withLock<T>(name: string, options: LockOptions, work: LockWork<T>): Promise<T> {
    return underHold(await this.lock(name, options), work);
  }

  /** Takes a lock if it is free, else null. */
  async tryLock(name: string, options: Omit<LockOptions, 'waitMs'> = {}): Promise<Hold | null> {
    try {
      return await this.lock(name, options);
    } catch (error) {
      if (isTaken(error)) return null;
      throw error;
    }
  }

  /**
   * Takes permits of a semaphore: several at once or none.
   *
   * @throws HoldfastError `no_permits`, `limit_mismatch`, `semaphore_not_found`, `limit_exceeded`,
   *   `wait_timeout`, `cancelled`, `session_expired`, `hold_lost`, `no_quorum`, ...
   * @example
   * await using permits = await session.permits('exports', { permits: 2, limit: 10, waitMs: 5000 });
   */
  async permits(name: string, options: PermitsOptions = {}): Promise<Permits> {
    const lasting = this.lasting(options);
    const answer = await this.request('acquire_permits', permitsBody(name, options), options);
    const taken: Permits = new Permits(this, answer, () => this.giveBack('release_permits', taken));
    return this.keep(taken, lasting);
  }

  /** Ends the session: nobody can use what it holds any more, and it is released. May be repeated as long as it fails. */
  end(): Promise<void> {
    if (this.#state === 'lost') return Promise.resolve();
    this.#ending ??= this.#end().catch((error: unknown) => {
      this.#ending = undefined;
      throw error;
    });
    return this.#ending;
  }

  async #end(): Promise<void> {
    if (this.#state === 'active') {
      this.#stop('ended');
      this.#heldAtEnd = this.holds;
      this.#holds.holdings.clear();
      for (const hold of this.#heldAtEnd) hold.lose('unknown');
    }
    try {
      const settings = { timeoutMs: this.#callTimeoutMs };
      await this.#connection.call('end_session', { session_id: this.id }, settings);
    } catch (error) {
      // A repeated end finds it ended.
      if (!isGone(error)) throw error;
    } finally {
      this.#endCalls('has been ended');
    }
    for (const hold of this.#heldAtEnd) hold.lose('released');
    this.#heldAtEnd = [];
  }

  /** The same as `end`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  /** Called by the classes of holds, before they ask for one: how long it may be believed in (MAX-HOLD-1). @internal */
  lasting(options: AcquireOptions): MaxHold | undefined {
    return maxHoldOf(this.#clock, options);
  }

  /** Called by the classes of holds: from now on the hold is lost with this session. @internal */
  keep<T extends Held>(held: T, lasting?: MaxHold): T {
    return this.#holds.keep(held, lasting);
  }

  /** Called by the classes of holds: may be repeated as long as it fails. */
  giveBack(operation: 'release' | 'release_permits' | 'resign', held: Held): Promise<void> {
    return this.#holds.giveBack(operation, held);
  }

  /** Called by a hold whose mode was downgraded: the session holds the lock but once. */
  downgraded(held: Held): void {
    for (const twin of this.#holds.twinsOf(held)) if (twin instanceof Hold) twin.wasDowngraded();
  }

  #newHolds(): SessionHolds {
    return new SessionHolds({
      id: this.id,
      connection: this.#connection,
      clock: this.#clock,
      callTimeoutMs: this.#callTimeoutMs,
      numbered: this.#numbered,
      isActive: () => this.#state === 'active',
    });
  }

  #newLease({ wakes, sentAt }: SessionFields): SessionLease {
    return new SessionLease({
      clock: this.#clock,
      wakes,
      timeoutMs: this.timeoutMs,
      sentAt,
      ask: (timeoutMs) =>
        this.#connection.call('keepalive', { session_id: this.id }, { timeoutMs }),
      onKept: () => {
        if (!this.#connection.tellsEnds) this.#holds.check();
      },
      onLost: (why) => this.#lose(why),
    });
  }

  #newNumbered(): NumberedCalls {
    return new NumberedCalls({
      connection: this.#connection,
      clock: this.#clock,
      sessionId: this.id,
      timeoutMs: this.#callTimeoutMs,
      state: () => this.#state,
      onGone: () => this.#lose('the cluster no longer knows it'),
    });
  }

  /** CLIENT-SESSION-5. */
  #lose(why: string): void {
    if (this.#state !== 'active') return;
    this.#stop('lost');
    for (const hold of this.holds) hold.lose('lost', why);
    this.#holds.holdings.clear();
    this.#endCalls(`is lost: ${why}`);
  }

  /** Whatever was asked and is not answered. */
  #endCalls(how: string): void {
    const message = `Session "${this.id}" ${how}. Requests in progress may have been executed; everything acquired has ended with the session.`;
    this.#connection.endCallsOf(this.id, new HoldfastError('hold_lost', message));
  }

  #stop(state: 'lost' | 'ended'): void {
    this.#state = state;
    this.#lease.stop();
    this.#detach();
    this.#unsubscribe();
    this.#controller.abort(new HoldfastError('hold_lost', `Session "${this.id}" is ${state}.`));
    this.#numbered.wakeAll();
  }
}

/**
 * A lock that is held.
 *
 * @example
 * await using hold = await session.lock('reports/daily', { waitMs: 5000 });
 * hold.assertHeld(); // just before each step that matters
 * await store.write(report, { fenceToken: hold.fenceToken });
 */
export class Hold extends Held {
  /** The session that holds it: the hold ends with it. */
  readonly session: Session;
  #mode: LockMode;

  /** Made by `Session.lock`, `Lock` and `ReadWriteLock`. */
  constructor(
    session: Session,
    answer: Pick<AcquireAnswer, 'resource' | 'mode' | 'fence_token'>,
    release: () => Promise<void>,
  ) {
    const { resource: name, fence_token: fenceToken } = answer;
    super(session, { kind: 'lock', name, fenceToken, release });
    this.session = session;
    this.#mode = answer.mode;
  }

  /** As certain as the hold: `shared` from the moment a downgrade is asked for. */
  get mode(): LockMode {
    return this.#mode;
  }

  /**
   * From exclusive to shared, under the same token: readers come in, no writer gets in between.
   *
   * @throws HoldfastError `hold_lost`, `not_holder`, `stale_fence_token` (it was upgraded since), ...
   */
  async downgrade(): Promise<void> {
    this.assertHeld();
    // From now on readers may come in: the answer only tells that they do.
    this.#mode = 'shared';
    this.session.downgraded(this);
    await this.session.request('downgrade', { name: this.name, fence_token: this.fenceToken });
  }

  /** Called by the session: another hold of the same lock was downgraded, and so was this one. */
  wasDowngraded(): void {
    this.#mode = 'shared';
  }
}

/** What is done while a lock is held. */
export type LockWork<T> = (hold: Hold) => T | Promise<T>;

/**
 * Permits of a semaphore that are held: what one acquire took, given back as a whole.
 *
 * @example
 * await using permits = await session.permits('exports', { permits: 2, limit: 10, waitMs: 5000 });
 */
export class Permits extends Held {
  /** The session that holds it: the hold ends with it. */
  readonly session: Session;
  /** How many. */
  readonly count: number;

  /** Made by `Session.permits` and `Semaphore`. */
  constructor(
    session: Session,
    answer: Pick<AcquirePermitsAnswer, 'resource' | 'permits' | 'fence_token'>,
    release: () => Promise<void>,
  ) {
    const { resource: name, fence_token: fenceToken } = answer;
    super(session, { kind: 'semaphore', name, fenceToken, release });
    this.session = session;
    this.count = answer.permits;
  }
}
