/** The request id below which a caller has all its responses, as each interface is told it. */
import type { Outcome } from '../operations/context.ts';
import { RequestError } from '../request-error.ts';

export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Where an interface is told it. */
interface ToldAt {
  /** The begin of a sentence. */
  readonly what: string;
  readonly field: string;
}

/** Of what is no number the type alone is told: it may be nested to any depth (DEPTH-1 of validation/depth.ts). */
export function wrongAckedBelow(told: unknown, { what, field }: ToldAt): RequestError {
  const given = typeof told === 'number' ? String(told) : `a value of type ${typeof told}`;
  return new RequestError(
    'invalid_request',
    `${what}, the request id below which all responses have arrived, must be a whole number from 0; given: ${given}. Provide such a number, or leave it out.`,
    { field },
  );
}

/** Of an interface where everything is text: digits, or undefined where nothing is told. */
export function readAckedBelow(
  text: unknown,
  at: ToldAt,
): Outcome<{ readonly ackedBelow?: number }> {
  if (text === undefined) return {};
  const ackedBelow = typeof text === 'string' && /^[0-9]{1,16}$/.test(text) ? Number(text) : text;
  return isCount(ackedBelow) ? { ackedBelow } : wrongAckedBelow(ackedBelow, at);
}
