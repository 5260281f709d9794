import type { AcquirePermitsAnswer } from '@holdfast/protocol';
import { Held } from './held.ts';
import type { Session } from './session.ts';

/**
 * Permits of a semaphore that are held: what one acquire took, given back as a whole.
 *
 * @example
 * await using permits = await session.permits('exports', { permits: 2, limit: 10, waitMs: 5000 });
 */
export class Permits extends Held {
  /** How many. */
  readonly count: number;

  /** Made by `Session.permits`. */
  constructor(
    session: Session,
    name: string,
    answer: AcquirePermitsAnswer,
    release: () => Promise<void>,
  ) {
    super(session, name, answer.fence_token, release);
    this.count = answer.permits;
  }
}
