/** What operators and monitors read and ask for, on HTTP: health, figures, documents. */
import { clusterErrors } from '../errors.ts';
import { askedConsistency, consistency, count, position, toldNodeId } from '../fields.ts';
import { get, post } from '../operation.ts';
import type { DocumentOperation, Group, UnaryOperation } from '../operation.ts';
import { always, boolean, nullable, string, words } from '../schema.ts';
import type { Enumeration, Message } from '../schema.ts';
import { nothing } from './cluster.ts';

const look = { verb: 'read', resource: 'node' } as const;
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
  description: 'Whether a node can serve.',
  unspecified: 'Never told.',
  values: { healthy: [1, 'It can.'], unavailable: [2, 'Not at the moment.'] },
};
const probes: Enumeration = {
  name: 'Probe',
  description: 'The answer to a probe.',
  unspecified: 'Never told.',
  values: { ok: [1, 'It can.'], unavailable: [2, 'Not at the moment.'] },
};

const health: UnaryOperation = {
  ...local,
  name: 'health',
  request: nothing,
  answer: {
    typeName: 'HealthAnswer',
    description: '200 while this node can have requests answered, else 503 with the same fields.',
    fields: {
      is_leader: [1, boolean('This node leads.')],
      is_ready: [2, boolean('This node can have requests answered.')],
      leader: [
        3,
        nullable(string('Peer address (`host:port`) of the leader; null while none is known.')),
      ],
      node_id: [4, toldNodeId],
      service: [5, always('holdfast', 'Always `holdfast`.')],
      status: [6, words(healths, 'Whether this node can serve.')],
      timestamp: [7, string('Wall clock, ISO 8601 with `+00:00`.')],
      version: [8, string('Of the build that this node runs.')],
    },
  },
  errors: [],
  http: [get('/health', 'Whether this node can serve.', { unavailable: true })],
};

const probe: Message = {
  typeName: 'ProbeAnswer',
  description: 'The answer to a probe.',
  fields: { status: [1, words(probes, 'Whether it can.')] },
};

const liveness: UnaryOperation = {
  ...local,
  name: 'liveness',
  request: nothing,
  answer: probe,
  errors: [],
  http: [get('/livez', 'Whether this process lives.')],
};

const readiness: UnaryOperation = {
  ...local,
  name: 'readiness',
  request: nothing,
  answer: probe,
  errors: [],
  http: [get('/readyz', 'Whether this node can serve: a probe.', { unavailable: true })],
};

const document = (
  name: string,
  path: string,
  contentType: string,
  summary: string,
): DocumentOperation => ({
  kind: 'document',
  name,
  request: nothing,
  contentType,
  errors: [],
  access: look,
  http: [get(path, summary)],
});

const jsonType = 'application/json; charset=utf-8';

const stats: UnaryOperation = {
  ...local,
  needsLeader: true,
  name: 'stats',
  request: {
    typeName: 'StatsBody',
    description: 'How current the figures have to be.',
    fields: { consistency: [1, askedConsistency] },
  },
  answer: {
    typeName: 'StatsAnswer',
    description: 'Figures of the whole cluster.',
    fields: {
      active_sessions: [1, count('Sessions that stand now.')],
      expired_sessions: [2, position('Sessions that expired since the cluster began.')],
      fence_counter: [3, position('The last fence token.')],
      total_locks: [4, count('Resources held now.')],
      total_session: [5, position('Sessions ever created.')],
      waiters: [6, count('Places in queues now.')],
      consistency: [7, consistency],
    },
  },
  errors: clusterErrors,
  access: { verb: 'read', resource: 'cluster' },
  http: [get('/admin/stats', 'Figures of the whole cluster.', { tag: 'admin' })],
};

const cleanup: UnaryOperation = {
  ...local,
  needsLeader: true,
  name: 'cleanup',
  request: nothing,
  answer: {
    typeName: 'CleanupAnswer',
    description: 'Sessions expire by themselves, so there is nothing left to clean.',
    fields: {
      cleanup: [1, always('completed', 'Always `completed`.')],
      count: [
        2,
        count(
          'How many sessions have expired since the last cleanup asked of this node (since the cluster began, the first time).',
        ),
      ],
    },
  },
  errors: clusterErrors,
  access: { verb: 'administer', resource: 'cluster' },
  http: [
    post(
      '/admin/cleanup',
      'Tell how many sessions expired since the last time; they need no cleaning.',
      { tag: 'admin' },
    ),
  ],
};

export const administration: Group = {
  name: 'administration',
  tag: 'operations',
  description: 'What operators and monitors read and ask for.',
  operations: [
    health,
    liveness,
    readiness,
    document(
      'metrics',
      '/metrics',
      'text/plain; version=0.0.4; charset=utf-8',
      'Figures in the text format of Prometheus.',
    ),
    document('openapi', '/openapi.json', jsonType, 'This interface as an OpenAPI 3.1 document.'),
    document('welcome', '/', jsonType, 'Where to go from here.'),
    stats,
    cleanup,
  ],
  errors: {},
};
