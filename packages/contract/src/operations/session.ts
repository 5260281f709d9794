/** Sessions: whose the holds are, and how long they stand. */
import { byCluster, clusterErrors, sessionErrors } from '../errors.ts';
import {
  askedConsistency,
  clientId,
  consistency,
  count,
  endReasons,
  heldKinds,
  longestLockDelaySeconds,
  resource,
  sessionId,
  timeoutSeconds,
  toldClientId,
  toldFenceToken,
  toldSessionId,
  wallClockSeconds,
} from '../fields.ts';
import { answer, changing, get, post, reading, remove, request } from '../operation.ts';
import type { Group, StreamOperation, UnaryOperation } from '../operation.ts';
import {
  always,
  described,
  list,
  nested,
  number,
  object,
  optional,
  string,
  text,
  uint32,
  words,
} from '../schema.ts';
import type { Enumeration } from '../schema.ts';
import { giveUp, sessionLocks, sessionWaits } from './session-contents.ts';

const errors = [...sessionErrors, ...clusterErrors];

const createSession: UnaryOperation = changing('by_id', {
  name: 'create_session',
  request: request('CreateSession', 'CreateSessionBody', {
    client_id: [1, optional(clientId)],
    timeout: [
      2,
      optional(
        timeoutSeconds,
        'Seconds without a sign of life after which the session ends; the configured default when absent.',
      ),
    ],
    lock_delay_seconds: [
      3,
      optional(
        number(
          'The lock-delay: seconds for which its locks stay closed after it expired; 0 when absent.',
          0,
          longestLockDelaySeconds,
        ),
      ),
    ],
    request_id: [
      4,
      optional(
        text(
          1,
          128,
          'With it a repeated request returns the same session. Unique for this client and hard to guess: a UUID.',
        ),
      ),
    ],
  }),
  answer: answer('CreateSession', 'CreateSessionAnswer', {
    session_id: [1, toldSessionId],
    client_id: [2, toldClientId],
    timeout: [3, described(number(''), 'Seconds without a sign of life after which it ends.')],
    keepalive_interval: [
      4,
      uint32(
        1,
        undefined,
        'Whole seconds between keepalives that a client should keep: a third of the timeout, at least 1.',
      ),
    ],
  }),
  errors: ['session_exists', 'session_expired', 'request_forgotten', ...clusterErrors],
  access: { verb: 'use', resource: 'session' },
  http: [post('/sessions', 'Begin a session.')],
  grpc: {
    method: 'CreateSession',
    comment:
      'Creates a session: what holds belong to. It ends when it is ended, or when it gives no sign of life for its timeout.',
  },
});

const getSession: UnaryOperation = reading({
  name: 'get_session',
  request: request('GetSession', 'ReadSessionBody', {
    session_id: [1, sessionId],
    consistency: [2, askedConsistency],
  }),
  answer: answer('GetSession', 'SessionAnswer', {
    session_id: [1, toldSessionId],
    client_id: [2, toldClientId],
    timeout: [3, number('Seconds without a sign of life after which it ends.')],
    created_at: [4, wallClockSeconds],
    last_keepalive: [
      5,
      number(
        'Wall clock of the leader, seconds since 1970; after a leader change the time at which it took over.',
      ),
    ],
    locks_held: [
      6,
      list(
        string('Name of a lock.'),
        'The first locks that it holds, at most 100: session_locks has them all, by pages.',
      ),
    ],
    semaphores_held: [
      7,
      list(string('Name of a semaphore.'), 'The first semaphores of which it has permits.'),
    ],
    elections_led: [
      8,
      list(string('Name of an election.'), 'The first elections in which it leads.'),
    ],
    barriers_inside: [
      9,
      list(string('Name of a barrier.'), 'The first barriers that it is inside of.'),
    ],
    lock_count: [11, count('How many locks it holds.')],
    permit_hold_count: [12, count('How many holds of semaphores: each acquire of permits is one.')],
    leadership_count: [13, count('In how many elections it leads.')],
    barrier_count: [14, count('Inside of how many barriers it is.')],
    consistency: [10, consistency],
  }),
  errors,
  access: { verb: 'read', resource: 'session' },
  http: [get('/sessions/{session_id}', 'Look at a session.')],
  grpc: { method: 'GetSession', comment: 'Looks at a session. It does not keep it alive.' },
});

const endSession: UnaryOperation = changing('always', {
  name: 'end_session',
  request: request('EndSession', 'EndSessionBody', { session_id: [1, sessionId] }),
  answer: answer('EndSession', 'EndSessionAnswer', {
    session_id: [1, toldSessionId],
    deleted: [2, always(true)],
  }),
  errors,
  access: { verb: 'use', resource: 'session' },
  http: [remove('/sessions/{session_id}', 'End a session and release all that it holds.')],
  grpc: { method: 'EndSession', comment: 'Ends a session, and with it all that it holds.' },
});

const keepaliveAnswer = answer('Keepalive', 'KeepAliveAnswer', {
  session_id: [1, toldSessionId],
  success: [2, always(true)],
  timeout: [3, number('Seconds from now after which it ends without another sign of life.')],
});

const keepalive: UnaryOperation = reading({
  name: 'keepalive',
  request: request('Keepalive', 'SessionRef', { session_id: [1, sessionId] }),
  answer: keepaliveAnswer,
  errors,
  access: { verb: 'use', resource: 'session' },
  http: [post('/sessions/{session_id}/keepalive', 'Extend a session by its timeout from now.')],
  grpc: {
    method: 'Keepalive',
    comment:
      'A sign of life of a session. KeepaliveStream is cheaper for many, and tells of the end.',
  },
});

const sessionEnds: Enumeration = {
  name: 'SessionEnd',
  nestedIn: 'KeepaliveStreamResponse',
  description: 'How a session ended.',
  unspecified: 'Never told.',
  values: {
    ended: [1, 'It was ended.'],
    expired: [2, 'It gave no sign of life for its timeout.'],
    not_found: [3, 'There is none, or not any more.'],
  },
};

const keepaliveStream: StreamOperation = {
  kind: 'stream',
  name: 'keepalive_stream',
  performs: 'keepalive',
  direction: 'both',
  request: {
    protoName: 'KeepaliveStreamRequest',
    description: 'What KeepaliveStream is sent: one sign of life.',
    fields: { session_id: [1, sessionId] },
  },
  tells: {
    protoName: 'KeepaliveStreamResponse',
    description: 'What KeepaliveStream tells.',
    oneOf: { name: 'what', description: 'Which of these is told.' },
    fields: {
      kept: [1, object(keepaliveAnswer, 'The answer to a sign of life.')],
      lost: [
        2,
        nested('Lost', 'A session that was named on this call has ended.', {
          session_id: [1, toldSessionId],
          reason: [2, words(sessionEnds, 'How it ended.')],
        }),
      ],
      hold_ended: [
        3,
        nested(
          'HoldEnded',
          'A hold of a session that was named on this call was ended by others.',
          {
            session_id: [1, toldSessionId],
            kind: [2, words(heldKinds, 'What was held.')],
            resource: [3, resource],
            fence_token: [4, toldFenceToken],
            reason: [5, words(endReasons, 'How it ended.')],
            note: [6, optional(string('Why an administrator forced it.'))],
          },
        ),
      ],
    },
  },
  errors,
  access: { verb: 'use', resource: 'session' },
  http: [],
  grpc: {
    method: 'KeepaliveStream',
    comment:
      'Signs of life for as long as the call stands. The client sends one for each session at least every third of its timeout, as `keepalive_interval` tells; each is answered, in order. When a session that was named here ends, or a hold of it is ended by others, that is told at once. The end of the call itself ends no session. One call takes up to 1000 sessions.',
  },
};

export const sessions: Group = {
  name: 'sessions',
  tag: 'sessions',
  service: 'Sessions',
  description: 'Sessions: whose the holds are, and how long they stand.',
  operations: [
    createSession,
    getSession,
    endSession,
    keepalive,
    keepaliveStream,
    sessionLocks,
    sessionWaits,
    giveUp,
  ],
  errors: {
    session_not_found: byCluster(404, 'NOT_FOUND', 'There is no such session.', 'never', {
      effect: 'perhaps',
      note: 'An earlier copy of the request may have been carried out in a session that has ended since; all that it took has ended with it.',
    }),
    session_expired: byCluster(410, 'NOT_FOUND', 'The session has ended.', 'never', {
      effect: 'perhaps',
      note: 'An acquire may have been granted, and others may have seen it held, before the session ended; all that it took has ended with the session.',
    }),
    session_exists: byCluster(
      409,
      'ALREADY_EXISTS',
      'A session of this id exists already.',
      'never',
    ),
  },
};
