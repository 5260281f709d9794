/**
 * Browsers have no clock that surely goes on while the machine sleeps and that nobody sets: the wall clock it is, and a
 * lease that is in doubt because somebody set it is believed in again as soon as a renewal succeeds. As that of Node
 * (`boot-clock.ts`) it is never behind the monotonic clock, and never goes back (BOOT-1).
 */
let leadMs = Date.now() - performance.now();

export const bootNow = (): number => {
  const nowMs = performance.now();
  leadMs = Math.max(leadMs, Date.now() - nowMs);
  return nowMs + leadMs;
};
