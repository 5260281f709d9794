/** Latches: they count down to 0, once. */
import { byCluster, numberErrors, sessionErrors } from '../errors.ts';
import {
  askedConsistency,
  consistency,
  count,
  name,
  requestNumber,
  resource,
  sessionId,
  statusRevision,
  waitSeconds,
} from '../fields.ts';
import { answer, changing, get, post, reading, remove, request } from '../operation.ts';
import type { Group, UnaryOperation } from '../operation.ts';
import { always, boolean, nullable, optional, uint32 } from '../schema.ts';
import type { Message } from '../schema.ts';
import { listing } from './listing.ts';

const mostCounted = 1_000_000_000;
const manage = { verb: 'manage', resource: 'latch' } as const;
const look = { verb: 'read', resource: 'latch' } as const;

const latch: Message = {
  typeName: 'LatchAnswer',
  protoName: 'Latch',
  description: 'Status of a latch.',
  fields: {
    resource: [1, resource],
    count: [
      2,
      nullable(count('Remaining count.'), 'Remaining count; null when there is no such latch.'),
    ],
    open: [3, boolean('The count is 0.')],
    waiter_count: [
      4,
      optional(count('Of a status: callers that wait for it at the node that answers.')),
    ],
    consistency: [5, optional(consistency, 'How current a status is.')],
    revision: [
      6,
      optional(statusRevision, 'Of a status: log index of the state that is reported.'),
    ],
  },
};

const createLatch: UnaryOperation = changing('always', {
  name: 'create_latch',
  request: request('CreateLatch', 'CreateLatchBody', {
    name: [1, name],
    count: [2, uint32(1, mostCounted, 'Initial count.')],
  }),
  answer: latch,
  errors: ['name_too_long', 'limit_mismatch'],
  access: manage,
  http: [post('/latches/{name}', 'Create a latch with a count.')],
  grpc: { method: 'CreateLatch', comment: 'Creates a latch that counts down.' },
});

const countDown: UnaryOperation = changing('numbered', {
  name: 'count_down',
  request: request('CountDown', 'CountDownBody', {
    name: [1, name],
    by: [2, optional(uint32(1, mostCounted, 'Amount to count down by; 1 when absent.'))],
    session_id: [
      3,
      optional(
        sessionId,
        'With a session and a request id the count-down is applied once, however often it is sent.',
      ),
    ],
    request_id: [4, optional(requestNumber)],
  }),
  answer: latch,
  errors: ['name_too_long', ...sessionErrors, 'latch_not_found', ...numberErrors],
  access: { verb: 'acquire', resource: 'latch' },
  http: [post('/latches/{name}/count-down', 'Count a latch down.')],
  grpc: { method: 'CountDown', comment: 'Counts a latch down.' },
});

const waitLatch: UnaryOperation = reading({
  name: 'wait_latch',
  request: request('WaitLatch', 'WaitLatchBody', {
    name: [1, name],
    wait_seconds: [
      2,
      optional(waitSeconds, 'Longest wait in seconds; the configured maximum when absent.'),
    ],
  }),
  answer: latch,
  errors: ['name_too_long', 'latch_not_found', 'wait_timeout', 'wait_cancelled'],
  waits: true,
  access: look,
  http: [get('/latches/{name}/wait', 'Wait until the count of a latch is 0.')],
  grpc: { method: 'WaitLatch', comment: 'Waits until a latch is at 0.' },
});

const latchStatus: UnaryOperation = reading({
  name: 'latch_status',
  request: request('LatchStatus', 'LatchRef', {
    name: [1, name],
    consistency: [2, askedConsistency],
  }),
  answer: latch,
  errors: ['name_too_long'],
  access: look,
  http: [
    get('/latches/{name}', 'The count of a latch.'),
    get('/latches/{name}/status', 'The count of a latch.'),
  ],
  grpc: { method: 'LatchStatus', comment: 'Returns the count of a latch.' },
});

const deleteLatch: UnaryOperation = changing('never', {
  name: 'delete_latch',
  request: request('DeleteLatch', 'DeleteLatchBody', { name: [1, name] }),
  answer: answer('DeleteLatch', 'DeleteLatchAnswer', {
    resource: [1, resource],
    deleted: [2, always(true)],
  }),
  errors: ['name_too_long', 'latch_not_found'],
  access: manage,
  http: [remove('/latches/{name}', 'Delete a latch.')],
  grpc: { method: 'DeleteLatch', comment: 'Deletes a latch.' },
});

const listLatches = listing({
  plural: 'latches',
  row: latch,
  access: look,
  summary: 'List latches that exist.',
});

export const latches: Group = {
  name: 'latches',
  service: 'Latches',
  tag: 'synchronization',
  description: 'Latches: they count down to 0 once, and open.',
  operations: [createLatch, countDown, waitLatch, latchStatus, listLatches, deleteLatch],
  errors: {
    latch_not_found: byCluster(404, 'NOT_FOUND', 'There is no such latch.', 'never'),
  },
};
