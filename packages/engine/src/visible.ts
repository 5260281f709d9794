/**
 * What of an answer its caller may see, while authentication is on.
 *
 * VISIBLE-1: a session is there for the identity that made it alone (OWNER-1 of the state): for anybody else it is not
 *     found, and its id is left out of whatever names it. Those who administer sessions see all of them.
 * VISIBLE-2: this is done where the state is read, by the state that is read: no other node has to know whose a
 *     session is.
 */
import { nodeIdentity } from '@holdfast/state';
import type { SessionId, StateMachine } from '@holdfast/state';
import type { Caller, Found, Query } from './types.ts';

type Sees = Pick<Caller, 'identity' | 'isAdministrator'>;

const isHidden = (state: StateMachine, caller: Sees, id: SessionId): boolean =>
  caller.isAdministrator !== true && state.isForeign(caller.identity, id);

/** The session that a query names, where it is another one's. */
export function hiddenSession(
  state: StateMachine,
  caller: Sees,
  query: Query,
): SessionId | undefined {
  if (query.type !== 'session' && query.type !== 'session_holds' && query.type !== 'places')
    return undefined;
  return isHidden(state, caller, query.sessionId) ? query.sessionId : undefined;
}

/** Of whose sessions a list tells; undefined: of all. */
export function ownerListed(state: StateMachine, caller: Sees): string | undefined {
  return state.access.isEnabled && caller.isAdministrator !== true ? caller.identity : undefined;
}

/** VISIBLE-1, VISIBLE-2. */
export function visible(state: StateMachine, caller: Sees, found: Found): Found {
  if (!state.access.isEnabled || caller.isAdministrator === true) return found;
  return withoutIds(found, (id) => isHidden(state, caller, id as SessionId)) as Found;
}

/** Answers are bounded in rows and bytes, and so is this. What is changed is copied. */
function withoutIds(value: unknown, hides: (id: string) => boolean): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => withoutIds(one, hides));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]: [string, unknown]) => [
      name,
      name === 'sessionId' && typeof inner === 'string' && hides(inner)
        ? ''
        : withoutIds(inner, hides),
    ]),
  );
}

/** Whose a hold has to be that is looked for as one's own; undefined: it may be anybody's. */
export const ownerOfHolds = (state: StateMachine, { identity }: Sees): string | undefined =>
  state.access.isEnabled && identity !== nodeIdentity ? identity : undefined;

/** @param gaveBack The session that gave it back. */
export const ownGaveBack = (
  state: StateMachine,
  caller: Sees,
  gaveBack: SessionId | undefined,
): SessionId | undefined =>
  gaveBack !== undefined && state.isForeign(caller.identity, gaveBack) ? undefined : gaveBack;
