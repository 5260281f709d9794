import { HoldfastError } from '@holdfast/protocol';
import type { LatchAnswer } from '@holdfast/protocol';
import type { WaitOptions } from './acquiring.ts';
import { secondsOf } from './durations.ts';
import type { Session } from './session.ts';

/**
 * Counts down to 0; whoever waits for that goes on then, and it stays open until it is deleted.
 *
 * @example
 * const latch = new Latch(session, 'shards-loaded');
 * await latch.create(16);
 * await latch.wait({ waitMs: 60_000 }); // elsewhere: await latch.countDown()
 */
export class Latch {
  /** The session on whose behalf everything is asked. */
  readonly session: Session;
  /** The name of the latch. */
  readonly name: string;

  constructor(session: Session, name: string) {
    this.session = session;
    this.name = name;
  }

  /**
   * Makes it. Repeating it with the same count changes nothing.
   *
   * @throws HoldfastError `limit_mismatch` where there is one that was made with another count.
   */
  async create(count: number): Promise<void> {
    await this.session.request('create_latch', { name: this.name, count });
  }

  /**
   * Counted once, also when it has to be sent again.
   *
   * @param by How much; default 1.
   * @returns How much is left.
   * @throws HoldfastError `latch_not_found`.
   */
  async countDown(by = 1): Promise<number> {
    const body = { name: this.name, ...(by === 1 ? {} : { by }) };
    return this.#countOf(await this.session.request('count_down', body));
  }

  /**
   * Resolves when the count is 0. Without `waitMs` it waits as long as the cluster is configured to allow.
   *
   * @throws HoldfastError `wait_timeout`, `latch_not_found` (also when it is deleted), `cancelled`.
   */
  async wait({ waitMs, signal }: WaitOptions = {}): Promise<void> {
    await this.session.request(
      'wait_latch',
      {
        name: this.name,
        ...(waitMs === undefined ? {} : { wait_seconds: secondsOf('waitMs', waitMs) }),
      },
      { waitMs: waitMs ?? longestWaitMs, ...(signal === undefined ? {} : { signal }) },
    );
  }

  /**
   * How much is left.
   *
   * @throws HoldfastError `latch_not_found`.
   */
  async count(): Promise<number> {
    return this.#countOf(await this.session.request('latch_status', { name: this.name }));
  }

  #countOf({ count }: LatchAnswer): number {
    if (count !== null) return count;
    throw new HoldfastError(
      'latch_not_found',
      `There is no latch "${this.name}". Create it with its count first.`,
    );
  }

  /** @throws HoldfastError `latch_not_found`. */
  async delete(): Promise<void> {
    await this.session.request('delete_latch', { name: this.name });
  }
}

/** Longer than any cluster lets a request wait: what the cluster says ends it. */
const longestWaitMs = 86_400_000;
