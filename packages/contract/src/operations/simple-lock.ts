/** Locks by owner alone, for scripts that want no session and no token. */
import { sessionErrors } from '../errors.ts';
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

const use = { verb: 'acquire', resource: 'lock' } as const;
const owner = described(clientId, 'Owner of the lock: a client id.');

export const simpleAcquire: UnaryOperation = {
  ...changing('always', {
    name: 'simple_acquire',
    request: {
      typeName: 'SimpleAcquireBody',
      protoName: 'SimpleAcquireRequest',
      description: 'Acquire of a lock by owner.',
      fields: {
        name: [1, name],
        owner: [2, owner],
        mode: [3, askedMode],
        ttl_seconds: [
          4,
          optional(
            ttlSeconds,
            "Seconds after the owner's last acquire at which the lock expires; the configured default when absent.",
          ),
        ],
        wait_seconds: [5, terms.wait],
      },
    },
    answer: {
      typeName: 'SimpleAcquireAnswer',
      protoName: 'SimpleAcquireResponse',
      description: 'The lock is held by its owner.',
      fields: {
        acquired: [1, always(true)],
        name: [2, resource],
        owner: [3, string('Owner of the lock.')],
        mode: [4, mode],
        fence_token: [5, toldFenceToken],
        ttl_seconds: [6, number('Seconds after which it expires without another acquire.')],
      },
    },
    errors: ['name_too_long', 'lock_held', 'lock_delayed', 'wait_timeout', 'wait_cancelled'],
    waits: true,
    access: use,
    grpc: {
      method: 'SimpleAcquire',
      comment: 'Acquires a lock by its owner alone; a repetition extends it.',
    },
    http: [post('/lock/acquire', 'Acquire a lock by owner; repeating it renews the lock.')],
  }),
  onStream: false,
};

export const simpleRelease: UnaryOperation = {
  ...changing('never', {
    name: 'simple_release',
    forHolders: 'gives_back',
    request: {
      typeName: 'SimpleReleaseBody',
      protoName: 'SimpleReleaseRequest',
      description: 'Release of a lock by owner.',
      fields: { name: [1, name], owner: [2, owner] },
    },
    answer: {
      typeName: 'SimpleReleaseAnswer',
      protoName: 'SimpleReleaseResponse',
      description: 'The lock is released.',
      fields: {
        released: [1, always(true)],
        name: [2, resource],
        owner: [3, string('Owner of the lock.')],
      },
    },
    errors: [
      'name_too_long',
      'lock_not_found',
      'not_holder',
      'stale_fence_token',
      ...sessionErrors,
    ],
    access: use,
    grpc: { method: 'SimpleRelease', comment: 'Releases a lock of an owner.' },
    http: [post('/lock/release', 'Release a lock of an owner.')],
  }),
  onStream: false,
};
