/** Commands of a session that are answered at once: a repetition gets the first answer (spec rule 2.6). */
import { tooManyAnswers } from './at-capacity.ts';
import { endIfUnused } from './sessions/lifetimes.ts';
import { requestForgotten, requestReused, usedFor } from './refusals.ts';
import type { Answer, OtherAnswer } from './requests.ts';
import type { Session } from './sessions/sessions.ts';
import type { Tables } from './tables.ts';
import type { RequestId, ResourceName, SessionId } from './names.ts';
import type { CommandResult } from './outcomes.ts';

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
  const repeat = (known: Answer, id: RequestId): CommandResult => {
    const same =
      known.kind === kind &&
      known.name === name &&
      'asked' in known &&
      (known.asked === undefined || known.asked === asked);
    return same ? known.result : requestReused(id, usedFor(known));
  };
  if (session === undefined) {
    const last = tables.tombstone(sessionId)?.last;
    return requestId === undefined || last?.requestId !== requestId
      ? tables.missingSession(sessionId)
      : repeat(last.answer, requestId);
  }
  tables.heardFrom(session, answeredBelow);
  const known = requestId === undefined ? undefined : session.requests.find(requestId);
  if (requestId !== undefined && known !== undefined)
    return known === 'forgotten'
      ? requestForgotten(requestId, session.requests.forgottenThrough)
      : repeat(known, requestId);
  const givesBack = kind === 'resign' || kind === 'leave_barrier';
  const tooMany = givesBack ? undefined : tooManyAnswers(tables, session, requestId);
  const result = tooMany ?? carryOut(session);
  const answer: OtherAnswer = {
    kind,
    name,
    asked: tooMany === undefined ? asked : undefined,
    result,
  };
  if (requestId !== undefined) session.requests.remember(requestId, answer, tables.limits);
  endIfUnused(tables, session, requestId === undefined ? undefined : { requestId, answer });
  return result;
}
