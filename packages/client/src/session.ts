/**
 * A session and its holds, as the client may believe in them.
 *
 * V1: the lease counts from the moment the keepalive that succeeded was SENT, on the monotonic clock.
 * V2: what is held is decided by comparing clocks, never by whether a timer has fired: timers stand
 *     still while the event loop is blocked.
 * V3: a hold's signal fires before the lease can have ended on any server: `marginMs` before.
 * V4: after a suspend (the two clocks drift apart) nothing is believed until a keepalive succeeds.
 * V5: a session that is lost never comes back, nor do its holds.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { AcquireAnswer, LockMode } from '@holdfast/protocol';
import type { ClientClock } from './clock.ts';
import type { Connection } from './connection.ts';
import type { Held } from './held.ts';
import { Hold } from './hold.ts';
import { Permits } from './permits.ts';

const maxInFlight = 512;
const suspendDriftMs = 1000;
const defaultTimeoutMs = 10_000;

export interface LockOptions {
  /** Longest wait in the queue, in ms; 0 tries once. Default 0. */
  readonly waitMs?: number;
  readonly mode?: LockMode;
  readonly signal?: AbortSignal;
}

export interface PermitsOptions {
  /** How many permits. Default 1. */
  readonly permits?: number;
  /**
   * How many the semaphore has. Makes it where there is none; where there is one, it has to be its limit.
   * Left out: the semaphore has to be there.
   */
  readonly limit?: number;
  /** Longest wait in the queue, in ms; 0 tries once. Default 0. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

export type SessionState = 'active' | 'lost' | 'ended';

export class Session {
  readonly id: string;
  readonly clientId: string;
  readonly timeoutMs: number;
  readonly #connection: Connection;
  readonly #clock: ClientClock;
  readonly #marginMs: number;
  readonly #holds = new Set<Held>();
  readonly #unanswered = new Set<number>();
  readonly #queue: (() => void)[] = [];
  readonly #controller = new AbortController();
  #state: SessionState = 'active';
  /** V1, by the monotonic clock. */
  #validUntilMs: number;
  /** Wall minus monotonic clock at the last proof (V4). */
  #clockOffsetMs: number;
  #nextRequestId = 1;
  #cancelKeepAlive: (() => void) | undefined;
  #cancelExpiry: (() => void) | undefined;
  #failures = 0;

  /** Made by `Client.session`. */
  constructor(
    connection: Connection,
    clock: ClientClock,
    fields: {
      readonly id: string;
      readonly clientId: string;
      readonly timeoutMs: number;
      readonly sentAtMs: number;
    },
  ) {
    this.#connection = connection;
    this.#clock = clock;
    this.id = fields.id;
    this.clientId = fields.clientId;
    this.timeoutMs = fields.timeoutMs;
    this.#marginMs = Math.min(1000, fields.timeoutMs / 10);
    this.#validUntilMs = fields.sentAtMs + fields.timeoutMs - this.#marginMs;
    this.#clockOffsetMs = clock.wallNow() - clock.now();
    connection.onSessionEnded.set(this.id, () => this.#lose('the cluster says that it has ended'));
    this.#planKeepAlive(this.timeoutMs / 3);
    this.#planExpiry();
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Aborted when the session is lost or ended. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Locks and permits. */
  get holds(): readonly Held[] {
    return [...this.#holds];
  }

  /** Ms for which the lease is certain from now; 0 when it is not. */
  get validForMs(): number {
    return this.isValid() ? this.#validUntilMs - this.#clock.now() : 0;
  }

  /** V2, V4: compares clocks; finds out a lease that has run out though no timer has fired. */
  isValid(): boolean {
    if (this.#state !== 'active') return false;
    if (this.#clock.now() >= this.#validUntilMs) {
      this.#lose("its lease has run out by this machine's clock");
      return false;
    }
    const drift = Math.abs(this.#clock.wallNow() - this.#clock.now() - this.#clockOffsetMs);
    return drift < suspendDriftMs;
  }

  /**
   * Takes a lock.
   *
   * @throws HoldfastError `lock_held`, `wait_timeout`, `deadlock`, `aborted`, `session_expired`, `hold_lost`, `no_quorum`, ...
   */
  async lock(name: string, options: LockOptions = {}): Promise<Hold> {
    const { waitMs = 0, mode = 'exclusive', signal } = options;
    const answer = await this.#numbered((requestId, answeredBelow) =>
      this.#connection.call(
        'acquire',
        {
          name,
          session_id: this.id,
          request_id: requestId,
          ...(mode === 'exclusive' ? {} : { mode }),
          ...(waitMs === 0 ? {} : { wait_seconds: waitMs / 1000 }),
        },
        {
          timeoutMs: waitMs + defaultTimeoutMs,
          answeredBelow,
          ...(signal === undefined ? {} : { signal }),
        },
      ),
    );
    return this.#hold(name, answer);
  }

  /** Takes a lock if it is free, else null. */
  async tryLock(name: string, options: Omit<LockOptions, 'waitMs'> = {}): Promise<Hold | null> {
    try {
      return await this.lock(name, options);
    } catch (error) {
      if (
        error instanceof HoldfastError &&
        (error.code === 'lock_held' || error.code === 'lock_delayed')
      )
        return null;
      throw error;
    }
  }

  /**
   * Takes permits of a semaphore: several at once or none.
   *
   * @throws HoldfastError `no_permits`, `limit_mismatch`, `semaphore_not_found`, `limit_exceeded`,
   *   `wait_timeout`, `aborted`, `session_expired`, `hold_lost`, `no_quorum`, ...
   * @example
   * await using permits = await session.permits('exports', { permits: 2, limit: 10, waitMs: 5000 });
   */
  async permits(name: string, options: PermitsOptions = {}): Promise<Permits> {
    const { permits, limit, waitMs = 0, signal } = options;
    const answer = await this.#numbered((requestId, answeredBelow) =>
      this.#connection.call(
        'acquire_permits',
        {
          name,
          session_id: this.id,
          request_id: requestId,
          ...(permits === undefined ? {} : { permits }),
          ...(limit === undefined ? {} : { limit }),
          ...(waitMs === 0 ? {} : { wait_seconds: waitMs / 1000 }),
        },
        {
          timeoutMs: waitMs + defaultTimeoutMs,
          answeredBelow,
          ...(signal === undefined ? {} : { signal }),
        },
      ),
    );
    const taken = new Permits(this, name, answer, () => this.#giveBack('release_permits', taken));
    return this.#keep(taken);
  }

  /** Ends the session: everything it holds is released at once. */
  async end(): Promise<void> {
    if (this.#state !== 'active') return;
    this.#stop('ended');
    for (const hold of this.#holds) hold.lose('released');
    this.#holds.clear();
    try {
      await this.#connection.call(
        'end_session',
        { session_id: this.id },
        { timeoutMs: defaultTimeoutMs },
      );
    } catch (error) {
      // A repeated end finds it ended.
      if (
        !(error instanceof HoldfastError) ||
        (error.code !== 'session_expired' && error.code !== 'session_not_found')
      )
        throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  #hold(name: string, answer: AcquireAnswer): Hold {
    const hold = new Hold(this, name, answer, () => this.#giveBack('release', hold));
    return this.#keep(hold);
  }

  #keep<T extends Held>(held: T): T {
    if (this.#state !== 'active') held.lose('lost');
    else this.#holds.add(held);
    return held;
  }

  async #giveBack(operation: 'release' | 'release_permits', held: Held): Promise<void> {
    this.#holds.delete(held);
    await this.#numbered(async (requestId, answeredBelow) => {
      await this.#connection.call(
        operation,
        {
          name: held.name,
          session_id: this.id,
          fence_token: held.fenceToken,
          request_id: requestId,
        },
        { timeoutMs: defaultTimeoutMs, answeredBelow },
      );
    });
  }

  /** Gives the request its number; at most so many are unanswered that the cluster remembers them all. */
  async #numbered<T>(run: (requestId: number, answeredBelow: number) => Promise<T>): Promise<T> {
    while (this.#unanswered.size >= maxInFlight)
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    if (this.#state !== 'active')
      throw new HoldfastError('hold_lost', `Session "${this.id}" is ${this.#state}.`);
    const requestId = this.#nextRequestId++;
    const [oldest = requestId] = this.#unanswered;
    this.#unanswered.add(requestId);
    try {
      return await run(requestId, oldest);
    } catch (error) {
      if (
        error instanceof HoldfastError &&
        (error.code === 'session_expired' || error.code === 'session_not_found')
      ) {
        this.#lose('the cluster does not know it any more');
      }
      throw error;
    } finally {
      this.#unanswered.delete(requestId);
      this.#queue.shift()?.();
    }
  }

  #planKeepAlive(delayMs: number): void {
    this.#cancelKeepAlive = this.#clock.after(delayMs, () => void this.#keepAlive());
  }

  async #keepAlive(): Promise<void> {
    if (!this.isValid() && this.#state !== 'active') return;
    const sentAtMs = this.#clock.now();
    const left = Math.max(1, this.#validUntilMs - sentAtMs);
    try {
      await this.#connection.call(
        'keepalive',
        { session_id: this.id },
        { timeoutMs: Math.min(left, this.timeoutMs / 3) },
      );
      if (this.#state !== 'active') return;
      this.#failures = 0;
      this.#validUntilMs = Math.max(this.#validUntilMs, sentAtMs + this.timeoutMs - this.#marginMs); // V1
      this.#clockOffsetMs = this.#clock.wallNow() - this.#clock.now();
      this.#planExpiry();
      this.#planKeepAlive(this.timeoutMs / 3);
    } catch (error) {
      if (this.#state !== 'active') return;
      if (
        error instanceof HoldfastError &&
        (error.code === 'session_expired' || error.code === 'session_not_found')
      ) {
        this.#lose('it expired');
        return;
      }
      this.#failures += 1;
      const backoffMs =
        Math.min(this.timeoutMs / 10, 50 * 2 ** this.#failures) * (0.5 + this.#clock.random() / 2);
      this.#planKeepAlive(backoffMs);
    }
  }

  /** V3. The timer only hurries what `isValid` finds out anyway. */
  #planExpiry(): void {
    this.#cancelExpiry?.();
    this.#cancelExpiry = this.#clock.after(
      Math.max(0, this.#validUntilMs - this.#clock.now()),
      () => {
        if (this.isValid()) this.#planExpiry();
      },
    );
  }

  /** V5. */
  #lose(why: string): void {
    if (this.#state !== 'active') return;
    this.#stop('lost');
    for (const hold of this.#holds) hold.lose('lost', why);
    this.#holds.clear();
  }

  #stop(state: 'lost' | 'ended'): void {
    this.#state = state;
    this.#cancelKeepAlive?.();
    this.#cancelExpiry?.();
    this.#connection.onSessionEnded.delete(this.id);
    this.#controller.abort(new HoldfastError('hold_lost', `Session "${this.id}" is ${state}.`));
    for (const wake of this.#queue.splice(0)) wake();
  }
}
