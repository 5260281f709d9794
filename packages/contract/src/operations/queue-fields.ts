/** The fields of which the operations of queues are made. */
import { count, maxNameLength, toldFenceToken } from '../fields.ts';
import {
  boolean,
  described,
  example,
  json,
  nested,
  nullable,
  number,
  optional,
  string,
  text,
  uint32,
  uint64,
  words,
} from '../schema.ts';
import type { Enumeration, MessageFields, Message, Schema } from '../schema.ts';

export const queueResource = { resource: 'queue', whenUnnamed: 'default' } as const;

/** Where queues are kept in Redis it may be out of reach while the cluster is there. */
export const storeErrors: readonly string[] = ['store_unavailable'];

/** Messages of one push or pop. */
export const mostMessages = 100;
const mostDeliveries = 1000;
const shortestVisibilitySeconds = 0.1;
const longestVisibilitySeconds = 43_200;
const longestDelaySeconds = 604_800;

export const queueOrders: Enumeration = {
  name: 'QueueOrder',
  typeName: 'QueueOrder',
  description: 'In which order a queue delivers.',
  unspecified: 'As if unset.',
  values: {
    key: [1, 'The messages of a key one after the other, in the order of their push.'],
    none: [2, 'Whatever is ready.'],
  },
};

export const onDeads: Enumeration = {
  name: 'OnDead',
  typeName: 'OnDead',
  description: 'What a dead letter does to its key in a queue that is ordered by key.',
  unspecified: 'As if unset.',
  values: {
    skip: [1, 'The next messages of the key are delivered.'],
    block: [2, 'The key waits until the dead letter is redriven or purged.'],
  },
};

export const blockedBy: Enumeration = {
  name: 'BlockedBy',
  typeName: 'BlockedBy',
  description: 'Why a key is blocked.',
  unspecified: 'Never told.',
  values: {
    in_flight: [1, 'One of its messages is delivered and not acknowledged yet.'],
    retry: [2, 'One of its messages waits to be delivered again.'],
    dead_letter: [3, 'One of its messages is a dead letter, and the queue blocks its key.'],
  },
};

export const askedQueue: Schema = optional(
  example(text(1, maxNameLength, 'Name of the queue; `default` when absent.'), 'jobs'),
);
export const toldQueue: Schema = example(string('Name of the queue.'), 'jobs');
export const messageId: Schema = example(
  uint64(0, undefined, 'Of the message: rises with every push.'),
  4712,
);
const key: Schema = example(
  text(
    1,
    256,
    'Messages of one key are delivered in order, one at a time. It may be absent only in a queue of order `none`.',
  ),
  'user:123',
);
const toldKey: Schema = example(string('Key of the message; empty where it has none.'), 'user:123');
const payload: Schema = example(json('Any JSON, of at most 65,536 bytes.'), 'hello');

/** What is pushed. */
export const pushedFields: MessageFields = {
  key: [1, optional(key)],
  payload: [2, payload],
  delay_seconds: [
    3,
    optional(
      number(
        'Not delivered before so many seconds have passed; 0 when absent. Refused in a queue that is ordered by key.',
        0,
        longestDelaySeconds,
      ),
    ),
  ],
  dedup_id: [
    4,
    optional(
      text(
        1,
        128,
        'The same id again, within five minutes, is the same message: it is pushed once.',
      ),
    ),
  ],
  max_deliveries: [
    5,
    optional(
      uint32(
        1,
        mostDeliveries,
        'A dead letter after so many deliveries; what the queue says when absent.',
      ),
    ),
  ],
};

export const isDuplicate: Schema = boolean(
  'It had been pushed before with this dedup id; `id` is of that message.',
);

export const receipt: Schema = example(
  text(1, 128, 'Of a delivery, as told by the pop.'),
  '4712.1.9001',
);
export const askedVisibility: Schema = example(
  number(
    'Delivered again unless it is acknowledged within so many seconds.',
    shortestVisibilitySeconds,
    longestVisibilitySeconds,
  ),
  30,
);
export const retryDelay: Schema = optional(
  number(
    'Seconds until it is delivered again; when absent 1 after the first delivery, then twice as long each time, at most 300.',
    0,
    longestDelaySeconds,
  ),
);
export const maxDeliveries: Schema = uint32(
  1,
  mostDeliveries,
  'Of a message that was pushed without: a dead letter after so many deliveries.',
);

/** A message as it is delivered. */
export const delivered: Message = {
  typeName: 'QueueMessage',
  protoName: 'QueueMessage',
  description: 'A message, delivered.',
  fields: {
    id: [1, messageId],
    key: [2, toldKey],
    payload: [3, described(payload, 'As it was pushed.')],
    delivery: [4, count('1 for the first delivery. Counted when it is taken.')],
    max_deliveries: [5, count('A dead letter after so many deliveries.')],
    fence_token: [6, toldFenceToken],
    receipt: [
      7,
      nullable(
        string('Acknowledges, gives back or extends this delivery.'),
        'Acknowledges, gives back or extends this delivery; null where it was acknowledged at once.',
      ),
    ],
  },
};

const counts: MessageFields = {
  depth: [1, count('All that are no dead letters.')],
  ready: [2, count('Would be delivered now.')],
  in_flight: [3, count('Delivered, and not acknowledged yet.')],
  delayed: [4, count('Wait for their delay, or for a retry.')],
  blocked: [5, count('Wait behind another message of their key.')],
};

const rate = (description: string): Schema => number(description);
const rates: MessageFields = {
  pushed: [1, rate('Pushes.')],
  delivered: [2, rate('Deliveries.')],
  acknowledged: [3, rate('Acknowledgements.')],
  dead: [4, rate('Messages that became dead letters.')],
};
const oldestAge: Schema = nullable(
  number('Seconds since the push of its oldest message.'),
  'Seconds since the push of its oldest message that is no dead letter. Null when it has none.',
);

/** A queue, in numbers. */
export const queueStats: Message = {
  typeName: 'QueueStats',
  protoName: 'QueueStats',
  description: 'A queue, in numbers.',
  fields: {
    ...counts,
    queue: [6, toldQueue],
    order: [7, words(queueOrders, 'In which order it delivers.')],
    on_dead: [8, words(onDeads, 'What a dead letter does to its key.')],
    max_deliveries: [9, maxDeliveries],
    dead_letters: [10, count('Messages that were delivered too often.')],
    blocked_keys: [11, count('Keys of which nothing is delivered now.')],
    bytes: [12, uint64(0, undefined, 'What its messages and dead letters take.')],
    oldest_age_seconds: [13, oldestAge],
    rates: [14, nested('Rates', 'Times a second, over about the last minute.', rates)],
    totals: [
      15,
      nested('Totals', 'Since the queue was made.', {
        pushed: [1, uint64(0, undefined, 'Pushes.')],
        delivered: [2, uint64(0, undefined, 'Deliveries.')],
        acknowledged: [3, uint64(0, undefined, 'Acknowledgements.')],
        dead: [4, uint64(0, undefined, 'Messages that became dead letters.')],
      }),
    ],
  },
};

/** The partitions of a node, in numbers. */
export const ownerStats: Message = {
  typeName: 'QueueOwner',
  protoName: 'QueueOwner',
  description:
    'What a node owns of the queues that are shown. Those of several pages are added up; of ages the highest is that of all.',
  fields: {
    ...counts,
    node_id: [6, example(string('Id of the node.'), 'node-2')],
    partitions: [7, count('Partitions of a queue that it owns, of 64.')],
    oldest_age_seconds: [8, oldestAge],
    rates: [
      9,
      nested(
        'Rates',
        'Times a second, over about the last minute. In the replicated store of what the node that answers has applied since it started: too low for up to two minutes from then.',
        rates,
      ),
    ],
  },
};

export const deadLetter: Message = {
  typeName: 'DeadLetter',
  protoName: 'DeadLetter',
  description: 'A message that was delivered too often, or whose payload is lost.',
  fields: {
    id: [1, messageId],
    queue: [2, described(toldQueue, 'Where it was pushed.')],
    key: [3, toldKey],
    payload: [4, described(payload, 'As it was pushed.')],
    deliveries: [5, count('How often it was delivered.')],
    reason: [6, string('Why the last delivery came to nothing.')],
    age_seconds: [7, number('Seconds since it became one.')],
    payload_missing: [
      8,
      boolean('No member that could be asked has its payload: null stands in its place.'),
    ],
  },
};

export const blockedKey: Message = {
  typeName: 'BlockedKey',
  protoName: 'BlockedKey',
  description: 'A key of which nothing is delivered now.',
  fields: {
    key: [1, toldKey],
    because: [2, words(blockedBy, 'Why.')],
    message_id: [3, described(messageId, 'The message that blocks it.')],
    waiting: [4, count('Messages behind it.')],
    ends_in_seconds: [
      5,
      nullable(
        number('Seconds until it is over by itself.'),
        'Seconds until it is over by itself, unless somebody acknowledges or extends; null of a dead letter.',
      ),
    ],
  },
};
