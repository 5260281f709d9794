/** What is asked of queues, what comes of it, and what is shown of them. */
import type { FenceToken, JsonValue, ResourceName } from '../../kernel/names.ts';
import type { StoredPayload } from './payloads.ts';

/** `key`: messages of one key one after the other, in the order of their push. `none`: whatever is ready. */
export type QueueOrder = 'key' | 'none';
/** What a dead letter does to its key in a queue that is ordered by key: the next ones go on, or wait for it. */
export type OnDead = 'skip' | 'block';
/** Messages that live, or dead letters. */
export type QueuePart = 'messages' | 'dead_letters';

export interface PushedMessage {
  /** Absent only in a queue without order. */
  readonly key?: string;
  readonly payload: JsonValue;
  /** Not delivered before so long after the entry, in cluster time. */
  readonly delayMs?: number;
  /** The same id again, for some minutes, is the same message. */
  readonly dedupId?: string;
  /** A dead letter after so many deliveries; what the queue says when absent. */
  readonly maxDeliveries?: number;
}

/** Names one delivery of one message. */
export interface Receipt {
  readonly messageId: number;
  readonly delivery: number;
  readonly fenceToken: FenceToken;
}

export type QueueCommand =
  /** All of them or none. Makes the queue where there is none. */
  | {
      readonly type: 'queue_push';
      readonly name: ResourceName;
      readonly messages: readonly PushedMessage[];
    }
  /** Takes what is ready, at most so many messages. */
  | {
      readonly type: 'queue_pop';
      readonly name: ResourceName;
      readonly count: number;
      /** They are delivered again unless they are acknowledged so long. Absent: acknowledged at once. */
      readonly visibilityMs?: number;
    }
  | { readonly type: 'queue_ack'; readonly name: ResourceName; readonly receipt: Receipt }
  | {
      readonly type: 'queue_nack';
      readonly name: ResourceName;
      readonly receipt: Receipt;
      /** Until it is delivered again; grows with the deliveries when absent. */
      readonly delayMs?: number;
      readonly reason?: string;
    }
  | {
      readonly type: 'queue_extend';
      readonly name: ResourceName;
      readonly receipt: Receipt;
      /** From now on. */
      readonly visibilityMs: number;
    }
  /** Dead letters become messages again: those of these ids, or the oldest. */
  | {
      readonly type: 'queue_redrive';
      readonly name: ResourceName;
      readonly ids?: readonly number[];
      readonly count: number;
    }
  /** Ends the oldest messages or dead letters with ids up to `through`, at most `count`. */
  | {
      readonly type: 'queue_purge';
      readonly name: ResourceName;
      readonly part: QueuePart;
      readonly through: number;
      readonly count: number;
    }
  /** Makes the queue where there is none. */
  | ({ readonly type: 'queue_configure'; readonly name: ResourceName } & QueueSettings)
  | { readonly type: 'queue_delete'; readonly name: ResourceName };

/** What is absent stays as it is. */
export interface QueueSettings {
  readonly order?: QueueOrder;
  readonly onDead?: OnDead;
  readonly maxDeliveries?: number;
}

/** What nodes ask for by themselves. */
export interface QueueUpkeep {
  /** The payloads of these messages are on no member any more (LOST-1). */
  readonly type: 'queue_lose';
  readonly name: ResourceName;
  readonly ids: readonly number[];
}

export interface Delivery {
  readonly id: number;
  readonly key: string;
  /** JSON; empty where it stands beside the state. */
  readonly payload: string;
  /** Absent: the payload is here. */
  readonly stored?: StoredPayload;
  /** 1 for the first. */
  readonly delivery: number;
  readonly maxDeliveries: number;
  readonly fenceToken: FenceToken;
}

export type QueueResult =
  | {
      readonly ok: true;
      readonly type: 'queue_pushed';
      readonly messages: readonly { readonly id: number; readonly duplicate: boolean }[];
    }
  | {
      readonly ok: true;
      readonly type: 'queue_taken';
      readonly deliveries: readonly Delivery[];
    }
  | { readonly ok: true; readonly type: 'queue_acknowledged'; readonly id: number }
  | {
      readonly ok: true;
      readonly type: 'queue_returned';
      readonly id: number;
      /** Out of deliveries: a dead letter now. */
      readonly dead: boolean;
      readonly retryInMs: number;
    }
  | { readonly ok: true; readonly type: 'queue_extended'; readonly id: number }
  | {
      readonly ok: true;
      readonly type: 'queue_moved';
      /** Redriven, or ended. */
      readonly count: number;
      /** More of those that were asked for are left. */
      readonly more: boolean;
      /** The highest id of this part when the command was applied: what a purge by several commands ends. */
      readonly through: number;
    }
  | {
      readonly ok: true;
      readonly type: 'queue_configured';
      readonly settings: Required<QueueSettings>;
    }
  | { readonly ok: true; readonly type: 'queue_deleted' }
  /** Those of which it was so. */
  | { readonly ok: true; readonly type: 'queue_lost'; readonly ids: readonly number[] };

/** Something that was not ready has become so. */
export interface QueueReady {
  readonly type: 'queue_ready';
  readonly name: ResourceName;
  readonly count: number;
}

/** How many of each; `depth` is the sum of all but the dead ones. */
export interface QueueCounts {
  readonly depth: number;
  /** Would be delivered now. */
  readonly ready: number;
  readonly inFlight: number;
  /** Wait for their delay, or for a retry. */
  readonly delayed: number;
  /** Behind another one of their key. */
  readonly blocked: number;
}

/** A queue in numbers, as a page of them shows it. */
export interface QueueRow {
  readonly name: ResourceName;
  readonly settings: Required<QueueSettings>;
  readonly counts: QueueCounts;
  readonly dead: number;
  readonly blockedKeys: number;
  readonly bytes: number;
  /** Ms since the push of the oldest message that lives; undefined: there is none. */
  readonly oldestAgeMs: number | undefined;
  readonly rates: QueueRates<QueueRate>;
}

/** What happens in a queue, each with how often. */
export interface QueueRates<Times> {
  readonly pushed: Times;
  readonly delivered: Times;
  readonly acknowledged: Times;
  readonly dead: Times;
}

/** A partition in numbers, of one queue or of several. */
export interface QueuePartition extends QueueCounts {
  /** Ms since the push of the oldest message that lives; undefined: there is none. */
  readonly oldestAgeMs: number | undefined;
  /** Times a second (QPART-1 of partition-statistics.ts). */
  readonly rates: QueueRates<number>;
}

export interface QueueView extends QueueRow {
  /** Of each partition. */
  readonly partitions: readonly QueuePartition[];
}

export interface QueuesWanted {
  /** Only names that begin with it. */
  readonly prefix: string;
  /** Only names behind this one. */
  readonly after?: string;
  readonly limit: number;
}

/** In the order of names. */
export interface QueuesPage {
  readonly queues: readonly QueueRow[];
  /** Of each partition, of the queues of this page together; none where they have nothing. */
  readonly partitions: readonly QueuePartition[];
  /** `after` of the next page; undefined on the last one. */
  readonly nextAfter: string | undefined;
}

export interface QueueRate {
  readonly total: number;
  readonly perSecond: number;
}

export interface DeadLetterView {
  /** Of the message, as when it was pushed. */
  readonly id: number;
  readonly key: string;
  /** JSON; empty where it stands beside the state, or is lost. */
  readonly payload: string;
  /** Absent: the payload is here, or lost. */
  readonly stored?: StoredPayload;
  readonly deliveries: number;
  readonly reason: string;
  readonly ageMs: number;
}

/** Ages, rates and what is left are as of `timeMs`: cluster time of now, where it is later than the last entry. */
export interface QueueViews {
  /** Undefined: there is no such queue. */
  show(name: ResourceName, timeMs?: number): QueueView | undefined;
  page(wanted: QueuesWanted, timeMs?: number): QueuesPage;
  /** With ids above `after`. Undefined: there is no such queue. */
  deadLetters(
    name: ResourceName,
    after: number,
    limit: number,
    timeMs?: number,
  ): DeadLettersPage | undefined;
  /** The same with nothing but their ids (IDS-1 of queue-views.ts). */
  deadIds(name: ResourceName, after: number, limit: number): DeadLettersPage | undefined;
  /** In order, behind `after`. Undefined: there is no such queue. */
  blockedKeys(
    name: ResourceName,
    after: string | undefined,
    limit: number,
    timeMs?: number,
  ): BlockedKeysPage | undefined;
  /** Messages of a queue that would be delivered now. */
  readyCount(name: ResourceName): number;
  /** All that stand beside the state. Nothing may be applied before the last one was told. */
  stored(): Iterable<StoredPayload>;
  /** Names of queues that there are. */
  names(): readonly ResourceName[];
  /** Of one part of a queue: those that stand beside the state with ids above `after`, among the next `limit` messages. */
  storedAfter(name: ResourceName, part: QueuePart, after: number, limit: number): StoredPage;
  /** What is named of this message. Undefined: it has ended, or has no payload beside the state. */
  storedOf(name: ResourceName, id: number): StoredPayload | undefined;
  /** No message has a higher id; those that are pushed later have. */
  lastId(): number;
}

export interface StoredPage {
  readonly stored: readonly StoredPayload[];
  /** Where the next page begins. Undefined: there is none. */
  readonly next: number | undefined;
}

export interface DeadLettersPage {
  readonly letters: readonly DeadLetterView[];
  readonly more: boolean;
}

export interface BlockedKeysPage {
  readonly keys: readonly BlockedKeyView[];
  readonly more: boolean;
}

export interface BlockedKeyView {
  readonly key: string;
  readonly because: 'in_flight' | 'retry' | 'dead_letter';
  /** By this message. */
  readonly messageId: number;
  /** Messages of the key behind it. */
  readonly waiting: number;
  /** Ms until it is over by itself; undefined: it is not. */
  readonly endsInMs: number | undefined;
}

type ResultOf<Type extends QueueResult['type']> = Extract<QueueResult, { readonly type: Type }>;

export interface QueueTypes {
  readonly command: QueueCommand | QueueUpkeep;
  readonly results: {
    readonly queue_push: ResultOf<'queue_pushed'>;
    readonly queue_pop: ResultOf<'queue_taken'>;
    readonly queue_ack: ResultOf<'queue_acknowledged'>;
    readonly queue_nack: ResultOf<'queue_returned'>;
    readonly queue_extend: ResultOf<'queue_extended'>;
    readonly queue_redrive: ResultOf<'queue_moved'>;
    readonly queue_purge: ResultOf<'queue_moved'>;
    readonly queue_configure: ResultOf<'queue_configured'>;
    readonly queue_delete: ResultOf<'queue_deleted'>;
    readonly queue_lose: ResultOf<'queue_lost'>;
  };
  readonly event: QueueReady;
}

export const queueCommands = {
  queue_push: { repeatable: 'by dedup id', answers: ['queue_pushed'] },
  queue_pop: { repeatable: 'never', answers: ['queue_taken'] },
  queue_ack: { repeatable: 'never', answers: ['queue_acknowledged'] },
  queue_nack: { repeatable: 'never', answers: ['queue_returned'] },
  queue_extend: { repeatable: 'always', answers: ['queue_extended'] },
  queue_redrive: { repeatable: 'never', answers: ['queue_moved'] },
  queue_purge: { repeatable: 'never', answers: ['queue_moved'] },
  queue_configure: { repeatable: 'always', answers: ['queue_configured'] },
  queue_delete: { repeatable: 'never', answers: ['queue_deleted'] },
  queue_lose: { repeatable: 'always', answers: ['queue_lost'] },
} as const;
export const queueRefusals = [
  'queue_not_found',
  'queue_order',
  'queue_not_empty',
  'stale_receipt',
] as const;
