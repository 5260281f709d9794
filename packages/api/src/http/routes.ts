/** Every path of the HTTP interface: what it asks for, and where in the request its fields are. */
import { administrativeOperations, wireOperations } from '../operations/table.ts';
import type { ErrorCode } from '@holdfast/protocol';
import type { Operation } from '../operations/operation.ts';
import { observeBody, watchBody } from '../schemas/events.ts';
import { toJsonSchema } from '../validation/compile.ts';
import type { ObjectSchema } from '../validation/compile.ts';

export type Group =
  | 'sessions'
  | 'locks'
  | 'semaphores'
  | 'elections'
  | 'meetings'
  | 'events'
  | 'cluster'
  | 'operations'
  | 'admin';
export type Method = 'GET' | 'POST' | 'DELETE';

/** A path that answers with an operation's answer. */
export interface OperationRoute {
  readonly kind: 'operation';
  readonly method: Method;
  /** Fields of the operation's body in braces stand in the path. */
  readonly path: string;
  readonly group: Group;
  readonly summary: string;
  readonly operation: Operation;
  /** 503 instead of 200 for an answer that says so of itself. */
  readonly unavailableWhen?: (answer: object) => boolean;
}

/** A path that answers with a document of another kind. */
export interface DocumentRoute {
  readonly kind: 'document';
  readonly method: 'GET';
  readonly path: string;
  readonly group: Group;
  readonly summary: string;
  readonly name: DocumentName;
  readonly contentType: string;
  /** Of the answer, each with what it says. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A path that goes on telling events. */
export interface EventsRoute {
  readonly kind: 'events';
  readonly method: 'GET';
  readonly path: string;
  readonly group: Group;
  readonly summary: string;
  readonly name: 'watch' | 'observe';
  readonly bodySchema: ObjectSchema;
  readonly errors: readonly ErrorCode[];
}

/** One path for every operation of the wire, by its name: for clients that cannot have a stream. */
export interface RelayRoute {
  readonly kind: 'relay';
  readonly method: 'POST';
  readonly path: string;
  readonly group: Group;
  readonly summary: string;
}

export type DocumentName = 'welcome' | 'openapi' | 'metrics' | 'snapshot';
export type Route = OperationRoute | DocumentRoute | EventsRoute | RelayRoute;

function route(
  group: Group,
  method: Method,
  path: string,
  operation: Operation,
  summary: string,
): OperationRoute {
  return { kind: 'operation', group, method, path, operation, summary };
}

const saysUnavailable = (answer: object): boolean =>
  'status' in answer && answer.status === 'unavailable';

const wire = wireOperations;
const own = administrativeOperations;

const sessionRoutes: readonly Route[] = [
  route('sessions', 'POST', '/sessions', wire.create_session, 'Begin a session.'),
  route('sessions', 'GET', '/sessions/{session_id}', wire.get_session, 'Look at a session.'),
  route(
    'sessions',
    'DELETE',
    '/sessions/{session_id}',
    wire.end_session,
    'End a session and release all that it holds.',
  ),
  route(
    'sessions',
    'POST',
    '/sessions/{session_id}/keepalive',
    wire.keepalive,
    'Extend a session by its timeout from now.',
  ),
  route(
    'sessions',
    'GET',
    '/sessions/{session_id}/locks',
    wire.session_locks,
    'List what a session holds.',
  ),
  route(
    'sessions',
    'POST',
    '/sessions/{session_id}/locks/{name}',
    wire.acquire,
    'Acquire a lock for a session.',
  ),
  route(
    'sessions',
    'DELETE',
    '/sessions/{session_id}/locks/{name}',
    wire.release,
    'Release a lock of a session.',
  ),
];

const waitsRoute: Route = route(
  'sessions',
  'GET',
  '/sessions/{session_id}/waits',
  wire.session_waits,
  'What a session waits for: its places, and who is ahead.',
);

const giveUpRoute: Route = route(
  'sessions',
  'POST',
  '/sessions/{session_id}/give-up',
  wire.give_up,
  'Give up an acquire by its request id: its place, or what it was granted meanwhile.',
);

const giveUpByClientRoute: Route = route(
  'sessions',
  'POST',
  '/give-up',
  wire.give_up,
  'Give up an acquire by client id, or of a session, by its request id.',
);

const lockRoutes: readonly Route[] = [
  route(
    'locks',
    'POST',
    '/locks/{name}/acquire',
    wire.acquire,
    'Acquire a lock, for a session or by client id with a ttl.',
  ),
  route('locks', 'POST', '/locks/{name}/release', wire.release, 'Release a lock.'),
  route('locks', 'POST', '/locks/{name}/renew', wire.renew, 'Extend a hold.'),
  route(
    'locks',
    'POST',
    '/locks/{name}/downgrade',
    wire.downgrade,
    'Lower an exclusive hold to shared, under its token.',
  ),
  route(
    'locks',
    'POST',
    '/locks/acquire-many',
    wire.acquire_many,
    'Acquire several locks and semaphores: all or none.',
  ),
  route(
    'locks',
    'POST',
    '/lock/acquire',
    own.simple_acquire,
    'Acquire a lock by its owner alone; again extends it.',
  ),
  route('locks', 'POST', '/lock/release', own.simple_release, 'Release a lock of an owner.'),
  route(
    'locks',
    'POST',
    '/locks/{name}/check',
    wire.check,
    'Is this fence token the one that holds the lock now?',
  ),
  route(
    'locks',
    'GET',
    '/locks/{name}/status',
    wire.lock_status,
    'Who holds a lock, who waits and in which order.',
  ),
  route('locks', 'GET', '/locks', wire.list_locks, 'List locks that are held or waited for.'),
];

const semaphoreRoutes: readonly Route[] = [
  route(
    'semaphores',
    'POST',
    '/semaphores/{name}/acquire',
    wire.acquire_permits,
    'Take permits of a semaphore.',
  ),
  route(
    'semaphores',
    'POST',
    '/semaphores/{name}/release',
    wire.release_permits,
    'Give back what one acquire took.',
  ),
  route(
    'semaphores',
    'POST',
    '/semaphores/{name}/renew',
    wire.renew_permits,
    'Extend the session that has permits.',
  ),
  route(
    'semaphores',
    'GET',
    '/semaphores/{name}/status',
    wire.semaphore_status,
    'Who has permits, who waits and in which order.',
  ),
  route(
    'semaphores',
    'POST',
    '/semaphores/{name}',
    wire.create_semaphore,
    'Make a semaphore that stays when nobody uses it.',
  ),
  route(
    'semaphores',
    'POST',
    '/semaphores/{name}/resize',
    wire.resize_semaphore,
    'Change how many permits there are.',
  ),
  route(
    'semaphores',
    'DELETE',
    '/semaphores/{name}',
    wire.delete_semaphore,
    'Delete a semaphore that nobody uses.',
  ),
];

const electionRoutes: readonly Route[] = [
  route(
    'elections',
    'POST',
    '/election/{name}/campaign',
    wire.campaign,
    'Stand in an election: lead, or wait for it.',
  ),
  route('elections', 'POST', '/election/{name}/resign', wire.resign, 'Lead no more.'),
  route(
    'elections',
    'POST',
    '/election/{name}/proclaim',
    wire.proclaim,
    'Tell another value as the leader.',
  ),
  route(
    'elections',
    'POST',
    '/election/{name}/renew',
    wire.renew_leadership,
    'Extend the session that leads.',
  ),
  route(
    'elections',
    'GET',
    '/election/{name}/leader',
    wire.election_leader,
    'Who leads, what it tells, and who waits.',
  ),
  {
    kind: 'events',
    method: 'GET',
    path: '/election/{name}/observe',
    group: 'elections',
    summary: 'Who leads and every change of it, as server-sent events, resumable.',
    name: 'observe',
    bodySchema: toJsonSchema(observeBody),
    errors: ['name_too_long', 'compacted', 'not_leader', 'no_quorum'],
  },
];

const meetingRoutes: readonly Route[] = [
  route(
    'meetings',
    'POST',
    '/barriers/{name}/enter',
    wire.enter_barrier,
    'Enter a barrier, and wait until all have come.',
  ),
  route(
    'meetings',
    'POST',
    '/barriers/{name}/leave',
    wire.leave_barrier,
    'Leave a barrier, and wait until all have left.',
  ),
  route(
    'meetings',
    'GET',
    '/barriers/{name}/status',
    wire.barrier_status,
    'Who is inside a barrier.',
  ),
  route('meetings', 'POST', '/latches/{name}', wire.create_latch, 'Make a latch with a count.'),
  route(
    'meetings',
    'POST',
    '/latches/{name}/count-down',
    wire.count_down,
    'Take something off the count of a latch.',
  ),
  route(
    'meetings',
    'GET',
    '/latches/{name}/wait',
    wire.wait_latch,
    'Wait until the count of a latch is 0.',
  ),
  route('meetings', 'GET', '/latches/{name}', wire.latch_status, 'The count of a latch.'),
  route('meetings', 'DELETE', '/latches/{name}', wire.delete_latch, 'Delete a latch.'),
];

const eventRoutes: readonly Route[] = [
  {
    kind: 'events',
    method: 'GET',
    path: '/watch',
    group: 'events',
    summary: 'Changes as server-sent events, resumable with Last-Event-ID.',
    name: 'watch',
    bodySchema: toJsonSchema(watchBody),
    errors: ['name_too_long', 'compacted'],
  },
  route(
    'events',
    'GET',
    '/events',
    wire.events,
    'The latest changes, or those after a position, by pages.',
  ),
];

const clusterRoutes: readonly Route[] = [
  route('cluster', 'GET', '/leader', own.leader, 'Which node leads.'),
  route(
    'cluster',
    'GET',
    '/cluster/status',
    own.cluster_status,
    'The cluster as seen by this node.',
  ),
  route('cluster', 'POST', '/cluster/members', own.add_member, 'Add a node to the cluster.'),
  route(
    'cluster',
    'DELETE',
    '/cluster/members',
    own.remove_member,
    'Remove a node from the cluster, for good.',
  ),
  route('cluster', 'POST', '/cluster/transfer', own.transfer, 'Hand leadership to another node.'),
  {
    kind: 'document',
    group: 'cluster',
    method: 'GET',
    path: '/cluster/snapshot',
    name: 'snapshot',
    contentType: 'application/octet-stream',
    summary: 'A backup of the state as this node has applied it: the file of a snapshot.',
    headers: {
      'Content-Length': 'Bytes of the file. Fewer mean that the node broke off.',
      'Content-Disposition': 'A file name of the cluster and the index.',
      'Holdfast-Cluster-Id': 'The name of the cluster.',
      'Holdfast-Snapshot-Index': 'Everything up to this index of the log is in it.',
      'Holdfast-Snapshot-Hash':
        'SHA-256 of the file, as `sha256sum` prints it. Snapshots that nodes of a cluster take at the same index are the same.',
    },
  },
];

const operationsRoutes: readonly Route[] = [
  {
    ...route('operations', 'GET', '/health', own.health, 'Whether this node can serve.'),
    unavailableWhen: saysUnavailable,
  },
  route('operations', 'GET', '/livez', own.liveness, 'Whether this process lives.'),
  {
    ...route(
      'operations',
      'GET',
      '/readyz',
      own.readiness,
      'Whether this node can serve: a probe.',
    ),
    unavailableWhen: saysUnavailable,
  },
  {
    kind: 'document',
    group: 'operations',
    method: 'GET',
    path: '/metrics',
    name: 'metrics',
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    summary: 'Figures in the text format of Prometheus.',
  },
  {
    kind: 'document',
    group: 'operations',
    method: 'GET',
    path: '/openapi.json',
    name: 'openapi',
    contentType: 'application/json; charset=utf-8',
    summary: 'This interface as an OpenAPI 3.1 document.',
  },
  {
    kind: 'document',
    group: 'operations',
    method: 'GET',
    path: '/',
    name: 'welcome',
    contentType: 'application/json; charset=utf-8',
    summary: 'Where to go from here.',
  },
];

const relayRoute: Route = {
  kind: 'relay',
  method: 'POST',
  path: '/operations/{operation}',
  group: 'operations',
  summary:
    'Any operation of the client stream by its name, with its body: for clients without a stream.',
};

const adminRoutes: readonly Route[] = [
  route('admin', 'GET', '/admin/stats', own.stats, 'Figures of the whole cluster.'),
  route(
    'admin',
    'POST',
    '/admin/cleanup',
    own.cleanup,
    'Tell how many sessions expired since the last time; they need no cleaning.',
  ),
  route('admin', 'GET', '/admin/locks/{name}', own.admin_lock, 'Look at a lock.'),
  route(
    'admin',
    'POST',
    '/admin/locks/{name}/force-release',
    wire.force_release,
    'Take a lock from whoever holds it.',
  ),
];

export const routes: readonly Route[] = [
  ...sessionRoutes,
  waitsRoute,
  giveUpRoute,
  giveUpByClientRoute,
  ...lockRoutes,
  ...semaphoreRoutes,
  ...electionRoutes,
  ...meetingRoutes,
  ...eventRoutes,
  ...clusterRoutes,
  ...operationsRoutes,
  relayRoute,
  ...adminRoutes,
];

/** Names in braces in a path. */
export function pathFields(path: string): readonly string[] {
  return [...path.matchAll(/\{([a-z_]+)\}/g)].map((match) => match[1] ?? '');
}
