/** What a refused command of a semaphore is told. */
import { limitExceeded, refuse } from '../../kernel/refusals.ts';
import type { EndedHold } from '../../kernel/view-types.ts';
import type { ResourceName } from '../../kernel/names.ts';
import type { Refusal } from '../../kernel/outcomes.ts';
import type { Pool } from '../holds/pool.ts';
import { endShown, holdersShown, howItEnded } from '../holds/refusals.ts';

export const tooManyPermits = (limit: number): Refusal =>
  limitExceeded('semaphore_limit', limit, 'Ask for fewer permits, or have it resized.');

/** A semaphore has not that many permits now, or others wait. */
export function noPermits(pool: Pool, permits: number): Refusal {
  return refuse(
    'no_permits',
    `"${pool.name}" has ${String(Math.max(0, pool.free))} of ${String(pool.size)} permits free and ${String(pool.queue.length)} waiters; ${String(permits)} were asked for. Wait or try again later.`,
    {
      resource: pool.name,
      limit: pool.size,
      free: Math.max(0, pool.free),
      waiter_count: pool.queue.length,
      holders: holdersShown(pool),
    },
  );
}

export function limitMismatch(pool: Pool, given: number): Refusal {
  return refuse(
    'limit_mismatch',
    `Semaphore "${pool.name}" has a limit of ${String(pool.size)}, not ${String(given)}. Leave the limit out, or change it by a resize.`,
    { resource: pool.name, limit: pool.size, given },
  );
}

export function semaphoreNotFound(name: ResourceName): Refusal {
  return refuse(
    'semaphore_not_found',
    `There is no semaphore "${name}". Create it, or give a limit with the first acquire.`,
    { resource: name },
  );
}

export function semaphoreInUse(pool: Pool): Refusal {
  return refuse(
    'semaphore_in_use',
    `Semaphore "${pool.name}" has ${String(pool.holdCount)} holders and ${String(pool.queue.length)} waiters. Delete it when they are gone.`,
    {
      resource: pool.name,
      holder_count: pool.holdCount,
      waiter_count: pool.queue.length,
    },
  );
}

export function notPermitHolder(
  name: ResourceName,
  fenceToken: number,
  ended: EndedHold | undefined,
): Refusal {
  const how = ended === undefined ? ' (they may have been given back already)' : howItEnded(ended);
  return refuse(
    'not_holder',
    `This session has no permits of "${name}" with fence token ${String(fenceToken)}${how}.`,
    { resource: name, fence_token: fenceToken, ...endShown(ended) },
  );
}
