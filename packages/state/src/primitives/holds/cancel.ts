/**
 * A request for units is cancelled: its wait ends, or what was granted to exactly this request is given back.
 *
 * STATE-RELEASE-3: cancelling gives back what was granted to exactly this request, once.
 */
import type { Cancel } from '../../kernel/primitive.ts';
import { waitCancelled } from '../../kernel/refusals.ts';
import { endIfUnused } from '../../kernel/sessions/lifetimes.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { FenceToken } from '../../kernel/names.ts';
import type { Granted, GrantedMany } from './commands.ts';
import { endHold } from './grants.ts';
import type { Answer, Hold, LastRequest, Session } from './pool.ts';
import { settle } from './settle.ts';
import { endWait, poolsOf } from './waits.ts';

/** What is left to be given back. */
interface ToGiveBack {
  readonly grant: Granted | GrantedMany;
  /** The request, as it is answered from now on. */
  readonly last: LastRequest;
}

/** STATE-RELEASE-3: where it was granted; from now on the request is answered that it was cancelled. */
export function cancelledGrant(
  tables: Tables,
  session: Session,
  { requestId, name }: Cancel,
  known: Answer,
): ToGiveBack | undefined {
  const { waiter, result } = known;
  if (waiter !== undefined) {
    endWait(tables, waiter, waitCancelled(name, requestId));
    endIfUnused(tables, session, { requestId, answer: known });
    settle(tables, poolsOf(waiter));
    return undefined;
  }
  if (result?.ok !== true) return undefined;
  if (result.type !== 'granted' && result.type !== 'granted_many') return undefined;
  // STATE-RELEASE-1, STATE-RELEASE-3: a second cancel finds nothing to give back.
  const cancelled = waitCancelled(name, requestId);
  const answer = session.requests.change(requestId, known, cancelled, tables);
  return { grant: result, last: { requestId, answer } };
}

/** A whole hold, where it is still the one of this token. */
export function undoTaking(
  tables: Tables,
  hold: Hold | undefined,
  fenceToken: FenceToken,
  last: LastRequest,
): void {
  if (hold === undefined || hold.fenceToken !== fenceToken) return;
  endHold(tables, hold, 'released');
  endIfUnused(tables, hold.session, last);
  settle(tables, [hold.pool]);
}
