/** Double barriers: enter and leave, with others. */
import type {
  BarrierAnswer,
  Consistency,
  BarrierRef,
  EnterBarrierAnswer,
  EnterBarrierBody,
  LeaveBarrierAnswer,
  LeaveBarrierBody,
} from '@holdfast/protocol';
import type { Query, QueryAnswer } from '@holdfast/engine';
import type { BarrierView, BarrierCommand, CommandResult, RequestId } from '@holdfast/state';
import { RequestError, requestErrorOf, stoppingError } from '../request-error.ts';
import { toWaitMs, waitTooLong } from './asking.ts';
import { callOptions } from './context.ts';
import type { OperationContext, Outcome } from './context.ts';
import { shownOf } from './locks.ts';
import { asResourceName, asSessionId, requestIdOf } from './identities.ts';
import { idsAreWrong } from './who.ts';
import { forWaiter, until } from './until.ts';
import type { WaitingCaller } from './until.ts';

type Told = Extract<CommandResult, { readonly type: 'barrier' }>;

export async function enterBarrier(
  body: EnterBarrierBody,
  context: OperationContext,
): Promise<Outcome<EnterBarrierAnswer>> {
  const { wait_seconds = 0, request_id } = body;
  const tooLong = waitTooLong(wait_seconds, context);
  const wrong = tooLong ?? idsAreWrong(body);
  if (wrong !== undefined) return wrong;
  if (wait_seconds === 0) {
    const told = await enter(body, context);
    return told instanceof RequestError ? told : entered(body, told, told.open);
  }
  return forWaiter(context, request_id !== undefined, (waiter) =>
    enterAndWait(body, context, waiter),
  );
}

function enter(
  body: EnterBarrierBody,
  context: OperationContext,
  asked: ReturnType<typeof requestIdOf> = requestIdOf(body),
): Promise<Outcome<Told>> {
  const { name, session_id, parties } = body;
  return submit(
    {
      type: 'enter_barrier',
      sessionId: asSessionId(session_id),
      name: asResourceName(name),
      parties,
      ...asked,
    },
    context,
  );
}

const entered = (
  { name }: EnterBarrierBody,
  { round }: Told,
  open: boolean,
): EnterBarrierAnswer => ({ entered: true, resource: name, round, open });

async function enterAndWait(
  body: EnterBarrierBody,
  context: OperationContext,
  waiter: WaitingCaller,
): Promise<Outcome<EnterBarrierAnswer>> {
  const { name, session_id, wait_seconds = 0 } = body;
  const asked = requestIdOf(body);
  const told = await enter(body, context, asked);
  if (told instanceof RequestError) return told;
  if (told.open) return entered(body, told, true);
  const { round } = told;
  const about = { resource: name };
  const ended = await until<true>(
    context,
    waiter,
    toWaitMs(wait_seconds),
    [`round ${String(round)}`, `session ${session_id}`],
    (event) => {
      if (event.type === 'barrier_opened') return true;
      return event.type === 'session_ended'
        ? new RequestError(
            'session_expired',
            `Session "${session_id}" has ended. Create a new one.`,
          )
        : undefined;
    },
    async () => {
      const query = {
        type: 'barrier',
        name,
        limit: 1,
        sessionId: asSessionId(session_id),
      } as const;
      const { view } = await look(query, 'linearizable', context);
      // A round without this session is no more its round: it left, by its end or by itself.
      if (view?.round !== round || !view.inside)
        return new RequestError(
          'not_entered',
          `This session is no longer inside barrier "${name}". Enter it again.`,
          about,
        );
      return view.open ? true : undefined;
    },
  );
  if (ended.by === 'found')
    return ended.found instanceof RequestError ? ended.found : entered(body, told, true);
  if (ended.by === 'stop' && waiter.canReturn) return stoppingError;
  const inTime = ended.by === 'time';
  const inside = await cancelEntering(body, asked.requestId, inTime, context);
  if (inside instanceof RequestError) return inside;
  if (inside) return entered(body, told, true); // In the last moment: who is inside stays.
  if (ended.by === 'stop') return stoppingError;
  return inTime
    ? new RequestError(
        'wait_timeout',
        `The wait for barrier "${name}" timed out: not all parties entered. This session has left it. Enter again, with a larger wait_seconds.`,
        about,
      )
    : new RequestError(
        'wait_cancelled',
        `The wait for barrier "${name}" was cancelled by its caller. Enter again to wait for it.`,
        about,
      );
}

/**
 * @param unlessOpen Its time is over; else its caller is gone, and nobody would ever leave.
 * @returns Whether it is inside a round that has opened.
 */
async function cancelEntering(
  { name, session_id }: EnterBarrierBody,
  requestId: RequestId,
  unlessOpen: boolean,
  context: OperationContext,
): Promise<Outcome<boolean>> {
  const result = await context.service.engine.submit(
    {
      type: 'abandon',
      kind: 'barrier',
      sessionId: asSessionId(session_id),
      name: asResourceName(name),
      requestId,
      ...(unlessOpen ? { unlessOpen } : {}),
    },
    callOptions(context),
  );
  return result.ok ? result.type === 'barrier' : requestErrorOf(result);
}

export async function leaveBarrier(
  body: LeaveBarrierBody,
  context: OperationContext,
): Promise<Outcome<LeaveBarrierAnswer>> {
  const { name, session_id, wait_seconds = 0 } = body;
  const tooLong = waitTooLong(wait_seconds, context);
  if (tooLong !== undefined) return tooLong;
  const told = await submit(
    {
      type: 'leave_barrier',
      sessionId: asSessionId(session_id),
      name: asResourceName(name),
      withdraw: false,
      ...requestIdOf(body),
    },
    context,
  );
  if (told instanceof RequestError) return told;
  const { round } = told;
  const answer = (over: boolean): LeaveBarrierAnswer => ({
    left: true,
    resource: name,
    round,
    over,
  });
  if (told.over || !told.open || wait_seconds === 0) return answer(told.over);
  return forWaiter(context, true, async (waiter) => {
    const ended = await until<true>(
      context,
      waiter,
      toWaitMs(wait_seconds),
      [`round ${String(round)}`],
      (event) => (event.type === 'barrier_over' ? true : undefined),
      async () => {
        const query = { type: 'barrier', name, limit: 1 } as const;
        const { view } = await look(query, 'linearizable', context);
        return view?.round === round ? undefined : true;
      },
    );
    if (ended.by === 'stop') return stoppingError;
    if (ended.by === 'found' && ended.found instanceof RequestError) return ended.found;
    return answer(ended.by === 'found');
  });
}

async function submit(command: BarrierCommand, context: OperationContext): Promise<Outcome<Told>> {
  const result = await context.service.engine.submit(command, callOptions(context));
  return result.ok ? result : requestErrorOf(result);
}

type BarrierQuery = Extract<Query, { readonly type: 'barrier' }>;

function look(
  query: BarrierQuery,
  consistency: 'linearizable' | 'stale',
  context: OperationContext,
): Promise<QueryAnswer<BarrierQuery>> {
  return context.service.engine.query(query, consistency, callOptions(context));
}

export async function barrierStatus(
  body: BarrierRef,
  context: OperationContext,
): Promise<BarrierAnswer> {
  const { name, consistency = 'linearizable' } = body;
  const query = { type: 'barrier', name, ...shownOf(body) } as const;
  const { view, revision } = await look(query, consistency, context);
  return barrierAnswer(name, view, revision, consistency);
}

export const barrierAnswer = (
  name: string,
  view: BarrierView | undefined,
  revision: number,
  consistency: Consistency,
): BarrierAnswer => ({
  resource: name,
  round: view?.round ?? null,
  parties: view?.parties ?? null,
  open: view?.open ?? false,
  members: (view?.members ?? []).map(({ sessionId, clientId }) => ({
    session_id: sessionId,
    client_id: clientId,
  })),
  member_count: view?.memberCount ?? 0,
  waiter_count: view === undefined || view.open ? 0 : view.memberCount,
  consistency,
  revision,
});
