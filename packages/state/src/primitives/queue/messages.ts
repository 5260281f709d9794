/** One message of a queue, from its push to its acknowledgement. */
import type { MessageState } from './message-state.ts';
import type { Payload } from './payloads.ts';
import type { Lane, Message, Queue } from './shapes.ts';
import type { FenceToken } from '../../kernel/names.ts';

/** Behind all that sessions and locks have at the same time. */
const messageRank = 9;

export class MessageRecord implements Message {
  readonly kind = 'message';
  /** Rises with every push. */
  readonly id: number;
  readonly queue: Queue;
  readonly key: string;
  payload: Payload;
  readonly maxDeliveries: number;
  /** Cluster time of its push. */
  readonly pushedAtMs: number;
  state: MessageState = 'waiting';
  /** Of its key; undefined of a dead letter that blocks nothing. */
  lane: Lane | undefined = undefined;
  /** Counted when it is taken. */
  deliveries = 0;
  /** Of the latest delivery; 0 before the first. */
  fenceToken = 0 as FenceToken;
  /** Who took it: whose the receipt is. Undefined: `anonymous`, or nobody. */
  takenBy: string | undefined = undefined;
  /** Why the latest delivery came to nothing, or why it is dead. */
  reason = '';
  diedAtMs = 0;
  /** Of what is due: the end of its visibility, of its delay, of its retry. */
  readonly rank: number = messageRank;
  dueMs = 0;
  sequence = 0;
  /** In the heap of what is due, or in that of its lane. */
  heapIndex = -1;
  /** The number of the last snapshot that has this record, see snapshot.ts. */
  savedIn: number;

  constructor(
    queue: Queue,
    facts: Pick<Message, 'id' | 'key' | 'payload' | 'maxDeliveries' | 'pushedAtMs' | 'savedIn'>,
  ) {
    this.queue = queue;
    this.id = facts.id;
    this.key = facts.key;
    this.payload = facts.payload;
    this.maxDeliveries = facts.maxDeliveries;
    this.pushedAtMs = facts.pushedAtMs;
    this.savedIn = facts.savedIn;
  }

  /** What it counts for in the bounds of bytes. */
  get byteLength(): number {
    return messageBytes(this.key, this.payload.byteLength);
  }
}

/** What a message takes beside its texts. */
const recordBytes = 256;

export const messageBytes = (key: string, payloadBytes: number): number =>
  recordBytes + key.length + payloadBytes;
