/** What a session holds and waits for, and how it gives an acquire up. */
import { numberErrors, sessionErrors } from '../errors.ts';
import {
  askedConsistency,
  consistency,
  count,
  heldKinds,
  longestPage,
  mode,
  name,
  nextAfter,
  pageAfter,
  queuePosition,
  cancelId,
  requestNumber,
  resource,
  sessionId,
  statusRevision,
  toldFenceToken,
  who,
} from '../fields.ts';
import { answer, changing, get, post, reading, request } from '../operation.ts';
import type { UnaryOperation } from '../operation.ts';
import { always, described, list, nested, optional, string, uint32, words } from '../schema.ts';
import type { Enumeration } from '../schema.ts';

const errors = [...sessionErrors];

export const sessionLocks: UnaryOperation = reading({
  name: 'session_locks',
  request: request('SessionLocks', 'SessionLocksBody', {
    session_id: [1, sessionId],
    after: [3, pageAfter],
    limit: [
      4,
      optional(
        uint32(
          0,
          longestPage,
          'Largest number of holds on a page; 1000 when absent. 0 returns only their number and digest.',
        ),
      ),
    ],
    consistency: [2, askedConsistency],
  }),
  answer: answer('SessionLocks', 'SessionLocksAnswer', {
    locks: [1, list(string('Name of a lock.'), 'Names of its locks on this page.')],
    total_locks: [2, count('Locks on all pages.')],
    total_holds: [6, count('Holds of all kinds on all pages.')],
    digest: [7, string('Digest of all its holds: equal for equal sets of first tokens.')],
    next_after: [8, nextAfter],
    consistency: [9, consistency],
    revision: [10, statusRevision],
    holds: [
      3,
      list(
        nested('Hold', 'One lock that the session holds.', {
          resource: [1, resource],
          fence_token: [2, toldFenceToken],
          mode: [3, mode],
          hold_count: [4, count('How many acquires of this session returned this hold.')],
          first_fence_token: [
            5,
            described(
              toldFenceToken,
              "Fence token of the hold's first grant: an upgrade to exclusive brings a new token.",
            ),
          ],
        }),
        'Its locks on this page.',
      ),
    ],
    permits: [
      4,
      list(
        nested('Permits', 'Permits taken by one acquire.', {
          resource: [1, resource],
          fence_token: [2, toldFenceToken],
          permits: [3, count('Number of permits.')],
        }),
        'Its permits on this page.',
      ),
    ],
    leaderships: [
      5,
      list(
        nested('Leadership', 'One election that the session leads.', {
          resource: [1, resource],
          fence_token: [2, toldFenceToken],
        }),
        'Its leaderships on this page.',
      ),
    ],
  }),
  errors,
  access: { verb: 'read', resource: 'session' },
  http: [get('/sessions/{session_id}/locks', 'List what a session holds.')],
  grpc: {
    method: 'SessionLocks',
    comment: 'What a session holds: locks, permits, leaderships.',
  },
});

export const sessionWaits: UnaryOperation = reading({
  name: 'session_waits',
  request: request('SessionWaits', 'SessionWaitsBody', {
    session_id: [1, sessionId],
    after: [3, pageAfter],
    limit: [
      4,
      optional(uint32(1, longestPage, 'Largest number of waits on a page; 100 when absent.')),
    ],
    consistency: [2, askedConsistency],
  }),
  answer: answer('SessionWaits', 'SessionWaitsAnswer', {
    wait_count: [2, count('Waits on all pages.')],
    next_after: [3, nextAfter],
    consistency: [4, consistency],
    revision: [5, statusRevision],
    waits: [
      1,
      list(
        nested('Wait', 'One wait in a wait queue.', {
          kind: [1, words(heldKinds, 'Resource that it waits for.')],
          resource: [2, resource],
          position: [3, queuePosition],
          ahead: [
            4,
            list(
              string('A client ahead in the wait queue.'),
              'Clients ahead in the wait queue, the next one first; at most 100.',
            ),
          ],
        }),
        'The waits on this page.',
      ),
    ],
  }),
  errors,
  access: { verb: 'read', resource: 'session' },
  http: [
    get('/sessions/{session_id}/waits', 'List the waits of a session, and who is ahead of it.'),
  ],
  grpc: {
    method: 'SessionWaits',
    comment: 'Returns the waits of a session, and who is ahead of it.',
  },
});

const waitKinds: Enumeration = {
  name: 'WaitKind',
  nestedIn: 'CancelRequest',
  description: 'Kind of resource of an acquire.',
  unspecified: 'Rejected: the kind must be given.',
  values: {
    lock: [1, 'A lock.'],
    semaphore: [2, 'Permits of a semaphore.'],
    election: [3, 'The leadership of an election.'],
    many: [4, 'A multi-acquire; `name` is that of its first resource.'],
    barrier: [5, 'A barrier.'],
  },
};

export const cancelRequest: UnaryOperation = changing('always', {
  name: 'cancel_request',
  forHolders: 'gives_back',
  request: request('Cancel', 'CancelBody', {
    session_id: [1, who.session],
    client_id: [5, who.client],
    request_id: [
      2,
      optional(described(requestNumber, 'Request id of the acquire; else its `cancel_id`.')),
    ],
    kind: [
      3,
      words(waitKinds, 'Kind of the resource; of a multi-acquire, `many` with its first name.'),
    ],
    name: [4, name],
    cancel_id: [
      6,
      optional(
        described(cancelId, 'Cancel id of the acquire, in a session; else its `request_id`.'),
      ),
    ],
  }),
  answer: answer('Cancel', 'CancelAnswer', {
    cancelled: [1, always(true, 'The acquire holds nothing, and never will with this request id.')],
  }),
  errors: ['name_too_long', ...sessionErrors, ...numberErrors],
  access: { verb: 'acquire', resource: 'session', whole: true },
  http: [
    post(
      '/sessions/{session_id}/cancel',
      'Cancel an acquire by its request id: its wait, or what it was granted meanwhile.',
    ),
    post('/cancel', 'Cancel an acquire by client id, or of a session, by its request id.'),
  ],
  grpc: {
    method: 'Cancel',
    comment:
      'Cancels a numbered acquire whose outcome is unknown: it leaves the wait queue, or releases what it was granted.',
  },
});
