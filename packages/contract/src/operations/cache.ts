/** The cache: keys with values and versions; what a read answers is never older than an acknowledged write. */
import { byCluster, byNode } from '../errors.ts';
import { fenceToken, longestTimeoutSeconds, maxNameLength, position } from '../fields.ts';
import { answer, changing, get, post, reading, remove, request } from '../operation.ts';
import type { Group, StreamControl, UnaryOperation } from '../operation.ts';
import {
  boolean,
  described,
  json,
  nullable,
  number,
  object,
  optional,
  text,
  words,
} from '../schema.ts';
import type { Message, Schema } from '../schema.ts';
import { key, toldKey, value, lineStates, fillToken, toldNode, version } from './cache-fields.ts';
import { cacheLines, cacheStats } from './cache-lines.ts';

const ifHeld: Message = {
  typeName: 'IfHeld',
  protoName: 'IfHeld',
  description: 'A hold that has to stand when the write is applied.',
  fields: {
    resource: [1, text(1, maxNameLength, 'Name of the lock, semaphore or election that is held.')],
    fence_token: [2, fenceToken],
  },
};
const conditions = {
  ifVersion: optional(
    described(version, 'Write only where the key has this version; 0: only where it has no value.'),
  ),
  ifHeld: optional(
    object(
      ifHeld,
      'Write only while this hold stands, which is looked at in the same command: a holder that was paused and has lost its hold writes nothing.',
    ),
  ),
} as const;

const writeErrors = ['version_mismatch', 'hold_not_current', 'cache_busy'];

const cacheSet: UnaryOperation = changing('never', {
  name: 'cache_set',
  request: request('CacheSet', 'CacheSetBody', {
    key: [1, key],
    value: [2, value],
    ttl_seconds: [
      3,
      optional(
        number(
          'The value ends by itself after so many seconds; it stays when absent.',
          0.001,
          longestTimeoutSeconds,
        ),
      ),
    ],
    if_version: [4, conditions.ifVersion],
    if_held: [5, conditions.ifHeld],
    fill_token: [
      6,
      optional(
        described(
          fillToken,
          'Write only while this turn to load the value stands, and the key has not been written since it was given.',
        ),
      ),
    ],
  }),
  answer: answer('CacheSet', 'CacheSetAnswer', {
    key: [1, toldKey],
    version: [2, version],
    node: [3, toldNode],
  }),
  errors: ['fill_superseded', ...writeErrors],
  access: { verb: 'cache_write', resource: 'cache' },
  http: [post('/cache/set', 'Give a key its value.')],
  grpc: { method: 'CacheSet', comment: 'Gives a key its value.' },
});

const cacheGet: UnaryOperation = reading({
  name: 'cache_get',
  request: request('CacheGet', 'CacheGetBody', { k: [1, key] }),
  answer: answer('CacheGet', 'CacheGetAnswer', {
    key: [1, toldKey],
    found: [2, boolean('Whether the key has a value.')],
    value: [3, json('The value; null where there is none.')],
    version: [
      4,
      described(version, 'Log index of the write that gave it its value; 0 where it has none.'),
    ],
    expires_in_seconds: [
      5,
      nullable(number('Until the value ends by itself; null where it stays.')),
    ],
    hit: [6, boolean('Answered from the memory of the node that answers, without the leader.')],
    node: [7, toldNode],
    state: [8, words(lineStates, 'What that node has of the key after this read.')],
  }),
  errors: [],
  access: { verb: 'cache_read', resource: 'cache' },
  http: [get('/cache/get', 'The value of a key.')],
  grpc: { method: 'CacheGet', comment: 'Returns the value of a key.' },
});

const cacheFill: UnaryOperation = reading({
  name: 'cache_fill',
  request: request('CacheFill', 'CacheFillBody', {
    k: [1, key],
    wait_seconds: [
      2,
      optional(
        number(
          'How long to wait while another one loads it; 0, the default, answers at once.',
          0,
          5,
        ),
      ),
    ],
    fill_seconds: [
      3,
      optional(
        number(
          'How long loading may take in all; 10 when absent. Within 2 seconds, each time, more time has to be asked for.',
          0.1,
          300,
        ),
      ),
    ],
    fill_token: [4, optional(described(fillToken, 'Of who has its turn and asks for more time.'))],
  }),
  answer: answer('CacheFill', 'CacheFillAnswer', {
    key: [1, toldKey],
    found: [2, boolean('Whether the key has a value.')],
    value: [3, json('The value; null where there is none.')],
    version: [
      4,
      described(version, 'Log index of the write that gave it its value; 0 where it has none.'),
    ],
    fill_token: [
      5,
      nullable(
        described(
          fillToken,
          'The turn to load the value: write it with this token. Null where there is a value, and while another one loads it.',
        ),
      ),
    ],
    node: [6, toldNode],
  }),
  errors: ['wait_cancelled'],
  waits: true,
  access: { verb: 'cache_write', resource: 'cache' },
  http: [post('/cache/fill', 'The value of a key, or the turn to load it.')],
  grpc: {
    method: 'CacheFill',
    comment: 'Returns the value of a key, or the turn to load it, of which there is one.',
  },
});

const cacheFillEnd: UnaryOperation = reading({
  name: 'cache_fill_end',
  forHolders: 'gives_back',
  request: request('CacheFillEnd', 'CacheFillEndBody', { k: [1, key], fill_token: [2, fillToken] }),
  answer: answer('CacheFillEnd', 'CacheFillEndAnswer', { key: [1, toldKey], node: [2, toldNode] }),
  errors: [],
  access: { verb: 'cache_write', resource: 'cache' },
  http: [remove('/cache/fill', 'End the turn to load a value.')],
  grpc: { method: 'CacheFillEnd', comment: 'Ends the turn to load the value of a key.' },
});

const memoryId: Schema = text(
  1,
  100,
  'Names the memory of the client since it last had nothing; another one whenever it has dropped everything.',
);

const cacheKeep: StreamControl = {
  kind: 'control',
  name: 'cache_keep',
  needsLeader: true,
  request: {
    typeName: 'CacheKeepBody',
    description: 'Reads a key of the cache, to answer it again from memory.',
    fields: { k: [1, key], memory_id: [2, memoryId] },
  },
  answer: {
    typeName: 'CacheKeepAnswer',
    description: 'The value of a key, and whether it may be kept.',
    fields: {
      key: [1, toldKey],
      found: [2, boolean('Whether the key has a value.')],
      value: [3, json('The value; null where there is none.')],
      version: [
        4,
        described(version, 'Log index of the write that gave it its value; 0 where it has none.'),
      ],
      expires_in_seconds: [
        5,
        nullable(number('Until the value ends by itself; null where it stays.')),
      ],
      node: [6, toldNode],
      line: [
        7,
        words(
          {
            name: 'KeptLine',
            typeName: 'KeptLine',
            description: 'Whether an answer may be given again from memory.',
            unspecified: 'Never told.',
            values: {
              exclusive: [1, 'It may; no other client of this node has it.'],
              shared: [2, 'It may; others have it as well.'],
              none: [3, 'It may not.'],
              over: [4, 'It may not, and the lease of this memory has run out.'],
            },
          },
          'Whether the answer may be kept.',
        ),
      ],
      term: [8, position('Where it is above that of an answer before, all that was kept is void.')],
      seq: [9, position('An invalidation of the key with this number or a higher one voids it.')],
      lease_ms: [
        10,
        number('What is kept may be answered for so long from when this was asked for.'),
      ],
    },
  },
  errors: [],
  access: { verb: 'cache_read', resource: 'cache' },
  http: [],
};

const cacheDropped: StreamControl = {
  kind: 'control',
  name: 'cache_dropped',
  // Writes of others wait for it.
  forHolders: 'gives_back',
  isUntraced: true,
  needsLeader: false,
  request: {
    typeName: 'CacheDroppedBody',
    description: 'What the client had to drop is gone from its memory.',
    fields: {
      memory_id: [1, memoryId],
      seq: [
        2,
        optional(
          position(
            'Number of the push that told it; absent: all that it had under this id, which is over.',
          ),
        ),
      ],
    },
  },
  answer: {
    typeName: 'CacheDroppedAnswer',
    description: 'It is known.',
    fields: { memory_id: [1, memoryId] },
  },
  errors: [],
  access: { verb: 'cache_read', resource: 'cache', open: true },
  http: [],
};

const cacheDelete: UnaryOperation = changing('never', {
  name: 'cache_delete',
  request: request('CacheDelete', 'CacheDeleteBody', {
    k: [1, key],
    if_version: [2, conditions.ifVersion],
    if_held: [3, conditions.ifHeld],
  }),
  answer: answer('CacheDelete', 'CacheDeleteAnswer', {
    key: [1, toldKey],
    deleted: [2, boolean('Whether the key had a value.')],
    node: [3, toldNode],
  }),
  errors: writeErrors,
  access: { verb: 'cache_write', resource: 'cache' },
  http: [remove('/cache', 'Take its value from a key.')],
  grpc: { method: 'CacheDelete', comment: 'Takes its value from a key.' },
});

export const cache: Group = {
  name: 'cache',
  service: 'Cache',
  tag: 'cache',
  description: 'The cache: keys with values and versions, with copies that are never old.',
  operations: [
    cacheSet,
    cacheGet,
    cacheKeep,
    cacheDropped,
    cacheFill,
    cacheFillEnd,
    cacheDelete,
    cacheStats,
    cacheLines,
  ],
  errors: {
    version_mismatch: byCluster(
      409,
      'FAILED_PRECONDITION',
      'The key has another version than the write demands.',
      'never',
    ),
    hold_not_current: byCluster(
      409,
      'FAILED_PRECONDITION',
      'The hold under which the write was asked for does not stand.',
      'never',
    ),
    fill_superseded: byNode(
      409,
      'ABORTED',
      'The turn in which the value was loaded is over.',
      'never',
    ),
    cache_busy: byCluster(409, 'ABORTED', 'Another write of the key is under way.', 'later'),
  },
};
