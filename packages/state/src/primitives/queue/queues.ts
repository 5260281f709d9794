/**
 * All queues: each with its settings and its messages, and what they take together.
 *
 * QBOUND-1: no queue has more than `maxMessagesPerQueue` messages and dead letters or more than
 *     `maxMessageBytesPerQueue` bytes of them, and all queues together no more than `maxMessages` and
 *     `maxMessageBytes`. A push that would pass a bound is refused with `limit_exceeded` and changes nothing.
 * QBOUND-2: as long as payloads are in the state, and so in memory, the bounds of bytes are not above those with which
 *     every log begins (BESIDE-1).
 */
import { hashOfText } from '../../kernel/collections/hash.ts';
import { OrderedMap } from '../../kernel/collections/ordered-map.ts';
import type { ReadableMap } from '../../kernel/collections/ordered-map.ts';
import { invariant } from '../../kernel/invariant.ts';
import { limitExceeded } from '../../kernel/refusals.ts';
import { NamedMap } from '../../kernel/collections/named-map.ts';
import { BlockedKeys } from './blocked-keys.ts';
import { DedupMemory } from './dedup.ts';
import { Heap } from '../../kernel/collections/heap.ts';
import { isServedBefore, LaneRecord } from './lanes.ts';
import type { Lane, Message, MutableCounts, PushOrigin, Queue, QueueCapture } from './shapes.ts';
import { OrderedByNumber } from '../../kernel/collections/ordered-by-number.ts';
import type { ReadableByNumber } from '../../kernel/collections/ordered-by-number.ts';
import { partitionCount, partitionOf } from './placement.ts';
import { PartitionStatistics } from './partition-statistics.ts';
import { Rate } from './rates.ts';
import { queueFull, tooManyQueues } from './refusals.ts';
import { payloadsBesideLevel } from '../../kernel/levels.ts';
import { initialLimits } from '../../kernel/limits.ts';
import type { StateLimits } from '../../kernel/limits.ts';
import type { ResourceName } from '../../kernel/names.ts';
import type { Refusal } from '../../kernel/outcomes.ts';
import type { OnDead, QueueOrder } from './commands.ts';

/** Of a queue that was not told anything else. */
export const defaultMaxDeliveries = 10;

const idOf = ({ id }: Message): number => id;

const noCounts = (): MutableCounts => ({ ready: 0, inFlight: 0, delayed: 0, blocked: 0 });

export class QueueRecord implements Queue {
  readonly kind = 'queue';
  readonly name: ResourceName;
  order: QueueOrder = 'key';
  onDead: OnDead = 'skip';
  maxDeliveries: number = defaultMaxDeliveries;
  readonly #live = new OrderedByNumber<Message>(idOf);
  readonly #dead = new OrderedByNumber<Message>(idOf);
  readonly #lanes = new OrderedMap<string, Lane>(hashOfText);
  /** Lanes with something to deliver (LANE-3). */
  readonly ready: Heap<Lane> = new Heap<Lane>(isServedBefore);
  readonly blockedKeys: BlockedKeys<Lane> = new BlockedKeys<Lane>();
  /** Of messages and dead letters. */
  bytes = 0;
  readonly pushed: Rate = new Rate();
  readonly delivered: Rate = new Rate();
  readonly acknowledged: Rate = new Rate();
  readonly died: Rate = new Rate();
  /** Of all its partitions together (LANE-4). */
  readonly counts: MutableCounts = noCounts();
  /** LANE-4. */
  readonly partitions: readonly MutableCounts[] = Array.from({ length: partitionCount }, noCounts);
  readonly statistics: PartitionStatistics<Message> = new PartitionStatistics<Message>();
  /** The number of the last snapshot that has this record, see snapshot.ts. */
  savedIn: number;
  /** The same of its lanes, and of its messages (QCAP-1). */
  lanesSavedIn: number;
  messagesSavedIn: number;
  #latestOrigin: PushOrigin | undefined = undefined;

  constructor(name: ResourceName, savedIn: number) {
    this.name = name;
    this.savedIn = savedIn;
    this.lanesSavedIn = savedIn;
    this.messagesSavedIn = savedIn;
  }

  /** Those that live. */
  get live(): ReadableByNumber<Message> {
    return this.#live;
  }

  /** Dead letters. */
  get dead(): ReadableByNumber<Message> {
    return this.#dead;
  }

  /** By their keys. */
  get lanes(): ReadableMap<string, Lane> {
    return this.#lanes;
  }

  get size(): number {
    return this.live.size + this.dead.size;
  }

  /** Messages that would be delivered now. */
  get readyCount(): number {
    return this.counts.ready;
  }

  /** @param snapshot The one that is being taken (QCAP-1). */
  addMessage(message: Message, snapshot: QueueCapture | undefined): void {
    this.#changeMessages(snapshot);
    (message.state === 'dead' ? this.#dead : this.#live).add(message);
    if (message.state !== 'dead') this.statistics.add(message);
    this.bytes += message.byteLength;
  }

  removeMessage(message: Message, snapshot: QueueCapture | undefined): void {
    const { id, byteLength } = message;
    this.#changeMessages(snapshot);
    this.statistics.remove(message);
    this.#live.remove(id);
    this.#dead.remove(id);
    this.bytes -= byteLength;
  }

  /** Its state has become another one: it may be among the dead letters now, or among them no more. */
  moveMessage(message: Message, snapshot: QueueCapture | undefined): void {
    this.removeMessage(message, snapshot);
    this.addMessage(message, snapshot);
  }

  addLane(lane: Lane, snapshot: QueueCapture | undefined): void {
    this.#changeLanes(snapshot);
    this.#lanes.set(lane.key, lane);
  }

  /** @returns Whether it was there. */
  removeLane({ key }: Lane, snapshot: QueueCapture | undefined): boolean {
    this.#changeLanes(snapshot);
    return this.#lanes.delete(key);
  }

  #changeMessages(snapshot: QueueCapture | undefined): void {
    if (snapshot !== undefined && this.messagesSavedIn !== snapshot.number)
      snapshot.keepMessages(this);
  }

  #changeLanes(snapshot: QueueCapture | undefined): void {
    if (snapshot !== undefined && this.lanesSavedIn !== snapshot.number) snapshot.keepLanes(this);
  }

  /** LANE-4. */
  countsOf(partition: number): MutableCounts {
    const counts = this.partitions[partition];
    invariant(counts !== undefined, 'LANE-4: a lane is of a partition.', partition);
    return counts;
  }

  originOf(maxDeliveries: number, pushedAtMs: number): PushOrigin {
    const latest = this.#latestOrigin;
    if (latest?.pushedAtMs === pushedAtMs && latest.maxDeliveries === maxDeliveries) return latest;
    return (this.#latestOrigin = { queue: this, maxDeliveries, pushedAtMs }); // SLIM-1
  }
}

/** QBOUND-2. */
function bytesAllowed(
  limits: StateLimits,
  featureLevel: number,
): Pick<StateLimits, 'maxMessageBytes' | 'maxMessageBytesPerQueue'> {
  if (featureLevel >= payloadsBesideLevel) return limits;
  const { maxMessageBytes, maxMessageBytesPerQueue } = initialLimits;
  return {
    maxMessageBytes: Math.min(limits.maxMessageBytes, maxMessageBytes),
    maxMessageBytesPerQueue: Math.min(limits.maxMessageBytesPerQueue, maxMessageBytesPerQueue),
  };
}

export class Queues {
  readonly byName: NamedMap<ResourceName, Queue> = new NamedMap<ResourceName, Queue>();
  readonly dedup: DedupMemory = new DedupMemory();
  /** Messages and dead letters of all queues, and what they take. */
  messageCount = 0;
  messageBytes = 0;
  /** Of all queues. */
  laneCount = 0;
  /** Of the snapshot that is being taken (QCAP-1). */
  snapshot: QueueCapture | undefined = undefined;

  open(name: ResourceName, savedIn: number): Queue {
    const queue = new QueueRecord(name, savedIn);
    this.byName.set(name, queue);
    return queue;
  }

  laneOf(queue: Queue, key: string): Lane | undefined {
    return queue.lanes.get(key);
  }

  openLane(queue: Queue, key: string, turn: number, savedIn: number): Lane {
    const lane = new LaneRecord(queue, key, partitionOf(key), turn, savedIn);
    queue.addLane(lane, this.snapshot);
    this.laneCount += 1;
    return lane;
  }

  forgetLane(lane: Lane): void {
    if (lane.queue.removeLane(lane, this.snapshot)) this.laneCount -= 1;
  }

  /** A message has come. */
  add(message: Message): void {
    message.queue.addMessage(message, this.snapshot);
    this.messageBytes += message.byteLength;
    this.messageCount += 1;
  }

  /** It is gone. */
  remove(message: Message): void {
    message.queue.removeMessage(message, this.snapshot);
    this.messageBytes -= message.byteLength;
    this.messageCount -= 1;
  }

  /** It has become a dead letter, or lives again. */
  move(message: Message): void {
    message.queue.moveMessage(message, this.snapshot);
  }

  /** QBOUND-1. @param queue Undefined: it would be made. */
  tooMuch(
    { limits, featureLevel }: { readonly limits: StateLimits; readonly featureLevel: number },
    name: ResourceName,
    queue: Queue | undefined,
    more: { readonly count: number; readonly bytes: number },
  ): Refusal | undefined {
    const { maxQueues, maxMessages, maxMessagesPerQueue } = limits;
    const { maxMessageBytes, maxMessageBytesPerQueue } = bytesAllowed(limits, featureLevel);
    const wait = 'Dead letters count. Wait until messages have been acknowledged, or purge some.';
    if (queue === undefined && this.byName.size >= maxQueues) return tooManyQueues(maxQueues);
    if ((queue?.size ?? 0) + more.count > maxMessagesPerQueue)
      return queueFull(name, 'max_messages_per_queue', maxMessagesPerQueue);
    if ((queue?.bytes ?? 0) + more.bytes > maxMessageBytesPerQueue)
      return queueFull(name, 'max_message_bytes_per_queue', maxMessageBytesPerQueue);
    if (this.messageCount + more.count > maxMessages)
      return limitExceeded('max_messages', maxMessages, `${wait} All queues count.`);
    if (this.messageBytes + more.bytes > maxMessageBytes)
      return limitExceeded('max_message_bytes', maxMessageBytes, `${wait} All queues count.`);
    return undefined;
  }
}
