/** A hold of a lock is entered by several acquires: each is given back by itself. */
import { endIfUnused } from '../../kernel/sessions/lifetimes.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { FenceToken, Mode, ResourceName } from '../../kernel/names.ts';
import { downgradeHold, endHold } from '../holds/grants.ts';
import type { Hold, LastRequest, Session } from '../holds/pool.ts';
import { settle } from '../holds/settle.ts';
import { lockUnits } from './modes.ts';

/** All tokens that this hold ever had: when it is upgraded, those who entered before keep theirs. */
export function isTokenOf(hold: Hold, fenceToken: FenceToken): boolean {
  return fenceToken >= hold.firstToken && fenceToken <= hold.fenceToken;
}

/**
 * One entering of the hold is given back; with the last one it ends.
 *
 * @returns Whether it stands.
 */
export function giveBack(tables: Tables, hold: Hold, last: LastRequest | undefined): boolean {
  tables.changingPool(hold.pool);
  if (hold.holdCount > 1) {
    hold.holdCount -= 1;
    if (hold.exclusiveCount > hold.holdCount) hold.exclusiveCount = hold.holdCount;
    return true;
  }
  endHold(tables, hold, 'released');
  endIfUnused(tables, hold.session, last);
  settle(tables, [hold.pool]);
  return false;
}

/** What exactly one acquire entered is given back. */
export function undoEntering(
  tables: Tables,
  session: Session,
  name: ResourceName,
  fenceToken: FenceToken,
  mode: Mode,
  last: LastRequest,
): void {
  const hold = session.living ? tables.pools.lock.get(name)?.heldBy(session) : undefined;
  if (hold === undefined || !isTokenOf(hold, fenceToken)) return;
  tables.changingPool(hold.pool);
  if (mode === 'exclusive' && hold.exclusiveCount > 0) hold.exclusiveCount -= 1;
  const stands = giveBack(tables, hold, last);
  if (stands && hold.exclusiveCount === 0 && hold.units === lockUnits) {
    // Nobody is left who asked for all of it.
    downgradeHold(tables, hold);
    settle(tables, [hold.pool]);
  }
}
