/** Double barriers: they open when all have come, and are over when all have left. */
import { byCluster, numberErrors, sessionErrors } from '../errors.ts';
import {
  askedConsistency,
  consistency,
  count,
  name,
  position,
  cancelId,
  requestNumber,
  resource,
  sessionId,
  show,
  statusRevision,
  toldClientId,
  toldSessionId,
  waitSeconds,
} from '../fields.ts';
import { answer, changing, get, post, reading, request } from '../operation.ts';
import type { Group, UnaryOperation } from '../operation.ts';
import { always, boolean, list, nested, nullable, optional, uint32 } from '../schema.ts';
import { listing } from './listing.ts';

const mostParties = 100_000;
const use = { verb: 'acquire', resource: 'barrier' } as const;
const round = position("Number of the barrier's round.");

const enterBarrier: UnaryOperation = changing('numbered', {
  name: 'enter_barrier',
  request: request('EnterBarrier', 'EnterBarrierBody', {
    name: [1, name],
    session_id: [2, sessionId],
    parties: [
      3,
      uint32(1, mostParties, 'Number of parties; set by the first that enters a round.'),
    ],
    wait_seconds: [
      4,
      optional(
        waitSeconds,
        'Longest wait in seconds for the other parties, after which this session has left again (`wait_timeout`). 0 (the default): enters, returns at once and remains inside.',
      ),
    ],
    request_id: [5, optional(requestNumber)],
    cancel_id: [6, optional(cancelId)],
  }),
  answer: answer('EnterBarrier', 'EnterBarrierAnswer', {
    entered: [1, always(true)],
    resource: [2, resource],
    round: [3, round],
    open: [4, boolean('All parties have entered.')],
  }),
  errors: [
    'name_too_long',
    ...sessionErrors,
    'barrier_closed',
    'limit_mismatch',
    'not_entered',
    'wait_timeout',
    'wait_cancelled',
    ...numberErrors,
  ],
  waits: true,
  waitKind: 'barrier',
  access: use,
  http: [
    post('/barriers/{name}/enter', 'Enter a barrier and wait until all parties have entered.'),
  ],
  grpc: {
    method: 'EnterBarrier',
    comment:
      'Enters a barrier and waits until all parties have entered. A wait is cancelled as that of Locks.Acquire: a session whose round has not opened has then left again.',
  },
});

const leaveBarrier: UnaryOperation = changing('numbered', {
  name: 'leave_barrier',
  forHolders: 'gives_back',
  returns: 'other',
  request: request('LeaveBarrier', 'LeaveBarrierBody', {
    name: [1, name],
    session_id: [2, sessionId],
    wait_seconds: [
      3,
      optional(
        waitSeconds,
        'Longest wait in seconds until all parties have left; 0 (the default) returns at once.',
      ),
    ],
    request_id: [4, optional(requestNumber)],
  }),
  answer: answer('LeaveBarrier', 'LeaveBarrierAnswer', {
    left: [1, always(true)],
    resource: [2, resource],
    round: [3, round],
    over: [4, boolean('All parties have left.')],
  }),
  errors: ['name_too_long', ...sessionErrors, 'not_entered', ...numberErrors],
  waits: true,
  access: use,
  http: [post('/barriers/{name}/leave', 'Leave a barrier and wait until all parties have left.')],
  grpc: {
    method: 'LeaveBarrier',
    comment: 'Leaves a barrier and waits until all parties have left.',
  },
});

const barrierStatus: UnaryOperation = reading({
  name: 'barrier_status',
  request: request('BarrierStatus', 'BarrierRef', {
    name: [1, name],
    show: [3, show],
    consistency: [2, askedConsistency],
  }),
  answer: answer('BarrierStatus', 'BarrierAnswer', {
    resource: [1, resource],
    round: [2, nullable(round, "Number of the barrier's round; null when no session is inside.")],
    parties: [3, nullable(count('Number of parties; null when no session is inside.'))],
    open: [4, boolean('All parties have entered.')],
    waiter_count: [
      7,
      count('Sessions inside a barrier that has not opened: they wait for the others.'),
    ],
    consistency: [8, consistency],
    revision: [9, statusRevision],
    member_count: [6, count('Number of sessions inside; the first of them are listed.')],
    members: [
      5,
      list(
        nested('Member', 'One session inside.', {
          session_id: [1, toldSessionId],
          client_id: [2, toldClientId],
        }),
        'The first sessions inside.',
      ),
    ],
  }),
  errors: ['name_too_long'],
  access: { verb: 'read', resource: 'barrier' },
  http: [
    get('/barriers/{name}/status', 'Status of a barrier: which sessions are inside.'),
    get('/barriers/{name}', 'Status of a barrier: which sessions are inside.'),
  ],
  grpc: { method: 'BarrierStatus', comment: 'Returns the status of a barrier.' },
});

const listBarriers = listing({
  plural: 'barriers',
  row: barrierStatus.answer,
  access: { verb: 'read', resource: 'barrier' },
  summary: 'List barriers that sessions are inside of.',
  ofClient: 'Only barriers that this client is inside of.',
});

export const barriers: Group = {
  name: 'barriers',
  service: 'Barriers',
  tag: 'synchronization',
  description:
    'Double barriers: a round opens when all parties have entered and ends when all have left.',
  operations: [enterBarrier, leaveBarrier, barrierStatus, listBarriers],
  errors: {
    barrier_closed: byCluster(
      409,
      'ABORTED',
      'The round is full: the next one begins when all its parties have left.',
      'later',
    ),
    not_entered: byCluster(
      409,
      'FAILED_PRECONDITION',
      'This session is not inside the barrier.',
      'never',
    ),
  },
};
