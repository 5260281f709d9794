/** The one row that a statement which raises a fence returns. */
import { HoldfastError } from '@holdfast/protocol';

/**
 * The column `largest`, read as text: drivers differ in how they give a 64-bit number (text, number or bigint).
 * A value above 2^53 - 1, which no guard writes, is rounded and still larger than every token.
 */
export function largestOf(row: unknown): number {
  if (typeof row === 'object' && row !== null && 'largest' in row) {
    const largest = Number(row.largest);
    if (largest >= 1) return largest;
  }
  // Going on without knowing would be writing without a guard.
  throw new HoldfastError(
    'internal',
    `The table holdfast_fences returned no token (${JSON.stringify(row) ?? 'no row'}). Does it have rules or triggers of its own?`,
  );
}
