/**
 * How long a lease is certain, as a point on a clock that all processes of a machine share.
 *
 * CERTAIN-1: it travels between processes as a point in time, never as a length: a message that lay in a
 *     queue while its reader was stopped must not lengthen the lease.
 * CERTAIN-2: the monotonic clock stops while the machine sleeps, the one since boot does not: whichever
 *     says that more time has passed is believed. Nobody sets either: a step of the wall clock changes nothing.
 * CERTAIN-3: it is only ever moved later by its owner; nobody else guesses.
 */

import { bootNow } from '@holdfast/client/boot-clock';

/** What is sent from the process that renews the lease to the one that guards the command. */
export interface CertainUntil {
  /** By `monotonicMs`. */
  readonly untilMs: number;
  /** Clock since boot minus monotonic clock when that was worked out: what the machine has slept. */
  readonly sleptMs: number;
}

/** The clocks, injected so that tests own them. */
export interface MachineClocks {
  /** Ms by a clock that never goes back and reads the same in every process of this machine. */
  monotonicMs(): number;
  /** Ms by a clock that goes on while the machine sleeps. */
  bootMs(): number;
}

export const machineClocks: MachineClocks = {
  // Not performance.now(): that counts from the start of each process.
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
  bootMs: bootNow,
};

/** A lease that is certain for `forMs` more from now, as a point in time (CERTAIN-1). CERTAIN-3. */
export function certainFor(forMs: number, clocks: MachineClocks = machineClocks): CertainUntil {
  const nowMs = clocks.monotonicMs();
  return { untilMs: nowMs + forMs, sleptMs: clocks.bootMs() - nowMs };
}

/** Ms left of it, negative when it is over (CERTAIN-2). */
export function msLeft(until: CertainUntil, clocks: MachineClocks = machineClocks): number {
  return until.untilMs - Math.max(clocks.monotonicMs(), clocks.bootMs() - until.sleptMs);
}
