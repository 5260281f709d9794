/** Locks by owner alone, for scripts that want no session and no token; on HTTP only. */
import { clusterErrors, sessionErrors } from '../errors.ts';
import {
  askedMode,
  clientId,
  mode,
  name,
  resource,
  terms,
  toldFenceToken,
  ttlSeconds,
} from '../fields.ts';
import { changing, post } from '../operation.ts';
import type { UnaryOperation } from '../operation.ts';
import { always, described, number, optional, string } from '../schema.ts';

const use = { verb: 'use', resource: 'lock' } as const;
const owner = described(clientId, 'Whose lock it is: the client id.');

export const simpleAcquire: UnaryOperation = {
  ...changing('always', {
    name: 'simple_acquire',
    request: {
      typeName: 'SimpleAcquireBody',
      description: 'An acquire of a lock by its owner alone.',
      fields: {
        name: [1, name],
        owner: [2, owner],
        mode: [3, askedMode],
        ttl_seconds: [
          4,
          optional(
            ttlSeconds,
            'The lock is free again so many seconds after the last acquire of its owner; the configured default when absent.',
          ),
        ],
        wait_seconds: [5, terms.wait],
      },
    },
    answer: {
      typeName: 'SimpleAcquireAnswer',
      description: 'The lock is held by its owner.',
      fields: {
        acquired: [1, always(true)],
        name: [2, resource],
        owner: [3, string('Whose lock it is.')],
        mode: [4, mode],
        fence_token: [5, toldFenceToken],
        ttl_seconds: [6, number('For how many seconds it stands without another acquire.')],
      },
    },
    errors: [
      'name_too_long',
      'lock_held',
      'lock_delayed',
      'wait_timeout',
      'wait_abandoned',
      ...clusterErrors,
    ],
    waits: true,
    access: use,
    http: [post('/lock/acquire', 'Acquire a lock by its owner alone; again extends it.')],
  }),
  onStream: false,
};

export const simpleRelease: UnaryOperation = {
  ...changing('never', {
    name: 'simple_release',
    request: {
      typeName: 'SimpleReleaseBody',
      description: 'A release of a lock by its owner alone.',
      fields: { name: [1, name], owner: [2, owner] },
    },
    answer: {
      typeName: 'SimpleReleaseAnswer',
      description: 'The lock is released.',
      fields: {
        released: [1, always(true)],
        name: [2, resource],
        owner: [3, string('Whose lock it was.')],
      },
    },
    errors: [
      'name_too_long',
      'lock_not_found',
      'not_holder',
      'stale_fence_token',
      ...sessionErrors,
      ...clusterErrors,
    ],
    access: use,
    http: [post('/lock/release', 'Release a lock of an owner.')],
  }),
  onStream: false,
};
