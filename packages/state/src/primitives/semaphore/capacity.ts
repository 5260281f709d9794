/** Why permits could never be had as they are asked for. */
import { tooManyOf } from '../../kernel/at-capacity.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { ResourceName } from '../../kernel/names.ts';
import type { Refusal } from '../../kernel/outcomes.ts';
import type { Pool } from '../holds/pool.ts';
import { limitMismatch, semaphoreNotFound, tooManyPermits } from './refusals.ts';

export function cannotBeHad(
  tables: Tables,
  pool: Pool | undefined,
  {
    name,
    permits,
    limit,
  }: { readonly name: ResourceName; readonly permits: number; readonly limit?: number },
): Refusal | undefined {
  if (pool === undefined && limit === undefined) return semaphoreNotFound(name);
  if (pool !== undefined && limit !== undefined && limit !== pool.size)
    return limitMismatch(pool, limit); // STATE-SEMAPHORE-2
  const size = pool?.size ?? limit ?? 0;
  if (permits > size) return tooManyPermits(size);
  return pool === undefined ? tooManyOf(tables, 'semaphore') : undefined;
}
