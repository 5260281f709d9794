/** Work under a lock that is given back whatever becomes of the work. */
import type { Held } from './held.ts';

/**
 * What the work throws goes before what giving back throws; a hold that was lost meanwhile makes a work that
 * went well fail: what it did was not done alone.
 */
export async function underHold<H extends Held, T>(
  hold: H,
  work: (hold: H) => T | Promise<T>,
): Promise<T> {
  let done: T;
  try {
    done = await work(hold);
  } catch (error) {
    await hold.release().catch(() => undefined);
    throw error;
  }
  if (hold.state !== 'released') hold.assertHeld();
  await hold.release();
  return done;
}
