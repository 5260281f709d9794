import type { AcquireManyAnswer, LockMode } from '@holdfast/protocol';
import { HoldfastError } from '@holdfast/protocol';
import { termsOf, waitOf } from './acquiring.ts';
import type { AcquireOptions } from './acquiring.ts';
import type { Held } from './held.ts';
import { Hold, Permits } from './session.ts';
import type { Session } from './session.ts';

/** One of several: a lock by its name, or permits of a semaphore. */
export type Want = string | WantedLock | WantedPermits;

/** A lock, of several that are acquired together. */
export interface WantedLock {
  /** Absent: a lock. */
  readonly kind?: 'lock';
  /** The name of the lock. */
  readonly name: string;
  /** Default: exclusive. */
  readonly mode?: LockMode;
}

/** Permits, of several that are acquired together. */
export interface WantedPermits {
  /** Tells it from a lock. */
  readonly kind: 'semaphore';
  /** The name of the semaphore. */
  readonly name: string;
  /** How many; default 1. */
  readonly permits?: number;
  /** As `SemaphoreOptions.limit`. */
  readonly limit?: number;
}

/**
 * Several locks and permits, all or none: nobody ever holds a part of them, and two who want the same
 * in another order do not block each other.
 *
 * @example
 * const move = new MultiLock(session, ['accounts/1', 'accounts/2']);
 * await using holds = await move.acquire({ waitMs: 5000 });
 * const [from, to] = holds.holds; // each with its own fence token
 */
export class MultiLock {
  /** The session on whose behalf everything is asked. */
  readonly session: Session;
  /** What is acquired together. */
  readonly wants: readonly Want[];

  /** @param wants 1 to 64, each once. */
  constructor(session: Session, wants: readonly Want[]) {
    this.session = session;
    this.wants = wants;
  }

  /** @throws HoldfastError `lock_held`, `no_permits`, `wait_timeout`, `deadlock`, `cancelled`, `hold_lost`, ... */
  async acquire(options: Omit<AcquireOptions, 'priority'> = {}): Promise<MultiHold> {
    const { waitMs = 0 } = options;
    const resources = this.wants.map((want) => (typeof want === 'string' ? { name: want } : want));
    const body = { resources, ...termsOf(options), ...waitOf(waitMs) };
    const { counts } = this.session;
    const { quiet } = counts;
    const lasting = this.session.lasting(options);
    const answer = await this.session.request('acquire_many', body, options);
    const mayCompare = counts.isQuietSince(quiet); // HOLD-COUNT-1
    const holds = answer.holds.map((hold) => this.session.keep(this.#hold(hold), lasting));
    if (mayCompare)
      for (const [at, hold] of holds.entries()) counts.compare(hold, answer.holds[at]?.hold_count);
    return new MultiHold(holds);
  }

  #hold(answer: AcquireManyAnswer['holds'][number]): Held {
    const { session } = this;
    if (answer.kind === 'semaphore') {
      const fields = { ...answer, permits: answer.permits ?? 1 };
      const permits: Permits = new Permits(session, fields, () =>
        session.giveBack('release_permits', permits),
      );
      return permits;
    }
    const hold: Hold = new Hold(session, { ...answer, mode: answer.mode ?? 'exclusive' }, () =>
      session.giveBack('release', hold),
    );
    return hold;
  }
}

/** Several holds as one. */
export class MultiHold {
  /** In the order in which they were asked for. */
  readonly holds: readonly Held[];
  #signal: AbortSignal | undefined;

  /** Made by `MultiLock.acquire`. */
  constructor(holds: readonly Held[]) {
    this.holds = holds;
  }

  /** Aborted when the first of them is lost or released. */
  get signal(): AbortSignal {
    return (this.#signal ??= AbortSignal.any(this.holds.map((hold) => hold.signal)));
  }

  /** Whether all are certainly held at this moment, by comparing clocks. */
  isHeld(): boolean {
    return this.holds.every((hold) => hold.isHeld());
  }

  /** @throws HoldfastError `hold_lost` unless all are certainly held at this moment. */
  assertHeld(): void {
    for (const hold of this.holds) hold.assertHeld();
  }

  /**
   * Gives all back, in one message.
   *
   * @throws HoldfastError the first error, when all have been tried.
   */
  async release(): Promise<void> {
    const outcomes = await Promise.allSettled(this.holds.map((hold) => hold.release()));
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue;
      throw outcome.reason instanceof HoldfastError
        ? outcome.reason
        : new HoldfastError('internal', String(outcome.reason));
    }
  }

  /** The same as `release`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}
