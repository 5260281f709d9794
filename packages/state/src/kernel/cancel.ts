/**
 * Whoever asked for something wants it no more: its wait ends, or what was granted to exactly that request is given back.
 *
 * STATE-RELEASE-1: a request that was cancelled is never executed afterwards, also where the cancel comes before it.
 */
import type { Cancel, Execute, Once } from './primitive.ts';
import {
  outcomeForgotten,
  requestForgotten,
  requestReused,
  usedFor,
  waitCancelled,
} from './refusals.ts';
import { rememberCancelled } from './sessions/making.ts';
import { commandDeclarations } from '../primitives/declared.ts';
import type { CancelKind, OnceType } from '../primitives/declared.ts';
import type { Answer } from '../primitives/holds/pool.ts';

type Cancellable = Pick<Once<OnceType>, 'cancel'>;

/** @param handlerOf What executes such a request. */
export const cancelWith =
  (handlerOf: (type: OnceType) => Cancellable): Execute<'abandon'> =>
  (tables, command, ackedBelow) => {
    const { sessionId, requestId, name } = command;
    const session = tables.sessions.get(sessionId);
    const answer = earlyAnswer(command);
    if (session === undefined) {
      const refusal = tables.missingSession(sessionId);
      if (tables.tombstone(sessionId) === undefined) {
        // It may overtake the acquire that would make this session.
        const refused = rememberCancelled(tables, sessionId, { requestId, answer }, command); // STATE-RELEASE-1
        if (refused !== undefined) return refused;
      }
      return refusal;
    }
    tables.touch(session, ackedBelow);
    const { requests } = session;
    const known = requests.find(requestId);
    if (known === undefined) {
      if (requests.mayHaveForgotten(requestId)) return outcomeForgotten(requestId); // STATE-REQUEST-6
      if (requests.isForgotten(requestId, undefined))
        return requestForgotten(requestId, requests.forgottenThrough);
      requests.remember(requestId, answer, tables); // STATE-RELEASE-1
      return { ok: true, type: 'abandoned' };
    }
    if (known.kind !== answer.kind || known.name !== name)
      return requestReused(requestId, usedFor(known));
    const instead = handlerOf(known.kind).cancel?.(tables, session, command, known);
    return instead ?? { ok: true, type: 'abandoned' };
  };

/** What a request that was cancelled before it arrived is answered when it does. */
function earlyAnswer({ kind, name, requestId }: Cancel): Answer {
  const result = waitCancelled(name, requestId);
  return {
    kind: cancelled[kind ?? 'lock'],
    requestId,
    name,
    asked: undefined,
    result,
    waiter: undefined,
  };
}

const cancelled = Object.fromEntries(
  Object.entries(commandDeclarations).flatMap(([type, declared]) =>
    'cancelledAs' in declared ? [[declared.cancelledAs, type]] : [],
  ),
) as Readonly<Record<CancelKind, OnceType>>;
