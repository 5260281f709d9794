/** What is told of queues: their numbers, dead letters and blocked keys, by pages. */
import {
  askedConsistency,
  consistency,
  longestPage,
  maxNameLength,
  namePrefix,
  nextAfter,
  pageAfter,
  statusRevision,
} from '../fields.ts';
import { answer, get, reading, request } from '../operation.ts';
import type { UnaryOperation } from '../operation.ts';
import { described, list, nullable, object, optional, string, text, uint32 } from '../schema.ts';
import {
  askedQueue,
  blockedKey,
  deadLetter,
  ownerStats,
  queueResource,
  queueStats,
  storeErrors,
  toldQueue,
} from './queue-fields.ts';

const look = { verb: 'read', ...queueResource } as const;

const storeRevision = described(
  statusRevision,
  'Log index of the state that is reported. 0 where nothing of the log was read: queues are in Redis, or the caller may read none.',
);

export const queueStatsOf: UnaryOperation = reading({
  name: 'queue_stats',
  request: request('Stats', 'QueueStatsBody', {
    queue: [1, optional(text(1, 256, 'This queue alone; all when absent.'))],
    consistency: [2, askedConsistency],
    prefix: [3, optional(namePrefix)],
    after: [4, optional(text(1, maxNameLength, '`next_after` of the page before.'))],
    limit: [5, optional(uint32(1, longestPage, 'Queues on a page, at most; 100 when absent.'))],
  }),
  answer: answer('Stats', 'QueueStatsAnswer', {
    queues: [
      1,
      list(object(queueStats), 'In the order of names; none when there is no such queue.'),
    ],
    owners: [2, list(object(ownerStats), 'Each live node, with what it owns of them.')],
    next_after: [
      3,
      nullable(
        string(
          '`after` of the next page; null on the last. A page may have few queues, or none, and not be the last.',
        ),
      ),
    ],
    consistency: [4, consistency],
    revision: [5, storeRevision],
  }),
  errors: ['name_too_long', ...storeErrors],
  access: { verb: 'read', resource: 'queue', filtered: true },
  http: [get('/queue/stats', 'Queues in numbers, by pages: of each, and of each owner.')],
  grpc: { method: 'Stats', comment: 'Tells queues in numbers, by pages.' },
});

export const deadLetters: UnaryOperation = reading({
  name: 'queue_dead_letters',
  request: request('DeadLetters', 'QueueDeadLettersBody', {
    queue: [1, askedQueue],
    after: [2, optional(pageAfter)],
    limit: [3, optional(uint32(1, longestPage, 'At most so many; 100 when absent.'))],
    consistency: [4, askedConsistency],
  }),
  answer: answer('DeadLetters', 'QueueDeadLettersAnswer', {
    queue: [1, toldQueue],
    dead_letters: [2, list(object(deadLetter), 'In the order of their pushes.')],
    next_after: [3, nextAfter],
    consistency: [4, consistency],
    revision: [5, storeRevision],
  }),
  errors: ['name_too_long', ...storeErrors],
  access: look,
  http: [get('/queue/dead', 'Dead letters, by pages.')],
  grpc: { method: 'DeadLetters', comment: 'Lists dead letters.' },
});

export const blockedKeys: UnaryOperation = reading({
  name: 'queue_blocked_keys',
  request: request('BlockedKeys', 'QueueBlockedKeysBody', {
    queue: [1, askedQueue],
    after: [2, optional(text(0, 256, 'Keys behind this one, in the order of their text.'))],
    limit: [3, optional(uint32(1, longestPage, 'At most so many; 100 when absent.'))],
    consistency: [4, askedConsistency],
  }),
  answer: answer('BlockedKeys', 'QueueBlockedKeysAnswer', {
    queue: [1, toldQueue],
    keys: [2, list(object(blockedKey), 'In the order of their text.')],
    next_after: [
      3,
      nullable(string('`after` of the next page.'), '`after` of the next page; null on the last.'),
    ],
    consistency: [4, consistency],
    revision: [5, storeRevision],
  }),
  errors: ['name_too_long', ...storeErrors],
  access: look,
  http: [get('/queue/blocked', 'Keys of which nothing is delivered now, by pages.')],
  grpc: { method: 'BlockedKeys', comment: 'Lists blocked keys.' },
});
