/** Several locks and semaphores at once. */
import { numberErrors, sessionErrors } from '../errors.ts';
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
          description: 'One resource of a multi-acquire.',
          fields: {
            kind: [
              1,
              optional(words(heldKinds, 'Kind of the resource; `lock` when absent.', kinds)),
            ],
            name: [2, name],
            mode: [3, askedMode],
            permits: [4, optional(permits, 'Semaphore only: number of permits; 1 when absent.')],
            limit: [
              5,
              optional(
                permits,
                'Creates the semaphore with this limit if it does not exist; otherwise it must equal its limit.',
              ),
            ],
          },
        }),
        'The resources: all are acquired or none; each may be named once.',
        1,
        mostWanted,
      ),
    ],
    wait_seconds: [3, terms.wait],
    request_id: [4, terms.requestId],
    max_hold_seconds: [5, terms.maxHold],
    metadata: [6, terms.metadata],
    independent: [7, terms.independent],
    cancel_id: [8, terms.cancelId],
  }),
  answer: answer('AcquireMany', 'AcquireManyAnswer', {
    acquired: [1, always(true)],
    holds: [
      2,
      list(
        nested('Hold', 'One hold of a multi-acquire.', {
          kind: [1, words(heldKinds, 'Kind of the resource.', kinds)],
          resource: [2, resource],
          fence_token: [3, toldFenceToken],
          hold_count: [4, count('How many acquires of this session returned this hold.')],
          mode: [5, optional(mode, 'Lock only.')],
          permits: [6, optional(count('Semaphore only: number of permits.'))],
        }),
        'In the order of the request.',
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
    'wait_cancelled',
    'deadlock',
    ...numberErrors,
  ],
  waits: true,
  waitKind: 'many',
  access: { verb: 'acquire', resource: 'lock' },
  http: [post('/locks/acquire-many', 'Acquire several locks and semaphores: all or none.')],
  grpc: {
    method: 'AcquireMany',
    comment:
      'Acquires several locks and semaphores: all of them or none. A wait is cancelled as that of Acquire.',
  },
});
