/** What happens to resources, as it happens. */
import { byNode } from '../errors.ts';
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

const look = { verb: 'read', resource: 'event' } as const;

const watchedKinds: Enumeration = {
  name: 'WatchedKind',
  typeName: 'WatchedKind',
  description: 'What can be watched.',
  unspecified: 'As if unset.',
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
  unspecified: 'Never told.',
  values: {
    granted: [1, 'Somebody holds it now.'],
    released: [2, 'A hold ended by its holder, by force, or after its longest time: see `reason`.'],
    expired: [3, 'A hold ended since its session gave no sign of life.'],
    lowered: [4, 'An exclusive hold is shared now, under the same token.'],
    waiting: [5, 'Somebody waits for it.'],
    left: [6, 'A waiter has gone without it, or somebody has left a barrier.'],
    proclaimed: [7, 'The leader tells another value.'],
    created: [8, 'It is there now.'],
    resized: [9, 'A semaphore has another limit.'],
    deleted: [10, 'It is gone.'],
    entered: [11, 'Somebody has entered a barrier.'],
    opened: [12, 'All have come, or a latch is at 0.'],
    over: [13, 'All have left: the next round may begin.'],
    counted: [14, 'A latch was counted down.'],
  },
};

const watchEvent: Message = {
  typeName: 'WatchEvent',
  protoName: 'WatchEvent',
  description: 'One change.',
  fields: {
    position: [
      1,
      string('Where it stands among all events, to resume after it: `revision-number`.'),
    ],
    revision: [2, position('Log index of the change.')],
    type: [3, words(eventTypes, 'What happened.')],
    kind: [4, words(watchedKinds, 'What changed.')],
    resource: [5, resource],
    client_id: [6, optional(toldClientId, 'Whose change it was, for people.')],
    fence_token: [7, optional(toldFenceToken, 'Of the hold.')],
    mode: [8, optional(words(lockMode, 'Of a lock.'))],
    permits: [9, optional(uint32(0, undefined, 'Of a hold of a semaphore.'))],
    reason: [
      10,
      optional(
        string(
          'Of the end of a hold: released, expired, forced or max_hold. Of a waiter that left: an error code.',
        ),
      ),
    ],
    note: [11, optional(string('Why an administrator forced it.'))],
    value: [12, optional(json('Metadata of a hold, or the value of a leader.'))],
    limit: [13, optional(uint32(0, undefined, 'Of a semaphore.'))],
    count: [14, optional(uint32(0, undefined, 'What is left of a latch.'))],
    round: [15, optional(uint64(0, undefined, 'Of a barrier.'))],
  },
};

const filter = {
  prefix: optional(text(0, maxNameLength, 'Only resources whose names begin with it.')),
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
        after('Events after this position or revision. Absent: the latest that are kept.'),
      ],
      limit: [5, optional(uint32(1, longestPage, 'At most so many; 100 when absent.'))],
      wait_seconds: [
        6,
        optional(
          waitSeconds,
          'With `after`: waits so many seconds for one when there is none yet.',
        ),
      ],
    }),
    answer: answer('Events', 'EventsAnswer', {
      events: [1, list(object(watchEvent), 'In the order in which they happened.')],
      position: [2, string('Pass as `after` to go on.')],
      more: [3, boolean('There are more already.')],
    }),
    errors: ['name_too_long', 'compacted', 'wait_abandoned'],
    waits: true,
    access: look,
    http: [get('/events', 'The latest changes, or those after a position, by pages.')],
    grpc: {
      method: 'Events',
      comment:
        'Latest events, or those after a position, by pages: for those who cannot keep a stream. Watch tells them as they happen.',
    },
  }),
  needsLeader: false,
};

const watch: StreamOperation = {
  kind: 'stream',
  name: 'watch',
  direction: 'down',
  request: request('Watch', 'WatchBody', {
    prefix: [1, filter.prefix],
    name: [2, filter.name],
    kind: [3, filter.kind],
    after: [4, after('Events after this position or revision; from now on when absent.')],
  }),
  tells: {
    protoName: 'WatchResponse',
    description: 'What Watch tells.',
    fields: {
      position: [
        1,
        string(
          'Pass as `after` to go on behind these events. The first message has no events: it tells that the watch stands, and from where.',
        ),
      ],
      events: [2, list(object(watchEvent), 'In the order in which they happened.')],
    },
  },
  begun: {
    typeName: 'WatchAnswer',
    description: 'A watch has begun on a client stream.',
    fields: {
      watch_id: [1, uint32(0, undefined, 'Names this watch on its stream.')],
      position: [2, string('Where it begins.')],
    },
  },
  errors: ['name_too_long', 'compacted'],
  access: look,
  http: [get('/watch', 'Changes as server-sent events, resumable with Last-Event-ID.')],
  grpc: {
    method: 'Watch',
    comment:
      'Events as they happen, in order, none left out. Goes on from a position at any node; ends with OUT_OF_RANGE (`compacted`) where events after it are no longer kept.',
  },
};

const unwatch: StreamControl = {
  kind: 'control',
  name: 'unwatch',
  request: {
    typeName: 'UnwatchBody',
    description: 'Ends a watch of a client stream.',
    fields: { watch_id: [1, uint32(0, undefined, 'As told when the watch began.')] },
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
  access: look,
  http: [],
};

export const eventGroup: Group = {
  name: 'events',
  service: 'Events',
  tag: 'events',
  description: 'What happens to resources, as it happens.',
  operations: [watch, unwatch, events],
  errors: {
    compacted: byNode(
      410,
      'OUT_OF_RANGE',
      'The events after this position are no longer kept.',
      'never',
    ),
  },
};
