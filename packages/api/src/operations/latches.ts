/** Countdown latches. */
import type {
  Consistency,
  CountDownBody,
  CreateLatchBody,
  DeleteLatchAnswer,
  DeleteLatchBody,
  LatchAnswer,
  LatchRef,
  ListLatchesAnswer,
  WaitLatchBody,
} from '@holdfast/protocol';
import type { LatchCommand, LatchView } from '@holdfast/state';
import { RequestError, requestErrorOf, stoppingError } from '../request-error.ts';
import { toWaitMs, waitTooLong } from './asking.ts';
import { invalid } from './who.ts';
import { callOptions } from './context.ts';
import type { OperationContext, Outcome } from './context.ts';
import { asResourceName, asSessionId, requestIdOf } from './identities.ts';
import { pageOf } from './lists.ts';
import type { ListQuery } from './lists.ts';
import { forWaiter, until } from './until.ts';

export function createLatch(
  { name, count }: CreateLatchBody,
  context: OperationContext,
): Promise<Outcome<LatchAnswer>> {
  return submit({ type: 'create_latch', name: asResourceName(name), count }, context);
}

export function countDown(
  body: CountDownBody,
  context: OperationContext,
): Promise<Outcome<LatchAnswer>> {
  const { name, by = 1, session_id, request_id } = body;
  if (session_id === undefined && request_id !== undefined)
    return Promise.resolve(
      invalid(
        'request_id',
        '"request_id" requires "session_id": only within a session a count-down is idempotent. Provide both, or neither.',
      ),
    );
  const once =
    session_id === undefined ? {} : { sessionId: asSessionId(session_id), ...requestIdOf(body) };
  return submit({ type: 'count_down', name: asResourceName(name), by, ...once }, context);
}

export async function deleteLatch(
  { name }: DeleteLatchBody,
  context: OperationContext,
): Promise<Outcome<DeleteLatchAnswer>> {
  const answer = await submit({ type: 'delete_latch', name: asResourceName(name) }, context);
  return answer instanceof RequestError ? answer : { resource: name, deleted: true };
}

async function submit(
  command: LatchCommand,
  context: OperationContext,
): Promise<Outcome<LatchAnswer>> {
  const result = await context.service.engine.submit(command, callOptions(context));
  if (!result.ok) return requestErrorOf(result);
  return told(command.name, result.count);
}

const told = (resource: string, count: number | null): LatchAnswer => ({
  resource,
  count,
  open: count === 0,
});

export async function latchStatus(
  { name, consistency = 'linearizable' }: LatchRef,
  context: OperationContext,
): Promise<Outcome<LatchAnswer>> {
  const query = { type: 'latch', name } as const;
  const result = await context.service.engine.query(query, consistency, callOptions(context));
  const view = result.view ?? ({ name, count: null } as const); // (ABSENT-1)
  return latchAnswer(view, result.revision, consistency, context);
}

export const latchAnswer = (
  { name, count }: LatchView | Absent,
  revision: number,
  consistency: Consistency,
  { service }: OperationContext,
): LatchAnswer => ({
  ...told(name, count),
  waiter_count: service.feed.listenersTo(`latch ${name}`),
  consistency,
  revision,
});

/** There is no such latch. */
interface Absent {
  readonly name: string;
  readonly count: null;
}

const notFound = (name: string): RequestError =>
  new RequestError(
    'latch_not_found',
    `There is no latch "${name}". Create it with its count first.`,
    {
      resource: name,
    },
  );

/** Resolves when the count is 0. */
export async function waitLatch(
  { name, wait_seconds }: WaitLatchBody,
  context: OperationContext,
): Promise<Outcome<LatchAnswer>> {
  const waitSeconds = wait_seconds ?? context.service.limits.maxWaitSeconds;
  const tooLong = waitTooLong(waitSeconds, context);
  if (tooLong !== undefined) return tooLong;
  return forWaiter(context, true, async (waiter) => {
    const ended = await until<LatchAnswer>(
      context,
      waiter,
      toWaitMs(waitSeconds),
      [`latch ${name}`],
      (event) => {
        if (event.type !== 'latch_changed') return undefined;
        if (event.change === 'deleted') return notFound(name);
        return event.change === 'opened' ? told(name, 0) : undefined;
      },
      async () => {
        const answer = await latchStatus({ name }, context);
        if (answer instanceof RequestError) return answer;
        if (answer.count === null) return notFound(name);
        return answer.open ? told(name, 0) : undefined;
      },
    );
    if (ended.by === 'found') return ended.found;
    if (ended.by === 'stop') return stoppingError;
    const about = { resource: name };
    return ended.by === 'time'
      ? new RequestError(
          'wait_timeout',
          `The wait for latch "${name}" timed out: its count is above 0. Wait again, with a larger wait_seconds.`,
          about,
        )
      : new RequestError(
          'wait_cancelled',
          `The wait for latch "${name}" was cancelled by its caller. Ask again to wait for it.`,
          about,
        );
  });
}

export async function listLatches(
  body: ListQuery,
  context: OperationContext,
): Promise<ListLatchesAnswer> {
  const { rows, revision, consistency, told } = await pageOf('latch', body, context);
  return {
    latches: rows.map((row) => latchAnswer(row, revision, consistency, context)),
    ...told,
  };
}
