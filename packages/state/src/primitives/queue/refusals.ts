/** What a refused command of a queue is told. */
import { limitExceeded } from '../../kernel/refusals.ts';
import type { JsonValue, ResourceName } from '../../kernel/names.ts';
import type { Refusal, RefusalCode } from '../../kernel/outcomes.ts';
import type { QueueOrder, Receipt } from './commands.ts';
import type { MessageState } from './message-state.ts';

const refuse = (
  code: RefusalCode,
  message: string,
  details: { readonly [key: string]: JsonValue },
): Refusal => ({ ok: false, code, message, details });

export function queueNotFound(name: ResourceName): Refusal {
  return refuse(
    'queue_not_found',
    `There is no queue "${name}". It is made by the first push or by a configuration.`,
    { queue: name },
  );
}

export function delayedByKey(name: ResourceName): Refusal {
  return refuse(
    'queue_order',
    `Queue "${name}" delivers the messages of a key in the order of their push, so none can be delayed. Push without a delay, or to a queue of order "none".`,
    { queue: name, order: 'key' },
  );
}

export function withoutKey(name: ResourceName): Refusal {
  return refuse(
    'queue_order',
    `Queue "${name}" is ordered by key, and a message has none. Give each a key, or push to a queue of order "none".`,
    { queue: name, order: 'key' },
  );
}

export function orderInUse(name: ResourceName, order: QueueOrder, size: number): Refusal {
  return refuse(
    'queue_order',
    `Queue "${name}" has ${String(size)} messages and dead letters; its order changes only while it has none.`,
    { queue: name, order, messages: size },
  );
}

export function queueNotEmpty(name: ResourceName, messages: number, deadLetters: number): Refusal {
  return refuse(
    'queue_not_empty',
    `Queue "${name}" has ${String(messages)} messages and ${String(deadLetters)} dead letters. Purge it first.`,
    { queue: name, messages, dead_letters: deadLetters },
  );
}

export function queueFull(
  name: ResourceName,
  limit: 'max_messages_per_queue' | 'max_message_bytes_per_queue',
  value: number,
): Refusal {
  return limitExceeded(
    limit,
    value,
    `Dead letters of queue "${name}" count. Wait until messages have been acknowledged, or purge some.`,
  );
}

export const tooManyQueues = (limit: number): Refusal =>
  limitExceeded('max_queues', limit, 'Delete a queue that is not needed.');

export const tooManyDedupIds = (limit: number): Refusal =>
  limitExceeded(
    'max_dedup_ids',
    limit,
    'Each is remembered for five minutes. Push fewer with a dedup id, or later.',
  );

/** As far as it is told. */
interface Delivered {
  readonly state: MessageState;
  readonly deliveries: number;
}

/** Whatever became of the delivery: the receipt is not of the current one. */
export function staleReceipt(
  name: ResourceName,
  { messageId, delivery, fenceToken }: Receipt,
  message: Delivered | undefined,
): Refusal {
  return refuse(
    'stale_receipt',
    `Delivery ${String(delivery)} of message ${String(messageId)} of queue "${name}" is over: ${became(message, delivery)}. Nothing was changed.`,
    {
      queue: name,
      message_id: messageId,
      delivery,
      fence_token: fenceToken,
      state: message === undefined ? 'gone' : message.state,
      deliveries: message?.deliveries ?? null,
    },
  );
}

function became(message: Delivered | undefined, delivery: number): string {
  if (message === undefined) return 'the message was acknowledged or purged, or never was there';
  const { state, deliveries } = message;
  const after = deliveries > delivery ? `, after ${String(deliveries)} deliveries` : '';
  const now = {
    waiting: 'the message waits to be delivered again',
    in_flight: 'the message was delivered again',
    delayed: 'the message waits for a retry',
    dead: 'the message is a dead letter',
  }[state];
  return `${now}${after}`;
}
