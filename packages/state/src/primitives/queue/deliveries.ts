/**
 * Messages are taken, acknowledged, given back, and delivered again.
 *
 * DELIV-1: every delivery has a fence token of its own, larger than that of every grant and delivery before it, and
 *     counts from the moment when the message is taken, whatever becomes of it.
 * DELIV-2: a message that was delivered is not delivered again before its visibility has ended or its receipt was given
 *     back.
 * DELIV-3: a receipt changes something only while its delivery is the current one: message, delivery and fence token
 *     agree. Any other is refused with `stale_receipt` and changes nothing.
 *     While authentication is on it is that of another one than who took the message as well (OWNER-1).
 * DELIV-4: a message goes by an acknowledgement of its current delivery, by a pop that acknowledges at once, or by a
 *     purge, and in no other way.
 * DELIV-5: a message whose last delivery came to nothing is a dead letter: it is delivered no more. So is one whose
 *     payload is lost (LOST-1).
 */
import { anonymousIdentity } from '../../kernel/commands.ts';
import { dead } from './dead-letters.ts';
import { dueAt, endDelay, endDelivery, forgetMessage, settleLane } from './keeping.ts';
import { lostReason, mostPassedOver, passedOver } from './lost-payloads.ts';
import { isLost, storedPayload } from './payloads.ts';
import { queueNotFound, staleReceipt } from './refusals.ts';
import type { Lane, Message, Queue } from './shapes.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { ResourceName } from '../../kernel/names.ts';
import type { OutcomeOf, Refusal } from '../../kernel/outcomes.ts';
import type { Delivery, QueueCommand, Receipt } from './commands.ts';

type Asked<Type extends QueueCommand['type']> = Extract<QueueCommand, { type: Type }>;

/** What an answer of a pop weighs at most, but for its first message: it has to fit a frame. */
export const maxTakenBytes: number = 512 * 1024;
/** The first retry after a nack without a delay; each further one waits twice as long. */
export const firstBackoffMs = 1000;
export const longestBackoffMs = 300_000;

export function pop(
  tables: Tables,
  { name, count, visibilityMs }: Asked<'queue_pop'>,
): OutcomeOf<'queue_pop'> {
  const queue = tables.queues.byName.get(name);
  const deliveries: Delivery[] = [];
  if (queue === undefined) return { ok: true, type: 'queue_taken', deliveries };
  let bytes = 0;
  let passed = 0;
  while (deliveries.length < count && passed < mostPassedOver) {
    const lane = queue.ready.first(); // LANE-3
    const message = lane?.waiting.first(); // LANE-2
    if (lane === undefined || message === undefined) break;
    if (passedOver(tables, lane, message)) {
      passed += 1; // LOST-2
      continue;
    }
    bytes += message.byteLength;
    if (deliveries.length > 0 && bytes > maxTakenBytes) break;
    deliveries.push(deliver(tables, lane, message, visibilityMs));
  }
  if (deliveries.length > 0) {
    tables.changingPlace(queue);
    queue.delivered.add(deliveries.length, tables.timeMs);
    if (visibilityMs === undefined) queue.acknowledged.add(deliveries.length, tables.timeMs);
  }
  return { ok: true, type: 'queue_taken', deliveries };
}

function deliver(
  tables: Tables,
  lane: Lane,
  message: Message,
  visibilityMs: number | undefined,
): Delivery {
  tables.changingPlace(message);
  tables.changingPlace(lane);
  lane.waiting.remove(message);
  lane.turn = tables.nextSequence(); // LANE-3
  const delivery = message.deliveries + 1; // DELIV-1
  const fenceToken = tables.nextFenceToken();
  lane.queue.statistics.count('delivered', message, tables.timeMs);
  if (visibilityMs === undefined) {
    lane.queue.statistics.count('acknowledged', message, tables.timeMs);
    forgetMessage(tables, message);
  } else {
    message.deliveries = delivery;
    message.fenceToken = fenceToken;
    message.state = 'in_flight';
    message.takenBy = tables.identity === anonymousIdentity ? undefined : tables.identity;
    lane.inFlight += 1;
    if (lane.queue.order === 'key') lane.held = message; // LANE-1
    dueAt(tables, message, tables.timeMs + visibilityMs); // DELIV-2
  }
  settleLane(tables, lane);
  const { id, key, payload, maxDeliveries } = message;
  const stored = storedPayload(id, payload);
  return {
    id,
    key,
    payload: payload.text ?? '',
    ...(stored === undefined ? {} : { stored }),
    delivery,
    maxDeliveries,
    fenceToken,
  };
}

/** OWNER-1. */
const isOwn = ({ access, identity }: Tables, { takenBy = anonymousIdentity }: Message): boolean =>
  !access.isEnabled || takenBy === identity;

/** DELIV-3. */
function current(
  tables: Tables,
  name: ResourceName,
  receipt: Receipt,
): { readonly queue: Queue; readonly message: Message; readonly lane: Lane } | Refusal {
  const queue = tables.queues.byName.get(name);
  if (queue === undefined) return queueNotFound(name);
  const { messageId, delivery, fenceToken } = receipt;
  const message = queue.live.get(messageId);
  const isCurrent =
    message?.state === 'in_flight' &&
    isOwn(tables, message) &&
    message.deliveries === delivery &&
    message.fenceToken === fenceToken;
  if (!isCurrent || message.lane === undefined)
    return staleReceipt(name, receipt, message ?? queue.dead.get(messageId));
  return { queue, message, lane: message.lane };
}

export function acknowledge(
  tables: Tables,
  { name, receipt }: Asked<'queue_ack'>,
): OutcomeOf<'queue_ack'> {
  const found = current(tables, name, receipt);
  if ('ok' in found) return found;
  const { queue, message, lane } = found;
  endDelivery(tables, message, lane);
  forgetMessage(tables, message); // DELIV-4
  settleLane(tables, lane);
  tables.changingPlace(queue);
  queue.acknowledged.add(1, tables.timeMs);
  queue.statistics.count('acknowledged', message, tables.timeMs);
  return { ok: true, type: 'queue_acknowledged', id: message.id };
}

export function giveBack(
  tables: Tables,
  { name, receipt, delayMs, reason = 'given back' }: Asked<'queue_nack'>,
): OutcomeOf<'queue_nack'> {
  const found = current(tables, name, receipt);
  if ('ok' in found) return found;
  const { message, lane } = found;
  endDelivery(tables, message, lane);
  message.reason = isLost(message.payload) ? lostReason : reason;
  const { id } = message;
  if (isLast(message)) {
    dead(tables, message, lane); // DELIV-5
    return { ok: true, type: 'queue_returned', id, dead: true, retryInMs: 0 };
  }
  const retryInMs = delayMs ?? backoffMs(message.deliveries);
  if (retryInMs > 0) {
    message.state = 'delayed';
    lane.delayed += 1;
    if (lane.queue.order === 'key') lane.held = message; // LANE-1
    dueAt(tables, message, tables.timeMs + retryInMs);
  } else waitAgain(message, lane);
  settleLane(tables, lane);
  return { ok: true, type: 'queue_returned', id, dead: false, retryInMs };
}

/** DELIV-5, LOST-1. */
const isLast = ({ deliveries, maxDeliveries, payload }: Message): boolean =>
  deliveries >= maxDeliveries || isLost(payload);

/** So that an instant nack does not burn all deliveries at once. */
function backoffMs(deliveries: number): number {
  return Math.min(longestBackoffMs, firstBackoffMs * 2 ** Math.min(deliveries - 1, 20));
}

export function extend(
  tables: Tables,
  { name, receipt, visibilityMs }: Asked<'queue_extend'>,
): OutcomeOf<'queue_extend'> {
  const found = current(tables, name, receipt);
  if ('ok' in found) return found;
  const { message } = found;
  tables.changingPlace(message);
  tables.due.remove(message);
  dueAt(tables, message, tables.timeMs + visibilityMs);
  return { ok: true, type: 'queue_extended', id: message.id };
}

/** The visibility of a message has ended, or its delay: it is delivered in its turn. */
export function messageDue(tables: Tables, message: Message): void {
  const { lane } = message;
  tables.workLeft -= 1; // WORK-1
  if (lane === undefined) {
    tables.due.remove(message);
    return;
  }
  if (message.state === 'in_flight') {
    endDelivery(tables, message, lane);
    message.reason = isLost(message.payload) ? lostReason : 'not acknowledged in time';
    if (isLast(message)) {
      dead(tables, message, lane); // DELIV-5
      return;
    }
  } else endDelay(tables, message, lane);
  waitAgain(message, lane);
  settleLane(tables, lane);
}

function waitAgain(message: Message, lane: Lane): void {
  message.state = 'waiting';
  lane.waiting.add(message);
}
