/** All that is declared: every operation and every error of the service. */
import { nodeErrors, requestErrors } from './errors.ts';
import type { ErrorDeclaration, Group, Operation, Tag } from './operation.ts';
import { administration } from './operations/admin.ts';
import { auditGroup } from './operations/audit.ts';
import { authGroup } from './operations/auth.ts';
import { barriers } from './operations/barrier.ts';
import { cache } from './operations/cache.ts';
import { clusterGroup } from './operations/cluster.ts';
import { elections } from './operations/election.ts';
import { eventGroup } from './operations/event.ts';
import { latches } from './operations/latch.ts';
import { queues } from './operations/queue.ts';
import { locks } from './operations/lock.ts';
import { semaphores } from './operations/semaphore.ts';
import { sessions } from './operations/session.ts';

/** In the order of the documents. */
export const groups: readonly Group[] = [
  sessions,
  locks,
  semaphores,
  elections,
  barriers,
  latches,
  queues,
  cache,
  eventGroup,
  clusterGroup,
  administration,
  authGroup,
  auditGroup,
];

export const operations: readonly Operation[] = groups.flatMap((group) => group.operations);

/** The kinds of resources that access rules ask about. */
export const resourceKinds: ReadonlySet<string> = new Set(
  operations.map(({ access }) => access.resource),
);

export const errors: Readonly<Record<string, ErrorDeclaration>> = Object.fromEntries(
  [requestErrors, ...groups.map((group) => group.errors), nodeErrors].flatMap(Object.entries),
);

/** The sections of the OpenAPI document. */
export const tags: Readonly<Record<Tag, string>> = {
  sessions: 'A session holds locks for as long as it is kept alive.',
  locks: 'Locks by name, with fencing tokens.',
  semaphores:
    'Counting semaphores: a limited number of permits, of which one acquire may take several.',
  elections: 'Leader election: one candidate leads and publishes a value, the others wait.',
  synchronization: 'Barriers and latches.',
  queues: 'Messages with keys, delivered in order and at least once.',
  cache: 'Keys with values and versions, with copies on every node that are never old.',
  events: 'Changes of resources, as a stream and in pages.',
  cluster: 'Nodes, leader, backup.',
  operations: 'Probes, statistics, metrics and this document.',
  admin: 'For operators.',
};
