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
