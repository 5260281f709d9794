/** An administrator ends all holds of a resource. */
import type { Execute } from '../../kernel/primitive.ts';
import { endIfUnused } from '../../kernel/sessions/lifetimes.ts';
import { lockNotFound } from '../lock/refusals.ts';
import { endHold } from './grants.ts';
import { settle } from './settle.ts';

export const forceRelease: Execute<'force_release'> = (tables, { kind, name, reason }) => {
  const pool = tables.pools[kind ?? 'lock'].get(name);
  if (pool === undefined || pool.holds.length === 0) return lockNotFound(name);
  const releasedCount = pool.holds.length;
  const note = reason === '' ? undefined : reason;
  for (let hold = pool.holds.first; hold !== undefined; hold = pool.holds.first) {
    endHold(tables, hold, 'forced', note);
    endIfUnused(tables, hold.session);
  }
  settle(tables, [pool]);
  return { ok: true, type: 'forced', releasedCount };
};
