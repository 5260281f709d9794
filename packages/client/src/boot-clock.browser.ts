/**
 * Browsers have no clock that surely goes on while the machine sleeps and that nobody sets: the wall clock it is, and a
 * lease that is in doubt because somebody set it is believed in again as soon as a renewal succeeds. As that of Node
 * (`boot-clock.ts`) it is never behind the monotonic clock, and never goes back (BOOT-1); what it goes forward after
 * it was set back counts like any other.
 */
/** Less than this is no setting back: the two clocks are told in different steps, and the wall clock is slewed. */
const toleranceMs = 50;
let leadMs = Date.now() - performance.now();
let setBackByMs = 0;

/** BOOT-3: the wall clock may be set back while the machine sleeps. */
export const bootCountsSleep = false;

export const bootNow = (): number => {
  const nowMs = performance.now();
  const nextMs = Date.now() - nowMs + setBackByMs;
  if (nextMs < leadMs - toleranceMs) setBackByMs += leadMs - nextMs;
  else leadMs = Math.max(leadMs, nextMs);
  return nowMs + leadMs;
};
