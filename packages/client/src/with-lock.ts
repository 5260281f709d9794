/** Work under a lock that is given back whatever becomes of the work. */
import type { Hold } from './hold.ts';

/** What is done while a lock is held. */
export type LockWork<T> = (hold: Hold) => T | Promise<T>;

/**
 * What the work throws goes before what giving back throws; a hold that was lost meanwhile makes a work that
 * went well fail: what it did was not done alone.
 */
export async function underHold<T>(hold: Hold, work: LockWork<T>): Promise<T> {
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
