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
  readonly mode: LockMode;

  /** Made by `Session.lock`. */
  constructor(session: Session, name: string, answer: AcquireAnswer, release: () => Promise<void>) {
    super(session, name, answer.fence_token, release);
    this.mode = answer.mode;
  }
}
