/** Checks of single fields of what comes from a peer. */

/** An index, a term, a length, a count: a whole number from 0 that a double holds exactly. */
export const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** SHA-256 in lower-case hexadecimal. */
export const isHash = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
