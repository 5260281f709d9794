/**
 * Requests of a session, each executed once: it stands before whatever executes a command that has a request id.
 *
 * STATE-ONCE-1: a repeated request gets the idempotent response and changes nothing but the renewal of its session; while
 *     it waits, it is told its place. Another request under the same id is refused.
 * STATE-ONCE-2: what a request is answered is remembered in the command that executes it, a refusal too; of a
 *     session that ended with it, with the tombstone.
 * STATE-ONCE-3: a request for an implicit session enters it where it is there, is refused where it has ended, and makes it only
 *     when it is needed: a refused acquire leaves nothing behind but its answer.
 */
import { askedBytes } from './answers.ts';
import type { Asked } from './answers.ts';
import { tooManyAnswers } from './at-capacity.ts';
import { invariant } from './invariant.ts';
import type { CommandOf, Once } from './primitive.ts';
import {
  ownHoldEnded,
  requestForgotten,
  requestReused,
  sessionExists,
  usedFor,
  usedForAnother,
} from './refusals.ts';
import { endIfUnused } from './sessions/lifetimes.ts';
import { copyCame, copyCameLate } from './sessions/making.ts';
import type { Tables } from './tables.ts';
import type { RequestId, ResourceName, SessionId } from './names.ts';
import type { CommandResult } from './outcomes.ts';
import type { ImplicitSession } from './terms.ts';
import type { OnceType } from '../primitives/declared.ts';
import type { Answer, Session } from '../primitives/holds/pool.ts';
import { placeOf } from '../primitives/holds/waits.ts';

type OnceCommand = CommandOf<OnceType>;

export function once(
  tables: Tables,
  command: OnceCommand,
  handler: Once<OnceType>,
  ackedBelow: number | undefined,
): CommandResult {
  const { sessionId, requestId } = command;
  if (sessionId === undefined) {
    invariant(handler.withoutSession !== undefined, 'A request has a session.', command.type);
    return handler.withoutSession(tables, command);
  }
  const ownSession = 'ownSession' in command ? command.ownSession : undefined;
  const session = tables.sessions.get(sessionId);
  if (session === undefined) return inNoSession(tables, command, sessionId, ownSession, handler);
  // STATE-ONCE-3.
  if (ownSession !== undefined) {
    copyCame(tables, session, ownSession.stamp, waitMsOf(command));
    if (!session.own || session.clientId !== ownSession.clientId) return sessionExists(sessionId);
  }
  tables.touch(session, ackedBelow);
  if (requestId !== undefined) {
    const known = session.requests.find(requestId);
    if (known === undefined && session.requests.isForgotten(requestId, tables.askedAt))
      return requestForgotten(requestId, session.requests.forgottenThrough);
    tables.isAnsweredBefore = known !== undefined;
    if (known !== undefined) return repeated(command, requestId, known, handler);
  }
  const tooMany =
    handler.givesBack === true ? undefined : tooManyAnswers(tables, session, requestId);
  const answer = newAnswer(command, handler.asked(command));
  if (tooMany !== undefined) return refusedInFewBytes(tables, session, requestId, answer, tooMany);
  const result = handler.execute(tables, session, command, answer);
  if (answer.result === undefined) remember(tables, session, requestId, answer, result);
  return result;
}

/** The session has ended, or was never there. */
function inNoSession(
  tables: Tables,
  command: OnceCommand,
  sessionId: SessionId,
  ownSession: ImplicitSession | undefined,
  handler: Once<OnceType>,
): CommandResult {
  const { requestId } = command;
  const last = tables.tombstone(sessionId)?.last;
  copyCameLate(tables, sessionId, ownSession?.stamp);
  if (requestId !== undefined && last?.requestId === requestId) {
    tables.isAnsweredBefore = true;
    return repeated(command, requestId, last.answer, handler); // STATE-ONCE-2
  }
  if (ownSession === undefined || requestId === undefined) return tables.missingSession(sessionId);
  if (tables.tombstone(sessionId) !== undefined) return ownHoldEnded(requestId);
  invariant(
    handler.inImplicitSession !== undefined,
    'It makes a session of its own.',
    command.type,
  );
  const answer = newAnswer(command, handler.asked(command));
  return handler.inImplicitSession(tables, command, ownSession, answer);
}

function newAnswer(command: OnceCommand, asked: Asked): Answer {
  return {
    kind: command.type,
    requestId: command.requestId,
    name: nameOf(command),
    asked,
    result: undefined,
    waiter: undefined,
  };
}

/** STATE-REQUEST-4. */
function refusedInFewBytes(
  tables: Tables,
  session: Session,
  requestId: RequestId | undefined,
  answer: Answer,
  result: CommandResult,
): CommandResult {
  const few = askedBytes(answer.kind, answer.asked) > 0 ? { ...answer, asked: undefined } : answer;
  remember(tables, session, requestId, few, result);
  return result;
}

/** STATE-ONCE-2, once: with its result, or as one that waits. An implicit session that has nothing left ends with it. */
export function remember(
  tables: Tables,
  session: Session,
  requestId: RequestId | undefined,
  answer: Answer,
  result: CommandResult,
): void {
  noteAnswer(tables, session, requestId, answer, result);
  if (session.own && answer.waiter === undefined)
    endIfUnused(tables, session, requestId === undefined ? undefined : { requestId, answer });
}

/** The same where the session, if it is an implicit one, ends later in the command. */
export function noteAnswer(
  tables: Tables,
  session: Session,
  requestId: RequestId | undefined,
  answer: Answer,
  result: CommandResult,
): void {
  if (answer.waiter === undefined) answer.result = result;
  if (requestId !== undefined) session.requests.remember(requestId, answer, tables);
}

/** STATE-ONCE-1. */
function repeated(
  command: OnceCommand,
  requestId: RequestId,
  known: Answer,
  handler: Once<OnceType>,
): CommandResult {
  if (known.kind !== command.type) return requestReused(requestId, usedFor(known));
  if (
    known.name !== nameOf(command) ||
    (known.asked !== undefined && !isSame(known.asked, handler.asked(command)))
  )
    return requestReused(requestId, usedForAnother(known));
  if (known.waiter !== undefined) {
    if (waitMsOf(command) <= 0)
      return requestReused(requestId, `${usedFor(known)} that is still waiting`);
    return { ok: true, type: 'queued', position: placeOf(known.waiter) };
  }
  invariant(known.result !== undefined, 'A request waits or is answered.', known.name);
  return known.result;
}

/** By what they say: one from a snapshot may have its fields in another order than one from the log. */
function isSame(known: Asked, asked: Asked): boolean {
  if (typeof known !== 'object' || typeof asked !== 'object') return known === asked;
  return textOf(known) === textOf(asked);
}

function textOf(asked: Asked): string {
  if (typeof asked !== 'object' || asked === null) return String(asked);
  return JSON.stringify(
    asked.map((one) =>
      one.kind === 'lock' ? [one.name, one.mode] : [one.name, one.permits, one.limit ?? null],
    ),
  );
}

function nameOf(command: OnceCommand): ResourceName {
  if ('name' in command) return command.name;
  const [first] = command.wanted;
  invariant(first !== undefined, 'STATE-MULTI-1: something is wanted.');
  return first.name;
}

const waitMsOf = (command: OnceCommand): number => ('waitMs' in command ? command.waitMs : 0);
