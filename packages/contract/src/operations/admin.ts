/** What operators and monitors read and ask for, on HTTP: health, metrics, documents. */
import {
  askedConsistency,
  consistency,
  count,
  insecure,
  position,
  statusRevision,
  toldNodeId,
} from '../fields.ts';
import { get, post } from '../operation.ts';
import type { RequiredAccess, DocumentOperation, Group, UnaryOperation } from '../operation.ts';
import { always, boolean, list, nullable, string, words } from '../schema.ts';
import type { Enumeration, Message } from '../schema.ts';
import { nothing } from './cluster.ts';

const look = { verb: 'read', resource: 'node' } as const;
/** Nothing in it is a secret of this cluster. */
const open = { verb: 'read', resource: 'node', open: true } as const;
const local = {
  kind: 'unary',
  repeat: 'always',
  changes: false,
  needsLeader: false,
  onStream: false,
  access: look,
} as const;

const healths: Enumeration = {
  name: 'Health',
  description: 'Whether a node can serve requests.',
  unspecified: 'Never sent.',
  values: { healthy: [1, 'Yes.'], unavailable: [2, 'Not at the moment.'] },
};
const probes: Enumeration = {
  name: 'Probe',
  description: 'Response to a probe.',
  unspecified: 'Never sent.',
  values: {
    ok: [1, 'Yes.'],
    unavailable: [2, 'Not at the moment.'],
    removed: [3, 'Not any more: this node was removed from the cluster.'],
  },
};

const health: UnaryOperation = {
  ...local,
  name: 'health',
  isProbe: true,
  request: nothing,
  answer: {
    typeName: 'HealthAnswer',
    protoName: 'HealthResponse',
    description: '200 while this node can serve requests, otherwise 503 with the same fields.',
    fields: {
      is_leader: [1, boolean('This node is the leader.')],
      is_ready: [2, boolean('This node can serve requests.')],
      leader: [
        3,
        nullable(
          string(
            'Address (`host:port`) of the leader for its peers, or for clients where it listens for no peers; null while no leader is known.',
          ),
        ),
      ],
      leader_id: [9, nullable(string('Node id of the leader; null while none is known.'))],
      node_id: [4, toldNodeId],
      service: [5, always('holdfast', 'Always `holdfast`.')],
      status: [6, words(healths, 'Whether this node can serve requests.')],
      timestamp: [7, string('Wall-clock time, ISO 8601 with `+00:00`.')],
      version: [8, string('Version of Holdfast that this node runs.')],
      insecure: [10, insecure],
      warnings: [
        11,
        list(
          string('A sentence.'),
          'What an operator should look at, though requests may be served. Empty: nothing.',
        ),
      ],
    },
  },
  errors: [],
  grpc: {
    method: 'Health',
    comment:
      'Returns whether this node can serve requests. The standard health service tells it, too.',
  },
  http: [get('/health', 'Whether this node can serve requests.', { unavailable: true })],
};

const probe: Message = {
  typeName: 'ProbeAnswer',
  protoName: 'ProbeResponse',
  description: 'Response to a probe.',
  fields: { status: [1, words(probes, 'Result of the probe.')] },
};

const liveness: UnaryOperation = {
  ...local,
  name: 'liveness',
  isProbe: true,
  access: open,
  request: nothing,
  answer: probe,
  errors: [],
  grpc: { method: 'Liveness', comment: 'Answers while this process is alive.' },
  http: [get('/livez', 'Liveness probe: whether this process runs.')],
};

const readiness: UnaryOperation = {
  ...local,
  name: 'readiness',
  isProbe: true,
  access: open,
  request: nothing,
  answer: probe,
  errors: [],
  grpc: { method: 'Readiness', comment: 'Returns whether this node can serve requests.' },
  http: [
    get('/readyz', 'Readiness probe: whether this node can serve requests.', { unavailable: true }),
  ],
};

const document = (
  name: string,
  path: string,
  contentType: string,
  summary: string,
  access: RequiredAccess = look,
): DocumentOperation => ({
  kind: 'document',
  name,
  needsLeader: false,
  request: nothing,
  contentType,
  errors: [],
  access,
  http: [get(path, summary)],
});

const jsonType = 'application/json; charset=utf-8';

const stats: UnaryOperation = {
  ...local,
  needsLeader: true,
  name: 'stats',
  request: {
    typeName: 'StatsBody',
    protoName: 'ClusterStatsRequest',
    description: 'Consistency of the statistics.',
    fields: { consistency: [1, askedConsistency] },
  },
  answer: {
    typeName: 'StatsAnswer',
    protoName: 'ClusterStatsResponse',
    description: 'Statistics of the whole cluster.',
    fields: {
      active_sessions: [1, count('Live sessions.')],
      expired_sessions: [2, position('Sessions that expired since the cluster was created.')],
      fence_counter: [3, position('Latest fence token granted.')],
      total_locks: [4, count('Resources held now.')],
      total_session: [5, position('Sessions created since the cluster was created.')],
      waiters: [6, count('Waiting acquires in all wait queues.')],
      consistency: [7, consistency],
      revision: [8, statusRevision],
    },
  },
  errors: [],
  access: { verb: 'read', resource: 'cluster' },
  grpc: { method: 'ClusterStats', comment: 'Returns statistics of the whole cluster.' },
  http: [get('/admin/stats', 'Statistics of the whole cluster.', { tag: 'admin' })],
};

const cleanup: UnaryOperation = {
  ...local,
  needsLeader: true,
  name: 'cleanup',
  isUnlogged: true,
  request: nothing,
  answer: {
    typeName: 'CleanupAnswer',
    protoName: 'CleanupResponse',
    description: 'Sessions expire automatically, so there is nothing left to clean.',
    fields: {
      cleanup: [1, always('completed', 'Always `completed`.')],
      count: [
        2,
        count(
          'Sessions that expired since the last cleanup call to this node (the first time: since the cluster was created).',
        ),
      ],
    },
  },
  errors: [],
  access: { verb: 'admin', resource: 'cluster' },
  grpc: {
    method: 'Cleanup',
    comment: 'Returns how many sessions expired since the previous call; they need no cleaning.',
  },
  http: [
    post(
      '/admin/cleanup',
      'Return how many sessions expired since the last call; expired sessions need no cleanup.',
      { tag: 'admin' },
    ),
  ],
};

const logLevels: Enumeration = {
  name: 'LogLevel',
  description: 'Least severe messages that a node logs.',
  unspecified: 'Never sent.',
  values: {
    debug: [1, 'Everything.'],
    info: [2, 'What a node does, and what goes wrong.'],
    warn: [3, 'What somebody should look at, and what goes wrong.'],
    error: [4, 'What goes wrong.'],
    silent: [5, 'Nothing.'],
  },
};
const logLevelAnswer: Message = {
  typeName: 'LogLevelAnswer',
  protoName: 'LogLevelResponse',
  description: 'What this node logs.',
  fields: {
    node_id: [1, toldNodeId],
    level: [2, words(logLevels, 'Least severe messages that it logs.')],
  },
};

const logLevel: UnaryOperation = {
  ...local,
  name: 'log_level',
  request: nothing,
  answer: logLevelAnswer,
  errors: [],
  grpc: { method: 'LogLevel', comment: 'Returns what this node logs.' },
  http: [get('/admin/log-level', 'What this node logs.', { tag: 'admin' })],
};

const setLogLevel: UnaryOperation = {
  ...local,
  changes: true,
  name: 'set_log_level',
  isUnlogged: true,
  request: {
    typeName: 'SetLogLevelBody',
    protoName: 'SetLogLevelRequest',
    description: 'What a node is to log from now on, until it is started again.',
    fields: { level: [1, words(logLevels, 'Least severe messages that it is to log.')] },
  },
  answer: logLevelAnswer,
  errors: [],
  access: { verb: 'admin', resource: 'node' },
  grpc: {
    method: 'SetLogLevel',
    comment: 'Changes what this node logs until it is started again. For administrators.',
  },
  http: [
    post('/admin/log-level', 'Change what this node logs until it is started again.', {
      tag: 'admin',
    }),
  ],
};

export const administration: Group = {
  name: 'administration',
  service: 'Administration',
  tag: 'operations',
  description: 'Status, statistics and maintenance, for operators and monitoring.',
  operations: [
    health,
    liveness,
    readiness,
    document(
      'metrics',
      '/metrics',
      'text/plain; version=0.0.4; charset=utf-8',
      'Metrics in the Prometheus text format.',
    ),
    document(
      'openapi',
      '/openapi.json',
      jsonType,
      'This interface as an OpenAPI 3.1 document.',
      open,
    ),
    document('welcome', '/', jsonType, 'Where to go from here.'),
    stats,
    cleanup,
    logLevel,
    setLogLevel,
  ],
  errors: {},
};
