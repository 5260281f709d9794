/** Every operation by name: those of the wire, which HTTP and the stream share, and those of HTTP alone. */
import type { OperationName } from '@holdfast/protocol';
import * as administration from '../schemas/administration.ts';
import * as schemas from '../schemas/operations.ts';
import * as semaphoreSchemas from '../schemas/semaphores.ts';
import * as cluster from './cluster.ts';
import * as holds from './holds.ts';
import * as locks from './locks.ts';
import { clusterErrors, defineOperation } from './operation.ts';
import type { Operation } from './operation.ts';
import * as semaphores from './semaphores.ts';
import * as sessions from './sessions.ts';

const missing = ['session_not_found', 'session_expired'] as const;
const repeated = ['request_forgotten', 'request_reused'] as const;

/** Operations of the client stream, each also behind a path of HTTP. */
export const wireOperations: Readonly<Record<OperationName, Operation>> = {
  create_session: defineOperation({
    name: 'create_session',
    body: schemas.createSessionBody,
    answer: schemas.createSessionAnswer,
    errors: ['session_exists', 'session_expired', ...clusterErrors],
    run: sessions.createSession,
  }),
  get_session: defineOperation({
    name: 'get_session',
    body: schemas.readSessionBody,
    answer: schemas.sessionAnswer,
    errors: [...missing, ...clusterErrors],
    run: sessions.getSession,
  }),
  end_session: defineOperation({
    name: 'end_session',
    body: schemas.sessionRef,
    answer: schemas.endSessionAnswer,
    errors: [...missing, ...clusterErrors],
    run: sessions.endSession,
  }),
  keepalive: defineOperation({
    name: 'keepalive',
    body: schemas.sessionRef,
    answer: schemas.keepAliveAnswer,
    errors: [...missing, ...clusterErrors],
    run: sessions.keepAlive,
  }),
  session_locks: defineOperation({
    name: 'session_locks',
    body: schemas.readSessionBody,
    answer: schemas.sessionLocksAnswer,
    errors: [...missing, ...clusterErrors],
    run: sessions.sessionLocks,
  }),
  acquire: defineOperation({
    name: 'acquire',
    body: schemas.acquireBody,
    answer: schemas.acquireAnswer,
    errors: [
      'name_too_long',
      ...missing,
      'session_exists',
      'lock_held',
      'lock_delayed',
      'wait_timeout',
      'wait_abandoned',
      'deadlock',
      ...repeated,
      ...clusterErrors,
    ],
    run: locks.acquire,
  }),
  release: defineOperation({
    name: 'release',
    body: schemas.releaseBody,
    answer: schemas.releaseAnswer,
    errors: [
      'name_too_long',
      ...missing,
      'lock_not_found',
      'not_holder',
      'stale_fence_token',
      ...repeated,
      ...clusterErrors,
    ],
    run: holds.release,
  }),
  renew: defineOperation({
    name: 'renew',
    body: schemas.renewBody,
    answer: schemas.renewAnswer,
    errors: [
      'name_too_long',
      ...missing,
      'lock_not_found',
      'not_holder',
      'stale_fence_token',
      ...clusterErrors,
    ],
    run: holds.renew,
  }),
  check: defineOperation({
    name: 'check',
    body: schemas.checkBody,
    answer: schemas.checkAnswer,
    errors: ['name_too_long', ...clusterErrors],
    run: holds.check,
  }),
  lock_status: defineOperation({
    name: 'lock_status',
    body: schemas.lockRef,
    answer: schemas.lockStatusAnswer,
    errors: ['name_too_long', ...clusterErrors],
    run: locks.lockStatus,
  }),
  list_locks: defineOperation({
    name: 'list_locks',
    body: schemas.listLocksBody,
    answer: schemas.listLocksAnswer,
    errors: clusterErrors,
    run: locks.listLocks,
  }),
  acquire_permits: defineOperation({
    name: 'acquire_permits',
    body: semaphoreSchemas.acquirePermitsBody,
    answer: semaphoreSchemas.acquirePermitsAnswer,
    errors: [
      'name_too_long',
      ...missing,
      'no_permits',
      'limit_mismatch',
      'semaphore_not_found',
      'wait_timeout',
      'wait_abandoned',
      ...repeated,
      ...clusterErrors,
    ],
    run: semaphores.acquirePermits,
  }),
  release_permits: defineOperation({
    name: 'release_permits',
    body: semaphoreSchemas.releasePermitsBody,
    answer: semaphoreSchemas.releasePermitsAnswer,
    errors: ['name_too_long', ...missing, 'not_holder', ...repeated, ...clusterErrors],
    run: semaphores.releasePermits,
  }),
  semaphore_status: defineOperation({
    name: 'semaphore_status',
    body: semaphoreSchemas.semaphoreRef,
    answer: semaphoreSchemas.semaphoreAnswer,
    errors: ['name_too_long', 'semaphore_not_found', ...clusterErrors],
    run: semaphores.semaphoreStatus,
  }),
  create_semaphore: defineOperation({
    name: 'create_semaphore',
    body: semaphoreSchemas.semaphoreLimitBody,
    answer: semaphoreSchemas.semaphoreAnswer,
    errors: ['name_too_long', 'limit_mismatch', ...clusterErrors],
    run: semaphores.createSemaphore,
  }),
  resize_semaphore: defineOperation({
    name: 'resize_semaphore',
    body: semaphoreSchemas.semaphoreLimitBody,
    answer: semaphoreSchemas.semaphoreAnswer,
    errors: ['name_too_long', 'semaphore_not_found', ...clusterErrors],
    run: semaphores.resizeSemaphore,
  }),
  delete_semaphore: defineOperation({
    name: 'delete_semaphore',
    body: semaphoreSchemas.deleteSemaphoreBody,
    answer: semaphoreSchemas.deleteSemaphoreAnswer,
    errors: ['name_too_long', 'semaphore_not_found', 'semaphore_in_use', ...clusterErrors],
    run: semaphores.deleteSemaphore,
  }),
  force_release: defineOperation({
    name: 'force_release',
    body: schemas.forceReleaseBody,
    answer: schemas.forceReleaseAnswer,
    errors: ['name_too_long', ...clusterErrors],
    run: locks.forceRelease,
  }),
};

const { noFields } = administration;

export type AdministrativeName =
  | 'health'
  | 'liveness'
  | 'readiness'
  | 'leader'
  | 'cluster_status'
  | 'add_member'
  | 'remove_member'
  | 'transfer'
  | 'stats'
  | 'cleanup'
  | 'admin_lock';

/** Operations that only HTTP has. */
export const administrativeOperations: Readonly<Record<AdministrativeName, Operation>> = {
  health: defineOperation({
    name: 'health',
    body: noFields,
    answer: administration.healthAnswer,
    errors: [],
    run: cluster.health,
  }),
  liveness: defineOperation({
    name: 'liveness',
    body: noFields,
    answer: administration.probeAnswer,
    errors: [],
    run: cluster.liveness,
  }),
  readiness: defineOperation({
    name: 'readiness',
    body: noFields,
    answer: administration.probeAnswer,
    errors: [],
    run: cluster.readiness,
  }),
  leader: defineOperation({
    name: 'leader',
    body: noFields,
    answer: administration.leaderAnswer,
    errors: ['not_leader'],
    run: cluster.leader,
  }),
  cluster_status: defineOperation({
    name: 'cluster_status',
    body: noFields,
    answer: administration.clusterStatusAnswer,
    errors: [],
    run: cluster.clusterStatus,
  }),
  add_member: defineOperation({
    name: 'add_member',
    body: administration.addMemberBody,
    answer: administration.addMemberAnswer,
    errors: ['member_exists', 'membership_change_in_progress', ...clusterErrors],
    run: cluster.addMember,
  }),
  remove_member: defineOperation({
    name: 'remove_member',
    body: administration.removeMemberBody,
    answer: administration.removeMemberAnswer,
    errors: ['member_not_found', 'membership_change_in_progress', ...clusterErrors],
    run: cluster.removeMember,
  }),
  transfer: defineOperation({
    name: 'transfer',
    body: administration.transferBody,
    answer: administration.transferAnswer,
    errors: ['member_not_found', 'membership_change_in_progress', ...clusterErrors],
    run: cluster.transfer,
  }),
  stats: defineOperation({
    name: 'stats',
    body: administration.statsBody,
    answer: administration.statsAnswer,
    errors: clusterErrors,
    run: cluster.stats,
  }),
  cleanup: defineOperation({
    name: 'cleanup',
    body: noFields,
    answer: administration.cleanupAnswer,
    errors: clusterErrors,
    run: cluster.cleanup,
  }),
  admin_lock: defineOperation({
    name: 'admin_lock',
    body: schemas.lockRef,
    answer: schemas.adminLockAnswer,
    errors: ['name_too_long', ...clusterErrors],
    run: locks.adminLock,
  }),
};
