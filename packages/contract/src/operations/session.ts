/** Sessions: whose the holds are, and how long they stand. */
import { byCluster, sessionErrors } from '../errors.ts';
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
  statusRevision,
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
  boolean,
  described,
  list,
  nested,
  nullable,
  number,
  object,
  optional,
  string,
  text,
  uint32,
  words,
} from '../schema.ts';
import type { Enumeration, Message } from '../schema.ts';
import { listing } from './listing.ts';
import { cancelRequest, sessionLocks, sessionWaits } from './session-contents.ts';

const errors = [...sessionErrors];

const createSession: UnaryOperation = changing('by_id', {
  name: 'create_session',
  sessionEffect: 'creates',
  request: request('CreateSession', 'CreateSessionBody', {
    client_id: [1, optional(clientId)],
    timeout: [
      2,
      optional(
        timeoutSeconds,
        'Session timeout: seconds without a keepalive after which the session expires; the configured default when absent.',
      ),
    ],
    timeout_seconds: [5, optional(timeoutSeconds, 'The same as `timeout`.')],
    lock_delay_seconds: [
      3,
      optional(
        number(
          'Lock-delay: seconds for which its locks cannot be acquired after it expired; 0 when absent.',
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
          'A retry with the same id returns the same session. Unique for this client and hard to guess, such as a UUID.',
        ),
      ),
    ],
  }),
  answer: answer('CreateSession', 'CreateSessionAnswer', {
    session_id: [1, toldSessionId],
    client_id: [2, toldClientId],
    timeout: [
      3,
      described(number(''), 'Session timeout: seconds without a keepalive after which it expires.'),
    ],
    keepalive_interval: [
      4,
      uint32(
        1,
        undefined,
        'Recommended seconds between keepalives: a third of the timeout, at least 1.',
      ),
    ],
    timeout_seconds: [5, number('The same as `timeout`.')],
    keepalive_interval_seconds: [6, uint32(1, undefined, 'The same as `keepalive_interval`.')],
  }),
  errors: ['session_exists', 'session_expired', 'request_forgotten'],
  access: { verb: 'acquire', resource: 'session' },
  http: [post('/sessions', 'Create a session.')],
  grpc: {
    method: 'CreateSession',
    comment:
      'Creates a session, to which holds belong. It ends when it is ended by a request, or expires when no keepalive arrives within its timeout.',
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
    timeout: [3, number('Session timeout: seconds without a keepalive after which it expires.')],
    timeout_seconds: [16, number('The same as `timeout`.')],
    created_at: [4, wallClockSeconds],
    last_keepalive: [
      5,
      number(
        'Wall-clock time of the leader, seconds since 1970; after a leader change, the time at which the new leader took over.',
      ),
    ],
    locks_held: [
      6,
      list(
        string('Name of a lock.'),
        'The first locks that it holds, at most 100: session_locks returns all of them, in pages.',
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
    lock_count: [11, count('Number of locks that it holds.')],
    permit_hold_count: [
      12,
      count('Number of holds of semaphores; each acquire of permits is one.'),
    ],
    leadership_count: [13, count('Number of elections that it leads.')],
    barrier_count: [14, count('Number of barriers that it is inside of.')],
    consistency: [10, consistency],
    revision: [15, statusRevision],
  }),
  errors,
  access: { verb: 'read', resource: 'session' },
  http: [get('/sessions/{session_id}', 'Show a session.')],
  grpc: { method: 'GetSession', comment: 'Returns a session. This does not keep it alive.' },
});

const endSession: UnaryOperation = changing('always', {
  name: 'end_session',
  sessionEffect: 'ends',
  forHolders: 'gives_back',
  request: request('EndSession', 'EndSessionBody', { session_id: [1, sessionId] }),
  answer: answer('EndSession', 'EndSessionAnswer', {
    session_id: [1, toldSessionId],
    deleted: [2, always(true)],
  }),
  errors,
  access: { verb: 'acquire', resource: 'session' },
  http: [remove('/sessions/{session_id}', 'End a session and release everything that it holds.')],
  grpc: { method: 'EndSession', comment: 'Ends a session and releases everything that it holds.' },
});

const keepaliveAnswer = answer('Keepalive', 'KeepAliveAnswer', {
  session_id: [1, toldSessionId],
  success: [2, always(true)],
  timeout: [3, number('Seconds from now after which it expires without another keepalive.')],
  timeout_seconds: [4, number('The same as `timeout`.')],
});

const keepalive: UnaryOperation = reading({
  name: 'keepalive',
  forHolders: 'keeps',
  isUntraced: true,
  request: request('Keepalive', 'SessionRef', { session_id: [1, sessionId] }),
  answer: keepaliveAnswer,
  errors,
  access: { verb: 'acquire', resource: 'session' },
  http: [post('/sessions/{session_id}/keepalive', 'Extend a session by its timeout from now.')],
  grpc: {
    method: 'Keepalive',
    comment:
      'Keeps a session alive. KeepaliveStream is cheaper for many sessions and reports their end.',
  },
});

const sessionEnds: Enumeration = {
  name: 'SessionEnd',
  nestedIn: 'KeepaliveStreamResponse',
  description: 'How a session ended.',
  unspecified: 'Never sent.',
  values: {
    ended: [1, 'It was ended by a request.'],
    expired: [2, 'It expired: no keepalive arrived within its timeout.'],
    not_found: [3, 'There is no such session, or not any more.'],
  },
};

const keepaliveStream: StreamOperation = {
  kind: 'stream',
  name: 'keepalive_stream',
  needsLeader: true,
  performs: 'keepalive',
  direction: 'both',
  request: {
    protoName: 'KeepaliveStreamRequest',
    description: 'Request of KeepaliveStream: one keepalive.',
    fields: { session_id: [1, sessionId] },
  },
  tells: {
    protoName: 'KeepaliveStreamResponse',
    description: 'Message of KeepaliveStream.',
    oneOf: { name: 'what', description: 'Type of this message.' },
    fields: {
      kept: [1, object(keepaliveAnswer, 'Response to a keepalive.')],
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
          'A hold of a session that was named on this call was ended other than by its holder.',
          {
            session_id: [1, toldSessionId],
            kind: [2, words(heldKinds, 'Kind of the resource.')],
            resource: [3, resource],
            fence_token: [4, toldFenceToken],
            reason: [5, words(endReasons, 'How it ended.')],
            note: [6, optional(string('Reason given by the administrator for a forced release.'))],
          },
        ),
      ],
    },
  },
  errors: [...errors, 'compacted'],
  access: { verb: 'acquire', resource: 'session' },
  http: [],
  grpc: {
    method: 'KeepaliveStream',
    comment:
      'Keepalives for as long as the call is open. The client sends one for each session at least every third of its timeout (`keepalive_interval`); each is answered, in order. When a session that was named on the call ends, or a hold of it is ended other than by its holder, a message is sent at once. A node that missed events, since it installed a snapshot, ends the call with OUT_OF_RANGE (`compacted`): read what each session holds (`SessionLocks`) and open a new call. The end of the call itself ends no session. One call takes up to 1000 sessions.',
  },
};

const sessionRow: Message = {
  protoName: 'ListedSession',
  description: 'A session in a list.',
  fields: {
    session_id: [1, toldSessionId],
    client_id: [2, toldClientId],
    timeout_seconds: [3, number('Seconds without a sign of life after which it ends.')],
    created_at: [4, wallClockSeconds],
    implicit: [5, boolean('Made by an acquire with `client_id`, for its own hold.')],
    lock_count: [6, count('How many locks it holds.')],
    permit_hold_count: [7, count('How many holds of semaphores: each acquire of permits is one.')],
    leadership_count: [8, count('In how many elections it leads.')],
    barrier_count: [9, count('Inside of how many barriers it is.')],
    wait_count: [10, count('In how many wait queues it is.')],
    last_keepalive: [
      11,
      nullable(
        number(
          'Wall-clock time of the leader, seconds since 1970; after a leader change, the time at which the new leader took over. Null where another node answers.',
        ),
      ),
    ],
  },
};

const listSessions: UnaryOperation = listing({
  plural: 'sessions',
  row: sessionRow,
  access: { verb: 'read', resource: 'session' },
  summary: 'List sessions that stand.',
  ofClient: 'Only sessions of this client.',
});

export const sessions: Group = {
  name: 'sessions',
  tag: 'sessions',
  service: 'Sessions',
  description: 'Sessions: they own holds, and their expiry ends the holds.',
  operations: [
    createSession,
    getSession,
    listSessions,
    endSession,
    keepalive,
    keepaliveStream,
    sessionLocks,
    sessionWaits,
    cancelRequest,
  ],
  errors: {
    session_not_found: byCluster(404, 'NOT_FOUND', 'There is no such session.', 'never', {
      effect: 'perhaps',
      note: 'An earlier copy of the request may have been executed in a session that has ended since; everything it acquired ended with that session.',
    }),
    session_expired: byCluster(410, 'NOT_FOUND', 'The session has ended.', 'never', {
      effect: 'perhaps',
      note: 'An acquire may have been granted, and seen by others, before the session ended; everything it acquired ended with the session.',
    }),
    session_exists: byCluster(
      409,
      'ALREADY_EXISTS',
      'A session with this id exists already.',
      'never',
    ),
  },
};
