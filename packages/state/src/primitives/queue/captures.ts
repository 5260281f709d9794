/**
 * What queues have, as of the moment when a snapshot began (SNAP-1).
 *
 * QCAP-1: beginning costs nothing for a queue: its lanes and its messages are captured when they change for the first
 *     time after it, or when the snapshot reaches them. A queue has the number of the snapshot that has them.
 * QCAP-2: nothing is kept of a queue that had none: what is walked has a line each, however many queues are idle.
 * QCAP-3: a snapshot that is over captures nothing more and releases what it captured, whatever it did not reach.
 */
import { hashOfText } from '../../kernel/collections/hash.ts';
import { OrderedMap } from '../../kernel/collections/ordered-map.ts';
import type { Captured, Reader } from '../../kernel/collections/ordered-map.ts';
import type { Lane, Message, Queue, QueueCapture, QueuePlace } from './shapes.ts';

const hashOfQueue = ({ name }: Queue): number => hashOfText(name);

/** Those that live, and the dead letters. */
type CapturedMessages = readonly Iterable<Message>[];

export class CapturedQueues implements QueueCapture {
  /** Of the snapshot. */
  readonly number: number;
  readonly #reader: Reader = { isOver: false };
  // Of queues that changed before they were reached.
  #lanes = new OrderedMap<Queue, Captured<Lane>>(hashOfQueue);
  #messages = new OrderedMap<Queue, CapturedMessages>(hashOfQueue);

  constructor(number: number) {
    this.number = number;
  }

  /** QCAP-1: they are about to change. */
  keepLanes(queue: Queue): void {
    queue.lanesSavedIn = this.number;
    if (queue.lanes.size > 0) this.#lanes.set(queue, queue.lanes.capture(this.#reader));
  }

  /** QCAP-1. */
  keepMessages(queue: Queue): void {
    queue.messagesSavedIn = this.number;
    if (queue.size > 0) this.#messages.set(queue, captureMessages(queue));
  }

  /** @param queues As of the moment. Their records, then their lanes, then their messages; to be read once. */
  *places(queues: Iterable<Queue>): Generator<QueuePlace, void, undefined> {
    const withLanes: Queue[] = [];
    const withMessages: Queue[] = [];
    for (const queue of queues) {
      if (this.#hasLanes(queue)) withLanes.push(queue);
      if (this.#hasMessages(queue)) withMessages.push(queue);
      yield queue;
    }
    for (const queue of withLanes) {
      const lanes = this.#takeLanes(queue);
      yield* lanes;
      lanes.release();
    }
    for (const queue of withMessages) for (const some of this.#takeMessages(queue)) yield* some;
  }

  /** QCAP-3. */
  release(): void {
    this.#reader.isOver = true;
    this.#lanes = new OrderedMap<Queue, Captured<Lane>>(hashOfQueue);
    this.#messages = new OrderedMap<Queue, CapturedMessages>(hashOfQueue);
  }

  #hasLanes(queue: Queue): boolean {
    if (queue.lanesSavedIn === this.number) return this.#lanes.has(queue);
    if (queue.lanes.size === 0) queue.lanesSavedIn = this.number; // QCAP-2
    return queue.lanes.size > 0;
  }

  #hasMessages(queue: Queue): boolean {
    if (queue.messagesSavedIn === this.number) return this.#messages.has(queue);
    if (queue.size === 0) queue.messagesSavedIn = this.number; // QCAP-2
    return queue.size > 0;
  }

  #takeLanes(queue: Queue): Captured<Lane> {
    const kept = this.#lanes.get(queue);
    this.#lanes.delete(queue);
    queue.lanesSavedIn = this.number;
    return kept ?? queue.lanes.capture(this.#reader);
  }

  #takeMessages(queue: Queue): CapturedMessages {
    const kept = this.#messages.get(queue);
    this.#messages.delete(queue);
    queue.messagesSavedIn = this.number;
    return kept ?? captureMessages(queue);
  }
}

const captureMessages = ({ live, dead }: Queue): CapturedMessages => [
  live.capture(),
  dead.capture(),
];
