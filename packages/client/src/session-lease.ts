/**
 * How long a session is certain, and the keepalives that prove it.
 *
 * CLIENT-SESSION-1: the lease counts from the moment the keepalive that succeeded was SENT, on the monotonic clock.
 * CLIENT-SESSION-2: what is held is decided by comparing clocks, never by whether a timer has fired: timers stand
 *     still while the event loop is blocked.
 * CLIENT-SESSION-3: a hold's signal fires before the lease can have ended on any server, a margin before; after the machine slept
 *     past that moment, as soon as that is noticed (SESSION-LEASE-1).
 * CLIENT-SESSION-4: what a machine sleeps counts: of its two clocks the one that says more is believed (clock.ts). What only
 *     the clock that never sleeps says to be over is not believed in until a keepalive succeeds.
 * SESSION-LEASE-1: where the machine slept past the end of the lease, the cluster is asked at once whether the session stands, and
 *     the session is lost unless that is answered within the margin: whoever only listens to a signal hears of it, too.
 * SESSION-LEASE-2: a keepalive is due a third of the timeout after the session was proven last, as CLIENT-SESSION-1 counts: an answer
 *     that was long on its way leaves less time for the next one.
 */
import { momentOf, passedMs } from './clock.ts';
import type { ClientClock, Moment } from './clock.ts';
import { isGone } from './session-requests.ts';
import type { Wakes } from './wakes.ts';

export interface SessionLeaseParts {
  readonly clock: ClientClock;
  readonly wakes: Wakes;
  readonly timeoutMs: number;
  /** When the request that opened the session was sent. */
  readonly sentAt: Moment;
  /** Asks the cluster to keep the session. */
  readonly ask: (timeoutMs: number) => Promise<unknown>;
  readonly onKept: () => void;
  readonly onLost: (why: string) => void;
}

export class SessionLease {
  readonly #parts: SessionLeaseParts;
  readonly #clock: ClientClock;
  readonly #marginMs: number;
  /** When the keepalive that succeeded was sent (CLIENT-SESSION-1). */
  #provenAt: Moment;
  #isOver = false;
  #failures = 0;
  #cancelKeepAlive: (() => void) | undefined;
  #cancelExpiry: (() => void) | undefined;
  #cancelDoubt: (() => void) | undefined;
  readonly #ignoreWakes: () => void;

  constructor(parts: SessionLeaseParts) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#marginMs = Math.min(1000, parts.timeoutMs / 10);
    this.#provenAt = parts.sentAt;
    this.#ignoreWakes = parts.wakes.listen(() => this.#awake());
    this.#planKeepAlive(this.#dueInMs);
    this.#planExpiry();
  }

  /** Ms for which it is certain from now; 0 when it is not. */
  get validForMs(): number {
    return this.isValid() ? this.#leaseMs - passedMs(this.#clock, this.#provenAt) : 0;
  }

  /** CLIENT-SESSION-2, CLIENT-SESSION-4: compares clocks; finds out a lease that has run out though no timer has fired. */
  isValid(): boolean {
    if (this.#isOver) return false;
    if (this.#clock.now() >= this.#endsAtMs) {
      this.#lose('its lease has expired by the clock of this machine');
      return false;
    }
    return passedMs(this.#clock, this.#provenAt) < this.#leaseMs;
  }

  /** The session is over. */
  stop(): void {
    this.#isOver = true;
    this.#cancelKeepAlive?.();
    this.#cancelExpiry?.();
    this.#cancelDoubt?.();
    this.#ignoreWakes();
  }

  /** How long it is certain from when it was proven (CLIENT-SESSION-3). */
  get #leaseMs(): number {
    return this.#parts.timeoutMs - this.#marginMs;
  }

  /** By the monotonic clock. */
  get #endsAtMs(): number {
    return this.#provenAt.monotonicMs + this.#leaseMs;
  }

  /** SESSION-LEASE-2: until the next keepalive. */
  get #dueInMs(): number {
    return Math.max(0, this.#parts.timeoutMs / 3 - passedMs(this.#clock, this.#provenAt));
  }

  #lose(why: string): void {
    this.stop();
    this.#parts.onLost(why);
  }

  #planKeepAlive(delayMs: number): void {
    this.#cancelKeepAlive?.();
    this.#cancelKeepAlive = this.#clock.after(delayMs, () => void this.#keepAlive());
  }

  async #keepAlive(): Promise<void> {
    this.isValid();
    if (this.#isOver) return;
    const sentAt = momentOf(this.#clock);
    const leftMs = Math.max(1, this.#endsAtMs - sentAt.monotonicMs);
    const { ask, timeoutMs, onKept } = this.#parts;
    try {
      await ask(Math.min(leftMs, timeoutMs / 3));
      if (this.#isOver) return;
      this.#failures = 0;
      if (sentAt.monotonicMs >= this.#provenAt.monotonicMs) this.#provenAt = sentAt; // CLIENT-SESSION-1
      this.#planExpiry();
      this.#planKeepAlive(this.#dueInMs);
      onKept();
    } catch (error) {
      if (this.#isOver) return;
      if (isGone(error)) {
        this.#lose('it expired');
        return;
      }
      this.#failures += 1;
      const backoffMs =
        Math.min(timeoutMs / 10, 50 * 2 ** this.#failures) * (0.5 + this.#clock.random() / 2);
      this.#planKeepAlive(backoffMs);
    }
  }

  /** CLIENT-SESSION-3. The timer only hurries what `isValid` finds out anyway. */
  #planExpiry(): void {
    this.#cancelExpiry?.();
    const leftMs = this.#leaseMs - passedMs(this.#clock, this.#provenAt);
    // A timer may fire a rounding error too early: less than a ms would be planned again and again at one time.
    this.#cancelExpiry = this.#clock.after(Math.max(1, leftMs), () => {
      if (this.isValid()) this.#planExpiry();
      else if (!this.#isOver) this.#doubt();
    });
  }

  /** The machine slept: what is planned comes late. */
  #awake(): void {
    if (!this.isValid()) {
      if (!this.#isOver) this.#doubt();
      return;
    }
    this.#planExpiry();
    this.#planKeepAlive(this.#dueInMs);
  }

  /** SESSION-LEASE-1: by the clock that counts sleep it may be over. */
  #doubt(): void {
    if (this.#cancelDoubt !== undefined) return;
    this.#cancelDoubt = this.#clock.after(this.#marginMs, () => {
      this.#cancelDoubt = undefined;
      if (!this.isValid() && !this.#isOver)
        this.#lose('the machine slept longer than its lease, and no keepalive was answered since');
    });
    this.#cancelKeepAlive?.();
    void this.#keepAlive();
  }
}
