/** What a session holds and waits for, and how it gives an acquire up. */
import { clusterErrors, numberErrors, sessionErrors } from '../errors.ts';
import {
  askedConsistency,
  count,
  heldKinds,
  longestPage,
  mode,
  name,
  nextAfter,
  pageAfter,
  queuePosition,
  requestNumber,
  resource,
  sessionId,
  toldFenceToken,
  who,
} from '../fields.ts';
import { answer, changing, get, post, reading, request } from '../operation.ts';
import type { UnaryOperation } from '../operation.ts';
import { always, described, list, nested, optional, string, uint32, words } from '../schema.ts';
import type { Enumeration } from '../schema.ts';

const errors = [...sessionErrors, ...clusterErrors];

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
          'Holds on a page; 1000 when absent. 0: only how many there are, and their digest.',
        ),
      ),
    ],
    consistency: [2, askedConsistency],
  }),
  answer: answer('SessionLocks', 'SessionLocksAnswer', {
    locks: [1, list(string('Name of a lock.'), 'Names of its locks on this page.')],
    total_locks: [2, count('Locks on all pages.')],
    total_holds: [6, count('Holds of all kinds on all pages.')],
    digest: [7, string('Of all its holds: equal for equal sets of first tokens.')],
    next_after: [8, nextAfter],
    holds: [
      3,
      list(
        nested('Hold', 'One lock that it holds.', {
          resource: [1, resource],
          fence_token: [2, toldFenceToken],
          mode: [3, mode],
          hold_count: [4, count('How many acquires of this session were told of this hold.')],
          first_fence_token: [
            5,
            described(
              toldFenceToken,
              "Of the hold's first grant: an upgrade to exclusive brings a new token.",
            ),
          ],
        }),
        'Its locks on this page.',
      ),
    ],
    permits: [
      4,
      list(
        nested('Permits', 'What one acquire of permits took.', {
          resource: [1, resource],
          fence_token: [2, toldFenceToken],
          permits: [3, count('How many permits.')],
        }),
        'Its permits on this page.',
      ),
    ],
    leaderships: [
      5,
      list(
        nested('Leadership', 'One election in which it leads.', {
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
    limit: [4, optional(uint32(1, longestPage, 'Places on a page; 100 when absent.'))],
    consistency: [2, askedConsistency],
  }),
  answer: answer('SessionWaits', 'SessionWaitsAnswer', {
    wait_count: [2, count('Places on all pages.')],
    next_after: [3, nextAfter],
    waits: [
      1,
      list(
        nested('Wait', 'One place in a queue.', {
          kind: [1, words(heldKinds, 'What it waits for.')],
          resource: [2, resource],
          position: [3, queuePosition],
          ahead: [
            4,
            list(
              string('A client that waits ahead.'),
              'Clients that wait ahead, the next one first; at most 100.',
            ),
          ],
        }),
        'The places on this page.',
      ),
    ],
  }),
  errors,
  access: { verb: 'read', resource: 'session' },
  http: [
    get('/sessions/{session_id}/waits', 'What a session waits for: its places, and who is ahead.'),
  ],
  grpc: { method: 'SessionWaits', comment: 'What a session waits for, and who is ahead.' },
});

const waitKinds: Enumeration = {
  name: 'WaitKind',
  nestedIn: 'GiveUpRequest',
  description: 'What an acquire was for.',
  unspecified: 'Refused: it has to be told.',
  values: {
    lock: [1, 'A lock.'],
    semaphore: [2, 'Permits of a semaphore.'],
    election: [3, 'The leadership of an election.'],
    many: [4, 'Several at once; `name` is that of the first.'],
    barrier: [5, 'To enter a barrier.'],
  },
};

export const giveUp: UnaryOperation = changing('always', {
  name: 'give_up',
  request: request('GiveUp', 'GiveUpBody', {
    session_id: [1, who.session],
    client_id: [5, who.client],
    request_id: [2, described(requestNumber, 'The number of the acquire.')],
    kind: [3, words(waitKinds, 'What it was for; of several, `many` with the first name.')],
    name: [4, name],
  }),
  answer: answer('GiveUp', 'GiveUpAnswer', {
    given_up: [1, always(true, 'It holds nothing, and never will under this number.')],
  }),
  errors: ['name_too_long', ...sessionErrors, ...numberErrors, ...clusterErrors],
  access: { verb: 'use', resource: 'lock' },
  http: [
    post(
      '/sessions/{session_id}/give-up',
      'Give up an acquire by its request id: its place, or what it was granted meanwhile.',
    ),
    post('/give-up', 'Give up an acquire by client id, or of a session, by its request id.'),
  ],
  grpc: {
    method: 'GiveUp',
    comment:
      'Gives up a numbered acquire of which the outcome is not known: it leaves the queue, or gives back what it was granted.',
  },
});
