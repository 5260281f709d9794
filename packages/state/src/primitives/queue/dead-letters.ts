/**
 * Messages that were delivered too often, and what an operator does with them.
 *
 * DEAD-1: a dead letter keeps its id, its key, its payload, how often it was delivered and the last reason, and counts
 *     in the bounds of its queue until it is redriven or purged. None is dropped for lack of room.
 * DEAD-2: where the queue says `block`, the key stays blocked until its dead letter is redriven or purged.
 * DEAD-3: one that is redriven is a message again with its old id, and its deliveries count from the beginning.
 */
import { endDelay, endDelivery, forgetMessage, laneFor, settleLane } from './keeping.ts';
import { queueNotFound } from './refusals.ts';
import type { Lane, Message, Queue } from './shapes.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { OutcomeOf } from '../../kernel/outcomes.ts';
import type { QueueCommand } from './commands.ts';

/** DELIV-5. Its delivery has ended. */
export function dead(tables: Tables, message: Message, lane: Lane): void {
  const { queue } = message;
  message.state = 'dead'; // DEAD-1
  message.diedAtMs = tables.timeMs;
  tables.queues.move(message);
  tables.changingPlace(queue);
  queue.died.add(1, tables.timeMs);
  queue.statistics.count('dead', message, tables.timeMs);
  const blocks = queue.order === 'key' && queue.onDead === 'block';
  message.lane = blocks ? lane : undefined;
  if (blocks) lane.held = message; // DEAD-2
  settleLane(tables, lane);
}

export function redrive(
  tables: Tables,
  { name, ids, count }: Extract<QueueCommand, { type: 'queue_redrive' }>,
): OutcomeOf<'queue_redrive'> {
  const queue = tables.queues.byName.get(name);
  if (queue === undefined) return queueNotFound(name);
  const through = queue.dead.last()?.id ?? 0;
  const chosen =
    ids === undefined
      ? firstOf(queue.dead.values(), count)
      : ids.slice(0, count).flatMap((id) => queue.dead.get(id) ?? []);
  const unique = new Set(chosen);
  for (const message of unique) liveAgain(tables, queue, message);
  return {
    ok: true,
    type: 'queue_moved',
    count: unique.size,
    more: ids === undefined && queue.dead.size > 0,
    through,
  };
}

/** DEAD-3. */
function liveAgain(tables: Tables, queue: Queue, message: Message): void {
  tables.changingPlace(message);
  message.state = 'waiting';
  tables.queues.move(message);
  message.deliveries = 0;
  const lane = message.lane ?? laneFor(tables, queue, message.key);
  message.lane = lane;
  if (lane.held === message) lane.held = undefined;
  lane.waiting.add(message);
  settleLane(tables, lane);
}

/** Ends messages or dead letters, some at a time: whoever purges asks again until nothing is left of it. */
export function purge(
  tables: Tables,
  { name, part, through, count }: Extract<QueueCommand, { type: 'queue_purge' }>,
): OutcomeOf<'queue_purge'> {
  const queue = tables.queues.byName.get(name);
  if (queue === undefined) return queueNotFound(name);
  const from = part === 'messages' ? queue.live : queue.dead;
  const last = Math.min(through, from.last()?.id ?? 0);
  const chosen = firstOf(from.values(), count).filter(({ id }) => id <= last);
  for (const message of chosen) end(tables, message);
  const next = from.first();
  return {
    ok: true,
    type: 'queue_moved',
    count: chosen.length,
    more: next !== undefined && next.id <= last,
    through: last,
  };
}

function end(tables: Tables, message: Message): void {
  const { lane, state } = message;
  if (lane !== undefined) {
    if (state === 'in_flight') endDelivery(tables, message, lane);
    else if (state === 'delayed') endDelay(tables, message, lane);
    else if (state === 'waiting') lane.waiting.remove(message);
    if (lane.held === message) lane.held = undefined;
  }
  forgetMessage(tables, message);
  if (lane !== undefined) settleLane(tables, lane);
}

function firstOf(messages: Iterable<Message>, count: number): readonly Message[] {
  const some: Message[] = [];
  for (const message of messages) {
    if (some.length >= count) break;
    some.push(message);
  }
  return some;
}
