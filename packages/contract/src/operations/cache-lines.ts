/** What nodes have in their memories of the cache: counts, lines, and what is being invalidated. */
import {
  askedConsistency,
  consistency,
  count,
  maxNameLength,
  position,
  statusRevision,
} from '../fields.ts';
import { answer, get, reading, request } from '../operation.ts';
import type { UnaryOperation } from '../operation.ts';
import {
  described,
  list,
  nullable,
  number,
  object,
  optional,
  string,
  text,
  uint32,
  words,
} from '../schema.ts';
import type { Enumeration, Message, Schema } from '../schema.ts';
import { toldKey, lineStates, toldNode, version } from './cache-fields.ts';

export const cacheStats: UnaryOperation = reading({
  name: 'cache_stats',
  request: request('CacheStats', 'CacheStatsBody', { consistency: [1, askedConsistency] }),
  answer: answer('CacheStats', 'CacheStatsAnswer', {
    node: [1, toldNode],
    keys: [2, count('Keys that have a value.')],
    bytes: [3, position('What keys and values take, and 256 bytes for each key.')],
    hits: [4, position('Reads that this node answered from its memory since it started.')],
    misses: [5, position('Reads that it asked the leader for.')],
    lines: [6, count('Keys that it has in its memory.')],
    line_bytes: [7, position('What those take.')],
    modified_lines: [17, count('Of its lines: modified.')],
    exclusive_lines: [18, count('Of its lines: exclusive.')],
    shared_lines: [19, count('Of its lines: shared.')],
    invalid_lines: [
      20,
      count('Of its lines: those whose lease has run out, which the next read drops.'),
    ],
    invalidations: [8, position('Keys that it was told to drop.')],
    drops: [9, position('How often it dropped all of them.')],
    sharers: [10, count('On the leader: memories of nodes that may have keys.')],
    shared_keys: [11, count('On the leader: keys that some may have.')],
    writes_delayed: [
      12,
      position('On the leader: writes that waited until nobody had their key any more.'),
    ],
    delay_seconds: [13, number('How long they waited, in all.')],
    clients: [14, count('Clients of this node that may have keys in their own memory.')],
    pending_invalidations: [
      15,
      count('Keys that its clients, and on the leader nodes, were told to drop and have not yet.'),
    ],
    pending_writes: [
      16,
      count('On the leader: writes that wait until nobody has their key any more.'),
    ],
    consistency: [21, consistency],
    revision: [22, statusRevision],
  }),
  errors: [],
  access: { verb: 'cache_read', resource: 'cache' },
  http: [get('/cache/stats', 'The cache in numbers.')],
  grpc: { method: 'CacheStats', comment: 'Tells the cache in numbers.' },
});

const toldSharer: Schema = string(
  'Id of the node; of a client who it is and from where, which is told to administrators alone.',
);
const sharerKinds: Enumeration = {
  name: 'SharerKind',
  typeName: 'SharerKind',
  description: 'Who has keys of the cache in its memory.',
  unspecified: 'Never told.',
  values: {
    node: [1, 'A node, as the leader knows it.'],
    client: [2, 'A client of the node that answers.'],
  },
};
const cacheLine: Message = {
  typeName: 'CacheLine',
  protoName: 'CacheLine',
  description: 'A key that a node has in its memory.',
  fields: {
    key: [1, toldKey],
    state: [2, words(lineStates, 'What the node has of it.')],
    version: [
      3,
      described(version, 'Log index of the write that gave it its value; 0 where it has none.'),
    ],
  },
};
const pendingInvalidation: Message = {
  typeName: 'PendingInvalidation',
  protoName: 'PendingInvalidation',
  description: 'A key that somebody was told to drop and has not yet: a write of it waits.',
  fields: {
    key: [1, toldKey],
    sharer: [2, toldSharer],
    of: [3, words(sharerKinds, 'Whether that is a node or a client.')],
    waited_seconds: [4, number('Since it was to drop it.')],
  },
};
const sharerDelay: Message = {
  typeName: 'SharerDelay',
  protoName: 'SharerDelay',
  description: 'Somebody who dropped keys late, so that writes waited.',
  fields: {
    sharer: [1, toldSharer],
    of: [2, words(sharerKinds, 'Whether that is a node or a client.')],
    seconds: [3, number('How long it took, in all.')],
    count: [4, count('Keys that it took more than 0.1 seconds to drop.')],
    lapsed: [5, count('Of those: not dropped until its lease had run out.')],
  },
};

export const cacheLines: UnaryOperation = {
  ...reading({
    name: 'cache_lines',
    request: request('CacheLines', 'CacheLinesBody', {
      prefix: [1, optional(text(0, maxNameLength, 'Keys that begin with this; all when absent.'))],
      after: [4, optional(text(1, maxNameLength, '`next_after` of the page before.'))],
      limit: [3, optional(uint32(1, 1000, 'At most so many; 100 when absent.'))],
    }),
    answer: answer('CacheLines', 'CacheLinesAnswer', {
      node: [1, toldNode],
      lines: [2, list(object(cacheLine), 'Keys in the memory of the node, in the order of keys.')],
      next_after: [
        6,
        nullable(
          string(
            '`after` of the next page; null on the last. A page may have few lines, or none, and not be the last.',
          ),
        ),
      ],
      pending: [4, list(object(pendingInvalidation), 'At most 500 of nodes and 500 of clients.')],
      delays: [
        5,
        list(
          object(sharerDelay),
          'Who delayed writes: nodes on the leader, clients on their node.',
        ),
      ],
    }),
    errors: [],
    access: { verb: 'cache_read', resource: 'cache', filtered: true },
    http: [get('/cache/lines', 'What the node that answers has of the cache in its memory.')],
    grpc: { method: 'CacheLines', comment: 'Lists what a node has of the cache in its memory.' },
  }),
  needsLeader: false,
};
