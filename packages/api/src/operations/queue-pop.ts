/**
 * Takes messages, and waits for them.
 *
 * POP-1: a pop that waits asks the cluster again only when a message has become ready: who waits costs the log nothing.
 *     Before it waits, or at the end, it asks once in any case: who gets an answer without messages knows that there were none.
 * POP-2: a pop whose caller is gone takes nothing from then on. What it had taken is delivered again when its
 *     visibility ends.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { ErrorCode, QueueMessage, QueuePopAnswer, QueuePopBody } from '@holdfast/protocol';
import { maxTakenBytes } from '@holdfast/state';
import type { Delivery, QueueCommand } from '@holdfast/state';
import { RequestError, requestErrorOf, stoppingError } from '../request-error.ts';
import { toWaitMs, waitTooLong } from './asking.ts';
import { callOptions } from './context.ts';
import type { OperationContext, Outcome } from './context.ts';
import { asResourceName } from './identities.ts';
import { jsonOf, maxPayloadBytes, queueNamed, receiptOf } from './queue-wire.ts';
import { forWaiter } from './until.ts';
import type { WaitingCaller } from './until.ts';

type Pop = Extract<QueueCommand, { type: 'queue_pop' }>;
type Ended = 'ready' | 'time' | 'caller' | 'stop';

export async function queuePop(
  body: QueuePopBody,
  context: OperationContext,
): Promise<Outcome<QueuePopAnswer>> {
  const { visibility_seconds, wait_seconds = 0, count = 1 } = body;
  const tooLong = waitTooLong(wait_seconds, context);
  if (tooLong !== undefined) return tooLong;
  const visibility =
    visibility_seconds === undefined ? {} : { visibilityMs: Math.round(visibility_seconds * 1000) };
  const name = asResourceName(queueNamed(body.queue));
  const command: Pop = { type: 'queue_pop', name, count, ...visibility };
  if (wait_seconds === 0) return take(command, context);
  return forWaiter(context, false, (waiter) =>
    takeInTime(command, toWaitMs(wait_seconds), waiter, context),
  );
}

/**
 * @param isGone Whether its caller has gone while it waited for room: nothing is taken for nobody. Undefined: it does not wait for it.
 */
async function take(
  command: Pop,
  context: OperationContext,
  isGone?: () => boolean,
): Promise<Outcome<QueuePopAnswer>> {
  const { service, caller } = context;
  const { popRoom } = service;
  const share = caller.share ?? caller.identity;
  const bytes = mostBytesOf(command);
  if (!popRoom.tryEnter(share, bytes)) {
    if (isGone === undefined || !(await popRoom.enter(share, bytes))) return noRoom;
  }
  try {
    if (isGone?.() === true) return noRoom; // Nobody is told.
    return await takeNow(command, context);
  } finally {
    popRoom.leave(share, bytes);
  }
}

const mostBytesOf = ({ count }: Pop): number =>
  Math.min(count * maxPayloadBytes, maxTakenBytes + maxPayloadBytes);

/** POPROOM-2. */
const noRoom = new RequestError(
  'overloaded',
  'The pops in progress on this node use all memory that it has for payloads. Nothing was taken. Try again later, or take fewer messages at once.',
);

async function takeNow(command: Pop, context: OperationContext): Promise<Outcome<QueuePopAnswer>> {
  const result = await context.service.queues.submit(command, callOptions(context));
  if (!result.ok) return requestErrorOf(result);
  const isReceipted = command.visibilityMs !== undefined;
  return {
    queue: command.name,
    messages: result.deliveries.map((one) => shown(one, isReceipted)),
  };
}

/** POP-1. Nothing in time is an answer without messages. */
async function takeInTime(
  command: Pop,
  waitMs: number,
  waiter: WaitingCaller,
  context: OperationContext,
): Promise<Outcome<QueuePopAnswer>> {
  const { service } = context;
  let end: (ended: Ended) => void = () => undefined;
  let over: Exclude<Ended, 'ready'> | undefined;
  const finish = (ended: Exclude<Ended, 'ready'>): void => {
    over ??= ended;
    end(ended);
  };
  const isGone = (): boolean => over === 'caller' || over === 'stop';
  const cancelTime = service.after(waitMs, () => finish('time'));
  waiter.onGone(finish);
  try {
    let answer = await takeWhatIsReady(command, context, isGone);
    for (;;) {
      if (answer instanceof RequestError) return answer;
      if (answer !== undefined && answer.messages.length > 0) return answer;
      const ended =
        over ?? (await nextReady(command.name, context, (listener) => (end = listener)));
      if (ended === 'ready') {
        answer = await takeWoken(command, context, isGone);
        continue;
      }
      if (ended === 'time') return answer ?? (await take(command, context, isGone));
      if (ended === 'stop') return stoppingError;
      return new RequestError(
        'wait_cancelled',
        `The wait for queue "${command.name}" was cancelled by its caller. Pop again to wait for messages.`,
        {
          resource: command.name,
        },
      ); // POP-2
    }
  } finally {
    cancelTime();
  }
}

/** What a pop ends with that every other one would end with as well. */
const ofAllPops: ReadonlySet<string> = new Set<ErrorCode>([
  'store_unavailable',
  'no_quorum',
  'outcome_unknown',
  'deadline_exceeded',
  'shutting_down',
]);

/**
 * Where it fails another waiter takes what this one was woken for (QWAIT-2), unless that would fail alike: then it stays until
 * the next look.
 */
async function takeWoken(
  command: Pop,
  context: OperationContext,
  isGone: () => boolean,
): Promise<Outcome<QueuePopAnswer>> {
  const passOn = (code: string): void => {
    if (!ofAllPops.has(code)) context.service.queueWaiters.wakeSome(command.name, 1);
  };
  try {
    const answer = await take(command, context, isGone);
    if (answer instanceof RequestError) passOn(answer.code);
    return answer;
  } catch (error) {
    if (error instanceof HoldfastError) passOn(error.code);
    throw error;
  }
}

/** Undefined: nothing is, as far as this node knows (POP-1). */
async function takeWhatIsReady(
  command: Pop,
  context: OperationContext,
  isGone: () => boolean,
): Promise<Outcome<QueuePopAnswer> | undefined> {
  const ready = await context.service.queues.readyHere?.(command.name);
  return ready === 0 ? undefined : take(command, context, isGone);
}

/** Until something may be ready, or the wait is over. */
function nextReady(
  queue: string,
  { service: { queueWaiters } }: OperationContext,
  onEnd: (end: (ended: Ended) => void) => void,
): Promise<Ended> {
  return new Promise((resolve) => {
    let isOver = false;
    const stop = queueWaiters.wait(queue, () => {
      if (isOver)
        queueWaiters.wakeSome(queue, 1); // QWAIT-2
      else resolve('ready');
    });
    onEnd((ended) => {
      isOver = true;
      if (!stop() && ended !== 'ready') queueWaiters.wakeSome(queue, 1); // QWAIT-2
      resolve(ended);
    });
  });
}

function shown(delivery: Delivery, isReceipted: boolean): QueueMessage {
  const { id, key, payload, delivery: number, maxDeliveries, fenceToken } = delivery;
  return {
    id,
    key,
    payload: jsonOf(payload),
    delivery: number,
    max_deliveries: maxDeliveries,
    fence_token: fenceToken,
    receipt: isReceipted ? receiptOf(delivery) : null,
  };
}
