/** Double barriers: they open when all have come, and are over when all have left. */
import { byCluster, clusterErrors, numberErrors, sessionErrors } from '../errors.ts';
import {
  askedConsistency,
  count,
  name,
  position,
  requestNumber,
  resource,
  sessionId,
  show,
  toldClientId,
  toldSessionId,
  waitSeconds,
} from '../fields.ts';
import { answer, changing, get, post, reading, request } from '../operation.ts';
import type { Group, UnaryOperation } from '../operation.ts';
import { always, boolean, list, nested, nullable, optional, uint32 } from '../schema.ts';

const mostParties = 100_000;
const use = { verb: 'use', resource: 'barrier' } as const;
const round = position('Which meeting at this barrier.');

const enterBarrier: UnaryOperation = changing('numbered', {
  name: 'enter_barrier',
  request: request('EnterBarrier', 'EnterBarrierBody', {
    name: [1, name],
    session_id: [2, sessionId],
    parties: [3, uint32(1, mostParties, 'How many meet; the first of a round decides.')],
    wait_seconds: [
      4,
      optional(
        waitSeconds,
        'How many seconds to wait for the others, after which this session is out again (`wait_timeout`). 0, the default: enters, answers at once, stays inside.',
      ),
    ],
    request_id: [5, optional(requestNumber)],
  }),
  answer: answer('EnterBarrier', 'EnterBarrierAnswer', {
    entered: [1, always(true)],
    resource: [2, resource],
    round: [3, round],
    open: [4, boolean('All have come.')],
  }),
  errors: [
    'name_too_long',
    ...sessionErrors,
    'barrier_closed',
    'limit_mismatch',
    'not_entered',
    'wait_timeout',
    'wait_abandoned',
    ...numberErrors,
    ...clusterErrors,
  ],
  waits: true,
  waitKind: 'barrier',
  access: use,
  http: [post('/barriers/{name}/enter', 'Enter a barrier, and wait until all have come.')],
  grpc: {
    method: 'EnterBarrier',
    comment:
      'Enters a barrier, and waits until all have come. A wait is given up as that of Locks.Acquire: who is not joined is out again.',
  },
});

const leaveBarrier: UnaryOperation = changing('numbered', {
  name: 'leave_barrier',
  request: request('LeaveBarrier', 'LeaveBarrierBody', {
    name: [1, name],
    session_id: [2, sessionId],
    wait_seconds: [
      3,
      optional(
        waitSeconds,
        'How many seconds to wait until all have left; 0, the default, answers at once.',
      ),
    ],
    request_id: [4, optional(requestNumber)],
  }),
  answer: answer('LeaveBarrier', 'LeaveBarrierAnswer', {
    left: [1, always(true)],
    resource: [2, resource],
    round: [3, round],
    over: [4, boolean('All have left.')],
  }),
  errors: ['name_too_long', ...sessionErrors, 'not_entered', ...numberErrors, ...clusterErrors],
  waits: true,
  access: use,
  http: [post('/barriers/{name}/leave', 'Leave a barrier, and wait until all have left.')],
  grpc: { method: 'LeaveBarrier', comment: 'Leaves a barrier, and waits until all have left.' },
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
    round: [2, nullable(round, 'Which meeting at this barrier; null when nobody is inside.')],
    parties: [3, nullable(count('How many meet; null when nobody is inside.'))],
    open: [4, boolean('All have come.')],
    member_count: [6, count('All that are inside: the first of them are shown.')],
    members: [
      5,
      list(
        nested('Member', 'One that is inside.', {
          session_id: [1, toldSessionId],
          client_id: [2, toldClientId],
        }),
        'The first that are inside.',
      ),
    ],
  }),
  errors: ['name_too_long', ...clusterErrors],
  access: { verb: 'read', resource: 'barrier' },
  http: [get('/barriers/{name}/status', 'Who is inside a barrier.')],
  grpc: { method: 'BarrierStatus', comment: 'Looks at a barrier.' },
});

export const barriers: Group = {
  name: 'barriers',
  service: 'Barriers',
  tag: 'meetings',
  description: 'Double barriers: they open when all have come, and are over when all have left.',
  operations: [enterBarrier, leaveBarrier, barrierStatus],
  errors: {
    barrier_closed: byCluster(
      409,
      'ABORTED',
      'All of this round have come; the next one begins when they have left.',
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
