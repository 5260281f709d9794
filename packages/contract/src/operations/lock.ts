/** Locks with fence tokens, exclusive or shared. */
import { byCluster, holdErrors, numberErrors, sessionErrors } from '../errors.ts';
import {
  askedMode,
  count,
  endReasons,
  fenceToken,
  heldKinds,
  lockMode,
  name,
  requestNumber,
  resource,
  revision,
  terms,
  toldFenceToken,
  toldSessionId,
  toldTtlSeconds,
  who,
} from '../fields.ts';
import { answer, changing, post, reading, remove, request } from '../operation.ts';
import type { Group, UnaryOperation } from '../operation.ts';
import { always, boolean, described, nullable, number, optional, text, words } from '../schema.ts';
import type { Message } from '../schema.ts';
import { acquireMany } from './acquire-many.ts';
import { adminLock, listLocks, lockStatus } from './lock-status.ts';
import { simpleAcquire, simpleRelease } from './simple-lock.ts';

const use = { verb: 'acquire', resource: 'lock' } as const;
const look = { verb: 'read', resource: 'lock' } as const;
const endErrors = [
  'name_too_long',
  ...sessionErrors,
  'lock_not_found',
  'not_holder',
  'stale_fence_token',
];

const acquire: UnaryOperation = changing('numbered', {
  name: 'acquire',
  request: request('Acquire', 'AcquireBody', {
    name: [1, name],
    session_id: [2, who.session],
    client_id: [3, who.client],
    ttl_seconds: [4, terms.ttl],
    priority: [5, terms.priority],
    max_hold_seconds: [6, terms.maxHold],
    metadata: [7, terms.metadata],
    independent: [8, terms.independent],
    mode: [9, askedMode],
    wait_seconds: [10, terms.wait],
    request_id: [11, terms.requestId],
    cancel_id: [12, terms.cancelId],
  }),
  answer: answer('Acquire', 'AcquireAnswer', {
    acquired: [1, always(true)],
    resource: [2, resource],
    fence_token: [3, toldFenceToken],
    mode: [
      4,
      words(
        lockMode,
        'Mode of this hold; a shared acquire of a session that holds it exclusively returns the exclusive hold.',
      ),
    ],
    hold_count: [5, count('How many acquires of this session returned this hold.')],
    session_id: [6, toldSessionId],
    revision: [7, revision],
    ttl_seconds: [8, toldTtlSeconds],
  }),
  errors: [
    'name_too_long',
    ...sessionErrors,
    'session_exists',
    'lock_held',
    'lock_delayed',
    'wait_timeout',
    'wait_cancelled',
    'deadlock',
    ...numberErrors,
  ],
  waits: true,
  waitKind: 'lock',
  access: use,
  http: [
    post('/sessions/{session_id}/locks/{name}', 'Acquire a lock for a session.', {
      tag: 'sessions',
    }),
    post('/locks/{name}/acquire', 'Acquire a lock, for a session or by client id with a ttl.'),
  ],
  grpc: {
    method: 'Acquire',
    comment:
      'Acquires a lock, or waits for it. When the call is cancelled or its deadline passes, the wait is cancelled, unless it has a `request_id`: then it can be resumed with the same id.',
  },
});

const release: UnaryOperation = changing('numbered', {
  name: 'release',
  forHolders: 'gives_back',
  returns: 'lock',
  request: request('Release', 'ReleaseBody', {
    name: [1, name],
    session_id: [2, who.session],
    client_id: [3, who.client],
    fence_token: [
      4,
      optional(
        fenceToken,
        'Fence token returned by the acquire. Required with `client_id`; optional with a session: then the hold that the session has.',
      ),
    ],
    request_id: [5, optional(requestNumber)],
  }),
  answer: answer('Release', 'ReleaseAnswer', {
    released: [1, always(true)],
    resource: [2, resource],
    fence_token: [3, toldFenceToken],
    remaining_hold_count: [
      4,
      count('Remaining acquires of the hold; 0 means that it is released.'),
    ],
  }),
  errors: [...endErrors, ...numberErrors],
  access: use,
  http: [
    remove('/sessions/{session_id}/locks/{name}', 'Release a lock of a session.', {
      tag: 'sessions',
    }),
    post('/locks/{name}/release', 'Release a lock.'),
  ],
  grpc: { method: 'Release', comment: 'Releases a lock, once.' },
});

/** Of holds of all kinds. */
export const renewRequest: Message = request('Renew', 'RenewBody', {
  name: [1, name],
  session_id: [2, who.session],
  client_id: [3, who.client],
  fence_token: [4, fenceToken],
});
export const renewAnswer: Message = answer('Renew', 'RenewAnswer', {
  renewed: [1, always(true)],
  resource: [2, resource],
  fence_token: [3, toldFenceToken],
  ttl_seconds: [4, number('Seconds from now after which it expires without another renewal.')],
});

const renew: UnaryOperation = reading({
  name: 'renew',
  forHolders: 'keeps',
  request: renewRequest,
  answer: renewAnswer,
  errors: [...endErrors],
  access: use,
  http: [post('/locks/{name}/renew', 'Renew a hold.')],
  grpc: {
    method: 'Renew',
    comment:
      'Renews a hold with an implicit session for another ttl; with a session it keeps that session alive.',
  },
});

const downgrade: UnaryOperation = changing('always', {
  name: 'downgrade',
  request: request('Downgrade', 'DowngradeBody', {
    name: [1, name],
    session_id: [2, who.session],
    client_id: [3, who.client],
    fence_token: [4, fenceToken],
  }),
  answer: answer('Downgrade', 'DowngradeAnswer', {
    downgraded: [1, always(true)],
    resource: [2, resource],
    fence_token: [3, toldFenceToken],
    mode: [4, words(lockMode, 'Shared.', ['shared'])],
  }),
  errors: [...endErrors],
  access: use,
  http: [
    post('/locks/{name}/downgrade', 'Downgrade an exclusive hold to shared, with the same token.'),
  ],
  grpc: {
    method: 'Downgrade',
    comment: 'Downgrades an exclusive hold to shared, with the same token.',
  },
});

const check: UnaryOperation = reading({
  name: 'check',
  request: request('Check', 'CheckBody', { name: [1, name], fence_token: [2, fenceToken] }),
  answer: answer('Check', 'CheckAnswer', {
    valid: [1, boolean('The token is that of a current hold.')],
    resource: [2, resource],
    fence_token: [3, described(toldFenceToken, 'The token of the request.')],
    current_fence_token: [
      4,
      nullable(
        toldFenceToken,
        'Largest token of the current holds of this resource; null when it is free.',
      ),
    ],
    end_reason: [
      5,
      nullable(
        words(endReasons, ''),
        'How the hold of this token was ended other than by its holder; null when it was not, or too long ago.',
      ),
    ],
  }),
  errors: ['name_too_long'],
  access: look,
  http: [post('/locks/{name}/check', 'Check whether a fence token is that of a current hold.')],
  grpc: {
    method: 'Check',
    comment:
      'Checks whether a fence token is that of a current hold: for services that guard a resource.',
  },
});

const forceRelease: UnaryOperation = changing('never', {
  name: 'force_release',
  request: request('ForceRelease', 'ForceReleaseBody', {
    name: [1, name],
    kind: [2, optional(words(heldKinds, 'Kind of the resource; `lock` when absent.'))],
    reason: [3, optional(text(0, 1000, 'Reason, shown in the events and to the former holders.'))],
  }),
  answer: answer('ForceRelease', 'ForceReleaseAnswer', {
    released: [1, boolean('False when it was not held.')],
    resource: [2, resource],
    count: [3, count('Holds that ended.')],
  }),
  errors: ['name_too_long'],
  access: { verb: 'admin', resource: 'lock' },
  http: [
    post('/admin/locks/{name}/force-release', 'Release a lock by force, whoever holds it.', {
      tag: 'admin',
    }),
  ],
  grpc: {
    method: 'ForceRelease',
    comment: 'Ends all holds of a lock, a semaphore or an election. For administrators.',
  },
});

export const locks: Group = {
  name: 'locks',
  service: 'Locks',
  tag: 'locks',
  description: 'Locks with fence tokens, exclusive or shared.',
  operations: [
    acquire,
    release,
    renew,
    downgrade,
    acquireMany,
    simpleAcquire,
    simpleRelease,
    check,
    lockStatus,
    listLocks,
    adminLock,
    forceRelease,
  ],
  errors: {
    lock_held: byCluster(409, 'ABORTED', 'Another session holds the lock.', 'later'),
    lock_delayed: byCluster(
      409,
      'ABORTED',
      "The lock is in its lock-delay period after its holder's session expired.",
      'later',
    ),
    lock_not_found: byCluster(404, 'NOT_FOUND', 'The lock is not held.', 'never'),
    ...holdErrors,
  },
};
