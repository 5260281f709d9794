/**
 * Messages come.
 *
 * PUSH-1: all messages of a push come, or none does.
 * PUSH-2: a message has an id above that of every message before it, in whatever queue.
 * DEDUP-3: a push that is sent again is answered as the first time, also where that one has filled the queue: what is known by
 *     its dedup id counts toward no bound.
 */
import { queueNotFound, delayedByKey, orderInUse, queueNotEmpty, withoutKey } from './refusals.ts';
import { dedupWindowMs } from './dedup.ts';
import { dueAt, laneFor, settleLane } from './keeping.ts';
import { MessageRecord, messageBytes } from './messages.ts';
import { payloadOf } from './payloads.ts';
import type { PushedPayload } from './payloads.ts';
import type { Queue } from './shapes.ts';
import { duplicatesUncountedLevel } from '../../kernel/levels.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { ResourceName } from '../../kernel/names.ts';
import type { OutcomeOf } from '../../kernel/outcomes.ts';
import type { PushedMessage, QueueCommand, QueueSettings } from './commands.ts';

type Push = Extract<QueueCommand, { type: 'queue_push' }>;

/** Where a queue was told nothing else. */
const defaultOrder = 'key';

export function push(tables: Tables, { name, messages }: Push): OutcomeOf<'queue_push'> {
  const { queues } = tables;
  const found = queues.byName.get(name);
  const order = found?.order ?? defaultOrder;
  const payloads: PushedPayload[] = [];
  let bytes = 0;
  let count = 0;
  const dedupIds = new Set<string>();
  for (const { key, payload, delayMs, dedupId } of messages) {
    if (order === 'key' && key === undefined) return withoutKey(name);
    if (order === 'key' && delayMs !== undefined && delayMs > 0) return delayedByKey(name);
    const kept = payloadOf(payload, tables.featureLevel);
    payloads.push(kept);
    const isKnown =
      dedupId !== undefined &&
      (dedupIds.has(dedupId) || queues.dedup.find(name, dedupId, tables.timeMs) !== undefined);
    if (dedupId !== undefined && !isKnown) dedupIds.add(dedupId);
    if (isKnown && tables.featureLevel >= duplicatesUncountedLevel) continue; // DEDUP-3
    bytes += messageBytes(key ?? '', kept.payload.byteLength);
    count += 1;
  }
  const refusal =
    queues.tooMuch(tables, name, found, { count, bytes }) ??
    queues.dedup.tooMany(tables.limits.maxDedupIds, dedupIds.size); // PUSH-1
  if (refusal !== undefined) return refusal;
  const queue = found ?? queues.open(name, tables.snapshotNumber);
  tables.changingPlace(queue);
  const pushed = messages.map((message, index) =>
    pushOne(
      tables,
      queue,
      message,
      payloads[index] ?? payloadOf(message.payload, tables.featureLevel),
    ),
  );
  return { ok: true, type: 'queue_pushed', messages: pushed };
}

function pushOne(
  tables: Tables,
  queue: Queue,
  { key = '', delayMs = 0, dedupId, maxDeliveries = queue.maxDeliveries }: PushedMessage,
  { json, payload }: PushedPayload,
): { readonly id: number; readonly duplicate: boolean } {
  const { queues, timeMs } = tables;
  const same = dedupId === undefined ? undefined : queues.dedup.find(queue.name, dedupId, timeMs);
  if (same !== undefined) return { id: same.id, duplicate: true }; // DEDUP-1
  const id = tables.nextSequence(); // PUSH-2
  const { snapshotNumber: savedIn } = tables;
  const lane = laneFor(tables, queue, key);
  const origin = queue.originOf(maxDeliveries, timeMs);
  const message = new MessageRecord(origin, { id, place: lane, payload, savedIn });
  if (payload.text === undefined)
    tables.payloads.kept.push({ id, byteLength: payload.byteLength, text: json }); // BESIDE-2
  queues.add(message);
  queue.pushed.add(1, timeMs);
  queue.statistics.count('pushed', message, timeMs);
  if (dedupId !== undefined)
    queues.dedup.add({ id, queue: queue.name, dedupId, untilMs: timeMs + dedupWindowMs });
  if (delayMs > 0) {
    message.state = 'delayed';
    lane.delayed += 1;
    dueAt(tables, message, timeMs + delayMs);
  } else lane.waiting.add(message);
  settleLane(tables, lane);
  return { id, duplicate: false };
}

export function configure(
  tables: Tables,
  { name, order, onDead, maxDeliveries }: Extract<QueueCommand, { type: 'queue_configure' }>,
): OutcomeOf<'queue_configure'> {
  const { queues } = tables;
  const found = queues.byName.get(name);
  if (found !== undefined && order !== undefined && order !== found.order && found.size > 0)
    return orderInUse(name, found.order, found.size);
  const tooMany = queues.tooMuch(tables, name, found, { count: 0, bytes: 0 });
  if (found === undefined && tooMany !== undefined) return tooMany;
  const queue = found ?? queues.open(name, tables.snapshotNumber);
  tables.changingPlace(queue);
  if (order !== undefined) queue.order = order;
  if (onDead !== undefined) queue.onDead = onDead;
  if (maxDeliveries !== undefined) queue.maxDeliveries = maxDeliveries;
  return { ok: true, type: 'queue_configured', settings: settingsOf(queue) };
}

export const settingsOf = ({ order, onDead, maxDeliveries }: Queue): Required<QueueSettings> => ({
  order,
  onDead,
  maxDeliveries,
});

export function deleteQueue(tables: Tables, name: ResourceName): OutcomeOf<'queue_delete'> {
  const queue = tables.queues.byName.get(name);
  if (queue === undefined) return queueNotFound(name);
  if (queue.size > 0) return queueNotEmpty(name, queue.live.size, queue.dead.size);
  tables.changingPlace(queue);
  tables.queues.byName.delete(name);
  return { ok: true, type: 'queue_deleted' };
}
