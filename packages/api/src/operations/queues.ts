/**
 * Queues: push, what becomes of a delivery, and what operators do. Pops are in queue-pop.ts.
 *
 * PURGE-1: no request ends more than it can in a few seconds, and none goes on once its caller has gone or its node stops: the answer
 *     says that more are left. What some commands have ended is told, also where the next one fails.
 * REDRIVE-1: a redrive by several requests redrives each dead letter of its beginning once, and ends: the oldest are chosen by their
 *     ids, each request goes on behind the last id of the one before, and up to the highest id of the first. One that dies again
 *     meanwhile has its old id, and is left.
 */
import type {
  DeadLetter,
  MessageToPush,
  QueueAckAnswer,
  QueueAckBody,
  QueueBlockedKeysAnswer,
  QueueBlockedKeysBody,
  QueueConfigureAnswer,
  QueueConfigureBody,
  QueueDeadLettersAnswer,
  QueueDeadLettersBody,
  QueueDeleteAnswer,
  QueueDeleteBody,
  QueueExtendAnswer,
  QueueExtendBody,
  QueueNackAnswer,
  QueueNackBody,
  QueuePurgeAnswer,
  QueuePurgeBody,
  QueuePushAnswer,
  QueuePushBatchAnswer,
  QueuePushBatchBody,
  QueuePushBody,
  QueueRedriveAnswer,
  QueueRedriveBody,
} from '@holdfast/protocol';
import type { SettledResult, DeadLetterView, PushedMessage, QueueCommand } from '@holdfast/state';
import { RequestError, requestErrorOf } from '../request-error.ts';
import { callOptions } from './context.ts';
import type { OperationContext, Outcome } from './context.ts';
import { asResourceName } from './identities.ts';
import { jsonOf, queueNamed, readReceipt, tooLargePayload } from './queue-wire.ts';
import { forWaiter } from './until.ts';

/** What one command of a purge ends at most: an entry of the log does no more. */
const purgedAtOnce = 1000;
const redrivenAtOnce = 1000;
/** PURGE-1: well within what a caller waits for an answer. */
const purgedForMs = 3000;
const defaultPage = 100;
/** Up to where a redrive or a purge goes, as long as no answer has told it. */
const unknownThrough = Number.MAX_SAFE_INTEGER;

async function submit<C extends QueueCommand>(
  command: C,
  context: OperationContext,
): Promise<Outcome<SettledResult<C['type']>>> {
  const result = await context.service.queues.submit<QueueCommand>(command, callOptions(context));
  // What is not refused is the result of this command.
  return result.ok ? (result as SettledResult<C['type']>) : requestErrorOf(result);
}

// ---- push ---------------------------------------------------------------------------------------

function toPush(message: MessageToPush): PushedMessage {
  const { key, payload, delay_seconds, dedup_id, max_deliveries } = message;
  return {
    payload,
    ...(key === undefined ? {} : { key }),
    ...(delay_seconds === undefined ? {} : { delayMs: Math.round(delay_seconds * 1000) }),
    ...(dedup_id === undefined ? {} : { dedupId: dedup_id }),
    ...(max_deliveries === undefined ? {} : { maxDeliveries: max_deliveries }),
  };
}

export async function queuePush(
  body: QueuePushBody,
  context: OperationContext,
): Promise<Outcome<QueuePushAnswer>> {
  const { queue, ...message } = body;
  const pushed = await pushAll(queue, [message], context, false);
  if (pushed instanceof RequestError) return pushed;
  const [first] = pushed.messages;
  if (first === undefined) throw new Error('One message was pushed, and none was answered.');
  return { ...first, queue: pushed.queue };
}

export const queuePushBatch = (
  { queue, messages }: QueuePushBatchBody,
  context: OperationContext,
): Promise<Outcome<QueuePushBatchAnswer>> => pushAll(queue, messages, context, true);

async function pushAll(
  asked: string | undefined,
  messages: readonly MessageToPush[],
  context: OperationContext,
  isBatch: boolean,
): Promise<Outcome<QueuePushBatchAnswer>> {
  const queue = queueNamed(asked);
  const refused = tooLargePayload(messages, isBatch);
  if (refused !== undefined) return refused;
  const command = {
    type: 'queue_push',
    name: asResourceName(queue),
    messages: messages.map(toPush),
  } as const;
  const pushing = submit(command, context);
  const { queues, queueWaiters } = context.service;
  if (queues.readyHere !== undefined) queueWaiters.wakeSome(queue, messages.length); // QWAIT-4
  const result = await pushing;
  return result instanceof RequestError ? result : { queue, messages: result.messages };
}

// ---- what becomes of a delivery -----------------------------------------------------------------

export async function queueAck(
  body: QueueAckBody,
  context: OperationContext,
): Promise<Outcome<QueueAckAnswer>> {
  const receipt = readReceipt(body.receipt);
  if (receipt instanceof RequestError) return receipt;
  const queue = queueNamed(body.queue);
  const command = { type: 'queue_ack', name: asResourceName(queue), receipt } as const;
  const result = await submit(command, context);
  return result instanceof RequestError ? result : { queue, id: result.id, acknowledged: true };
}

export async function queueNack(
  body: QueueNackBody,
  context: OperationContext,
): Promise<Outcome<QueueNackAnswer>> {
  const receipt = readReceipt(body.receipt);
  if (receipt instanceof RequestError) return receipt;
  const queue = queueNamed(body.queue);
  const { delay_seconds, reason } = body;
  const command = {
    type: 'queue_nack',
    name: asResourceName(queue),
    receipt,
    ...(delay_seconds === undefined ? {} : { delayMs: Math.round(delay_seconds * 1000) }),
    ...(reason === undefined ? {} : { reason }),
  } as const;
  const result = await submit(command, context);
  if (result instanceof RequestError) return result;
  return { queue, id: result.id, dead: result.dead, retry_in_seconds: result.retryInMs / 1000 };
}

export async function queueExtend(
  body: QueueExtendBody,
  context: OperationContext,
): Promise<Outcome<QueueExtendAnswer>> {
  const receipt = readReceipt(body.receipt);
  if (receipt instanceof RequestError) return receipt;
  const queue = queueNamed(body.queue);
  const { visibility_seconds } = body;
  const visibilityMs = Math.round(visibility_seconds * 1000);
  const name = asResourceName(queue);
  const command = { type: 'queue_extend', name, receipt, visibilityMs } as const;
  const result = await submit(command, context);
  return result instanceof RequestError ? result : { queue, id: result.id, visibility_seconds };
}

// ---- for operators ------------------------------------------------------------------------------

/** REDRIVE-1. */
export async function queueRedrive(
  { queue: asked, id, count = redrivenAtOnce, after = 0, through: most }: QueueRedriveBody,
  context: OperationContext,
): Promise<Outcome<QueueRedriveAnswer>> {
  const queue = queueNamed(asked);
  const about = { type: 'queue_redrive', name: asResourceName(queue) } as const;
  if (id !== undefined) {
    const result = await submit({ ...about, ids: [id], count: 1 }, context);
    if (result instanceof RequestError) return result;
    const { count: redriven, through } = result;
    // An owner in Redis that did not do its part may have it.
    const more = redriven === 0 && result.more;
    return { queue, redriven, more, next_after: null, through };
  }
  const query = { type: 'dead_letters', name: queue, after, limit: count, idsOnly: true } as const;
  const { page } = await context.service.queues.query(query, 'linearizable', callOptions(context));
  const found = (page?.letters ?? []).map((letter) => letter.id);
  const ids = found.filter((one) => one <= (most ?? one));
  const last = ids.at(-1);
  const result = await submit({ ...about, ids, count: Math.max(1, ids.length) }, context);
  if (result instanceof RequestError) return result;
  // Where no owner in Redis did its part, the first answer did not know it: that of the next one is it then.
  const through = most === undefined || most === unknownThrough ? result.through : most;
  // An owner in Redis that did not do its part has more of these ids.
  const isLeft = result.more || (page?.more === true && ids.length === found.length);
  const more = isLeft && last !== undefined && (result.more || last < through);
  const nextAfter = result.more ? after : (last ?? null);
  return { queue, redriven: result.count, more, next_after: more ? nextAfter : null, through };
}

/** Ends what is there when the first command is applied; what is pushed meanwhile stays. */
export function queuePurge(
  { queue: asked, dead_letters = false, through = unknownThrough }: QueuePurgeBody,
  context: OperationContext,
): Promise<Outcome<QueuePurgeAnswer>> {
  const queue = queueNamed(asked);
  const part = dead_letters ? 'dead_letters' : 'messages';
  const about = { type: 'queue_purge', name: asResourceName(queue), part } as const;
  return forWaiter(context, false, async (waiter) => {
    let isOver = false;
    const end = (): void => {
      isOver = true;
    };
    waiter.onGone(end);
    const cancelEnd = context.service.after(purgedForMs, end);
    try {
      return await purgeParts(about, through, () => isOver, context);
    } finally {
      cancelEnd();
    }
  });
}

/** PURGE-1. */
async function purgeParts(
  about: Pick<Extract<QueueCommand, { type: 'queue_purge' }>, 'type' | 'name' | 'part'>,
  asked: number,
  isOver: () => boolean,
  context: OperationContext,
): Promise<Outcome<QueuePurgeAnswer>> {
  let purged = 0;
  let through = asked;
  for (;;) {
    const result = await submit({ ...about, through, count: purgedAtOnce }, context).catch(
      (error: unknown) => {
        if (purged === 0) throw error;
        return undefined;
      },
    );
    if (result instanceof RequestError && purged === 0) return result;
    const isKnown = result !== undefined && !(result instanceof RequestError);
    if (isKnown) {
      purged += result.count;
      ({ through } = result);
    }
    const more = !isKnown || result.more;
    if (!more || !isKnown || isOver()) return { queue: about.name, purged, more, through };
  }
}

export async function queueConfigure(
  { queue: asked, order, on_dead, max_deliveries }: QueueConfigureBody,
  context: OperationContext,
): Promise<Outcome<QueueConfigureAnswer>> {
  const queue = queueNamed(asked);
  const command = {
    type: 'queue_configure',
    name: asResourceName(queue),
    ...(order === undefined ? {} : { order }),
    ...(on_dead === undefined ? {} : { onDead: on_dead }),
    ...(max_deliveries === undefined ? {} : { maxDeliveries: max_deliveries }),
  } as const;
  const result = await submit(command, context);
  if (result instanceof RequestError) return result;
  const { settings } = result;
  return {
    queue,
    order: settings.order,
    on_dead: settings.onDead,
    max_deliveries: settings.maxDeliveries,
  };
}

export async function queueDelete(
  { queue: asked }: QueueDeleteBody,
  context: OperationContext,
): Promise<Outcome<QueueDeleteAnswer>> {
  const queue = queueNamed(asked);
  const command = { type: 'queue_delete', name: asResourceName(queue) } as const;
  const result = await submit(command, context);
  return result instanceof RequestError ? result : { queue, deleted: true };
}

// ---- what is shown ------------------------------------------------------------------------------

export async function queueDeadLetters(
  body: QueueDeadLettersBody,
  context: OperationContext,
): Promise<Outcome<QueueDeadLettersAnswer>> {
  const { after = 0, limit = defaultPage, consistency = 'linearizable' } = body;
  const queue = queueNamed(body.queue);
  const query = { type: 'dead_letters', name: queue, after, limit } as const;
  const result = await context.service.queues.query(query, consistency, callOptions(context));
  // (ABSENT-1)
  const { letters, more } = result.page ?? { letters: [], more: false };
  return {
    queue,
    dead_letters: letters.map((letter) => deadLetter(queue, letter)),
    next_after: more ? (letters.at(-1)?.id ?? null) : null,
    consistency,
    revision: result.revision,
  };
}

const deadLetter = (queue: string, letter: DeadLetterView): DeadLetter => ({
  id: letter.id,
  queue,
  key: letter.key,
  // Empty: nobody has it (LOST-1 of the state).
  payload: letter.payload === '' ? null : jsonOf(letter.payload),
  payload_missing: letter.payload === '',
  deliveries: letter.deliveries,
  reason: letter.reason,
  age_seconds: letter.ageMs / 1000,
});

export async function queueBlockedKeys(
  body: QueueBlockedKeysBody,
  context: OperationContext,
): Promise<Outcome<QueueBlockedKeysAnswer>> {
  const { after, limit = defaultPage, consistency = 'linearizable' } = body;
  const queue = queueNamed(body.queue);
  const from = after === undefined ? {} : { after };
  const query = { type: 'blocked_keys', name: queue, limit, ...from } as const;
  const result = await context.service.queues.query(query, consistency, callOptions(context));
  // (ABSENT-1)
  const { keys, more } = result.page ?? { keys: [], more: false };
  return {
    queue,
    keys: keys.map(({ key, because, messageId, waiting, endsInMs }) => ({
      key,
      because,
      message_id: messageId,
      waiting,
      ends_in_seconds: endsInMs === undefined ? null : endsInMs / 1000,
    })),
    next_after: more ? (keys.at(-1)?.key ?? null) : null,
    consistency,
    revision: result.revision,
  };
}
