/**
 * Durations that a caller gives.
 *
 * DURATION-1: what is given in ms is a finite number of at least 0. Anything else ends where it is given, with
 *     `invalid_request`: a text would be joined to the deadline, and NaN would end every call at once.
 *
 * Types say the same, but not to programs in JavaScript, nor of what is read from the environment.
 */
import { HoldfastError } from '@holdfast/protocol';

/** @param name Of the option, as its caller has it. */
export function problemOfMs(name: string, value: unknown): HoldfastError | undefined {
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return undefined;
  const given = typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : String(value);
  return new HoldfastError(
    'invalid_request',
    `"${name}" is a number of ms, 0 or more, not ${given}. Nothing was done.`,
    { field: name },
  );
}

/** As it crosses the wire. @throws HoldfastError `invalid_request` (DURATION-1) */
export function secondsOf(name: string, ms: number): number {
  const problem = problemOfMs(name, ms);
  if (problem !== undefined) throw problem;
  return ms / 1000;
}
