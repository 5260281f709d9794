/** What executes each operation that has one answer. The types are those of the declarations. */
import type { HttpOperations, Operations } from '@holdfast/protocol';
import * as audit from './audit.ts';
import * as auth from './auth.ts';
import * as barriers from './barriers.ts';
import * as cache from './cache.ts';
import { cacheLines } from './cache-lines.ts';
import * as cluster from './cluster.ts';
import type { OperationContext, Outcome } from './context.ts';
import * as elections from './elections.ts';
import { events } from './events.ts';
import * as holds from './holds.ts';
import * as latches from './latches.ts';
import * as lists from './lists.ts';
import * as locks from './locks.ts';
import * as logLevel from './log-level.ts';
import { acquireMany } from './many.ts';
import { queuePop } from './queue-pop.ts';
import { queueStats } from './queue-stats.ts';
import * as queues from './queues.ts';
import * as semaphores from './semaphores.ts';
import * as sessions from './sessions.ts';
import * as simpleLocks from './simple-locks.ts';

type All = Operations & HttpOperations;
type Handlers = {
  readonly [Name in keyof All]: (
    body: All[Name]['body'],
    context: OperationContext,
  ) => Outcome<All[Name]['answer']> | Promise<Outcome<All[Name]['answer']>>;
};

const all: Handlers = {
  create_session: sessions.createSession,
  get_session: sessions.getSession,
  end_session: sessions.endSession,
  keepalive: sessions.keepAlive,
  session_locks: sessions.sessionLocks,
  session_waits: sessions.sessionWaits,
  cancel_request: sessions.cancelRequest,
  acquire: locks.acquire,
  release: holds.release,
  renew: holds.renew,
  downgrade: holds.downgrade,
  acquire_many: acquireMany,
  check: holds.check,
  lock_status: locks.lockStatus,
  list_locks: lists.listLocks,
  list_sessions: lists.listSessions,
  list_semaphores: lists.listSemaphores,
  list_elections: lists.listElections,
  list_barriers: lists.listBarriers,
  list_latches: latches.listLatches,
  admin_lock: locks.adminLock,
  force_release: locks.forceRelease,
  simple_acquire: simpleLocks.simpleAcquire,
  simple_release: simpleLocks.simpleRelease,
  acquire_permits: semaphores.acquirePermits,
  release_permits: semaphores.releasePermits,
  renew_permits: holds.renewPermits,
  semaphore_status: semaphores.semaphoreStatus,
  create_semaphore: semaphores.createSemaphore,
  resize_semaphore: semaphores.resizeSemaphore,
  delete_semaphore: semaphores.deleteSemaphore,
  campaign: elections.campaign,
  resign: elections.resign,
  proclaim: elections.proclaim,
  renew_leadership: holds.renewLeadership,
  election_leader: elections.electionLeader,
  enter_barrier: barriers.enterBarrier,
  leave_barrier: barriers.leaveBarrier,
  barrier_status: barriers.barrierStatus,
  create_latch: latches.createLatch,
  count_down: latches.countDown,
  wait_latch: latches.waitLatch,
  latch_status: latches.latchStatus,
  delete_latch: latches.deleteLatch,
  queue_push: queues.queuePush,
  queue_push_batch: queues.queuePushBatch,
  queue_pop: queuePop,
  queue_ack: queues.queueAck,
  queue_nack: queues.queueNack,
  queue_extend: queues.queueExtend,
  queue_redrive: queues.queueRedrive,
  queue_purge: queues.queuePurge,
  queue_configure: queues.queueConfigure,
  queue_delete: queues.queueDelete,
  queue_stats: queueStats,
  queue_dead_letters: queues.queueDeadLetters,
  queue_blocked_keys: queues.queueBlockedKeys,
  cache_set: cache.cacheSet,
  cache_get: cache.cacheGet,
  cache_delete: cache.cacheDelete,
  cache_fill: cache.cacheFill,
  cache_fill_end: cache.cacheFillEnd,
  cache_stats: cache.cacheStats,
  cache_lines: cacheLines,
  events,
  leader: cluster.leader,
  cluster_status: cluster.clusterStatus,
  cluster_machines: cluster.clusterMachines,
  add_member: cluster.addMember,
  promote_member: cluster.promoteMember,
  remove_member: cluster.removeMember,
  transfer: cluster.transfer,
  health: cluster.health,
  liveness: cluster.liveness,
  readiness: cluster.readiness,
  stats: cluster.stats,
  cleanup: cluster.cleanup,
  log_level: logLevel.logLevel,
  set_log_level: logLevel.setLogLevel,
  audit_status: audit.auditStatus,
  audit_enable: audit.enable,
  audit_disable: audit.disable,
  audit_checkpoint: audit.checkpoint,
  audit_records: audit.records,
  auth_status: auth.authStatus,
  auth_enable: auth.enable,
  auth_disable: auth.disable,
  auth_create_key: auth.createKey,
  auth_rotate_key: auth.rotateKey,
  auth_revoke_key: auth.revokeKey,
  auth_list_keys: auth.listKeys,
  auth_grant: auth.grant,
  auth_revoke: auth.revoke,
  auth_delete_role: auth.deleteRole,
  auth_list_roles: auth.listRoles,
  auth_bind: auth.bind,
  auth_unbind: auth.unbind,
  auth_list_identities: auth.listIdentities,
  auth_map_certificate: auth.mapCertificate,
  auth_unmap_certificate: auth.unmapCertificate,
  auth_list_certificates: auth.listCertificates,
  auth_check: auth.check,
};

type Run = (body: object, context: OperationContext) => Outcome<object> | Promise<Outcome<object>>;

/** By name. The body has been validated against the schema that its type is made from. */
export const handlers: Readonly<Record<string, Run | undefined>> = all as Readonly<
  Record<string, Run | undefined>
>;
