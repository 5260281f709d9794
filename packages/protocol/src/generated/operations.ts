// Made from packages/contract by "make documents". Change the declaration, not this file.
import type {
  CancelAnswer,
  CancelBody,
  CreateSessionAnswer,
  CreateSessionBody,
  EndSessionAnswer,
  EndSessionBody,
  KeepAliveAnswer,
  ListSessionsAnswer,
  ListSessionsBody,
  ReadSessionBody,
  SessionAnswer,
  SessionLocksAnswer,
  SessionLocksBody,
  SessionRef,
  SessionWaitsAnswer,
  SessionWaitsBody,
} from './sessions.ts';
import type {
  AcquireAnswer,
  AcquireBody,
  AcquireManyAnswer,
  AcquireManyBody,
  AdminLockAnswer,
  CheckAnswer,
  CheckBody,
  DowngradeAnswer,
  DowngradeBody,
  ForceReleaseAnswer,
  ForceReleaseBody,
  ListLocksAnswer,
  ListLocksBody,
  LockRef,
  LockStatusAnswer,
  ReleaseAnswer,
  ReleaseBody,
  RenewAnswer,
  RenewBody,
  SimpleAcquireAnswer,
  SimpleAcquireBody,
  SimpleReleaseAnswer,
  SimpleReleaseBody,
} from './locks.ts';
import type {
  AcquirePermitsAnswer,
  AcquirePermitsBody,
  DeleteSemaphoreAnswer,
  DeleteSemaphoreBody,
  ListSemaphoresAnswer,
  ListSemaphoresBody,
  ReleasePermitsAnswer,
  ReleasePermitsBody,
  ResizeSemaphoreBody,
  SemaphoreAnswer,
  SemaphoreLimitBody,
  SemaphoreRef,
} from './semaphores.ts';
import type {
  CampaignAnswer,
  CampaignBody,
  ElectionAnswer,
  ElectionRef,
  ListElectionsAnswer,
  ListElectionsBody,
  ProclaimAnswer,
  ProclaimBody,
  ResignAnswer,
  ResignBody,
} from './elections.ts';
import type {
  BarrierAnswer,
  BarrierRef,
  EnterBarrierAnswer,
  EnterBarrierBody,
  LeaveBarrierAnswer,
  LeaveBarrierBody,
  ListBarriersAnswer,
  ListBarriersBody,
} from './barriers.ts';
import type {
  CountDownBody,
  CreateLatchBody,
  DeleteLatchAnswer,
  DeleteLatchBody,
  LatchAnswer,
  LatchRef,
  ListLatchesAnswer,
  ListLatchesBody,
  WaitLatchBody,
} from './latches.ts';
import type {
  QueueAckAnswer,
  QueueAckBody,
  QueueBlockedKeysAnswer,
  QueueBlockedKeysBody,
  QueueConfigureAnswer,
  QueueConfigureBody,
  QueueDeadLettersAnswer,
  QueueDeadLettersBody,
  QueueDeleteAnswer,
  QueueDeleteBody,
  QueueExtendAnswer,
  QueueExtendBody,
  QueueNackAnswer,
  QueueNackBody,
  QueuePopAnswer,
  QueuePopBody,
  QueuePurgeAnswer,
  QueuePurgeBody,
  QueuePushAnswer,
  QueuePushBatchAnswer,
  QueuePushBatchBody,
  QueuePushBody,
  QueueRedriveAnswer,
  QueueRedriveBody,
  QueueStatsAnswer,
  QueueStatsBody,
} from './queues.ts';
import type {
  CacheDeleteAnswer,
  CacheDeleteBody,
  CacheFillAnswer,
  CacheFillBody,
  CacheFillEndAnswer,
  CacheFillEndBody,
  CacheGetAnswer,
  CacheGetBody,
  CacheLinesAnswer,
  CacheLinesBody,
  CacheSetAnswer,
  CacheSetBody,
  CacheStatsAnswer,
  CacheStatsBody,
} from './cache.ts';
import type { EventsAnswer, EventsBody } from './events.ts';
import type {
  AuthChangedAnswer,
  AuthStatusAnswer,
  AuthStatusBody,
  BindBody,
  CheckAccessAnswer,
  CheckAccessBody,
  CreateKeyBody,
  DeleteRoleBody,
  DisableAuthBody,
  EnableAuthBody,
  GrantBody,
  KeyMadeAnswer,
  ListCertificatesAnswer,
  ListCertificatesBody,
  ListIdentitiesAnswer,
  ListIdentitiesBody,
  ListKeysAnswer,
  ListKeysBody,
  ListRolesAnswer,
  ListRolesBody,
  MapCertificateBody,
  RevokeBody,
  RevokeKeyBody,
  RotateKeyBody,
  UnbindBody,
  UnmapCertificateBody,
} from './auth.ts';
import type {
  AuditCheckpointAnswer,
  AuditCheckpointBody,
  AuditRecordsAnswer,
  AuditRecordsBody,
  AuditStatusAnswer,
  AuditStatusBody,
  AuditSwitchedAnswer,
  DisableAuditBody,
  EnableAuditBody,
} from './audit.ts';
import type {
  AddMemberAnswer,
  AddMemberBody,
  ClusterMachinesAnswer,
  ClusterStatusAnswer,
  LeaderAnswer,
  NoFields,
  PromoteMemberAnswer,
  PromoteMemberBody,
  RemoveMemberAnswer,
  RemoveMemberBody,
  TransferAnswer,
  TransferBody,
} from './cluster.ts';
import type {
  CleanupAnswer,
  HealthAnswer,
  LogLevelAnswer,
  ProbeAnswer,
  SetLogLevelBody,
  StatsAnswer,
  StatsBody,
} from './administration.ts';

/** Operations of the client stream, each also behind a path of HTTP: name → body and answer. */
export interface Operations {
  readonly create_session: {
    readonly body: CreateSessionBody;
    readonly answer: CreateSessionAnswer;
  };
  readonly get_session: { readonly body: ReadSessionBody; readonly answer: SessionAnswer };
  readonly list_sessions: { readonly body: ListSessionsBody; readonly answer: ListSessionsAnswer };
  readonly end_session: { readonly body: EndSessionBody; readonly answer: EndSessionAnswer };
  readonly keepalive: { readonly body: SessionRef; readonly answer: KeepAliveAnswer };
  readonly session_locks: { readonly body: SessionLocksBody; readonly answer: SessionLocksAnswer };
  readonly session_waits: { readonly body: SessionWaitsBody; readonly answer: SessionWaitsAnswer };
  readonly cancel_request: { readonly body: CancelBody; readonly answer: CancelAnswer };
  readonly acquire: { readonly body: AcquireBody; readonly answer: AcquireAnswer };
  readonly release: { readonly body: ReleaseBody; readonly answer: ReleaseAnswer };
  readonly renew: { readonly body: RenewBody; readonly answer: RenewAnswer };
  readonly downgrade: { readonly body: DowngradeBody; readonly answer: DowngradeAnswer };
  readonly acquire_many: { readonly body: AcquireManyBody; readonly answer: AcquireManyAnswer };
  readonly check: { readonly body: CheckBody; readonly answer: CheckAnswer };
  readonly lock_status: { readonly body: LockRef; readonly answer: LockStatusAnswer };
  readonly list_locks: { readonly body: ListLocksBody; readonly answer: ListLocksAnswer };
  readonly force_release: { readonly body: ForceReleaseBody; readonly answer: ForceReleaseAnswer };
  readonly acquire_permits: {
    readonly body: AcquirePermitsBody;
    readonly answer: AcquirePermitsAnswer;
  };
  readonly release_permits: {
    readonly body: ReleasePermitsBody;
    readonly answer: ReleasePermitsAnswer;
  };
  readonly renew_permits: { readonly body: RenewBody; readonly answer: RenewAnswer };
  readonly semaphore_status: { readonly body: SemaphoreRef; readonly answer: SemaphoreAnswer };
  readonly list_semaphores: {
    readonly body: ListSemaphoresBody;
    readonly answer: ListSemaphoresAnswer;
  };
  readonly create_semaphore: {
    readonly body: SemaphoreLimitBody;
    readonly answer: SemaphoreAnswer;
  };
  readonly resize_semaphore: {
    readonly body: ResizeSemaphoreBody;
    readonly answer: SemaphoreAnswer;
  };
  readonly delete_semaphore: {
    readonly body: DeleteSemaphoreBody;
    readonly answer: DeleteSemaphoreAnswer;
  };
  readonly campaign: { readonly body: CampaignBody; readonly answer: CampaignAnswer };
  readonly resign: { readonly body: ResignBody; readonly answer: ResignAnswer };
  readonly proclaim: { readonly body: ProclaimBody; readonly answer: ProclaimAnswer };
  readonly renew_leadership: { readonly body: RenewBody; readonly answer: RenewAnswer };
  readonly election_leader: { readonly body: ElectionRef; readonly answer: ElectionAnswer };
  readonly list_elections: {
    readonly body: ListElectionsBody;
    readonly answer: ListElectionsAnswer;
  };
  readonly enter_barrier: { readonly body: EnterBarrierBody; readonly answer: EnterBarrierAnswer };
  readonly leave_barrier: { readonly body: LeaveBarrierBody; readonly answer: LeaveBarrierAnswer };
  readonly barrier_status: { readonly body: BarrierRef; readonly answer: BarrierAnswer };
  readonly list_barriers: { readonly body: ListBarriersBody; readonly answer: ListBarriersAnswer };
  readonly create_latch: { readonly body: CreateLatchBody; readonly answer: LatchAnswer };
  readonly count_down: { readonly body: CountDownBody; readonly answer: LatchAnswer };
  readonly wait_latch: { readonly body: WaitLatchBody; readonly answer: LatchAnswer };
  readonly latch_status: { readonly body: LatchRef; readonly answer: LatchAnswer };
  readonly list_latches: { readonly body: ListLatchesBody; readonly answer: ListLatchesAnswer };
  readonly delete_latch: { readonly body: DeleteLatchBody; readonly answer: DeleteLatchAnswer };
  readonly queue_push: { readonly body: QueuePushBody; readonly answer: QueuePushAnswer };
  readonly queue_push_batch: {
    readonly body: QueuePushBatchBody;
    readonly answer: QueuePushBatchAnswer;
  };
  readonly queue_pop: { readonly body: QueuePopBody; readonly answer: QueuePopAnswer };
  readonly queue_ack: { readonly body: QueueAckBody; readonly answer: QueueAckAnswer };
  readonly queue_nack: { readonly body: QueueNackBody; readonly answer: QueueNackAnswer };
  readonly queue_extend: { readonly body: QueueExtendBody; readonly answer: QueueExtendAnswer };
  readonly queue_redrive: { readonly body: QueueRedriveBody; readonly answer: QueueRedriveAnswer };
  readonly queue_purge: { readonly body: QueuePurgeBody; readonly answer: QueuePurgeAnswer };
  readonly queue_configure: {
    readonly body: QueueConfigureBody;
    readonly answer: QueueConfigureAnswer;
  };
  readonly queue_delete: { readonly body: QueueDeleteBody; readonly answer: QueueDeleteAnswer };
  readonly queue_stats: { readonly body: QueueStatsBody; readonly answer: QueueStatsAnswer };
  readonly queue_dead_letters: {
    readonly body: QueueDeadLettersBody;
    readonly answer: QueueDeadLettersAnswer;
  };
  readonly queue_blocked_keys: {
    readonly body: QueueBlockedKeysBody;
    readonly answer: QueueBlockedKeysAnswer;
  };
  readonly cache_set: { readonly body: CacheSetBody; readonly answer: CacheSetAnswer };
  readonly cache_get: { readonly body: CacheGetBody; readonly answer: CacheGetAnswer };
  readonly cache_fill: { readonly body: CacheFillBody; readonly answer: CacheFillAnswer };
  readonly cache_fill_end: { readonly body: CacheFillEndBody; readonly answer: CacheFillEndAnswer };
  readonly cache_delete: { readonly body: CacheDeleteBody; readonly answer: CacheDeleteAnswer };
  readonly cache_stats: { readonly body: CacheStatsBody; readonly answer: CacheStatsAnswer };
  readonly cache_lines: { readonly body: CacheLinesBody; readonly answer: CacheLinesAnswer };
  readonly events: { readonly body: EventsBody; readonly answer: EventsAnswer };
  readonly auth_status: { readonly body: AuthStatusBody; readonly answer: AuthStatusAnswer };
  readonly auth_enable: { readonly body: EnableAuthBody; readonly answer: AuthChangedAnswer };
  readonly auth_disable: { readonly body: DisableAuthBody; readonly answer: AuthChangedAnswer };
  readonly auth_create_key: { readonly body: CreateKeyBody; readonly answer: KeyMadeAnswer };
  readonly auth_rotate_key: { readonly body: RotateKeyBody; readonly answer: KeyMadeAnswer };
  readonly auth_revoke_key: { readonly body: RevokeKeyBody; readonly answer: AuthChangedAnswer };
  readonly auth_list_keys: { readonly body: ListKeysBody; readonly answer: ListKeysAnswer };
  readonly auth_grant: { readonly body: GrantBody; readonly answer: AuthChangedAnswer };
  readonly auth_revoke: { readonly body: RevokeBody; readonly answer: AuthChangedAnswer };
  readonly auth_delete_role: { readonly body: DeleteRoleBody; readonly answer: AuthChangedAnswer };
  readonly auth_list_roles: { readonly body: ListRolesBody; readonly answer: ListRolesAnswer };
  readonly auth_bind: { readonly body: BindBody; readonly answer: AuthChangedAnswer };
  readonly auth_unbind: { readonly body: UnbindBody; readonly answer: AuthChangedAnswer };
  readonly auth_list_identities: {
    readonly body: ListIdentitiesBody;
    readonly answer: ListIdentitiesAnswer;
  };
  readonly auth_map_certificate: {
    readonly body: MapCertificateBody;
    readonly answer: AuthChangedAnswer;
  };
  readonly auth_unmap_certificate: {
    readonly body: UnmapCertificateBody;
    readonly answer: AuthChangedAnswer;
  };
  readonly auth_list_certificates: {
    readonly body: ListCertificatesBody;
    readonly answer: ListCertificatesAnswer;
  };
  readonly auth_check: { readonly body: CheckAccessBody; readonly answer: CheckAccessAnswer };
  readonly audit_status: { readonly body: AuditStatusBody; readonly answer: AuditStatusAnswer };
  readonly audit_enable: { readonly body: EnableAuditBody; readonly answer: AuditSwitchedAnswer };
  readonly audit_disable: { readonly body: DisableAuditBody; readonly answer: AuditSwitchedAnswer };
  readonly audit_checkpoint: {
    readonly body: AuditCheckpointBody;
    readonly answer: AuditCheckpointAnswer;
  };
  readonly audit_records: { readonly body: AuditRecordsBody; readonly answer: AuditRecordsAnswer };
}
export type OperationName = keyof Operations;

/** Operations that the client stream does not have. */
export interface HttpOperations {
  readonly simple_acquire: {
    readonly body: SimpleAcquireBody;
    readonly answer: SimpleAcquireAnswer;
  };
  readonly simple_release: {
    readonly body: SimpleReleaseBody;
    readonly answer: SimpleReleaseAnswer;
  };
  readonly admin_lock: { readonly body: LockRef; readonly answer: AdminLockAnswer };
  readonly leader: { readonly body: NoFields; readonly answer: LeaderAnswer };
  readonly cluster_status: { readonly body: NoFields; readonly answer: ClusterStatusAnswer };
  readonly cluster_machines: { readonly body: NoFields; readonly answer: ClusterMachinesAnswer };
  readonly add_member: { readonly body: AddMemberBody; readonly answer: AddMemberAnswer };
  readonly promote_member: {
    readonly body: PromoteMemberBody;
    readonly answer: PromoteMemberAnswer;
  };
  readonly remove_member: { readonly body: RemoveMemberBody; readonly answer: RemoveMemberAnswer };
  readonly transfer: { readonly body: TransferBody; readonly answer: TransferAnswer };
  readonly health: { readonly body: NoFields; readonly answer: HealthAnswer };
  readonly liveness: { readonly body: NoFields; readonly answer: ProbeAnswer };
  readonly readiness: { readonly body: NoFields; readonly answer: ProbeAnswer };
  readonly stats: { readonly body: StatsBody; readonly answer: StatsAnswer };
  readonly cleanup: { readonly body: NoFields; readonly answer: CleanupAnswer };
  readonly log_level: { readonly body: NoFields; readonly answer: LogLevelAnswer };
  readonly set_log_level: { readonly body: SetLogLevelBody; readonly answer: LogLevelAnswer };
}
