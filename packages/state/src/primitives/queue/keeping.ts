/** What every change of a queue does beside: records for a snapshot, counts, events. */
import type { Tables } from '../../kernel/tables.ts';
import type { Lane, Message, Queue } from './shapes.ts';

/** The lane of a key, made where there is none. */
export function laneFor(tables: Tables, queue: Queue, key: string): Lane {
  const { queues, snapshotNumber } = tables;
  return (
    queues.laneOf(queue, key) ?? queues.openLane(queue, key, tables.nextSequence(), snapshotNumber)
  );
}

/** After a change: the lane is where it belongs, those who wait are told, and a lane with nothing left goes. */
export function settleLane(tables: Tables, lane: Lane): void {
  const { queue } = lane;
  const more = lane.refresh();
  if (more > 0) tables.becameReady.set(queue, (tables.becameReady.get(queue) ?? 0) + more);
  if (!lane.isIdle) return;
  tables.changingPlace(lane);
  tables.queues.forgetLane(lane);
}

/** At the end of an entry: one event for a queue, and none for what was taken by the same entry. */
export function tellReady({ events, becameReady }: Tables): void {
  for (const [queue, more] of becameReady) {
    const count = Math.min(more, queue.readyCount);
    if (count > 0) events.push({ type: 'queue_ready', name: queue.name, count });
  }
  becameReady.clear();
}

/** From now on it waits for this time. */
export function dueAt(tables: Tables, message: Message, dueMs: number): void {
  message.dueMs = dueMs;
  message.sequence = tables.nextSequence();
  tables.due.add(message);
}

/** It lives no more, and is no dead letter. */
export function forgetMessage(tables: Tables, message: Message): void {
  tables.changingPlace(message);
  if (message.payload.text === undefined) tables.payloads.ended.push(message.id); // BESIDE-2
  tables.queues.remove(message);
}

/** It is in flight no more; whoever calls says what it is then. */
export function endDelivery(tables: Tables, message: Message, lane: Lane): void {
  tables.changingPlace(message);
  tables.due.remove(message);
  lane.inFlight -= 1;
  if (lane.held === message) lane.held = undefined;
}

export function endDelay(tables: Tables, message: Message, lane: Lane): void {
  tables.changingPlace(message);
  tables.due.remove(message);
  lane.delayed -= 1;
  if (lane.held === message) lane.held = undefined;
}
