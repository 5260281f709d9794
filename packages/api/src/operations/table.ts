/** Every operation by name: those of the wire, which HTTP and the stream share, and those of HTTP alone. */
import type { OperationName } from '@holdfast/protocol';
import * as administration from '../schemas/administration.ts';
import * as schemas from '../schemas/operations.ts';
import * as sessionSchemas from '../schemas/sessions.ts';
import * as electionSchemas from '../schemas/elections.ts';
import * as eventSchemas from '../schemas/events.ts';
import * as meetingSchemas from '../schemas/meetings.ts';
import * as semaphoreSchemas from '../schemas/semaphores.ts';
import * as barriers from './barriers.ts';
import * as simple from '../schemas/simple-locks.ts';
import * as cluster from './cluster.ts';
import * as elections from './elections.ts';
import { events } from './events.ts';
import * as holds from './holds.ts';
import * as latches from './latches.ts';
import * as locks from './locks.ts';
import { acquireMany } from './many.ts';
import { clusterErrors, defineOperation } from './operation.ts';
import type { Operation } from './operation.ts';
import * as semaphores from './semaphores.ts';
import * as sessions from './sessions.ts';
import * as simpleLocks from './simple-locks.ts';

const missing = ['session_not_found', 'session_expired'] as const;
const repeated = ['request_forgotten', 'request_reused'] as const;

/** Operations of the client stream, each also behind a path of HTTP. */
export const wireOperations: Readonly<Record<OperationName, Operation>> = {
  create_session: defineOperation({
    name: 'create_session',
    body: sessionSchemas.createSessionBody,
    answer: sessionSchemas.createSessionAnswer,
    errors: ['session_exists', 'session_expired', 'request_forgotten', ...clusterErrors],
    run: sessions.createSession,
  }),
  get_session: defineOperation({
    name: 'get_session',
    body: sessionSchemas.readSessionBody,
    answer: sessionSchemas.sessionAnswer,
    errors: [...missing, ...clusterErrors],
    run: sessions.getSession,
  }),
  end_session: defineOperation({
    name: 'end_session',
    body: sessionSchemas.sessionRef,
    answer: sessionSchemas.endSessionAnswer,
    errors: [...missing, ...clusterErrors],
    run: sessions.endSession,
  }),
  keepalive: defineOperation({
    name: 'keepalive',
    body: sessionSchemas.sessionRef,
    answer: sessionSchemas.keepAliveAnswer,
    errors: [...missing, ...clusterErrors],
    run: sessions.keepAlive,
  }),
  session_locks: defineOperation({
    name: 'session_locks',
    body: sessionSchemas.sessionLocksBody,
    answer: sessionSchemas.sessionLocksAnswer,
    errors: [...missing, ...clusterErrors],
    run: sessions.sessionLocks,
  }),
  session_waits: defineOperation({
    name: 'session_waits',
    body: sessionSchemas.sessionWaitsBody,
    answer: sessionSchemas.sessionWaitsAnswer,
    errors: [...missing, ...clusterErrors],
    run: sessions.sessionWaits,
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
  downgrade: defineOperation({
    name: 'downgrade',
    body: schemas.downgradeBody,
    answer: schemas.downgradeAnswer,
    errors: [
      'name_too_long',
      ...missing,
      'lock_not_found',
      'not_holder',
      'stale_fence_token',
      ...clusterErrors,
    ],
    run: holds.downgrade,
  }),
  acquire_many: defineOperation({
    name: 'acquire_many',
    body: schemas.acquireManyBody,
    answer: schemas.acquireManyAnswer,
    errors: [
      'name_too_long',
      ...missing,
      'lock_held',
      'lock_delayed',
      'no_permits',
      'limit_mismatch',
      'semaphore_not_found',
      'wait_timeout',
      'wait_abandoned',
      'deadlock',
      ...repeated,
      ...clusterErrors,
    ],
    run: acquireMany,
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
      'session_exists',
      'no_permits',
      'limit_mismatch',
      'semaphore_not_found',
      'wait_timeout',
      'wait_abandoned',
      'deadlock',
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
  renew_permits: defineOperation({
    name: 'renew_permits',
    body: schemas.renewBody,
    answer: schemas.renewAnswer,
    errors: ['name_too_long', ...missing, 'not_holder', ...clusterErrors],
    run: holds.renewPermits,
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
  campaign: defineOperation({
    name: 'campaign',
    body: electionSchemas.campaignBody,
    answer: electionSchemas.campaignAnswer,
    errors: [
      'name_too_long',
      ...missing,
      'session_exists',
      'not_elected',
      'lock_delayed',
      'wait_timeout',
      'wait_abandoned',
      'deadlock',
      ...repeated,
      ...clusterErrors,
    ],
    run: elections.campaign,
  }),
  resign: defineOperation({
    name: 'resign',
    body: electionSchemas.resignBody,
    answer: electionSchemas.resignAnswer,
    errors: [
      'name_too_long',
      ...missing,
      'not_holder',
      'stale_fence_token',
      ...repeated,
      ...clusterErrors,
    ],
    run: elections.resign,
  }),
  proclaim: defineOperation({
    name: 'proclaim',
    body: electionSchemas.proclaimBody,
    answer: electionSchemas.proclaimAnswer,
    errors: [
      'name_too_long',
      ...missing,
      'not_holder',
      'stale_fence_token',
      ...repeated,
      ...clusterErrors,
    ],
    run: elections.proclaim,
  }),
  renew_leadership: defineOperation({
    name: 'renew_leadership',
    body: schemas.renewBody,
    answer: schemas.renewAnswer,
    errors: ['name_too_long', ...missing, 'not_holder', 'stale_fence_token', ...clusterErrors],
    run: holds.renewLeadership,
  }),
  election_leader: defineOperation({
    name: 'election_leader',
    body: electionSchemas.electionRef,
    answer: electionSchemas.electionAnswer,
    errors: ['name_too_long', ...clusterErrors],
    run: elections.electionLeader,
  }),
  enter_barrier: defineOperation({
    name: 'enter_barrier',
    body: meetingSchemas.enterBarrierBody,
    answer: meetingSchemas.enterBarrierAnswer,
    errors: [
      'name_too_long',
      ...missing,
      'barrier_closed',
      'limit_mismatch',
      'not_entered',
      'wait_timeout',
      'wait_abandoned',
      ...repeated,
      ...clusterErrors,
    ],
    run: barriers.enterBarrier,
  }),
  leave_barrier: defineOperation({
    name: 'leave_barrier',
    body: meetingSchemas.leaveBarrierBody,
    answer: meetingSchemas.leaveBarrierAnswer,
    errors: ['name_too_long', ...missing, 'not_entered', ...repeated, ...clusterErrors],
    run: barriers.leaveBarrier,
  }),
  barrier_status: defineOperation({
    name: 'barrier_status',
    body: meetingSchemas.barrierRef,
    answer: meetingSchemas.barrierAnswer,
    errors: ['name_too_long', ...clusterErrors],
    run: barriers.barrierStatus,
  }),
  create_latch: defineOperation({
    name: 'create_latch',
    body: meetingSchemas.createLatchBody,
    answer: meetingSchemas.latchAnswer,
    errors: ['name_too_long', 'limit_mismatch', ...clusterErrors],
    run: latches.createLatch,
  }),
  count_down: defineOperation({
    name: 'count_down',
    body: meetingSchemas.countDownBody,
    answer: meetingSchemas.latchAnswer,
    errors: ['name_too_long', ...missing, 'latch_not_found', ...repeated, ...clusterErrors],
    run: latches.countDown,
  }),
  wait_latch: defineOperation({
    name: 'wait_latch',
    body: meetingSchemas.waitLatchBody,
    answer: meetingSchemas.latchAnswer,
    errors: [
      'name_too_long',
      'latch_not_found',
      'wait_timeout',
      'wait_abandoned',
      ...clusterErrors,
    ],
    run: latches.waitLatch,
  }),
  latch_status: defineOperation({
    name: 'latch_status',
    body: meetingSchemas.latchRef,
    answer: meetingSchemas.latchAnswer,
    errors: ['name_too_long', 'latch_not_found', ...clusterErrors],
    run: latches.latchStatus,
  }),
  delete_latch: defineOperation({
    name: 'delete_latch',
    body: meetingSchemas.deleteLatchBody,
    answer: meetingSchemas.deleteLatchAnswer,
    errors: ['name_too_long', 'latch_not_found', ...clusterErrors],
    run: latches.deleteLatch,
  }),
  give_up: defineOperation({
    name: 'give_up',
    body: sessionSchemas.giveUpBody,
    answer: sessionSchemas.giveUpAnswer,
    errors: ['name_too_long', ...missing, ...repeated, ...clusterErrors],
    run: sessions.giveUp,
  }),
  events: defineOperation({
    name: 'events',
    body: eventSchemas.eventsBody,
    answer: eventSchemas.eventsAnswer,
    errors: ['name_too_long', 'compacted', 'wait_abandoned'],
    run: events,
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
  | 'admin_lock'
  | 'simple_acquire'
  | 'simple_release';

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
  simple_acquire: defineOperation({
    name: 'simple_acquire',
    body: simple.simpleAcquireBody,
    answer: simple.simpleAcquireAnswer,
    errors: [
      'name_too_long',
      'lock_held',
      'lock_delayed',
      'wait_timeout',
      'wait_abandoned',
      ...clusterErrors,
    ],
    run: simpleLocks.simpleAcquire,
  }),
  simple_release: defineOperation({
    name: 'simple_release',
    body: simple.simpleReleaseBody,
    answer: simple.simpleReleaseAnswer,
    errors: [
      'name_too_long',
      'lock_not_found',
      'not_holder',
      'stale_fence_token',
      ...missing,
      ...clusterErrors,
    ],
    run: simpleLocks.simpleRelease,
  }),
};
