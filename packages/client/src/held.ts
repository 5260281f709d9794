import { HoldfastError } from '@holdfast/protocol';
import type { LatestEnd } from './max-hold.ts';

/** `unknown`: a release was sent and its outcome is not known. */
export type HoldState = 'held' | 'released' | 'lost' | 'unknown';
/** How a hold ended, as far as this client knows. */
export type EndReason = 'released' | 'expired' | 'forced' | 'max_hold';
/** Each kind is a name space of its own. */
export type HeldKind = 'lock' | 'semaphore' | 'election';

/** What a hold stands on: as long as it is valid, so is the hold. */
export interface Lease {
  /** By comparing clocks, at this moment. */
  isValid(): boolean;
}

/** What every hold is made of. */
export interface HeldFields {
  /** What it is that is held. */
  readonly kind: HeldKind;
  /** The name of what is held. */
  readonly name: string;
  /** Of the grant. */
  readonly fenceToken: number;
  /** Gives it back to the cluster. */
  readonly release: () => Promise<void>;
}

/** What is held, whatever it is: it is certain as long as the lease that it stands on is. */
export abstract class Held {
  /** What it is that is held. */
  readonly kind: HeldKind;
  /** The name of what is held. */
  readonly name: string;
  /** Present it to every resource that it protects: one that has seen a larger token refuses it. */
  readonly fenceToken: number;
  readonly #lease: Lease;
  /** Undefined: it has no longest time. */
  #latestEnd: LatestEnd | undefined;
  readonly #release: () => Promise<void>;
  #state: HoldState = 'held';
  #endReason: EndReason | undefined;
  #why = '';
  #controller: AbortController | undefined;
  /** A release was asked for. */
  #asked = false;
  /** The one that is under way. */
  #releasing: Promise<void> | undefined;

  /** @internal */
  constructor(lease: Lease, { kind, name, fenceToken, release }: HeldFields) {
    this.#lease = lease;
    this.kind = kind;
    this.name = name;
    this.fenceToken = fenceToken;
    this.#release = release;
  }

  /** What this client knows of it now. */
  get state(): HoldState {
    if (this.#state === 'held') this.#lease.isValid();
    return this.#state;
  }

  /** How it ended; undefined while it stands, or when only the loss is known. */
  get endReason(): EndReason | undefined {
    return this.#endReason;
  }

  /**
   * Aborted when the hold is lost or released: before the lease can have ended, or, where the machine slept past that, within about a
   * second of its waking, unless the hold proves to stand. What it guards asks `isHeld` too, which compares clocks.
   */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#state !== 'held') this.#controller.abort(this.#error());
    }
    return this.#controller.signal;
  }

  /**
   * Whether it is certainly held at this moment, by comparing clocks: neither its session nor its longest time (`maxHoldMs`) can have
   * ended by now. What an operator has ended by force is known when that is told.
   *
   * Where its acquire waited, the longest time counts from when the answer was read. Where the program was paused, or the connection
   * broke and the acquire was sent again, between the grant and that, this is true for that much too long: what must not be touched by
   * two has to refuse an older `fenceToken`.
   */
  isHeld(): boolean {
    if (this.#state !== 'held' || !this.#lease.isValid()) return false;
    return this.#latestEnd === undefined || this.#latestEnd.leftMs > 0; // MAX-HOLD-1
  }

  /** @throws HoldfastError `hold_lost` unless it is certainly held at this moment. */
  assertHeld(): void {
    if (!this.isHeld()) throw this.#error();
  }

  /**
   * Gives it back. Where it failed it may be repeated, and means the same release: what was entered twice is
   * never given back twice. Otherwise repeating it does nothing.
   *
   * @throws HoldfastError where the outcome is not known (`connection_lost`, `deadline_exceeded`, ...): the
   *   state is `unknown` then. The client goes on asking for it in the background; the hold ends with its
   *   session at the latest.
   */
  async release(): Promise<void> {
    if (this.#state !== 'held' && !(this.#state === 'unknown' && this.#asked)) return;
    this.#asked = true;
    await (this.#releasing ??= this.#giveBack());
  }

  async #giveBack(): Promise<void> {
    this.#state = 'unknown';
    try {
      await this.#release();
      this.#state = 'released';
      this.#endReason = 'released';
    } catch (error) {
      // What has ended needs no release.
      if (!(error instanceof HoldfastError) || !endedCodes.has(error.code)) throw error;
      this.#state = 'lost';
      this.#endReason = reasonIn(error.details['end_reason']);
    } finally {
      this.#releasing = undefined;
      this.#controller?.abort(this.#error());
    }
  }

  /** The same as `release`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  /**
   * Called by what it stands on: of several ends the earliest counts (MAX-HOLD-2).
   *
   * @internal
   */
  endBy(end: LatestEnd): void {
    if (this.#latestEnd === undefined || end.leftMs < this.#latestEnd.leftMs) this.#latestEnd = end;
  }

  /**
   * Called by what it stands on: both are one hold of the cluster (MAX-HOLD-2).
   *
   * @internal
   */
  endWith(twin: Held): void {
    if (twin.#latestEnd !== undefined) this.endBy(twin.#latestEnd);
    if (this.#latestEnd !== undefined) twin.endBy(this.#latestEnd);
  }

  /** Called by what it stands on. */
  lose(state: 'lost' | 'released' | 'unknown', why = '', reason?: EndReason): void {
    if (this.#state !== 'held' && !(this.#state === 'unknown' && state === 'released')) return;
    this.#state = state;
    this.#why = why;
    this.#endReason = state === 'released' ? 'released' : reason;
    this.#controller?.abort(this.#error());
  }

  #error(): HoldfastError {
    return new HoldfastError(
      'hold_lost',
      `The hold of "${this.name}" is ${this.#state === 'held' ? 'not certain at the moment' : this.#state}${this.#why === '' ? '' : `: ${this.#why}`}. Stop the work it guards.`,
      {
        fence_token: this.fenceToken,
        ...(this.#endReason === undefined ? {} : { end_reason: this.#endReason }),
      },
    );
  }
}

function reasonIn(value: unknown): EndReason | undefined {
  return value === 'expired' || value === 'forced' || value === 'max_hold' ? value : undefined;
}

const endedCodes: ReadonlySet<string> = new Set([
  'session_expired',
  'session_not_found',
  'hold_lost',
  'lock_not_found',
  'not_holder',
  'stale_fence_token',
]);
