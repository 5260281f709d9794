/**
 * Work under a lock that is given back whatever becomes of the work.
 *
 * WITH-LOCK-1: that the work is told to have succeeded means that the lock was held until its end. Where that is not certain, or the
 *     cluster finds at the release that the lock was not held any more, `hold_lost` is thrown instead.
 * WITH-LOCK-2: the lock is given back in each of these cases, too: a hold that is not certain may stand in the cluster.
 */
import type { Held } from './held.ts';

/** What the work throws goes before what giving back throws. */
export async function underHold<H extends Held, T>(
  hold: H,
  work: (hold: H) => T | Promise<T>,
): Promise<T> {
  let done: T;
  try {
    done = await work(hold);
    assertNotLost(hold);
  } catch (error) {
    await hold.release().catch(() => undefined); // WITH-LOCK-2
    throw error;
  }
  await hold.release();
  assertNotLost(hold);
  return done;
}

/** WITH-LOCK-1: what the work has released itself was held until then. */
function assertNotLost(hold: Held): void {
  if (hold.state !== 'released') hold.assertHeld();
}
