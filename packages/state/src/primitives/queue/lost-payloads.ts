/**
 * Messages whose payload is on no member any more: on every disk it is damaged or missing.
 *
 * LOST-1: such a message is named as what it is: it is delivered no more, and a dead letter with the reason as soon as
 *     it would be delivered, or its delivery comes to nothing. Whoever has it in flight may still acknowledge it.
 * LOST-2: no other message waits for that: one pop passes over at most `mostPassedOver` of them, and leaves the rest to
 *     the next one.
 */
import { dead } from './dead-letters.ts';
import { isLost, lostPayload } from './payloads.ts';
import type { Lane, Message } from './shapes.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { OutcomeOf } from '../../kernel/outcomes.ts';
import type { QueueUpkeep } from './commands.ts';

/** LOST-2. */
export const mostPassedOver = 256;
export const lostReason = 'its payload is lost: no member has it any more';

export function lose(tables: Tables, { name, ids }: QueueUpkeep): OutcomeOf<'queue_lose'> {
  const queue = tables.queues.byName.get(name);
  const lost: number[] = [];
  for (const id of ids) {
    const message = queue?.live.get(id) ?? queue?.dead.get(id);
    if (message === undefined || message.payload.text !== undefined) continue;
    tables.changingPlace(message);
    tables.queues.remove(message);
    message.payload = lostPayload; // BESIDE-3
    tables.queues.add(message);
    if (message.state === 'dead') message.reason = lostReason;
    tables.payloads.ended.push(id);
    tables.payloads.lost.push(id);
    lost.push(id);
  }
  return { ok: true, type: 'queue_lost', ids: lost };
}

/** LOST-1. It was the first of its lane. Returns whether it is dead. */
export function passedOver(tables: Tables, lane: Lane, message: Message): boolean {
  if (!isLost(message.payload)) return false;
  tables.changingPlace(message);
  lane.waiting.remove(message);
  message.reason = lostReason;
  dead(tables, message, lane);
  return true;
}
