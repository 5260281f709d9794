/** What queues, their keys and their messages have, as all that works on them sees it: types alone. */
import type { Heap } from '../../kernel/collections/heap.ts';
import type { ReadableByNumber } from '../../kernel/collections/ordered-by-number.ts';
import type { ReadableMap } from '../../kernel/collections/ordered-map.ts';
import type { FenceToken, ResourceName } from '../../kernel/names.ts';
import type { BlockedKeys } from './blocked-keys.ts';
import type { OnDead, QueueCounts, QueueOrder } from './commands.ts';
import type { MessageState } from './message-state.ts';
import type { PartitionStatistics } from './partition-statistics.ts';
import type { Payload } from './payloads.ts';
import type { Rate } from './rates.ts';

/** How many of each, as they are counted. */
export type MutableCounts = { -readonly [Name in Exclude<keyof QueueCounts, 'depth'>]: number };

/** What messages of one push have in common (SLIM-1). */
export interface PushOrigin {
  readonly queue: Queue;
  readonly maxDeliveries: number;
  /** Cluster time. */
  readonly pushedAtMs: number;
}

/** One message of a queue, from its push to its acknowledgement. */
export interface Message {
  readonly kind: 'message';
  /** Rises with every push. */
  readonly id: number;
  readonly queue: Queue;
  readonly key: string;
  payload: Payload;
  readonly maxDeliveries: number;
  /** Cluster time of its push. */
  readonly pushedAtMs: number;
  state: MessageState;
  /** Of its key; undefined of a dead letter that blocks nothing. */
  lane: Lane | undefined;
  /** Counted when it is taken. */
  deliveries: number;
  /** Of the latest delivery; 0 before the first. */
  fenceToken: FenceToken;
  /** Who took it: whose the receipt is. Undefined: `anonymous`, or nobody. */
  takenBy: string | undefined;
  /** Why the latest delivery came to nothing, or why it is dead. */
  reason: string;
  diedAtMs: number;
  /** Of what is due: the end of its visibility, of its delay, of its retry. */
  readonly rank: number;
  dueMs: number;
  sequence: number;
  /** In the heap of what is due, or in that of its lane. */
  heapIndex: number;
  /** The number of the last snapshot that has this record, see snapshot.ts. */
  savedIn: number;
  /** What it counts for in the bounds of bytes. */
  readonly byteLength: number;
}

/** The messages of one key of a queue. */
export interface Lane {
  readonly kind: 'lane';
  readonly queue: Queue;
  readonly key: string;
  readonly partition: number;
  /** Sequence number of the time it was served last, or came to be (LANE-3). */
  turn: number;
  /** Those to be delivered (LANE-2). */
  readonly waiting: Heap<Message>;
  inFlight: number;
  /** Those that wait for their time. */
  delayed: number;
  /** What blocks the key (LANE-1). */
  held: Message | undefined;
  /** Among the lanes of its queue that are ready. */
  heapIndex: number;
  /** The number of the last snapshot that has this record, see snapshot.ts. */
  savedIn: number;
  /** Nothing is left of it. */
  readonly isIdle: boolean;
  /** How many of those that wait would be delivered now. */
  readonly readyCount: number;
  refresh(): number;
}

export interface Queue {
  readonly kind: 'queue';
  readonly name: ResourceName;
  order: QueueOrder;
  onDead: OnDead;
  maxDeliveries: number;
  /** Lanes with something to deliver (LANE-3). */
  readonly ready: Heap<Lane>;
  readonly blockedKeys: BlockedKeys<Lane>;
  /** Of messages and dead letters. */
  bytes: number;
  readonly pushed: Rate;
  readonly delivered: Rate;
  readonly acknowledged: Rate;
  readonly died: Rate;
  /** Of all its partitions together (LANE-4). */
  readonly counts: MutableCounts;
  /** LANE-4. */
  readonly partitions: readonly MutableCounts[];
  readonly statistics: PartitionStatistics<Message>;
  /** The number of the last snapshot that has this record, see snapshot.ts. */
  savedIn: number;
  /** The same of its lanes, and of its messages (QCAP-1). */
  lanesSavedIn: number;
  messagesSavedIn: number;
  /** Those that live. */
  readonly live: ReadableByNumber<Message>;
  /** Dead letters. */
  readonly dead: ReadableByNumber<Message>;
  /** By their keys. */
  readonly lanes: ReadableMap<string, Lane>;
  readonly size: number;
  /** Messages that would be delivered now. */
  readonly readyCount: number;
  /** @param snapshot The one that is being taken (QCAP-1). */
  addMessage(message: Message, snapshot: QueueCapture | undefined): void;
  removeMessage(message: Message, snapshot: QueueCapture | undefined): void;
  /** Its state has become another one: it may be among the dead letters now, or among them no more. */
  moveMessage(message: Message, snapshot: QueueCapture | undefined): void;
  addLane(lane: Lane, snapshot: QueueCapture | undefined): void;
  /** @returns Whether it was there. */
  removeLane(lane: Lane, snapshot: QueueCapture | undefined): boolean;
  /** LANE-4. */
  countsOf(partition: number): MutableCounts;
  /** Of a message that is pushed: the same object as of the one before it, where both are alike (SLIM-1). */
  originOf(maxDeliveries: number, pushedAtMs: number): PushOrigin;
}

/** What a queue tells of its changes while a snapshot is taken (QCAP-1). */
export interface QueueCapture {
  /** Of the snapshot. */
  readonly number: number;
  keepLanes(queue: Queue): void;
  keepMessages(queue: Queue): void;
}

/** What has records of queues. */
export type QueuePlace = Queue | Lane | Message;
