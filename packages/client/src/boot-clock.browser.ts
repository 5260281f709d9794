/**
 * Browsers have no clock that surely goes on while the machine sleeps and that nobody sets: the wall clock it is, and a
 * lease that is in doubt because somebody set it is believed in again as soon as a renewal succeeds. `boot-clock.ts` is
 * the counterpart for Node.
 */
export const bootNow: () => number = () => Date.now();
