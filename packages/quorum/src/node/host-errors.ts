/**
 * Why a lease node did nothing, as it tells its clients. Each limit is one of the node that was asked: another one may have
 * room, and the client asks them all.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { ErrorDetails } from '@holdfast/protocol';
import type { Full } from './wait-queues.ts';

const limitReached = (
  limit: string,
  value: number | undefined,
  message: string,
  more: ErrorDetails = {},
): HoldfastError =>
  new HoldfastError('limit_exceeded', message, {
    limit,
    scope: 'node',
    ...(value === undefined ? {} : { value }),
    ...more,
  });

/** What an address may use up of it in a second, by the name of the limit. */
const usedUp = {
  max_requests_per_second_per_address: 'acquires and waits',
  max_request_bytes_per_second_per_address: 'bytes of requests',
} as const;
export type RateOfAddress = keyof typeof usedUp;

export const tooOften = (
  limit: RateOfAddress,
  from: string,
  most: number,
  seconds: number,
): HoldfastError =>
  limitReached(
    limit,
    most,
    `${from} has sent as many ${usedUp[limit]} within a second as --${limit.replaceAll('_', '-')} allows (${String(most)}). Nothing was done. Try again in ${String(seconds)} s.`,
    { retry_after_seconds: seconds },
  );

export const tooManyWaits = (from: string, most: number): HoldfastError =>
  limitReached(
    'max_waits_per_address',
    most,
    `${from} has as many waits on this node as --max-waits-per-address allows (${String(most)}). Ask again later.`,
  );

export const tooManyLeasesOfAddress = (from: string, most: number): HoldfastError =>
  limitReached(
    'max_leases_per_address',
    most,
    `${from} has as many leases on this node as --max-leases-per-address allows (${String(most)}). Nothing was granted, and all that it has stand as before. Release some, or ask again when some have ended.`,
  );

export const tooManyReleasedOfAddress = (
  from: string,
  most: number,
  seconds: number,
): HoldfastError =>
  limitReached(
    'max_released_leases_per_address',
    most,
    `${from} released as many leases lately as --max-released-leases-per-address allows (${String(most)}): this node has to remember each for a while. Nothing was granted, and all that it has stand as before. Try again in ${String(seconds)} s, and less often.`,
    { retry_after_seconds: seconds },
  );

export const noPlace = (resource: string, { what, limit }: Full): HoldfastError =>
  limitReached(
    what === 'resource' ? 'max_waiters' : 'max_waiters_in_all',
    limit,
    what === 'resource'
      ? `${String(limit)} wait for "${resource}" on this node, which is all that --max-waiters allows. Ask again later.`
      : `${String(limit)} wait on this node, for whatever: it keeps no more. Ask again later.`,
  );

export const tooManyReleased = (): HoldfastError =>
  limitReached(
    'max_released_leases',
    undefined,
    'So many leases were released on this node lately that it remembers no further one, and it has none of this id. Ask again later.',
  );

export const tooManyLeases = (): HoldfastError =>
  limitReached(
    'max_leases',
    undefined,
    'This node has reached its limit of leases, or of those released lately that it remembers. Retry when some have ended.',
  );

export const tooManyOnStream = (id: number, most: number): HoldfastError =>
  limitReached(
    'max_requests_per_stream',
    most,
    `Request ${String(id)} is one too many, or its number is in use.`,
  );

/** @param limit In force now. @param raisedInMs Until then a longer one is; 0 or less: nothing was raised. */
export function ttlTooLong(
  ttlMs: number,
  limit: number,
  longestTtlMs: number,
  raisedInMs: number,
): HoldfastError {
  const until =
    ttlMs <= longestTtlMs
      ? ` for another ${String(raisedInMs)} ms: its longest ttl was raised to ${String(longestTtlMs)}`
      : '';
  return new HoldfastError(
    'invalid_request',
    `"ttl_ms" must be at most ${String(limit)} on this node${until}; given: ${String(ttlMs)}.`,
    { field: 'ttl_ms', limit },
  );
}

/** @param error Which file, and why. */
export const storageFailed = (error: unknown): HoldfastError =>
  new HoldfastError(
    'storage_failed',
    `This node cannot write to its disk: nothing was done. ${error instanceof Error ? error.message : String(error)}`,
    {},
    { cause: error },
  );
