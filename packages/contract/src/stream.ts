/**
 * What a client stream has beside the operations: frames about the stream itself. The node that has the stream answers them
 * alone, at once, whether or not it has a leader. No access rule is asked about them, and no audit records them but where they are refused: the first says
 * who asks, and the others are about nothing but this stream. They go before what waits for room, and are refused for no limit.
 */
import {
  always,
  boolean,
  list,
  nullable,
  object,
  optional,
  string,
  uint32,
  uint64,
  words,
} from './schema.ts';
import type { Enumeration, Message } from './schema.ts';
import { watchEvent } from './operations/event.ts';

export interface StreamFrame {
  /** As it stands in the frame, where a request has the name of its operation. */
  readonly name: string;
  /** For the document of the stream. */
  readonly description: string;
  readonly request: Message;
  /** It asks for nothing that would have to be told: its body may be null, or absent, and nothing of it is read. */
  readonly isBodyUnread?: true;
  readonly answer: Message;
  /** Codes of its errors. */
  readonly errors: readonly string[];
}

const hello: StreamFrame = {
  name: 'hello',
  description:
    'Says who asks, where that could not be told by a header or a certificate: browsers set no headers. It comes before every other request. Where its key does not hold, every request after it is refused; where the node cannot judge the key yet, it ends the stream with 1013, and the client says hello on another one.',
  request: {
    typeName: 'HelloBody',
    description: 'Says who asks, before anything else is asked on a client stream.',
    fields: { api_key: [1, string('The API key, as a header `Authorization: Bearer` has it.')] },
  },
  answer: {
    typeName: 'HelloAnswer',
    description: 'Who asks on this client stream from now on.',
    fields: {
      identity: [1, string('Identity of the caller; `anonymous` where it has proven none.')],
    },
  },
  errors: ['invalid_request', 'unauthorized', 'limit_exceeded', 'not_leader'],
};

const cancel: StreamFrame = {
  name: 'cancel',
  description:
    'Cancels a waiting request of this stream: it leaves its wait queue, or gives back what was granted meanwhile, and is answered with `wait_cancelled`. A wait of another stream is cancelled by the operation `cancel_request`.',
  request: {
    typeName: 'CancelWaitBody',
    description: 'Cancels a waiting request of the same client stream.',
    fields: { request: [1, uint64(0, undefined, 'Id of the request, as its frame has it.')] },
  },
  answer: {
    typeName: 'CancelWaitAnswer',
    description: 'Whether there was such a request.',
    fields: {
      cancelled: [
        1,
        boolean(
          'True also where it crossed the grant, which is then given back; false where no such request waits or was answered here lately.',
        ),
      ],
    },
  },
  errors: ['invalid_request'],
};

const ping: StreamFrame = {
  name: 'ping',
  description: 'Is answered at once: shows that the node is there. It keeps no session alive.',
  request: {
    typeName: 'PingBody',
    description: 'Asks a node for a sign of life.',
    fields: {},
  },
  isBodyUnread: true,
  answer: { typeName: 'PingAnswer', description: 'The node is there.', fields: {} },
  errors: [],
};

export const streamFrames: readonly StreamFrame[] = [hello, cancel, ping];

/** What a node tells unasked: `[0, kind, body]`. */
export interface StreamPush {
  readonly kind: string;
  /** When it is told, and what a client does then. */
  readonly description: string;
  readonly body: Message;
}

const told = (name: string, values: Enumeration['values']): Enumeration => ({
  name,
  description: 'Told on a client stream.',
  unspecified: 'Never told.',
  values,
});

const clusterPush: StreamPush = {
  kind: 'cluster',
  description:
    'First of all, and at each change of leader or members. A caller that may not know them is told of the node alone.',
  body: {
    typeName: 'ClusterPush',
    description: 'Sent first on every stream and at each change of leader or members.',
    fields: {
      cluster_id: [1, string('A client that has met one cluster goes to no node of another.')],
      node_id: [2, string('The node that has the stream.')],
      leader: [3, nullable(string('Node id of the leader; null while none is known.'))],
      members: [
        4,
        list(
          object({
            description: 'A member.',
            fields: {
              node_id: [1, string('Its node id.')],
              url: [2, string('Where clients reach it; empty while that is not known.')],
            },
          }),
          'The members, and where clients reach each.',
        ),
      ],
    },
  },
};

/** Written by hand in packages/protocol/src/errors.ts: it has the details of its code beside these. */
const problem: Message = {
  typeName: 'Problem',
  description: 'A problem document (RFC 9457).',
  fields: {
    type: [1, string('URI of the code.')],
    title: [2, string('What the code means.')],
    status: [3, uint32(100, 599, 'Status of HTTP.')],
    detail: [4, string('What happened, and what to do.')],
    code: [5, string('The code of the error.')],
  },
};

const watchPush: StreamPush = {
  kind: 'watch',
  description: 'Events of a watch of this stream, or, with `problem`, its end.',
  body: {
    typeName: 'WatchPush',
    description: 'Events of a watch of this stream, or, with `problem`, its end.',
    fields: {
      watch_id: [1, uint32(0, undefined, 'The watch.')],
      events: [2, list(object(watchEvent), 'In their order; none where the watch ends.')],
      problem: [
        3,
        optional(object(problem), '`compacted`: events were lost to it, and it is over.'),
      ],
    },
  },
};

const sessionEndedPush: StreamPush = {
  kind: 'session_ended',
  description: 'A session that was named on this stream has ended or expired.',
  body: {
    typeName: 'SessionEndedPush',
    description: 'A session that was named on this stream is over.',
    fields: {
      session_id: [1, string('The session.')],
      reason: [
        2,
        words(
          told('SessionEnd', { ended: [1, 'By a request.'], expired: [2, 'No keepalive came.'] }),
          'How it ended.',
        ),
      ],
    },
  },
};

const holdEndedPush: StreamPush = {
  kind: 'hold_ended',
  description: 'A hold of such a session was ended other than by its holder.',
  body: {
    typeName: 'HoldEndedPush',
    description: 'A hold of a session that is used on this stream was ended by others.',
    fields: {
      session_id: [1, string('The session.')],
      kind: [
        2,
        words(
          told('EndedKind', {
            lock: [1, 'A lock.'],
            semaphore: [2, 'Permits of a semaphore.'],
            election: [3, 'A leadership.'],
          }),
          'What was held.',
        ),
      ],
      resource: [3, string('Its name.')],
      fence_token: [4, uint64(0, undefined, 'Fence token of the hold.')],
      reason: [
        5,
        words(
          told('HoldEnd', {
            forced: [1, 'An operator released it.'],
            max_hold: [2, 'Its longest time was over.'],
          }),
          'Why it ended.',
        ),
      ],
      note: [6, optional(string('What the operator gave as the reason.'))],
    },
  },
};

const cachePush: StreamPush = {
  kind: 'cache',
  description:
    'Keys that the client has to drop from its memory; `cache_dropped` acknowledges it. Writes of the keys wait for that.',
  body: {
    typeName: 'CachePush',
    description: 'Keys that a client has to drop from its memory before it acknowledges this.',
    fields: {
      memory_id: [1, string('The memory of the client.')],
      seq: [2, uint64(0, undefined, 'Number of this push, which is acknowledged.')],
      keys: [3, list(string('A key.'), 'The keys.')],
      all: [
        4,
        optional(
          always(
            true,
            'Not only these keys, but all that it has under this memory id: it is acknowledged without a number.',
          ),
        ),
      ],
    },
  },
};

export const streamPushes: readonly StreamPush[] = [
  clusterPush,
  watchPush,
  sessionEndedPush,
  holdEndedPush,
  cachePush,
];
