// Made from packages/contract by "make documents". Change the declaration, not this file.
import type { OperationName } from './operations.ts';

/** What a client knows of an operation. */
export interface OperationTraits {
  /**
   * How it may be sent again while its outcome is unknown: `always`; once only with its request id (`numbered`:
   * increasing in the session; `by_id`: any unique text); `never`.
   */
  readonly repeat: 'always' | 'numbered' | 'by_id' | 'never';
  /** Whether it may change more than the expiry of a session or hold. */
  readonly changes: boolean;
  /** Whether it may wait; the caller may cancel the wait. */
  readonly waits: boolean;
  /** How `cancel_request` names the wait queue in which it waits. */
  readonly waitKind?: 'lock' | 'many' | 'semaphore' | 'election' | 'barrier';
  /** Whether its body names a session. */
  readonly session: 'required' | 'optional' | 'none';
}

export const operationTraits: Readonly<Record<OperationName, OperationTraits>> = {
  create_session: { repeat: 'by_id', changes: true, waits: false, session: 'none' },
  get_session: { repeat: 'always', changes: false, waits: false, session: 'required' },
  list_sessions: { repeat: 'always', changes: false, waits: false, session: 'none' },
  end_session: { repeat: 'always', changes: true, waits: false, session: 'required' },
  keepalive: { repeat: 'always', changes: false, waits: false, session: 'required' },
  session_locks: { repeat: 'always', changes: false, waits: false, session: 'required' },
  session_waits: { repeat: 'always', changes: false, waits: false, session: 'required' },
  cancel_request: { repeat: 'always', changes: true, waits: false, session: 'optional' },
  acquire: {
    repeat: 'numbered',
    changes: true,
    waits: true,
    waitKind: 'lock',
    session: 'optional',
  },
  release: { repeat: 'numbered', changes: true, waits: false, session: 'optional' },
  renew: { repeat: 'always', changes: false, waits: false, session: 'optional' },
  downgrade: { repeat: 'always', changes: true, waits: false, session: 'optional' },
  acquire_many: {
    repeat: 'numbered',
    changes: true,
    waits: true,
    waitKind: 'many',
    session: 'required',
  },
  check: { repeat: 'always', changes: false, waits: false, session: 'none' },
  lock_status: { repeat: 'always', changes: false, waits: false, session: 'none' },
  list_locks: { repeat: 'always', changes: false, waits: false, session: 'none' },
  force_release: { repeat: 'never', changes: true, waits: false, session: 'none' },
  acquire_permits: {
    repeat: 'numbered',
    changes: true,
    waits: true,
    waitKind: 'semaphore',
    session: 'optional',
  },
  release_permits: { repeat: 'numbered', changes: true, waits: false, session: 'optional' },
  renew_permits: { repeat: 'always', changes: false, waits: false, session: 'optional' },
  semaphore_status: { repeat: 'always', changes: false, waits: false, session: 'none' },
  list_semaphores: { repeat: 'always', changes: false, waits: false, session: 'none' },
  create_semaphore: { repeat: 'always', changes: true, waits: false, session: 'none' },
  resize_semaphore: { repeat: 'never', changes: true, waits: false, session: 'none' },
  delete_semaphore: { repeat: 'never', changes: true, waits: false, session: 'none' },
  campaign: {
    repeat: 'numbered',
    changes: true,
    waits: true,
    waitKind: 'election',
    session: 'optional',
  },
  resign: { repeat: 'numbered', changes: true, waits: false, session: 'optional' },
  proclaim: { repeat: 'numbered', changes: true, waits: false, session: 'optional' },
  renew_leadership: { repeat: 'always', changes: false, waits: false, session: 'optional' },
  election_leader: { repeat: 'always', changes: false, waits: false, session: 'none' },
  list_elections: { repeat: 'always', changes: false, waits: false, session: 'none' },
  enter_barrier: {
    repeat: 'numbered',
    changes: true,
    waits: true,
    waitKind: 'barrier',
    session: 'required',
  },
  leave_barrier: { repeat: 'numbered', changes: true, waits: true, session: 'required' },
  barrier_status: { repeat: 'always', changes: false, waits: false, session: 'none' },
  list_barriers: { repeat: 'always', changes: false, waits: false, session: 'none' },
  create_latch: { repeat: 'always', changes: true, waits: false, session: 'none' },
  count_down: { repeat: 'numbered', changes: true, waits: false, session: 'optional' },
  wait_latch: { repeat: 'always', changes: false, waits: true, session: 'none' },
  latch_status: { repeat: 'always', changes: false, waits: false, session: 'none' },
  list_latches: { repeat: 'always', changes: false, waits: false, session: 'none' },
  delete_latch: { repeat: 'never', changes: true, waits: false, session: 'none' },
  queue_push: { repeat: 'never', changes: true, waits: false, session: 'none' },
  queue_push_batch: { repeat: 'never', changes: true, waits: false, session: 'none' },
  queue_pop: { repeat: 'never', changes: true, waits: true, session: 'none' },
  queue_ack: { repeat: 'never', changes: true, waits: false, session: 'none' },
  queue_nack: { repeat: 'never', changes: true, waits: false, session: 'none' },
  queue_extend: { repeat: 'always', changes: true, waits: false, session: 'none' },
  queue_redrive: { repeat: 'never', changes: true, waits: false, session: 'none' },
  queue_purge: { repeat: 'never', changes: true, waits: false, session: 'none' },
  queue_configure: { repeat: 'always', changes: true, waits: false, session: 'none' },
  queue_delete: { repeat: 'never', changes: true, waits: false, session: 'none' },
  queue_stats: { repeat: 'always', changes: false, waits: false, session: 'none' },
  queue_dead_letters: { repeat: 'always', changes: false, waits: false, session: 'none' },
  queue_blocked_keys: { repeat: 'always', changes: false, waits: false, session: 'none' },
  cache_set: { repeat: 'never', changes: true, waits: false, session: 'none' },
  cache_get: { repeat: 'always', changes: false, waits: false, session: 'none' },
  cache_fill: { repeat: 'always', changes: false, waits: true, session: 'none' },
  cache_fill_end: { repeat: 'always', changes: false, waits: false, session: 'none' },
  cache_delete: { repeat: 'never', changes: true, waits: false, session: 'none' },
  cache_stats: { repeat: 'always', changes: false, waits: false, session: 'none' },
  cache_lines: { repeat: 'always', changes: false, waits: false, session: 'none' },
  events: { repeat: 'always', changes: false, waits: true, session: 'none' },
  auth_status: { repeat: 'always', changes: false, waits: false, session: 'none' },
  auth_enable: { repeat: 'always', changes: true, waits: false, session: 'none' },
  auth_disable: { repeat: 'never', changes: true, waits: false, session: 'none' },
  auth_create_key: { repeat: 'never', changes: true, waits: false, session: 'none' },
  auth_rotate_key: { repeat: 'never', changes: true, waits: false, session: 'none' },
  auth_revoke_key: { repeat: 'always', changes: true, waits: false, session: 'none' },
  auth_list_keys: { repeat: 'always', changes: false, waits: false, session: 'none' },
  auth_grant: { repeat: 'never', changes: true, waits: false, session: 'none' },
  auth_revoke: { repeat: 'always', changes: true, waits: false, session: 'none' },
  auth_delete_role: { repeat: 'always', changes: true, waits: false, session: 'none' },
  auth_list_roles: { repeat: 'always', changes: false, waits: false, session: 'none' },
  auth_bind: { repeat: 'never', changes: true, waits: false, session: 'none' },
  auth_unbind: { repeat: 'always', changes: true, waits: false, session: 'none' },
  auth_list_identities: { repeat: 'always', changes: false, waits: false, session: 'none' },
  auth_map_certificate: { repeat: 'never', changes: true, waits: false, session: 'none' },
  auth_unmap_certificate: { repeat: 'always', changes: true, waits: false, session: 'none' },
  auth_list_certificates: { repeat: 'always', changes: false, waits: false, session: 'none' },
  auth_check: { repeat: 'always', changes: false, waits: false, session: 'none' },
  audit_status: { repeat: 'always', changes: false, waits: false, session: 'none' },
  audit_enable: { repeat: 'always', changes: true, waits: false, session: 'none' },
  audit_disable: { repeat: 'never', changes: true, waits: false, session: 'none' },
  audit_checkpoint: { repeat: 'always', changes: false, waits: false, session: 'none' },
  audit_records: { repeat: 'always', changes: false, waits: false, session: 'none' },
};
