/**
 * The messages of one key of a queue, and which of them may be delivered.
 *
 * LANE-1: in a queue that is ordered by key at most one message of a key is delivered, waits for a retry, or blocks the
 *     key as a dead letter. Until that is over no other message of the key is ready.
 * LANE-2: of a key the message with the lowest id is delivered first: ids rise with every push, and a message keeps its
 *     id through retries and as a dead letter.
 * LANE-3: of the keys that have something ready, one with the fewest messages in flight is served first, and among
 *     those the one that was served longest ago. A key with many messages delays no other.
 * LANE-4: each message is counted once in its queue, and once in its partition: ready, in flight, delayed or blocked.
 */
import { Heap } from '../../kernel/collections/heap.ts';
import type { Lane, Message, MutableCounts, Queue } from './shapes.ts';

export class LaneRecord implements Lane {
  readonly queue: Queue;
  readonly key: string;
  readonly partition: number;
  /** Sequence number of the time it was served last, or came to be (LANE-3). */
  turn: number;
  /** Those to be delivered (LANE-2). */
  readonly waiting: Heap<Message> = new Heap<Message>(isPushedBefore);
  inFlight = 0;
  /** Those that wait for their time. */
  delayed = 0;
  /** What blocks the key (LANE-1). */
  held: Message | undefined = undefined;
  /** Among the lanes of its queue that are ready. */
  heapIndex = -1;
  /** The number of the last snapshot that has this record, see snapshot.ts. */
  savedIn: number;
  // As the queue has counted them (LANE-4): numbers, for there may be a million lanes.
  #ready = 0;
  #inFlight = 0;
  #delayed = 0;
  #blocked = 0;

  constructor(queue: Queue, key: string, partition: number, turn: number, savedIn: number) {
    this.queue = queue;
    this.key = key;
    this.partition = partition;
    this.turn = turn;
    this.savedIn = savedIn;
  }

  get kind(): 'lane' {
    return 'lane';
  }

  /** Nothing is left of it. */
  get isIdle(): boolean {
    return (
      this.waiting.size === 0 &&
      this.inFlight === 0 &&
      this.delayed === 0 &&
      this.held === undefined
    );
  }

  /** How many of those that wait would be delivered now. */
  get readyCount(): number {
    if (this.queue.order === 'none') return this.waiting.size;
    return this.held === undefined && this.waiting.size > 0 ? 1 : 0; // LANE-1
  }

  /**
   * After every change: the lane takes its place among those that are ready, and in the counts.
   *
   * @returns How many messages have become ready.
   */
  refresh(): number {
    const { queue, inFlight, delayed } = this;
    const ready = this.readyCount;
    const readyBefore = this.#ready;
    const blocked = this.waiting.size - ready;
    this.#count(queue.counts, ready, blocked);
    this.#count(queue.countsOf(this.partition), ready, blocked);
    this.#ready = ready;
    this.#inFlight = inFlight;
    this.#delayed = delayed;
    this.#blocked = blocked;
    if (queue.ready.has(this)) queue.ready.remove(this);
    if (ready > 0) queue.ready.add(this);
    const isBlocked = queue.order === 'key' && this.held !== undefined;
    if (isBlocked) queue.blockedKeys.add(this);
    else queue.blockedKeys.remove(this);
    return Math.max(0, ready - readyBefore);
  }

  /** LANE-4. */
  #count(counts: MutableCounts, ready: number, blocked: number): void {
    counts.ready += ready - this.#ready;
    counts.inFlight += this.inFlight - this.#inFlight;
    counts.delayed += this.delayed - this.#delayed;
    counts.blocked += blocked - this.#blocked;
  }
}

/** LANE-2. */
const isPushedBefore = (a: Message, b: Message): boolean => a.id < b.id;

/** LANE-3. */
export const isServedBefore = (a: Lane, b: Lane): boolean =>
  a.inFlight === b.inFlight ? a.turn < b.turn : a.inFlight < b.inFlight;
