import type { BarrierAnswer } from '@holdfast/protocol';
import { waitOf } from './acquiring.ts';
import type { WaitOptions } from './acquiring.ts';
import type { Session } from './session.ts';

/**
 * So many sessions meet, go on together, and may leave together.
 *
 * @example
 * const barrier = new Barrier(session, 'step-1', 3);
 * await barrier.enter({ waitMs: 60_000 }); // all three are here
 * await work();
 * await barrier.leave({ waitMs: 60_000 }); // all three are done
 */
export class Barrier {
  /** The session on whose behalf everything is asked. */
  readonly session: Session;
  /** The name of the barrier. */
  readonly name: string;
  /** How many meet. */
  readonly parties: number;

  constructor(session: Session, name: string, parties: number) {
    this.session = session;
    this.name = name;
    this.parties = parties;
  }

  /**
   * Waits until all have come. A session that ends while the others wait is no longer counted.
   *
   * @returns Whether all have come: false only without a wait.
   * @throws HoldfastError `wait_timeout` (it is out again), `barrier_closed` (the last round is not over),
   *   `limit_mismatch` (another number of parties), `cancelled`, `hold_lost`, ...
   */
  async enter(options: WaitOptions = {}): Promise<boolean> {
    const { waitMs = 0 } = options;
    const body = { name: this.name, parties: this.parties, ...waitOf(waitMs) };
    const answer = await this.session.request('enter_barrier', body, options);
    return answer.open;
  }

  /**
   * Leaves, and waits until all have left.
   *
   * @returns Whether all have left; false when some had not in time.
   * @throws HoldfastError `not_entered`, `cancelled`, `hold_lost`, ...
   */
  async leave(options: WaitOptions = {}): Promise<boolean> {
    const { waitMs = 0 } = options;
    const body = { name: this.name, ...waitOf(waitMs) };
    const answer = await this.session.request('leave_barrier', body, options);
    return answer.over;
  }

  /** Who is inside. */
  status(): Promise<BarrierAnswer> {
    return this.session.request('barrier_status', { name: this.name });
  }
}
