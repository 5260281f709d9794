/** Every path of the HTTP interface: what it asks for, and where in the request its fields are. */
import { administrativeOperations, wireOperations } from '../operations/table.ts';
import type { Operation } from '../operations/operation.ts';

export type Group = 'sessions' | 'locks' | 'semaphores' | 'cluster' | 'operations' | 'admin';
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
}
export type DocumentName = 'welcome' | 'openapi' | 'metrics' | 'snapshot';
export type Route = OperationRoute | DocumentRoute;

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
    summary: 'A backup of the state as this node has applied it.',
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
  ...lockRoutes,
  ...semaphoreRoutes,
  ...clusterRoutes,
  ...operationsRoutes,
  ...adminRoutes,
];

/** Names in braces in a path. */
export function pathFields(path: string): readonly string[] {
  return [...path.matchAll(/\{([a-z_]+)\}/g)].map((match) => match[1] ?? '');
}
