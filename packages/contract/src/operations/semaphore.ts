/** Semaphores: a limited number of permits, several of which one may hold. */
import { byCluster, clusterErrors, numberErrors, sessionErrors } from '../errors.ts';
import {
  count,
  askedConsistency,
  endsInSeconds,
  fenceToken,
  name,
  permits,
  queuePosition,
  requestNumber,
  resource,
  revision,
  show,
  shownToken,
  terms,
  toldClientId,
  toldFenceToken,
  toldPriority,
  toldSessionId,
  toldTtlSeconds,
  wallClockSeconds,
  who,
} from '../fields.ts';
import { answer, changing, get, post, reading, remove, request } from '../operation.ts';
import type { Group, UnaryOperation } from '../operation.ts';
import { always, boolean, described, int32, json, list, nested, optional } from '../schema.ts';
import type { Message } from '../schema.ts';
import { renewAnswer, renewRequest } from './lock.ts';

const use = { verb: 'use', resource: 'semaphore' } as const;
const manage = { verb: 'manage', resource: 'semaphore' } as const;
const limit = described(permits, 'How many permits there are.');

const acquirePermits: UnaryOperation = changing('numbered', {
  name: 'acquire_permits',
  request: request('AcquirePermits', 'AcquirePermitsBody', {
    name: [1, name],
    session_id: [2, who.session],
    client_id: [3, who.client],
    ttl_seconds: [4, terms.ttl],
    priority: [5, terms.priority],
    max_hold_seconds: [6, terms.maxHold],
    metadata: [7, terms.metadata],
    independent: [8, terms.independent],
    permits: [9, optional(permits, 'How many permits; 1 when absent.')],
    limit: [
      10,
      optional(
        limit,
        'Makes the semaphore where there is none; where there is one it has to be its limit.',
      ),
    ],
    wait_seconds: [11, terms.wait],
    request_id: [12, terms.requestId],
  }),
  answer: answer('AcquirePermits', 'AcquirePermitsAnswer', {
    acquired: [1, always(true)],
    resource: [2, resource],
    permits: [3, count('How many permits.')],
    fence_token: [4, toldFenceToken],
    session_id: [5, toldSessionId],
    revision: [6, revision],
    ttl_seconds: [7, toldTtlSeconds],
  }),
  errors: [
    'name_too_long',
    ...sessionErrors,
    'session_exists',
    'no_permits',
    'limit_mismatch',
    'semaphore_not_found',
    'wait_timeout',
    'wait_abandoned',
    'deadlock',
    ...numberErrors,
    ...clusterErrors,
  ],
  waits: true,
  waitKind: 'semaphore',
  access: use,
  http: [post('/semaphores/{name}/acquire', 'Take permits of a semaphore.')],
  grpc: {
    method: 'AcquirePermits',
    comment:
      'Acquires permits of a semaphore, or waits for them. A wait is given up as that of Locks.Acquire.',
  },
});

const releasePermits: UnaryOperation = changing('numbered', {
  name: 'release_permits',
  request: request('ReleasePermits', 'ReleasePermitsBody', {
    name: [1, name],
    session_id: [2, who.session],
    client_id: [3, who.client],
    fence_token: [4, described(fenceToken, 'Of the acquire that is given back.')],
    request_id: [5, optional(requestNumber)],
  }),
  answer: answer('ReleasePermits', 'ReleasePermitsAnswer', {
    released: [1, always(true)],
    resource: [2, resource],
    fence_token: [3, toldFenceToken],
  }),
  errors: ['name_too_long', ...sessionErrors, 'not_holder', ...numberErrors, ...clusterErrors],
  access: use,
  http: [post('/semaphores/{name}/release', 'Give back what one acquire took.')],
  grpc: { method: 'ReleasePermits', comment: 'Gives back the permits of one acquire.' },
});

const renewPermits: UnaryOperation = reading({
  name: 'renew_permits',
  request: renewRequest,
  answer: renewAnswer,
  errors: ['name_too_long', ...sessionErrors, 'not_holder', ...clusterErrors],
  access: use,
  http: [post('/semaphores/{name}/renew', 'Extend the session that has permits.')],
  grpc: { method: 'RenewPermits', comment: 'Keeps a hold of permits for another ttl.' },
});

const semaphore: Message = {
  typeName: 'SemaphoreAnswer',
  protoName: 'Semaphore',
  description: 'A semaphore as it is.',
  fields: {
    resource: [1, resource],
    limit: [2, count('How many permits there are.')],
    free: [
      3,
      int32('How many nobody has; below 0 while holders have more than a limit that was lowered.'),
    ],
    stays: [4, boolean('It was created by name, and stays when nobody uses it.')],
    holder_count: [7, count('All that hold permits: the first of them are shown.')],
    waiter_count: [8, count('All that wait: the next of them are shown.')],
    holders: [
      5,
      list(
        nested('Holder', 'One that has permits.', {
          session_id: [1, toldSessionId],
          client_id: [2, toldClientId],
          permits: [3, count('How many permits.')],
          fence_token: [4, toldFenceToken],
          acquired_at: [5, wallClockSeconds],
          metadata: [6, json('Who, why, where: as given with the acquire.')],
          ends_in_seconds: [7, endsInSeconds],
        }),
        'The first that have permits.',
      ),
    ],
    waiters: [
      6,
      list(
        nested('Waiter', 'One that waits for permits.', {
          session_id: [1, toldSessionId],
          client_id: [2, toldClientId],
          permits: [3, count('How many permits.')],
          position: [4, queuePosition],
          priority: [5, toldPriority],
        }),
        'The next that wait for permits.',
      ),
    ],
  },
};

const semaphoreStatus: UnaryOperation = reading({
  name: 'semaphore_status',
  request: request('SemaphoreStatus', 'SemaphoreRef', {
    name: [1, name],
    fence_token: [4, shownToken],
    show: [3, show],
    consistency: [2, askedConsistency],
  }),
  answer: semaphore,
  errors: ['name_too_long', 'semaphore_not_found', ...clusterErrors],
  access: { verb: 'read', resource: 'semaphore' },
  http: [get('/semaphores/{name}/status', 'Who has permits, who waits and in which order.')],
  grpc: { method: 'SemaphoreStatus', comment: 'Looks at a semaphore.' },
});

const createSemaphore: UnaryOperation = changing('always', {
  name: 'create_semaphore',
  request: request('CreateSemaphore', 'SemaphoreLimitBody', { name: [1, name], limit: [2, limit] }),
  answer: semaphore,
  errors: ['name_too_long', 'limit_mismatch', ...clusterErrors],
  access: manage,
  http: [post('/semaphores/{name}', 'Make a semaphore that stays when nobody uses it.')],
  grpc: {
    method: 'CreateSemaphore',
    comment: 'Creates a semaphore that stays when nobody uses it.',
  },
});

const resizeSemaphore: UnaryOperation = changing('never', {
  name: 'resize_semaphore',
  request: request('ResizeSemaphore', 'ResizeSemaphoreBody', {
    name: [1, name],
    limit: [2, limit],
  }),
  answer: semaphore,
  errors: ['name_too_long', 'semaphore_not_found', ...clusterErrors],
  access: manage,
  http: [post('/semaphores/{name}/resize', 'Change how many permits there are.')],
  grpc: { method: 'ResizeSemaphore', comment: 'Changes how many permits there are.' },
});

const deleteSemaphore: UnaryOperation = changing('never', {
  name: 'delete_semaphore',
  request: request('DeleteSemaphore', 'DeleteSemaphoreBody', { name: [1, name] }),
  answer: answer('DeleteSemaphore', 'DeleteSemaphoreAnswer', {
    resource: [1, resource],
    deleted: [2, always(true)],
  }),
  errors: ['name_too_long', 'semaphore_not_found', 'semaphore_in_use', ...clusterErrors],
  access: manage,
  http: [remove('/semaphores/{name}', 'Delete a semaphore that nobody uses.')],
  grpc: { method: 'DeleteSemaphore', comment: 'Deletes a semaphore that nobody uses.' },
});

export const semaphores: Group = {
  name: 'semaphores',
  service: 'Semaphores',
  tag: 'semaphores',
  description: 'Semaphores: a limited number of permits, several of which one may hold.',
  operations: [
    acquirePermits,
    releasePermits,
    renewPermits,
    semaphoreStatus,
    createSemaphore,
    resizeSemaphore,
    deleteSemaphore,
  ],
  errors: {
    no_permits: byCluster(409, 'ABORTED', 'Not that many permits are free.', 'later'),
    semaphore_not_found: byCluster(404, 'NOT_FOUND', 'There is no such semaphore.', 'never'),
    semaphore_in_use: byCluster(409, 'FAILED_PRECONDITION', 'The semaphore is in use.', 'later'),
  },
};
