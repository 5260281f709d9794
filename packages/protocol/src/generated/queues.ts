// Made from packages/contract by "make documents". Change the declaration, not this file.
import type { Json } from '../json.ts';
import type { Consistency } from './sessions.ts';

/** Request of Push. */
export interface QueuePushBody {
  /**
   * Messages of one key are delivered in order, one at a time. It may be absent only in a queue of order `none`. 1
   * to 256 characters.
   */
  readonly key?: string;
  /** Any JSON, of at most 65,536 bytes. */
  readonly payload: Json;
  /**
   * Not delivered before so many seconds have passed; 0 when absent. Refused in a queue that is ordered by key. 0
   * to 604,800.
   */
  readonly delay_seconds?: number;
  /** The same id again, within five minutes, is the same message: it is pushed once. 1 to 128 characters. */
  readonly dedup_id?: string;
  /** A dead letter after so many deliveries; what the queue says when absent. 1 to 1,000. */
  readonly max_deliveries?: number;
  /** Name of the queue; `default` when absent. 1 to 256 characters. */
  readonly queue?: string;
}

/** What Push answers. */
export interface QueuePushAnswer {
  /** Of the message: rises with every push. */
  readonly id: number;
  /** It had been pushed before with this dedup id; `id` is of that message. */
  readonly duplicate: boolean;
  /** Name of the queue. */
  readonly queue: string;
}

/** One of several messages to push. */
export interface MessageToPush {
  /**
   * Messages of one key are delivered in order, one at a time. It may be absent only in a queue of order `none`. 1
   * to 256 characters.
   */
  readonly key?: string;
  /** Any JSON, of at most 65,536 bytes. */
  readonly payload: Json;
  /**
   * Not delivered before so many seconds have passed; 0 when absent. Refused in a queue that is ordered by key. 0
   * to 604,800.
   */
  readonly delay_seconds?: number;
  /** The same id again, within five minutes, is the same message: it is pushed once. 1 to 128 characters. */
  readonly dedup_id?: string;
  /** A dead letter after so many deliveries; what the queue says when absent. 1 to 1,000. */
  readonly max_deliveries?: number;
}

/** Request of PushBatch. */
export interface QueuePushBatchBody {
  /** Name of the queue; `default` when absent. 1 to 256 characters. */
  readonly queue?: string;
  /** All of them are pushed, in this order, or none. 1 to 100 of them. */
  readonly messages: readonly MessageToPush[];
}

/** A message that was pushed. */
export interface PushedMessage {
  /** Of the message: rises with every push. */
  readonly id: number;
  /** It had been pushed before with this dedup id; `id` is of that message. */
  readonly duplicate: boolean;
}

/** What PushBatch answers. */
export interface QueuePushBatchAnswer {
  /** Name of the queue. */
  readonly queue: string;
  /** In the order in which they were given. */
  readonly messages: readonly PushedMessage[];
}

/** Request of Pop. */
export interface QueuePopBody {
  /** Name of the queue; `default` when absent. 1 to 256 characters. */
  readonly queue?: string;
  /**
   * Delivered again unless it is acknowledged within so many seconds; acknowledged at once when absent. 0.1 to
   * 43,200.
   */
  readonly visibility_seconds?: number;
  /** How long to wait for a message where none is ready; 0, the default, answers at once. 0 to 86,400. */
  readonly wait_seconds?: number;
  /** At most so many messages; 1 when absent. 1 to 100. */
  readonly count?: number;
}

/** A message, delivered. */
export interface QueueMessage {
  /** Of the message: rises with every push. */
  readonly id: number;
  /** Key of the message; empty where it has none. */
  readonly key: string;
  /** As it was pushed. */
  readonly payload: Json;
  /** 1 for the first delivery. Counted when it is taken. */
  readonly delivery: number;
  /** A dead letter after so many deliveries. */
  readonly max_deliveries: number;
  /**
   * Fence token of the grant, from one counter of the whole cluster: larger with every grant, never reused. Pass
   * it to the resource that the hold guards.
   */
  readonly fence_token: number;
  /** Acknowledges, gives back or extends this delivery; null where it was acknowledged at once. */
  readonly receipt: string | null;
}

/** What Pop answers. */
export interface QueuePopAnswer {
  /** Name of the queue. */
  readonly queue: string;
  /** Those that were ready; none where none was. */
  readonly messages: readonly QueueMessage[];
}

/** Request of Ack. */
export interface QueueAckBody {
  /** Name of the queue; `default` when absent. 1 to 256 characters. */
  readonly queue?: string;
  /** Of a delivery, as told by the pop. 1 to 128 characters. */
  readonly receipt: string;
}

/** What Ack answers. */
export interface QueueAckAnswer {
  /** Name of the queue. */
  readonly queue: string;
  /** Of the message: rises with every push. */
  readonly id: number;
  /** Always true: a failure is an error response. */
  readonly acknowledged: true;
}

/** Request of Nack. */
export interface QueueNackBody {
  /** Name of the queue; `default` when absent. 1 to 256 characters. */
  readonly queue?: string;
  /** Of a delivery, as told by the pop. 1 to 128 characters. */
  readonly receipt: string;
  /**
   * Seconds until it is delivered again; when absent 1 after the first delivery, then twice as long each time, at
   * most 300. 0 to 604,800.
   */
  readonly delay_seconds?: number;
  /** Why, for people: kept with a dead letter. At most 256 characters. */
  readonly reason?: string;
}

/** What Nack answers. */
export interface QueueNackAnswer {
  /** Name of the queue. */
  readonly queue: string;
  /** Of the message: rises with every push. */
  readonly id: number;
  /** It was its last delivery: it is a dead letter now. */
  readonly dead: boolean;
  /** Until it is delivered again. */
  readonly retry_in_seconds: number;
}

/** Request of Extend. */
export interface QueueExtendBody {
  /** Name of the queue; `default` when absent. 1 to 256 characters. */
  readonly queue?: string;
  /** Of a delivery, as told by the pop. 1 to 128 characters. */
  readonly receipt: string;
  /** Delivered again unless it is acknowledged within so many seconds. 0.1 to 43,200. */
  readonly visibility_seconds: number;
}

/** What Extend answers. */
export interface QueueExtendAnswer {
  /** Name of the queue. */
  readonly queue: string;
  /** Of the message: rises with every push. */
  readonly id: number;
  /** From now on. */
  readonly visibility_seconds: number;
}

/** Request of Redrive. */
export interface QueueRedriveBody {
  /** Name of the queue; `default` when absent. 1 to 256 characters. */
  readonly queue?: string;
  /** This dead letter; the oldest ones when absent. */
  readonly id?: number;
  /** At most so many; 1000 when absent. 1 to 1,000. */
  readonly count?: number;
  /**
   * Of the oldest, only those with higher ids: `next_after` of the answer before. Each is redriven once then, also
   * where it dies again meanwhile.
   */
  readonly after?: number;
  /** Of the oldest, only those with ids up to this one: `through` of the first answer. What dies later is left. */
  readonly through?: number;
}

/** What Redrive answers. */
export interface QueueRedriveAnswer {
  /** Name of the queue. */
  readonly queue: string;
  /** How many are messages again. */
  readonly redriven: number;
  /** There are more dead letters: ask again, with `next_after` and `through` of here. */
  readonly more: boolean;
  /** `after` of the next redrive; null where there are no more. */
  readonly next_after: number | null;
  /** `through` of the next redrive. */
  readonly through: number;
}

/** Request of Purge. */
export interface QueuePurgeBody {
  /** Name of the queue; `default` when absent. 1 to 256 characters. */
  readonly queue?: string;
  /** Ends its dead letters; its messages when absent or false. */
  readonly dead_letters?: boolean;
  /** Only those with ids up to this one: `through` of the first answer. What is pushed later stays. */
  readonly through?: number;
}

/** What Purge answers. */
export interface QueuePurgeAnswer {
  /** Name of the queue. */
  readonly queue: string;
  /** How many are gone. */
  readonly purged: number;
  /** The request would have taken too long: more of them are left. Ask again, with `through` of here. */
  readonly more: boolean;
  /** `through` of the next purge. */
  readonly through: number;
}

/**
 * In which order a queue delivers. `key`: The messages of a key one after the other, in the order of their push.
 * `none`: Whatever is ready.
 */
export type QueueOrder = 'key' | 'none';

/**
 * What a dead letter does to its key in a queue that is ordered by key. `skip`: The next messages of the key are
 * delivered. `block`: The key waits until the dead letter is redriven or purged.
 */
export type OnDead = 'skip' | 'block';

/** Request of Configure. */
export interface QueueConfigureBody {
  /** Name of the queue; `default` when absent. 1 to 256 characters. */
  readonly queue?: string;
  /** Changes only while the queue is empty; `key` at first. */
  readonly order?: QueueOrder;
  /** What a dead letter does to its key; `skip` at first. */
  readonly on_dead?: OnDead;
  /** Of a message that was pushed without: a dead letter after so many deliveries. 1 to 1,000. */
  readonly max_deliveries?: number;
}

/** What Configure answers. */
export interface QueueConfigureAnswer {
  /** Name of the queue. */
  readonly queue: string;
  /** In which order it delivers. */
  readonly order: QueueOrder;
  /** What a dead letter does to its key. */
  readonly on_dead: OnDead;
  /** Of a message that was pushed without: a dead letter after so many deliveries. 1 to 1,000. */
  readonly max_deliveries: number;
}

/** Request of DeleteQueue. */
export interface QueueDeleteBody {
  /** Name of the queue; `default` when absent. 1 to 256 characters. */
  readonly queue?: string;
}

/** What DeleteQueue answers. */
export interface QueueDeleteAnswer {
  /** Name of the queue. */
  readonly queue: string;
  /** Always true: a failure is an error response. */
  readonly deleted: true;
}

/** Request of Stats. */
export interface QueueStatsBody {
  /** This queue alone; all when absent. 1 to 256 characters. */
  readonly queue?: string;
  /**
   * `linearizable` (the default) confirms leadership before it reads; `stale` reads what the asked node has
   * applied.
   */
  readonly consistency?: Consistency;
  /** Only names with this prefix. At most 256 characters. */
  readonly prefix?: string;
  /** `next_after` of the page before. 1 to 256 characters. */
  readonly after?: string;
  /** Queues on a page, at most; 100 when absent. 1 to 1,000. */
  readonly limit?: number;
}

/** A queue, in numbers. */
export interface QueueStats {
  /** All that are no dead letters. */
  readonly depth: number;
  /** Would be delivered now. */
  readonly ready: number;
  /** Delivered, and not acknowledged yet. */
  readonly in_flight: number;
  /** Wait for their delay, or for a retry. */
  readonly delayed: number;
  /** Wait behind another message of their key. */
  readonly blocked: number;
  /** Name of the queue. */
  readonly queue: string;
  /** In which order it delivers. */
  readonly order: QueueOrder;
  /** What a dead letter does to its key. */
  readonly on_dead: OnDead;
  /** Of a message that was pushed without: a dead letter after so many deliveries. 1 to 1,000. */
  readonly max_deliveries: number;
  /** Messages that were delivered too often. */
  readonly dead_letters: number;
  /** Keys of which nothing is delivered now. */
  readonly blocked_keys: number;
  /** What its messages and dead letters take. */
  readonly bytes: number;
  /** Seconds since the push of its oldest message that is no dead letter. Null when it has none. */
  readonly oldest_age_seconds: number | null;
  /** Times a second, over about the last minute. */
  readonly rates: {
    /** Pushes. */
    readonly pushed: number;
    /** Deliveries. */
    readonly delivered: number;
    /** Acknowledgements. */
    readonly acknowledged: number;
    /** Messages that became dead letters. */
    readonly dead: number;
  };
  /** Since the queue was made. */
  readonly totals: {
    /** Pushes. */
    readonly pushed: number;
    /** Deliveries. */
    readonly delivered: number;
    /** Acknowledgements. */
    readonly acknowledged: number;
    /** Messages that became dead letters. */
    readonly dead: number;
  };
}

/**
 * What a node owns of the queues that are shown. Those of several pages are added up; of ages the highest is
 * that of all.
 */
export interface QueueOwner {
  /** All that are no dead letters. */
  readonly depth: number;
  /** Would be delivered now. */
  readonly ready: number;
  /** Delivered, and not acknowledged yet. */
  readonly in_flight: number;
  /** Wait for their delay, or for a retry. */
  readonly delayed: number;
  /** Wait behind another message of their key. */
  readonly blocked: number;
  /** Id of the node. */
  readonly node_id: string;
  /** Partitions of a queue that it owns, of 64. */
  readonly partitions: number;
  /** Seconds since the push of its oldest message that is no dead letter. Null when it has none. */
  readonly oldest_age_seconds: number | null;
  /**
   * Times a second, over about the last minute. In the replicated store of what the node that answers has applied
   * since it started: too low for up to two minutes from then.
   */
  readonly rates: {
    /** Pushes. */
    readonly pushed: number;
    /** Deliveries. */
    readonly delivered: number;
    /** Acknowledgements. */
    readonly acknowledged: number;
    /** Messages that became dead letters. */
    readonly dead: number;
  };
}

/** What Stats answers. */
export interface QueueStatsAnswer {
  /** In the order of names; none when there is no such queue. */
  readonly queues: readonly QueueStats[];
  /** Each live node, with what it owns of them. */
  readonly owners: readonly QueueOwner[];
  /** `after` of the next page; null on the last. A page may have few queues, or none, and not be the last. */
  readonly next_after: string | null;
  /** Consistency of this response. */
  readonly consistency: Consistency;
  /**
   * Log index of the state that is reported. 0 where nothing of the log was read: queues are in Redis, or the
   * caller may read none.
   */
  readonly revision: number;
}

/** Request of DeadLetters. */
export interface QueueDeadLettersBody {
  /** Name of the queue; `default` when absent. 1 to 256 characters. */
  readonly queue?: string;
  /** `next_after` of the previous page; from the beginning when absent. */
  readonly after?: number;
  /** At most so many; 100 when absent. 1 to 1,000. */
  readonly limit?: number;
  /**
   * `linearizable` (the default) confirms leadership before it reads; `stale` reads what the asked node has
   * applied.
   */
  readonly consistency?: Consistency;
}

/** A message that was delivered too often, or whose payload is lost. */
export interface DeadLetter {
  /** Of the message: rises with every push. */
  readonly id: number;
  /** Where it was pushed. */
  readonly queue: string;
  /** Key of the message; empty where it has none. */
  readonly key: string;
  /** As it was pushed. */
  readonly payload: Json;
  /** How often it was delivered. */
  readonly deliveries: number;
  /** Why the last delivery came to nothing. */
  readonly reason: string;
  /** Seconds since it became one. */
  readonly age_seconds: number;
  /** No member that could be asked has its payload: null stands in its place. */
  readonly payload_missing: boolean;
}

/** What DeadLetters answers. */
export interface QueueDeadLettersAnswer {
  /** Name of the queue. */
  readonly queue: string;
  /** In the order of their pushes. */
  readonly dead_letters: readonly DeadLetter[];
  /** `after` of the next page; null on the last. */
  readonly next_after: number | null;
  /** Consistency of this response. */
  readonly consistency: Consistency;
  /**
   * Log index of the state that is reported. 0 where nothing of the log was read: queues are in Redis, or the
   * caller may read none.
   */
  readonly revision: number;
}

/** Request of BlockedKeys. */
export interface QueueBlockedKeysBody {
  /** Name of the queue; `default` when absent. 1 to 256 characters. */
  readonly queue?: string;
  /** Keys behind this one, in the order of their text. At most 256 characters. */
  readonly after?: string;
  /** At most so many; 100 when absent. 1 to 1,000. */
  readonly limit?: number;
  /**
   * `linearizable` (the default) confirms leadership before it reads; `stale` reads what the asked node has
   * applied.
   */
  readonly consistency?: Consistency;
}

/**
 * Why a key is blocked. `in_flight`: One of its messages is delivered and not acknowledged yet. `retry`: One of
 * its messages waits to be delivered again. `dead_letter`: One of its messages is a dead letter, and the queue
 * blocks its key.
 */
export type BlockedBy = 'in_flight' | 'retry' | 'dead_letter';

/** A key of which nothing is delivered now. */
export interface BlockedKey {
  /** Key of the message; empty where it has none. */
  readonly key: string;
  /** Why. */
  readonly because: BlockedBy;
  /** The message that blocks it. */
  readonly message_id: number;
  /** Messages behind it. */
  readonly waiting: number;
  /** Seconds until it is over by itself, unless somebody acknowledges or extends; null of a dead letter. */
  readonly ends_in_seconds: number | null;
}

/** What BlockedKeys answers. */
export interface QueueBlockedKeysAnswer {
  /** Name of the queue. */
  readonly queue: string;
  /** In the order of their text. */
  readonly keys: readonly BlockedKey[];
  /** `after` of the next page; null on the last. */
  readonly next_after: string | null;
  /** Consistency of this response. */
  readonly consistency: Consistency;
  /**
   * Log index of the state that is reported. 0 where nothing of the log was read: queues are in Redis, or the
   * caller may read none.
   */
  readonly revision: number;
}
