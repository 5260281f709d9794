/**
 * An administrator ends all holds of a resource.
 *
 * FORCE-1: some at a time where the command says how many, oldest first: whoever forces asks again until none is left.
 *     Holds that began after the first of these commands are not ended: they were granted to those who waited.
 */
import type { Execute } from '../../kernel/primitive.ts';
import { endIfUnused } from '../../kernel/sessions/lifetimes.ts';
import { lockNotFound } from '../lock/refusals.ts';
import { endHold } from './grants.ts';
import type { Hold, Pool } from './pool.ts';
import { settle } from './settle.ts';

export const forceRelease: Execute<'force_release'> = (
  tables,
  { kind, name, reason, through = Infinity, count },
) => {
  const pool = tables.pools[kind ?? 'lock'].get(name);
  if (pool === undefined || pool.holdCount === 0) return lockNotFound(name);
  const last = Math.min(through, tables.fenceCounter);
  const { chosen, more } = holdsThrough(pool, last, count ?? Infinity);
  const note = reason === '' ? undefined : reason;
  for (const hold of chosen) {
    endHold(tables, hold, 'forced', note);
    endIfUnused(tables, hold.session);
  }
  settle(tables, [pool]);
  const forced = { ok: true, type: 'forced', releasedCount: chosen.length } as const;
  return count === undefined ? forced : { ...forced, rest: { more, through: last } };
};

/** The first holds that began with this token or an earlier one, and whether there are more of them. */
function holdsThrough(
  pool: Pool,
  last: number,
  count: number,
): { readonly chosen: readonly Hold[]; readonly more: boolean } {
  const chosen: Hold[] = [];
  for (const hold of pool.holds()) {
    if (hold.firstToken > last) continue;
    if (chosen.length >= count) return { chosen, more: true };
    chosen.push(hold);
  }
  return { chosen, more: false };
}
