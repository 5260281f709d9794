/** Several locks and semaphores at once. */
import { clusterErrors, numberErrors, sessionErrors } from '../errors.ts';
import {
  askedMode,
  count,
  heldKinds,
  mode,
  name,
  permits,
  resource,
  revision,
  sessionId,
  terms,
  toldFenceToken,
  toldSessionId,
} from '../fields.ts';
import { answer, changing, post, request } from '../operation.ts';
import type { UnaryOperation } from '../operation.ts';
import { always, list, nested, object, optional, words } from '../schema.ts';

/** As many as anybody should hold at once. */
const mostWanted = 64;
const kinds = ['lock', 'semaphore'];

export const acquireMany: UnaryOperation = changing('numbered', {
  name: 'acquire_many',
  request: request('AcquireMany', 'AcquireManyBody', {
    session_id: [1, sessionId],
    resources: [
      2,
      list(
        object({
          typeName: 'WantedBody',
          protoName: 'Wanted',
          isNested: true,
          description: 'One of several that are acquired together.',
          fields: {
            kind: [1, optional(words(heldKinds, 'What it is; `lock` when absent.', kinds))],
            name: [2, name],
            mode: [3, askedMode],
            permits: [4, optional(permits, 'Of a semaphore: how many permits; 1 when absent.')],
            limit: [
              5,
              optional(
                permits,
                'Makes the semaphore where there is none; where there is one it has to be its limit.',
              ),
            ],
          },
        }),
        'All of them or none; each once.',
        1,
        mostWanted,
      ),
    ],
    wait_seconds: [3, terms.wait],
    request_id: [4, terms.requestId],
    max_hold_seconds: [5, terms.maxHold],
    metadata: [6, terms.metadata],
    independent: [7, terms.independent],
  }),
  answer: answer('AcquireMany', 'AcquireManyAnswer', {
    acquired: [1, always(true)],
    holds: [
      2,
      list(
        nested('Hold', 'One of the holds.', {
          kind: [1, words(heldKinds, 'What it is.', kinds)],
          resource: [2, resource],
          fence_token: [3, toldFenceToken],
          hold_count: [4, count('How many acquires of this session were told of this hold.')],
          mode: [5, optional(mode, 'Of a lock.')],
          permits: [6, optional(count('Of a semaphore: how many permits.'))],
        }),
        'In the order in which they were asked for.',
      ),
    ],
    session_id: [3, toldSessionId],
    revision: [4, revision],
  }),
  errors: [
    'name_too_long',
    ...sessionErrors,
    'lock_held',
    'lock_delayed',
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
  waitKind: 'many',
  access: { verb: 'use', resource: 'lock' },
  http: [post('/locks/acquire-many', 'Acquire several locks and semaphores: all or none.')],
  grpc: {
    method: 'AcquireMany',
    comment:
      'Acquires several locks and semaphores: all of them or none. Waits are given up as those of Acquire.',
  },
});
