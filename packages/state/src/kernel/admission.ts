/**
 * Whether a command may be executed for who asked for it. Its node has authorized it by the rules that the node knew
 * (access.ts of the api); here it is seen whether they still hold, and whose the session is that it names.
 *
 * OWNER-1: while authentication is on, a session is used, seen and ended by the identity that made it alone. For
 *     anybody else there is none with its id, living or ended.
 * OWNER-2: a command is refused where what its identity may do has changed since its node authorized it: nothing that
 *     a node did not know yet is passed over. What only takes back (`abandon`) is executed all the same.
 */
import { anonymousIdentity, nodeIdentity } from './commands.ts';
import type { Envelope } from './commands.ts';
import { refuse, sessionNotFound } from './refusals.ts';
import type { Tables } from './tables.ts';
import type { SessionId } from './names.ts';
import type { Refusal } from './outcomes.ts';

export function notAdmitted(tables: Tables, envelope: Envelope): Refusal | undefined {
  const { access } = tables;
  const { identity, authorizedAt = 0, isAdministrator, command } = envelope;
  if (!access.isEnabled || identity === nodeIdentity) return undefined;
  if (command.type !== 'abandon') {
    const stale = staleRights(tables, identity, authorizedAt);
    if (stale !== undefined) return stale;
  }
  if (!('sessionId' in command) || command.sessionId === undefined) return undefined;
  const { sessionId } = command;
  if (command.type === 'end_session' && isAdministrator === true) return undefined;
  if (isForeign(tables, identity, sessionId)) return sessionNotFound(sessionId); // OWNER-1
  const isLate = command.type === 'abandon' && command.liveMs === undefined;
  // Nobody else's request is cancelled before it comes.
  return isLate && ownerOf(tables, sessionId) === undefined
    ? sessionNotFound(sessionId)
    : undefined;
}

/** OWNER-2: also of what is asked of a leader, or an owner, beside the log. */
export function staleRights(
  { access, index }: Tables,
  identity: string,
  authorizedAt = 0,
): Refusal | undefined {
  if (!access.isEnabled || identity === nodeIdentity) return undefined;
  return access.changedAt(identity) > authorizedAt ? accessChanged(identity, index) : undefined;
}

/** OWNER-1: whether the session is, or was, of another identity. One that is not known is nobody's. */
export function isForeign(tables: Tables, identity: string, id: SessionId): boolean {
  if (!tables.access.isEnabled || identity === nodeIdentity) return false;
  const owner = ownerOf(tables, id);
  return owner !== undefined && owner !== identity;
}

function ownerOf({ sessions, ending, ended, ownEnded }: Tables, id: SessionId): string | undefined {
  const session = sessions.get(id) ?? ending.get(id);
  if (session !== undefined) return session.owner;
  const tombstone = ended.get(id) ?? ownEnded.get(id);
  return tombstone && (tombstone.owner ?? anonymousIdentity);
}

const accessChanged = (identity: string, revision: number): Refusal =>
  refuse(
    'access_changed',
    `What "${identity}" may do has changed since this request was authorized. This copy of it was not executed. Try again, with the same request id.`,
    { revision },
  );
