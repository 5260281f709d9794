/** Double barriers: enter and leave, with others. */
import type {
  BarrierAnswer,
  BarrierRef,
  EnterBarrierAnswer,
  EnterBarrierBody,
  LeaveBarrierAnswer,
  LeaveBarrierBody,
} from '@holdfast/protocol';
import type { BarrierView, Command, CommandResult } from '@holdfast/state';
import { Refused, refusedBy } from '../refused.ts';
import { toWaitMs, waitTooLong } from './asking.ts';
import { callOptions } from './context.ts';
import type { OperationContext, Outcome } from './context.ts';
import { requestIdOf } from './holds.ts';
import { asResourceName, asSessionId, newRequestId } from './identities.ts';
import { unexpected } from './unexpected.ts';
import { until } from './until.ts';

type Told = Extract<CommandResult, { readonly type: 'barrier' }>;

export async function enterBarrier(
  body: EnterBarrierBody,
  context: OperationContext,
): Promise<Outcome<EnterBarrierAnswer>> {
  const { name, session_id, parties, wait_seconds = 0 } = body;
  const tooLong = waitTooLong(wait_seconds, context);
  if (tooLong !== undefined) return tooLong;
  const sessionId = asSessionId(session_id);
  const told = await submit(
    {
      type: 'enter_barrier',
      sessionId,
      name: asResourceName(name),
      parties,
      ...requestIdOf(body),
    },
    context,
  );
  if (told instanceof Refused) return told;
  const { round } = told;
  const about = { resource: name };
  const answer = (open: boolean): EnterBarrierAnswer => ({
    entered: true,
    resource: name,
    round,
    open,
  });
  if (told.open || wait_seconds === 0) return answer(told.open);
  const ended = await until<true>(
    context,
    toWaitMs(wait_seconds),
    body.request_id !== undefined,
    (event) => {
      if (event.type === 'barrier_opened' && event.round === round) return true;
      return event.type === 'session_ended' && event.sessionId === sessionId
        ? new Refused('session_expired', `Session "${sessionId}" has ended. Create a new one.`)
        : undefined;
    },
    async () => {
      const view = await look(name, context);
      // A round without this session is no more its round: it left, by its end or by itself.
      if (view?.round !== round || !view.members.some((one) => one.sessionId === sessionId))
        return new Refused('not_entered', `This session is no longer inside "${name}".`, about);
      return view.open ? true : undefined;
    },
  );
  if (ended.by === 'found') return ended.found instanceof Refused ? ended.found : answer(true);
  if (ended.by === 'stop' && body.request_id !== undefined) return ended.problem;
  const code = ended.by === 'time' ? 'wait_timeout' : 'wait_abandoned';
  const withdrawn = await submit(
    {
      type: 'leave_barrier',
      sessionId,
      name: asResourceName(name),
      withdraw: true,
      ...(body.request_id === undefined ? {} : { instead: { of: body.request_id, code } }),
      // One for each entering, so that it is done once and no more, wherever it is passed on.
      requestId:
        body.request_id === undefined ? newRequestId() : `withdraw ${String(body.request_id)}`,
    },
    context,
  );
  if (withdrawn instanceof Refused) return withdrawn;
  if (withdrawn.open) return answer(true); // It opened in the last moment, and who is inside stays.
  if (ended.by === 'stop') return ended.problem;
  return code === 'wait_timeout'
    ? new Refused(code, `Barrier "${name}" did not open in time; this session left it.`, about)
    : new Refused(code, `The wait for barrier "${name}" was given up by its caller.`, about);
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
  if (told instanceof Refused) return told;
  const { round } = told;
  const answer = (over: boolean): LeaveBarrierAnswer => ({
    left: true,
    resource: name,
    round,
    over,
  });
  if (told.over || !told.open || wait_seconds === 0) return answer(told.over);
  const ended = await until<true>(
    context,
    toWaitMs(wait_seconds),
    true,
    (event) => (event.type === 'barrier_over' && event.round === round ? true : undefined),
    async () => ((await look(name, context))?.round === round ? undefined : true),
  );
  if (ended.by === 'stop') return ended.problem;
  if (ended.by === 'found' && ended.found instanceof Refused) return ended.found;
  return answer(ended.by === 'found');
}

async function submit(command: Command, context: OperationContext): Promise<Outcome<Told>> {
  const result = await context.service.engine.submit(command, callOptions(context));
  if (!result.ok) return refusedBy(result);
  return result.type === 'barrier' ? result : unexpected(result.type);
}

async function look(
  name: string,
  context: OperationContext,
  consistency: 'linearizable' | 'stale' = 'linearizable',
): Promise<BarrierView | undefined> {
  const query = { type: 'barrier', name } as const;
  const result = await context.service.engine.query(query, consistency, callOptions(context));
  return result.type === 'barrier' ? result.barrier : unexpected(result.type);
}

export async function barrierStatus(
  { name, consistency }: BarrierRef,
  context: OperationContext,
): Promise<BarrierAnswer> {
  const view = await look(name, context, consistency);
  return {
    resource: name,
    round: view?.round ?? null,
    parties: view?.parties ?? null,
    open: view?.open ?? false,
    members: (view?.members ?? []).map(({ sessionId, clientId }) => ({
      session_id: sessionId,
      client_id: clientId,
    })),
  };
}
