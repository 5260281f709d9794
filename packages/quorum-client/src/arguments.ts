/**
 * What a caller gives is looked at before anything is asked of a voter.
 *
 * ARGUMENT-1: a value that no voter takes ends here, with `invalid_request` and what was given. It is never asked for, so
 *     it is never asked for again.
 *
 * Types say the same, but not to programs in JavaScript, nor of what they read from a file.
 */
import { HoldfastError } from '@holdfast/protocol';

export const longestName = 256;
/** Of a lease, as every voter has it. */
export const longestTtlMs = 86_400_000;

export const invalid = (message: string): HoldfastError =>
  new HoldfastError('invalid_request', message);

/** @param what In a sentence: "A ttl". @throws HoldfastError */
export function checkMs(
  what: string,
  value: unknown,
  { least = 0, most = Number.MAX_VALUE }: { readonly least?: number; readonly most?: number } = {},
): asserts value is number {
  if (typeof value === 'number' && value >= least && value <= most) return;
  const upTo = most === Number.MAX_VALUE ? '' : ` and at most ${String(most)}`;
  throw invalid(
    `${what} is a number of ms of at least ${String(least)}${upTo}, not ${given(value)}.`,
  );
}

/**
 * Half a character would come back from a disk as another name.
 *
 * @param what In a sentence: "The name of a lock". @throws HoldfastError
 */
export function checkText(
  what: string,
  value: unknown,
  longest: number = longestName,
): asserts value is string {
  if (typeof value !== 'string') throw invalid(`${what} is a text, not ${given(value)}.`);
  if (value.length === 0)
    throw invalid(`${what} has 1 to ${String(longest)} characters; "" has none.`);
  if (value.length > longest)
    throw invalid(`${what} has 1 to ${String(longest)} characters, not ${String(value.length)}.`);
  if (/\p{Surrogate}/u.test(value))
    throw invalid(`${what} is well-formed Unicode, not ${JSON.stringify(value)}.`);
}

/** @throws HoldfastError */
export function checkEpoch(value: unknown): asserts value is number {
  if (!Number.isSafeInteger(value) || Number(value) < 0)
    throw invalid(`An epoch is a whole number from 0, not ${given(value)}.`);
}

/** @throws HoldfastError */
export function checkOneOf(what: string, value: unknown, choices: readonly string[]): void {
  if (!choices.includes(value as string))
    throw invalid(`${what} is one of ${choices.join(', ')}, not ${given(value)}.`);
}

/** @throws HoldfastError */
export function checkList(what: string, value: unknown): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(`${what} is a list, not ${given(value)}.`);
}

/** @throws HoldfastError */
export function checkFields(what: string, value: unknown): asserts value is object {
  if (typeof value !== 'object' || value === null)
    throw invalid(`${what} is an object, not ${given(value)}.`);
}

/** @throws HoldfastError */
export function checkSignal(value: unknown): void {
  if (value !== undefined && !(value instanceof AbortSignal))
    throw invalid(`A signal is an AbortSignal, not ${given(value)}.`);
}

/** No longer than what people read. */
function given(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 100));
  if (typeof value === 'number') return String(value);
  if (value === null || value === undefined || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}
