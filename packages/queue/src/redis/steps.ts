/** Which script a command of a queue is, with which arguments, and what its answer says. */
import {
  dedupWindowMs,
  firstBackoffMs,
  longestBackoffMs,
  maxTakenBytes,
  messageBytes,
  partitionCount,
  partitionOf,
} from '@holdfast/state';
import type { CommandResult, PushedMessage, QueueCommand } from '@holdfast/state';
import { deliveryOf, isTrue, listOf, numberOf, settingsOf } from './answers.ts';
import type { ScriptReply } from './answers.ts';
import type { Step } from './connection.ts';
import type { StoreLimits } from './limits.ts';

type Of<Type extends QueueCommand['type']> = Extract<QueueCommand, { readonly type: Type }>;

/** The feature level from which on all members know of KEYLESS-1 of lua/base.ts. */
export const keylessSpreadLevel = 3;
/** RKEPT-1 of lua/base.ts. */
export const keptForMs: number = 7 * 24 * 3600 * 1000;
/** Of a payload: enough to tell many messages apart. */
const placedBy = 1024;

/**
 * Of the partition whose owner executes a command; undefined: each owner does its own part of it.
 *
 * A push is executed by the owner of its first message, also where some of its messages go to partitions of others: with the fence tokens of
 * all of them (RFENCE-1 of lua/base.ts) it is whole or not at all (PUSH-1 of the state).
 *
 * @param spreads KEYLESS-1 of lua/base.ts.
 */
export function partitionFor(command: QueueCommand, spreads: boolean): number | undefined {
  switch (command.type) {
    case 'queue_push': {
      const [first] = command.messages;
      return first === undefined ? keyless : placeOf(first, spreads);
    }
    case 'queue_ack':
    case 'queue_nack':
    case 'queue_extend':
      return command.receipt.messageId % partitionCount;
    case 'queue_configure':
    case 'queue_delete':
      return 0;
    case 'queue_pop':
    case 'queue_redrive':
    case 'queue_purge':
      return undefined;
  }
}

/** All that a command changes something of, the one of its owner first. */
export function partitionsOf(
  command: QueueCommand,
  spreads: boolean,
): readonly number[] | undefined {
  if (command.type === 'queue_push' && command.messages.length > 0)
    return [...new Set(command.messages.map((message) => placeOf(message, spreads)))];
  const partition = partitionFor(command, spreads);
  return partition === undefined ? undefined : [partition];
}

/** Where messages without a key were all kept once (KEYLESS-1 of lua/base.ts). */
export const keyless: number = partitionOf('');

/** Every node finds the same one: who asks looks for its owner, and the owner whether it is its own. */
function placeOf({ key, dedupId, payload }: PushedMessage, spreads: boolean): number {
  if (key !== undefined) return partitionOf(key);
  if (!spreads) return keyless;
  return partitionOf(dedupId ?? JSON.stringify(payload).slice(0, placedBy));
}

/** @param mostTaken Bytes that a pop may take, the first message in any case. */
export function stepOf(
  command: QueueCommand,
  limits: StoreLimits,
  spreads: boolean,
  mostTaken: number,
): readonly [Step, object] {
  switch (command.type) {
    case 'queue_push':
      return ['push', pushArgs(command, limits, spreads)];
    case 'queue_pop': {
      const { count, visibilityMs: visibility } = command;
      return ['pop', { count, maxTaken: Math.min(maxTakenBytes, mostTaken), visibility }];
    }
    case 'queue_ack':
      return ['acknowledge', receiptArgs(command)];
    case 'queue_nack': {
      const { delayMs: delay, reason = 'given back' } = command;
      const backoff = { firstBackoff: firstBackoffMs, longestBackoff: longestBackoffMs };
      return ['giveBack', { ...receiptArgs(command), ...backoff, delay, reason }];
    }
    case 'queue_extend':
      return ['extend', { ...receiptArgs(command), visibility: command.visibilityMs }];
    case 'queue_redrive':
      return [
        'redrive',
        { count: command.count, ids: command.ids?.slice(0, command.count).map(String) },
      ];
    case 'queue_purge': {
      const { part, through, count } = command;
      return ['purge', { part, through, count }];
    }
    case 'queue_configure': {
      const { order, onDead, maxDeliveries } = command;
      return ['configure', { order, onDead, maxDeliveries }];
    }
    case 'queue_delete':
      return ['remove', { keptFor: keptForMs, dedupWindow: dedupWindowMs }];
  }
}

const pushArgs = (
  { messages }: Of<'queue_push'>,
  limits: StoreLimits,
  spreads: boolean,
): object => ({
  partitions: [...new Set(messages.map((message) => placeOf(message, spreads)))],
  messages: messages.map((message) => {
    const { key, payload, delayMs = 0, dedupId, maxDeliveries } = message;
    const text = JSON.stringify(payload);
    return {
      key: key ?? '',
      hasKey: key !== undefined,
      p: placeOf(message, spreads),
      payload: text,
      by: messageBytes(key ?? '', Buffer.byteLength(text)),
      delay: delayMs,
      dedup: dedupId,
      max: maxDeliveries,
    };
  }),
  maxMessages: limits.maxMessagesPerQueue,
  maxBytes: limits.maxMessageBytesPerQueue,
  maxDedupIds: limits.maxDedupIds,
  dedupWindow: dedupWindowMs,
});

const receiptArgs = ({ receipt }: Of<'queue_ack' | 'queue_nack' | 'queue_extend'>): object => ({
  id: String(receipt.messageId),
  delivery: receipt.delivery,
  token: receipt.fenceToken,
});

/** @throws Error where the answer lacks something. */
export function resultOf(command: QueueCommand, answer: ScriptReply): CommandResult {
  switch (command.type) {
    case 'queue_push': {
      const pushed = listOf(answer['pushed']);
      const messages = pushed.map(([id, same]) => ({ id: numberOf(id), duplicate: isTrue(same) }));
      return { ok: true, type: 'queue_pushed', messages };
    }
    case 'queue_pop':
      return {
        ok: true,
        type: 'queue_taken',
        deliveries: listOf(answer['deliveries']).map(deliveryOf),
      };
    case 'queue_ack':
      return { ok: true, type: 'queue_acknowledged', id: command.receipt.messageId };
    case 'queue_nack': {
      const { messageId: id } = command.receipt;
      const retryInMs = numberOf(answer['retry']);
      return { ok: true, type: 'queue_returned', id, dead: isTrue(answer['dead']), retryInMs };
    }
    case 'queue_extend':
      return { ok: true, type: 'queue_extended', id: command.receipt.messageId };
    case 'queue_redrive':
    case 'queue_purge':
      return {
        ok: true,
        type: 'queue_moved',
        count: numberOf(answer['count']),
        more: isTrue(answer['more']),
        through: numberOf(answer['through']),
      };
    case 'queue_configure':
      return { ok: true, type: 'queue_configured', settings: settingsOf(answer['settings']) };
    case 'queue_delete':
      return { ok: true, type: 'queue_deleted' };
  }
}
