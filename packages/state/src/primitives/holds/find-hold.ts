/** The hold of a token, however many hold the same: they are looked through, and no list is made. */
import { modeOf } from '../lock/modes.ts';
import type { Hold, Pool } from './pool.ts';
import type { FoundHold, Holder, HoldRef } from '../../kernel/view-types.ts';
import type { FenceToken } from '../../kernel/names.ts';

const maxHoldersShown = 10;

/** @param owner Given: what sessions of other identities hold is not the holder's, whatever it is named (OWNER-1). */
export function foundHold(
  pool: Pool | undefined,
  fenceToken: FenceToken | undefined,
  holder: Holder | undefined,
  owner?: string,
): FoundHold {
  const shown: HoldRef[] = [];
  let found: Hold | undefined;
  let other: Hold | undefined;
  let heldByOther = false;
  let currentToken: FenceToken | undefined;
  let expired: HoldRef | undefined;
  for (let hold = pool?.firstHold; hold !== undefined; hold = hold.next) {
    if (shown.length < maxHoldersShown) shown.push(holdRef(hold));
    if (!hold.session.living) {
      // Nobody can use it any more, though it is not given back yet (ENDS-2).
      const isExpired = hold.session.over?.reason === 'expired';
      if (isExpired && hold.fenceToken === fenceToken) expired = holdRef(hold);
      continue;
    }
    if (currentToken === undefined || hold.fenceToken > currentToken)
      currentToken = hold.fenceToken;
    const isTheOne = hold.fenceToken === fenceToken;
    if (!isOf(hold, holder, owner)) heldByOther ||= isTheOne;
    else if (isTheOne) found = hold;
    else other ??= hold;
  }
  return {
    hold: found === undefined ? undefined : holdRef(found),
    other: found !== undefined || other === undefined ? undefined : holdRef(other),
    heldByOther,
    shown,
    holderCount: pool?.holdCount ?? 0,
    currentToken,
    expired,
  };
}

function isOf({ session }: Hold, holder: Holder | undefined, owner: string | undefined): boolean {
  if (holder === undefined) return true;
  if (owner !== undefined && session.owner !== owner) return false;
  return 'sessionId' in holder
    ? session.id === holder.sessionId
    : session.clientId === holder.clientId;
}

function holdRef({ session, pool, fenceToken, units }: Hold): HoldRef {
  const { id: sessionId, clientId } = session;
  const who = { sessionId, clientId, fenceToken };
  return pool.kind === 'lock' ? { ...who, mode: modeOf(units) } : who;
}
