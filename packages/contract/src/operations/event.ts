/** What happens to resources, as it happens. */
import { byNode, positionErrors } from '../errors.ts';
import {
  lockMode,
  longestPage,
  maxNameLength,
  name,
  position,
  resource,
  toldClientId,
  toldFenceToken,
  waitSeconds,
  wallClockSeconds,
} from '../fields.ts';
import { answer, get, reading, request } from '../operation.ts';
import type { Group, StreamControl, StreamOperation, UnaryOperation } from '../operation.ts';
import {
  boolean,
  json,
  list,
  object,
  optional,
  string,
  text,
  token,
  uint32,
  uint64,
  words,
} from '../schema.ts';
import type { Enumeration, Message, Schema } from '../schema.ts';

const look = { verb: 'read', resource: 'event', filtered: true } as const;
/** Of what the caller has begun itself. */
const own = { verb: 'read', resource: 'event', open: true } as const;

const watchedKinds: Enumeration = {
  name: 'WatchedKind',
  typeName: 'WatchedKind',
  description: 'Kind of resource that can be watched.',
  unspecified: 'Same as unset.',
  values: {
    lock: [1, 'Locks.'],
    semaphore: [2, 'Semaphores.'],
    election: [3, 'Elections.'],
    barrier: [4, 'Barriers.'],
    latch: [5, 'Latches.'],
  },
};

const eventTypes: Enumeration = {
  name: 'EventType',
  typeName: 'WatchEventType',
  description: 'What happened.',
  unspecified: 'Never sent.',
  values: {
    granted: [1, 'It was granted.'],
    released: [
      2,
      'A hold was ended by its holder, by force, or by its max-hold expiry: see `reason`.',
    ],
    expired: [3, 'A hold ended because its session expired.'],
    downgraded: [4, 'An exclusive hold was downgraded to shared, with the same token.'],
    waiting: [5, 'A waiter entered the wait queue.'],
    left: [6, 'A waiter left the wait queue without a grant, or a session left a barrier.'],
    proclaimed: [7, 'The leader published another value.'],
    created: [8, 'It was created.'],
    resized: [9, 'The limit of a semaphore was changed.'],
    deleted: [10, 'It was deleted.'],
    entered: [11, 'A session entered a barrier.'],
    opened: [12, 'A barrier or latch opened: all parties entered, or the count is 0.'],
    over: [13, 'The round of a barrier ended: all parties left.'],
    counted: [14, 'A latch was counted down.'],
  },
};

export const watchEvent: Message = {
  typeName: 'WatchEvent',
  protoName: 'WatchEvent',
  description: 'One change.',
  fields: {
    position: [
      1,
      string(
        'Position among all events, to resume after it: `revision-number`. Numbers count all changes of the revision, and some are not reported: they rise, with gaps.',
      ),
    ],
    revision: [2, position('Log index of the change.')],
    type: [3, words(eventTypes, 'What happened.')],
    kind: [4, words(watchedKinds, 'The kind of change.')],
    resource: [5, resource],
    client_id: [6, optional(toldClientId, 'Name of the client whose change it was, for people.')],
    fence_token: [7, optional(toldFenceToken, 'Fence token of the hold.')],
    mode: [8, optional(words(lockMode, 'Lock only.'))],
    permits: [9, optional(uint32(0, undefined, "Number of permits of a semaphore's hold."))],
    reason: [
      10,
      optional(
        string(
          'Of the end of a hold: released, expired, forced or max_hold. Of a waiter that left: an error code.',
        ),
      ),
    ],
    note: [11, optional(string('Reason given by the administrator for a forced release.'))],
    value: [12, optional(json('Metadata of a hold, or the value published by a leader.'))],
    limit: [13, optional(uint32(0, undefined, 'Limit of a semaphore.'))],
    count: [14, optional(uint32(0, undefined, 'Remaining count of a latch.'))],
    round: [15, optional(uint64(0, undefined, 'Round of a barrier.'))],
    time: [
      16,
      optional(
        wallClockSeconds,
        'Wall clock of the leader that logged the change, seconds since 1970, for people; absent where the log does not have it.',
      ),
    ],
    identity: [
      17,
      optional(
        string(
          'Identity of the caller whose request caused the change, if it was authenticated. Unset if no request caused it: a session expired, a wait timed out.',
        ),
      ),
    ],
  },
};

const filter = {
  prefix: optional(text(0, maxNameLength, 'Only resources whose names have this prefix.')),
  name: optional(name, 'Only this resource.'),
  kind: optional(words(watchedKinds, 'Only resources of this kind.')),
};
const after = (description: string): Schema => optional(token(32, description));

const events: UnaryOperation = {
  ...reading({
    name: 'events',
    request: request('Events', 'EventsBody', {
      prefix: [1, filter.prefix],
      name: [2, filter.name],
      kind: [3, filter.kind],
      after: [
        4,
        after('Events after this position or revision; the latest retained ones when absent.'),
      ],
      limit: [5, optional(uint32(1, longestPage, 'Largest number of events; 100 when absent.'))],
      wait_seconds: [
        6,
        optional(
          waitSeconds,
          'With `after`: longest wait in seconds for an event when there is none yet.',
        ),
      ],
    }),
    answer: answer('Events', 'EventsAnswer', {
      events: [1, list(object(watchEvent), 'In the order in which they happened.')],
      position: [2, string('Pass it as `after` to continue.')],
      more: [3, boolean('More events are available already.')],
    }),
    errors: ['name_too_long', ...positionErrors, 'wait_cancelled'],
    waits: true,
    access: look,
    http: [get('/events', 'The latest changes, or those after a position, in pages.')],
    grpc: {
      method: 'Events',
      comment:
        'Returns the latest events, or those after a position, in pages: for clients that cannot keep a stream open. Watch sends them as they happen.',
    },
  }),
  needsLeader: false,
};

const watch: StreamOperation = {
  kind: 'stream',
  name: 'watch',
  needsLeader: false,
  direction: 'down',
  request: request('Watch', 'WatchBody', {
    prefix: [1, filter.prefix],
    name: [2, filter.name],
    kind: [3, filter.kind],
    after: [4, after('Events after this position or revision; from now on when absent.')],
  }),
  tells: {
    protoName: 'WatchResponse',
    description: 'Message of Watch.',
    fields: {
      position: [
        1,
        string(
          'Pass it as `after` to continue behind these events. The first message has no events: it confirms the watch and its start position.',
        ),
      ],
      events: [2, list(object(watchEvent), 'In the order in which they happened.')],
    },
  },
  begun: {
    typeName: 'WatchAnswer',
    description: 'A watch was started on a client stream.',
    fields: {
      watch_id: [1, uint32(0, undefined, 'Id of this watch on its stream.')],
      position: [2, string('Start position of the watch.')],
    },
  },
  errors: ['name_too_long', ...positionErrors],
  access: look,
  http: [get('/watch', 'Changes as server-sent events, resumable with Last-Event-ID.')],
  grpc: {
    method: 'Watch',
    comment:
      'Sends events as they happen, in order, without gaps. Resumes from a position on any node; ends with OUT_OF_RANGE (`compacted`) if events after it are no longer retained.',
  },
};

const unwatch: StreamControl = {
  kind: 'control',
  name: 'unwatch',
  isUntraced: true,
  needsLeader: false,
  request: {
    typeName: 'UnwatchBody',
    description: 'Ends a watch of a client stream.',
    fields: { watch_id: [1, uint32(0, undefined, 'Id returned when the watch was started.')] },
  },
  answer: {
    typeName: 'UnwatchAnswer',
    description: 'Whether there was such a watch.',
    fields: {
      watch_id: [1, uint32(0, undefined, 'The watch.')],
      ended: [2, boolean('False when there was none of this id.')],
    },
  },
  errors: [],
  access: own,
  http: [],
};

export const eventGroup: Group = {
  name: 'events',
  service: 'Events',
  tag: 'events',
  description: 'Events: changes of resources as they happen.',
  operations: [watch, unwatch, events],
  errors: {
    compacted: byNode(
      410,
      'OUT_OF_RANGE',
      'The events after this position were compacted (are no longer retained).',
      'never',
    ),
    future_position: byNode(
      409,
      'OUT_OF_RANGE',
      'The cluster has not reached this position.',
      'never',
    ),
  },
};
