/**
 * A hold with a longest time ends though its session lives on. What guards the command is told that
 * end as well, so that the command is gone before somebody else can have what was held.
 *
 * LONGEST-1: the end is reckoned from before the question how long it lasts was sent: never later than the
 *     cluster's own.
 * LONGEST-2: the clocks of two machines do not run alike: a part of the time is given away for that.
 */
import { certainFor, machineClocks, msLeft } from './certain-time.ts';
import type { MachineClocks } from './certain-time.ts';

const marginShare = 0.1;
const maxMarginMs = 1000;

/**
 * Ms for which the hold certainly lasts from the moment at which what it gives is called.
 *
 * @param endsInSeconds Asks the cluster; null when there is no such end, undefined when nothing is held.
 */
export async function longestTime(
  endsInSeconds: () => Promise<number | null | undefined>,
  clocks: MachineClocks = machineClocks,
): Promise<() => number> {
  const asked = certainFor(0, clocks); // LONGEST-1
  const seconds = await endsInSeconds();
  if (seconds === null) return () => Number.POSITIVE_INFINITY;
  const leftMs = (seconds ?? 0) * 1000;
  const certainMs = leftMs - Math.min(maxMarginMs, leftMs * marginShare); // LONGEST-2
  const until = { ...asked, untilMs: asked.untilMs + certainMs };
  return () => Math.max(0, msLeft(until, clocks));
}
