/**
 * The records of queues in a snapshot as lines of JSON, and back. A queue comes before its lanes, and those before
 * their messages: what is ready, in flight, blocked or due follows from the messages as they are read.
 */
import { SnapshotFormatError } from '../../kernel/snapshot/fields.ts';
import type { Fields } from '../../kernel/snapshot/fields.ts';
import type { Place, Tables } from '../../kernel/tables.ts';
import type { FenceToken, ResourceName } from '../../kernel/names.ts';
import type { RememberedPush } from './dedup-pages.ts';
import { LaneRecord } from './lanes.ts';
import { MessageRecord } from './messages.ts';
import type { MessageState } from './message-state.ts';
import { payloadHash } from './payloads.ts';
import type { Payload } from './payloads.ts';
import { QueueRecord } from './queues.ts';
import type { Message, Queue, QueuePlace } from './shapes.ts';
import type { Rate } from './rates.ts';

const states: readonly MessageState[] = ['waiting', 'in_flight', 'delayed', 'dead'];
const ratesOf = (queue: Queue): readonly Rate[] => [
  queue.pushed,
  queue.delivered,
  queue.acknowledged,
  queue.died,
];

export function encodeQueuePlace(place: QueuePlace): string {
  switch (place.kind) {
    case 'queue': {
      const { name, order, onDead, maxDeliveries } = place;
      const settings = [order === 'key' ? 0 : 1, onDead === 'skip' ? 0 : 1, maxDeliveries];
      return JSON.stringify([
        'queue',
        name,
        settings,
        ratesOf(place).map((rate) => rate.toNumbers()),
      ]);
    }
    case 'lane':
      return JSON.stringify(['lane', place.queue.name, place.key, place.turn]);
    case 'message':
      return encodeMessage(place);
  }
}

function encodeMessage(message: Message): string {
  const { state } = message;
  const isDue = state === 'in_flight' || state === 'delayed';
  return JSON.stringify([
    'message',
    message.queue.name,
    message.id,
    message.key,
    // BESIDE-1
    message.payload.text ?? message.payload.hash,
    message.payload.byteLength,
    message.maxDeliveries,
    message.pushedAtMs,
    states.indexOf(state),
    message.deliveries,
    message.fenceToken,
    message.reason,
    isDue ? [message.dueMs, message.sequence] : null,
    // Of a dead letter: since when, and whether it blocks its key.
    state === 'dead' ? [message.diedAtMs, message.lane === undefined ? 0 : 1] : null,
    ...(state === 'in_flight' && message.takenBy !== undefined ? [message.takenBy] : []),
  ]);
}

export const isOfQueue = (place: Place): place is QueuePlace =>
  place instanceof QueueRecord || place instanceof LaneRecord || place instanceof MessageRecord;

export const encodeDedup = ({ id, queue, dedupId, untilMs }: RememberedPush): string =>
  JSON.stringify(['dedup', id, queue, dedupId, untilMs]);

export function decodeQueue({ queues }: Tables, fields: Fields): undefined {
  const queue = queues.open(fields.text() as ResourceName, 0);
  const settings = fields.list();
  queue.order = settings.number() === 0 ? 'key' : 'none';
  queue.onDead = settings.number() === 0 ? 'skip' : 'block';
  queue.maxDeliveries = settings.number();
  const rates = fields.list();
  for (const rate of ratesOf(queue)) rate.restore(rates.list().all((field) => field.number()));
}

export function decodeLane(tables: Tables, fields: Fields): undefined {
  const queue = queueOf(tables, fields);
  tables.queues.openLane(queue, fields.text(), fields.number(), 0);
}

export function decodeDedup({ queues }: Tables, fields: Fields): undefined {
  const id = fields.number();
  queues.dedup.add({ id, queue: fields.text(), dedupId: fields.text(), untilMs: fields.number() });
}

/** BESIDE-1: a text, or the hash of one that stands beside the state; or that one itself, in a list (whole.ts). */
function decodePayload({ payloads }: Tables, id: number, fields: Fields): Payload {
  const told = fields.textNumberOrList();
  if (typeof told === 'string') return { text: told, byteLength: fields.number(), hash: 0 };
  if (typeof told === 'number') return { text: undefined, byteLength: fields.number(), hash: told };
  const text = told.text();
  const byteLength = fields.number();
  payloads.kept.push({ id, byteLength, text });
  return { text: undefined, byteLength, hash: payloadHash(text) };
}

export function decodeMessage(tables: Tables, fields: Fields): undefined {
  const { queues } = tables;
  const queue = queueOf(tables, fields);
  const id = fields.number();
  const place = fields.text();
  const payload = decodePayload(tables, id, fields);
  const origin = queue.originOf(fields.number(), fields.number());
  const message = new MessageRecord(origin, { id, place, payload, savedIn: 0 });
  const state = states[fields.number()];
  if (state === undefined) throw new SnapshotFormatError('a message is in an unknown state');
  message.state = state;
  message.deliveries = fields.number();
  message.fenceToken = fields.number() as FenceToken;
  message.reason = fields.text();
  const due = fields.optional(() => fields.list());
  if (due !== undefined) {
    message.dueMs = due.number();
    message.sequence = due.number();
    tables.due.add(message);
  }
  const died = fields.optional(() => fields.list());
  message.diedAtMs = died?.number() ?? 0;
  if (!fields.atEnd) message.takenBy = fields.text();
  queues.add(message);
  if (died === undefined || died.number() === 1) enterLane(tables, message);
}

function enterLane({ queues }: Tables, message: Message): void {
  const { queue, key, state } = message;
  const lane = queues.laneOf(queue, key);
  if (lane === undefined)
    throw new SnapshotFormatError(`message ${String(message.id)} has no lane`);
  message.lane = lane;
  if (state === 'waiting') lane.waiting.add(message);
  if (state === 'in_flight') lane.inFlight += 1;
  if (state === 'delayed') lane.delayed += 1;
  if (state !== 'waiting' && queue.order === 'key') lane.held = message; // LANE-1
  lane.refresh();
}

function queueOf({ queues }: Tables, fields: Fields): Queue {
  const name = fields.text() as ResourceName;
  const queue = queues.byName.get(name);
  if (queue === undefined) throw new SnapshotFormatError(`there is no queue "${name}"`);
  return queue;
}
