/** Commands of a session that are answered at once: a repetition gets the first answer (spec rule 2.6). */
import { requestForgotten, requestReused, usedFor } from './refusals.ts';
import type { OtherAnswer } from './requests.ts';
import type { Session } from './sessions.ts';
import type { Tables } from './tables.ts';
import type { CommandResult, RequestId, ResourceName, SessionId } from './types.ts';

/**
 * Carries out a command unless it was carried out before.
 *
 * @param asked What the request asks for beside the name: another one under the same id is refused.
 */
export function onceOnly(
  tables: Tables,
  command: {
    readonly type: OtherAnswer['kind'];
    readonly sessionId: SessionId;
    readonly requestId?: RequestId;
    readonly name: ResourceName;
  },
  asked: string,
  answeredBelow: number | undefined,
  carryOut: (session: Session) => CommandResult,
): CommandResult {
  const { type: kind, sessionId, requestId, name } = command;
  const session = tables.sessions.get(sessionId);
  if (session === undefined) return tables.missingSession(sessionId);
  tables.heardFrom(session, answeredBelow);
  if (requestId === undefined) return carryOut(session);
  const known = session.requests.find(requestId);
  if (known === 'forgotten') return requestForgotten(requestId, session.requests.forgottenThrough);
  if (known !== undefined) {
    const same =
      known.kind === kind && known.name === name && 'asked' in known && known.asked === asked;
    return same ? known.result : requestReused(requestId, usedFor(known));
  }
  const result = carryOut(session);
  const answer: OtherAnswer = { kind, name, asked, result };
  session.requests.remember(requestId, answer, tables.limits.maxResultsPerSession);
  return result;
}
