import type { AcquireAnswer, LockMode } from '@holdfast/protocol';
import { Held } from './held.ts';
import type { Session } from './session.ts';

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
