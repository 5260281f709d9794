/**
 * How long no lock could be had: the longest time between two grants next to each other that
 * reaches into a window, seen from the workers. Grants that were under way when the leader died
 * count as they arrive; the silence after them is the outage.
 */

/**
 * @param grantTimesMs times of all grants, rising.
 * @param fromMs when the fault was set off.
 * @param untilMs end of the window, some time after service came back.
 * @returns the longest silence in milliseconds; Infinity when no grant came after the fault.
 */
export function longestSilenceMs(
  grantTimesMs: readonly number[],
  fromMs: number,
  untilMs: number,
): number {
  let longest = 0;
  let previousMs: number | undefined;
  let after = false;
  for (const atMs of grantTimesMs) {
    if (previousMs !== undefined && atMs > fromMs && previousMs < untilMs) {
      longest = Math.max(longest, atMs - previousMs);
    }
    if (atMs > fromMs) after = true;
    previousMs = atMs;
  }
  return after ? longest : Infinity;
}
