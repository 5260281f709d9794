/** Monotonic ms, the same for all processes of this machine (CLOCK_MONOTONIC). */
export const nowMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;
