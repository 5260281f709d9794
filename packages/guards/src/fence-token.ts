/**
 * What every guard shares: which fence tokens and resource names there are, and when a token is stale.
 *
 * The rule is Kleppmann's ("How to do distributed locking", 2016): no lease can stop a holder that is paused
 * between its last look at the lease and its write. So the resource remembers the largest token that it has seen
 * and refuses a smaller one.
 */
import { HoldfastError } from '@holdfast/protocol';

/**
 * What a guard needs to know of a grant. A `Hold` of an exclusive lock is one; so is a token that came from
 * elsewhere, say with a job.
 *
 * @example
 * const grant: Grant = { fenceToken: job.fenceToken };
 */
export interface Grant {
  /** A whole number from 1 to 2^53 - 1; larger for each later grant of the lock. */
  readonly fenceToken: number;
}

/** Longest name of a resource, in UTF-16 code units: that of a lock, because the two are often one name. */
const maxResourceLength = 256;

/** Whether a number can be a fence token at all. */
function isFenceToken(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}

/** Reads a token in decimal digits; `undefined` for all else. */
export function parseFenceToken(text: string): number | undefined {
  const value = /^[1-9][0-9]{0,15}$/.test(text) ? Number(text) : 0;
  return isFenceToken(value) ? value : undefined;
}

/** @throws HoldfastError `invalid_request` for what cannot be a fence token. */
export function assertFenceToken(value: number): void {
  if (!isFenceToken(value))
    throw new HoldfastError(
      'invalid_request',
      `${String(value)} is not a fence token, which is a whole number from 1 to 2^53 - 1. Pass the hold itself.`,
      { fence_token: value },
    );
}

/** @throws HoldfastError `invalid_request` or `name_too_long` for what cannot name a resource. */
export function assertResource(resource: string): void {
  if (resource === '')
    throw new HoldfastError('invalid_request', 'The name of the resource is empty. Give it one.');
  if (resource.length > maxResourceLength)
    throw new HoldfastError(
      'name_too_long',
      `The name of the resource has ${String(resource.length)} characters, more than ${String(maxResourceLength)}. Use a shorter one.`,
    );
}

/** The refusal of a token because `largest`, a larger one, has been seen. */
export function staleFenceToken(
  resource: string,
  fenceToken: number,
  largest: number,
): HoldfastError {
  return new HoldfastError(
    'stale_fence_token',
    `"${resource}" has seen fence token ${String(largest)} and rejects the older ${String(fenceToken)}: the lock was granted to another holder since. Nothing was written. Stop the work and acquire the lock again.`,
    { resource, fence_token: fenceToken, largest_fence_token: largest },
  );
}
