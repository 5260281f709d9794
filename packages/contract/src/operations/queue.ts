/** Queues: messages with keys, delivered in order and at least once, unless a pop acknowledges at once. */
import { byCluster } from '../errors.ts';
import { longestPage, waitSeconds } from '../fields.ts';
import { answer, changing, get, post, request } from '../operation.ts';
import type { Group, UnaryOperation } from '../operation.ts';
import {
  always,
  boolean,
  list,
  nullable,
  number,
  object,
  optional,
  text,
  uint32,
  uint64,
  words,
} from '../schema.ts';
import type { Message } from '../schema.ts';
import {
  askedQueue,
  askedVisibility,
  delivered,
  isDuplicate,
  maxDeliveries,
  messageId,
  mostMessages,
  onDeads,
  pushedFields,
  queueOrders,
  queueResource,
  receipt,
  retryDelay,
  storeErrors,
  toldQueue,
} from './queue-fields.ts';
import { blockedKeys, deadLetters, queueStatsOf } from './queue-reads.ts';

const push = { verb: 'push', ...queueResource } as const;
const consume = { verb: 'consume', ...queueResource } as const;
const manage = { verb: 'manage', ...queueResource } as const;

const pushErrors = ['name_too_long', 'queue_order', ...storeErrors] as const;
const receiptErrors = ['name_too_long', 'queue_not_found', 'stale_receipt', ...storeErrors];

const pushed: Message = {
  typeName: 'PushedMessage',
  protoName: 'PushedMessage',
  description: 'A message that was pushed.',
  fields: { id: [1, messageId], duplicate: [2, isDuplicate] },
};

const queuePush: UnaryOperation = changing('never', {
  name: 'queue_push',
  request: request('Push', 'QueuePushBody', { ...pushedFields, queue: [6, askedQueue] }),
  answer: answer('Push', 'QueuePushAnswer', {
    id: [1, messageId],
    duplicate: [2, isDuplicate],
    queue: [3, toldQueue],
  }),
  errors: pushErrors,
  access: push,
  http: [post('/queue/push', 'Push a message. The queue is made by its first message.')],
  grpc: { method: 'Push', comment: 'Pushes a message.' },
});

const queuePushBatch: UnaryOperation = changing('never', {
  name: 'queue_push_batch',
  request: request('PushBatch', 'QueuePushBatchBody', {
    queue: [1, askedQueue],
    messages: [
      2,
      list(
        object({
          typeName: 'MessageToPush',
          protoName: 'MessageToPush',
          description: 'One of several messages to push.',
          fields: pushedFields,
        }),
        'All of them are pushed, in this order, or none.',
        1,
        mostMessages,
      ),
    ],
  }),
  answer: answer('PushBatch', 'QueuePushBatchAnswer', {
    queue: [1, toldQueue],
    messages: [2, list(object(pushed), 'In the order in which they were given.')],
  }),
  errors: pushErrors,
  access: push,
  http: [post('/queue/push-batch', 'Push several messages, all or none.')],
  grpc: { method: 'PushBatch', comment: 'Pushes several messages: all of them or none.' },
});

const queuePop: UnaryOperation = changing('never', {
  name: 'queue_pop',
  request: request('Pop', 'QueuePopBody', {
    queue: [1, askedQueue],
    visibility_seconds: [
      2,
      optional(
        askedVisibility,
        'Delivered again unless it is acknowledged within so many seconds; acknowledged at once when absent.',
      ),
    ],
    wait_seconds: [
      3,
      optional(
        waitSeconds,
        'How long to wait for a message where none is ready; 0, the default, answers at once.',
      ),
    ],
    count: [4, optional(uint32(1, mostMessages, 'At most so many messages; 1 when absent.'))],
  }),
  answer: answer('Pop', 'QueuePopAnswer', {
    queue: [1, toldQueue],
    messages: [2, list(object(delivered), 'Those that were ready; none where none was.')],
  }),
  errors: ['name_too_long', 'wait_cancelled', ...storeErrors],
  waits: true,
  access: consume,
  http: [get('/queue/pop', 'Take messages.'), post('/queue/pop', 'Take messages, with a body.')],
  grpc: { method: 'Pop', comment: 'Takes messages that are ready.' },
});

const queueAck: UnaryOperation = changing('never', {
  name: 'queue_ack',
  forHolders: 'gives_back',
  returns: 'other',
  request: request('Ack', 'QueueAckBody', { queue: [1, askedQueue], receipt: [2, receipt] }),
  answer: answer('Ack', 'QueueAckAnswer', {
    queue: [1, toldQueue],
    id: [2, messageId],
    acknowledged: [3, always(true)],
  }),
  errors: receiptErrors,
  access: consume,
  http: [post('/queue/ack', 'Acknowledge a delivery: the message is done.')],
  grpc: { method: 'Ack', comment: 'Acknowledges a delivery.' },
});

const queueNack: UnaryOperation = changing('never', {
  name: 'queue_nack',
  forHolders: 'gives_back',
  returns: 'other',
  request: request('Nack', 'QueueNackBody', {
    queue: [1, askedQueue],
    receipt: [2, receipt],
    delay_seconds: [3, retryDelay],
    reason: [4, optional(text(0, 256, 'Why, for people: kept with a dead letter.'))],
  }),
  answer: answer('Nack', 'QueueNackAnswer', {
    queue: [1, toldQueue],
    id: [2, messageId],
    dead: [3, boolean('It was its last delivery: it is a dead letter now.')],
    retry_in_seconds: [4, number('Until it is delivered again.')],
  }),
  errors: receiptErrors,
  access: consume,
  http: [post('/queue/nack', 'Give a delivery back: the message is delivered again later.')],
  grpc: { method: 'Nack', comment: 'Gives a delivery back.' },
});

const queueExtend: UnaryOperation = changing('always', {
  name: 'queue_extend',
  forHolders: 'keeps',
  returns: 'other',
  request: request('Extend', 'QueueExtendBody', {
    queue: [1, askedQueue],
    receipt: [2, receipt],
    visibility_seconds: [3, askedVisibility],
  }),
  answer: answer('Extend', 'QueueExtendAnswer', {
    queue: [1, toldQueue],
    id: [2, messageId],
    visibility_seconds: [3, number('From now on.')],
  }),
  errors: receiptErrors,
  access: consume,
  http: [post('/queue/extend', 'Keep a delivery for longer.')],
  grpc: { method: 'Extend', comment: 'Keeps a delivery for longer.' },
});

const queueRedrive: UnaryOperation = changing('never', {
  name: 'queue_redrive',
  request: request('Redrive', 'QueueRedriveBody', {
    queue: [1, askedQueue],
    id: [2, optional(messageId, 'This dead letter; the oldest ones when absent.')],
    count: [3, optional(uint32(1, longestPage, 'At most so many; 1000 when absent.'))],
    after: [
      4,
      optional(
        uint64(
          0,
          undefined,
          'Of the oldest, only those with higher ids: `next_after` of the answer before. Each is redriven once then, also where it dies again meanwhile.',
        ),
      ),
    ],
    through: [
      5,
      optional(
        uint64(
          0,
          undefined,
          'Of the oldest, only those with ids up to this one: `through` of the first answer. What dies later is left.',
        ),
      ),
    ],
  }),
  answer: answer('Redrive', 'QueueRedriveAnswer', {
    queue: [1, toldQueue],
    redriven: [2, uint32(0, undefined, 'How many are messages again.')],
    more: [
      3,
      boolean('There are more dead letters: ask again, with `next_after` and `through` of here.'),
    ],
    next_after: [
      4,
      nullable(
        uint64(0, undefined, '`after` of the next redrive.'),
        '`after` of the next redrive; null where there are no more.',
      ),
    ],
    through: [5, uint64(0, undefined, '`through` of the next redrive.')],
  }),
  errors: ['name_too_long', 'queue_not_found', ...storeErrors],
  access: manage,
  http: [post('/queue/redrive', 'Make dead letters messages again.')],
  grpc: { method: 'Redrive', comment: 'Makes dead letters messages again.' },
});

const queuePurge: UnaryOperation = changing('never', {
  name: 'queue_purge',
  request: request('Purge', 'QueuePurgeBody', {
    queue: [1, askedQueue],
    dead_letters: [
      2,
      optional(boolean('Ends its dead letters; its messages when absent or false.')),
    ],
    through: [
      3,
      optional(
        uint64(
          0,
          undefined,
          'Only those with ids up to this one: `through` of the first answer. What is pushed later stays.',
        ),
      ),
    ],
  }),
  answer: answer('Purge', 'QueuePurgeAnswer', {
    queue: [1, toldQueue],
    purged: [2, uint32(0, undefined, 'How many are gone.')],
    more: [
      3,
      boolean(
        'The request would have taken too long: more of them are left. Ask again, with `through` of here.',
      ),
    ],
    through: [4, uint64(0, undefined, '`through` of the next purge.')],
  }),
  errors: ['name_too_long', 'queue_not_found', ...storeErrors],
  isLongRunning: true,
  access: manage,
  http: [post('/queue/purge', 'End all messages, or all dead letters, that are there now.')],
  grpc: { method: 'Purge', comment: 'Ends all messages, or all dead letters.' },
});

const queueConfigure: UnaryOperation = changing('always', {
  name: 'queue_configure',
  request: request('Configure', 'QueueConfigureBody', {
    queue: [1, askedQueue],
    order: [
      2,
      optional(words(queueOrders, 'Changes only while the queue is empty; `key` at first.')),
    ],
    on_dead: [3, optional(words(onDeads, 'What a dead letter does to its key; `skip` at first.'))],
    max_deliveries: [4, optional(maxDeliveries)],
  }),
  answer: answer('Configure', 'QueueConfigureAnswer', {
    queue: [1, toldQueue],
    order: [2, words(queueOrders, 'In which order it delivers.')],
    on_dead: [3, words(onDeads, 'What a dead letter does to its key.')],
    max_deliveries: [4, maxDeliveries],
  }),
  errors: ['name_too_long', 'queue_order', ...storeErrors],
  access: manage,
  http: [post('/queue/configure', 'Set what is given; make the queue where there is none.')],
  grpc: { method: 'Configure', comment: 'Sets what is given of a queue.' },
});

const queueDelete: UnaryOperation = changing('never', {
  name: 'queue_delete',
  request: request('DeleteQueue', 'QueueDeleteBody', { queue: [1, askedQueue] }),
  answer: answer('DeleteQueue', 'QueueDeleteAnswer', {
    queue: [1, toldQueue],
    deleted: [2, always(true)],
  }),
  errors: ['name_too_long', 'queue_not_found', 'queue_not_empty', ...storeErrors],
  access: manage,
  http: [post('/queue/delete', 'Delete a queue that is empty.')],
  grpc: { method: 'DeleteQueue', comment: 'Deletes a queue that is empty.' },
});

export const queues: Group = {
  name: 'queues',
  hasOwnStore: true,
  service: 'Queues',
  tag: 'queues',
  description: 'Queues: messages with keys, delivered in order and at least once.',
  operations: [
    queuePush,
    queuePushBatch,
    queuePop,
    queueAck,
    queueNack,
    queueExtend,
    queueRedrive,
    queuePurge,
    queueConfigure,
    queueDelete,
    queueStatsOf,
    deadLetters,
    blockedKeys,
  ],
  errors: {
    queue_not_found: byCluster(404, 'NOT_FOUND', 'There is no such queue.', 'never'),
    queue_order: byCluster(
      409,
      'FAILED_PRECONDITION',
      'The order of the queue does not allow this.',
      'never',
    ),
    queue_not_empty: byCluster(409, 'FAILED_PRECONDITION', 'The queue is not empty.', 'later'),
    stale_receipt: byCluster(
      409,
      'FAILED_PRECONDITION',
      'The receipt is not of the current delivery.',
      'never',
    ),
  },
};
