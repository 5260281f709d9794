/** How locks are seen: one, a page of them, and one at a glance for operators. */
import {
  askedConsistency,
  clientId,
  consistency,
  count,
  delayedUntil,
  endsInSeconds,
  longestPage,
  maxNameLength,
  mode,
  name,
  namePrefix,
  queuePosition,
  resource,
  show,
  shownToken,
  statusRevision,
  toldClientId,
  toldFenceToken,
  toldPriority,
  toldSessionId,
  acquiredAt,
} from '../fields.ts';
import { answer, get, reading, request } from '../operation.ts';
import type { UnaryOperation } from '../operation.ts';
import {
  boolean,
  json,
  list,
  nested,
  nullable,
  object,
  optional,
  string,
  text,
  uint32,
} from '../schema.ts';
import type { MessageFields, Message } from '../schema.ts';

const look = { verb: 'read', resource: 'lock' } as const;

const lockFields: MessageFields = {
  resource: [1, resource],
  locked: [2, boolean('It is held.')],
  mode: [3, nullable(mode, 'Mode in which it is held; null when it is free.')],
  holder_count: [9, count('Number of holders; the first of them are listed.')],
  holders: [
    4,
    list(
      nested('Holder', 'One holder.', {
        session_id: [1, toldSessionId],
        client_id: [2, toldClientId],
        mode: [3, mode],
        fence_token: [4, toldFenceToken],
        hold_count: [5, count('How many acquires of its session returned this hold.')],
        acquired_at: [6, acquiredAt],
        metadata: [7, json('Metadata given with the acquire.')],
        ends_in_seconds: [8, endsInSeconds],
      }),
      'The first holders.',
    ),
  ],
  waiters: [
    5,
    list(
      nested('Waiter', 'One waiter.', {
        session_id: [1, toldSessionId],
        client_id: [2, toldClientId],
        mode: [3, mode],
        position: [4, queuePosition],
        priority: [5, toldPriority],
      }),
      'The next waiters.',
    ),
  ],
  waiter_count: [6, count('Number of waiters; the next of them are listed.')],
  delayed_until: [7, delayedUntil],
  consistency: [8, consistency],
  revision: [14, statusRevision],
};
const lock: Message = {
  typeName: 'LockStatusAnswer',
  protoName: 'Lock',
  description: 'Status of a lock.',
  fields: lockFields,
};
const lockRef: Message = request('LockStatus', 'LockRef', {
  name: [1, name],
  fence_token: [4, shownToken],
  show: [3, show],
  consistency: [2, askedConsistency],
});

export const lockStatus: UnaryOperation = reading({
  name: 'lock_status',
  request: lockRef,
  answer: lock,
  errors: ['name_too_long'],
  access: look,
  http: [
    get('/locks/{name}/status', 'Status of a lock: holders, and waiters in queue order.'),
    get('/locks/{name}', 'Status of a lock: holders, and waiters in queue order.'),
  ],
  grpc: { method: 'LockStatus', comment: 'Returns the status of a lock.' },
});

export const listLocks: UnaryOperation = reading({
  name: 'list_locks',
  request: request('ListLocks', 'ListLocksBody', {
    prefix: [1, optional(namePrefix)],
    after: [2, optional(text(1, maxNameLength, '`next_after` of the previous page.'))],
    limit: [
      3,
      optional(uint32(1, longestPage, 'Largest number of locks on a page; 100 when absent.')),
    ],
    consistency: [4, askedConsistency],
    client_id: [5, optional(clientId, 'Only locks that this client holds or waits for.')],
    waiting: [6, optional(boolean('Only locks that somebody waits for.'))],
  }),
  answer: answer('ListLocks', 'ListLocksAnswer', {
    locks: [1, list(object(lock), 'Each with its first 10 holders and waiters.')],
    total_locks: [2, count('Locks on this page.')],
    next_after: [3, nullable(string('`after` of the next page; null on the last.'))],
    consistency: [4, consistency],
    revision: [5, statusRevision],
  }),
  errors: [],
  access: { ...look, filtered: true },
  http: [get('/locks', 'List locks that are held or waited for.')],
  grpc: { method: 'ListLocks', comment: 'Lists locks that are held or waited for, in pages.' },
});

/** The first holder at a glance, then all the rest. */
export const adminLock: UnaryOperation = {
  ...reading({
    name: 'admin_lock',
    request: lockRef,
    answer: {
      typeName: 'AdminLockAnswer',
      protoName: 'AdminLockResponse',
      description: 'The first holder, then all fields of lock_status.',
      fields: {
        ...lockFields,
        acquired_at: [10, nullable(acquiredAt, 'As of the first holder; null when it is free.')],
        fence_token: [11, nullable(toldFenceToken)],
        session_id: [12, nullable(toldSessionId)],
        client_id: [13, nullable(toldClientId)],
      },
    },
    errors: ['name_too_long'],
    access: look,
    grpc: {
      method: 'AdminLock',
      comment: 'Returns the status of a lock, with its first holder at a glance.',
    },
    http: [get('/admin/locks/{name}', 'Status of a lock.', { tag: 'admin' })],
  }),
  onStream: false,
};
