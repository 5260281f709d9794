/** Why a lease node did nothing, as it tells its clients. */
import { HoldfastError } from '@holdfast/protocol';
import type { Full } from './wait-queues.ts';

export const noPlace = (resource: string, { what, limit }: Full): HoldfastError =>
  new HoldfastError(
    'limit_exceeded',
    what === 'resource'
      ? `${String(limit)} wait for "${resource}" on this node, which is all that --max-waiters allows. Ask again later.`
      : `${String(limit)} wait on this node, for whatever: it keeps no more. Ask again later.`,
    { limit },
  );

export const tooManyReleased = (): HoldfastError =>
  new HoldfastError(
    'limit_exceeded',
    'So many leases were released on this node lately that it remembers no further one, and it has none of this id. Ask again later.',
  );

/** @param error Which file, and why. */
export const storageFailed = (error: unknown): HoldfastError =>
  new HoldfastError(
    'storage_failed',
    `This node cannot write to its disk: nothing was done. ${error instanceof Error ? error.message : String(error)}`,
    {},
    { cause: error },
  );
