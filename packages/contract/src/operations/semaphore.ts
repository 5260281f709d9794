/** Semaphores: a limited number of permits, several of which one may hold. */
import { byCluster, numberErrors, sessionErrors } from '../errors.ts';
import {
  askedConsistency,
  consistency,
  count,
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
  statusRevision,
  terms,
  toldClientId,
  toldFenceToken,
  toldPriority,
  toldSessionId,
  toldTtlSeconds,
  acquiredAt,
  who,
} from '../fields.ts';
import { answer, changing, get, post, reading, remove, request } from '../operation.ts';
import type { Group, UnaryOperation } from '../operation.ts';
import {
  always,
  boolean,
  described,
  int32,
  json,
  list,
  nested,
  nullable,
  optional,
} from '../schema.ts';
import type { Message } from '../schema.ts';
import { listing } from './listing.ts';
import { renewAnswer, renewRequest } from './lock.ts';

const use = { verb: 'acquire', resource: 'semaphore' } as const;
const manage = { verb: 'manage', resource: 'semaphore' } as const;
const limit = described(permits, 'Number of permits (limit).');

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
    permits: [9, optional(permits, 'Number of permits; 1 when absent.')],
    limit: [
      10,
      optional(
        limit,
        'Creates the semaphore with this limit if it does not exist; otherwise it must equal its limit.',
      ),
    ],
    wait_seconds: [11, terms.wait],
    request_id: [12, terms.requestId],
    cancel_id: [13, terms.cancelId],
  }),
  answer: answer('AcquirePermits', 'AcquirePermitsAnswer', {
    acquired: [1, always(true)],
    resource: [2, resource],
    permits: [3, count('Number of permits.')],
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
    'wait_cancelled',
    'deadlock',
    ...numberErrors,
  ],
  waits: true,
  waitKind: 'semaphore',
  access: use,
  http: [post('/semaphores/{name}/acquire', 'Acquire permits of a semaphore.')],
  grpc: {
    method: 'AcquirePermits',
    comment:
      'Acquires permits of a semaphore, or waits for them. A wait is cancelled as that of Locks.Acquire.',
  },
});

const releasePermits: UnaryOperation = changing('numbered', {
  name: 'release_permits',
  forHolders: 'gives_back',
  returns: 'semaphore',
  request: request('ReleasePermits', 'ReleasePermitsBody', {
    name: [1, name],
    session_id: [2, who.session],
    client_id: [3, who.client],
    fence_token: [4, described(fenceToken, 'Fence token of the acquire to release.')],
    request_id: [5, optional(requestNumber)],
  }),
  answer: answer('ReleasePermits', 'ReleasePermitsAnswer', {
    released: [1, always(true)],
    resource: [2, resource],
    fence_token: [3, toldFenceToken],
  }),
  errors: ['name_too_long', ...sessionErrors, 'not_holder', ...numberErrors],
  access: use,
  http: [post('/semaphores/{name}/release', 'Release the permits of one acquire.')],
  grpc: { method: 'ReleasePermits', comment: 'Releases the permits of one acquire.' },
});

const renewPermits: UnaryOperation = reading({
  name: 'renew_permits',
  forHolders: 'keeps',
  request: renewRequest,
  answer: renewAnswer,
  errors: ['name_too_long', ...sessionErrors, 'not_holder'],
  access: use,
  http: [post('/semaphores/{name}/renew', 'Renew a hold of permits: extend its session.')],
  grpc: { method: 'RenewPermits', comment: 'Renews a hold of permits for another ttl.' },
});

const semaphore: Message = {
  typeName: 'SemaphoreAnswer',
  protoName: 'Semaphore',
  description: 'Status of a semaphore.',
  fields: {
    resource: [1, resource],
    limit: [
      2,
      nullable(
        count('Number of permits (limit).'),
        'Number of permits (limit); null when there is no such semaphore.',
      ),
    ],
    free: [
      3,
      nullable(
        int32('Free permits; below 0 while holders have more than a limit that was reduced.'),
        'Free permits; below 0 while holders have more than a limit that was reduced; null when there is no such semaphore.',
      ),
    ],
    persistent: [4, boolean('It was created explicitly and remains when nobody uses it.')],
    consistency: [9, optional(consistency, 'How current a status is.')],
    revision: [
      10,
      optional(statusRevision, 'Of a status: log index of the state that is reported.'),
    ],
    holder_count: [7, count('Number of holders; the first of them are listed.')],
    waiter_count: [8, count('Number of waiters; the next of them are listed.')],
    holders: [
      5,
      list(
        nested('Holder', 'One holder of permits.', {
          session_id: [1, toldSessionId],
          client_id: [2, toldClientId],
          permits: [3, count('Number of permits.')],
          fence_token: [4, toldFenceToken],
          acquired_at: [5, acquiredAt],
          metadata: [6, json('Metadata given with the acquire.')],
          ends_in_seconds: [7, endsInSeconds],
        }),
        'The first holders.',
      ),
    ],
    waiters: [
      6,
      list(
        nested('Waiter', 'One waiter.', {
          session_id: [1, toldSessionId],
          client_id: [2, toldClientId],
          permits: [3, count('Number of permits.')],
          position: [4, queuePosition],
          priority: [5, toldPriority],
        }),
        'The next waiters.',
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
  errors: ['name_too_long'],
  access: { verb: 'read', resource: 'semaphore' },
  http: [
    get('/semaphores/{name}/status', 'Status of a semaphore: holders, and waiters in queue order.'),
    get('/semaphores/{name}', 'Status of a semaphore: holders, and waiters in queue order.'),
  ],
  grpc: { method: 'SemaphoreStatus', comment: 'Returns the status of a semaphore.' },
});

const createSemaphore: UnaryOperation = changing('always', {
  name: 'create_semaphore',
  request: request('CreateSemaphore', 'SemaphoreLimitBody', { name: [1, name], limit: [2, limit] }),
  answer: semaphore,
  errors: ['name_too_long', 'limit_mismatch'],
  access: manage,
  http: [
    post('/semaphores/{name}', 'Create a persistent semaphore, which remains when nobody uses it.'),
  ],
  grpc: {
    method: 'CreateSemaphore',
    comment: 'Creates a persistent semaphore, which remains when nobody uses it.',
  },
});

const resizeSemaphore: UnaryOperation = changing('never', {
  name: 'resize_semaphore',
  request: request('ResizeSemaphore', 'ResizeSemaphoreBody', {
    name: [1, name],
    limit: [2, limit],
  }),
  answer: semaphore,
  errors: ['name_too_long', 'semaphore_not_found'],
  access: manage,
  http: [post('/semaphores/{name}/resize', 'Change the limit of a semaphore.')],
  grpc: { method: 'ResizeSemaphore', comment: 'Changes the limit of a semaphore.' },
});

const deleteSemaphore: UnaryOperation = changing('never', {
  name: 'delete_semaphore',
  request: request('DeleteSemaphore', 'DeleteSemaphoreBody', { name: [1, name] }),
  answer: answer('DeleteSemaphore', 'DeleteSemaphoreAnswer', {
    resource: [1, resource],
    deleted: [2, always(true)],
  }),
  errors: ['name_too_long', 'semaphore_not_found', 'semaphore_in_use'],
  access: manage,
  http: [remove('/semaphores/{name}', 'Delete a semaphore that nobody uses.')],
  grpc: { method: 'DeleteSemaphore', comment: 'Deletes a semaphore that nobody uses.' },
});

const listSemaphores = listing({
  plural: 'semaphores',
  row: semaphore,
  access: { verb: 'read', resource: 'semaphore' },
  summary: 'List semaphores that exist.',
  ofClient: 'Only semaphores of which this client holds permits, or waits for them.',
  waitedFor: 'Only semaphores that somebody waits for.',
});

export const semaphores: Group = {
  name: 'semaphores',
  service: 'Semaphores',
  tag: 'semaphores',
  description:
    'Counting semaphores: a limited number of permits, of which one acquire may take several.',
  operations: [
    acquirePermits,
    releasePermits,
    renewPermits,
    semaphoreStatus,
    listSemaphores,
    createSemaphore,
    resizeSemaphore,
    deleteSemaphore,
  ],
  errors: {
    no_permits: byCluster(409, 'ABORTED', 'Not enough permits are free.', 'later'),
    semaphore_not_found: byCluster(404, 'NOT_FOUND', 'There is no such semaphore.', 'never'),
    semaphore_in_use: byCluster(409, 'FAILED_PRECONDITION', 'The semaphore is in use.', 'later'),
  },
};
