// Made from packages/contract by "make documents". Change the declaration, not this file.
import type { ErrorDefinition } from '../error-definition.ts';

/** A stable, documented error code. */
export type ErrorCode =
  | 'invalid_request'
  | 'name_too_long'
  | 'invalid_json'
  | 'body_too_large'
  | 'unsupported_media_type'
  | 'route_not_found'
  | 'method_not_allowed'
  | 'session_not_found'
  | 'session_expired'
  | 'session_exists'
  | 'lock_held'
  | 'lock_delayed'
  | 'lock_not_found'
  | 'wait_timeout'
  | 'wait_cancelled'
  | 'not_holder'
  | 'stale_fence_token'
  | 'request_forgotten'
  | 'request_reused'
  | 'deadlock'
  | 'limit_mismatch'
  | 'no_permits'
  | 'semaphore_not_found'
  | 'semaphore_in_use'
  | 'not_elected'
  | 'barrier_closed'
  | 'not_entered'
  | 'latch_not_found'
  | 'queue_not_found'
  | 'queue_order'
  | 'queue_not_empty'
  | 'stale_receipt'
  | 'version_mismatch'
  | 'hold_not_current'
  | 'fill_superseded'
  | 'cache_busy'
  | 'compacted'
  | 'future_position'
  | 'member_exists'
  | 'member_not_found'
  | 'learner_not_ready'
  | 'membership_change_in_progress'
  | 'leadership_not_transferred'
  | 'key_not_found'
  | 'role_not_found'
  | 'no_administrator'
  | 'others_have_access'
  | 'limit_exceeded'
  | 'overloaded'
  | 'not_leader'
  | 'no_quorum'
  | 'outcome_unknown'
  | 'access_changed'
  | 'store_unavailable'
  | 'audit_unavailable'
  | 'not_supported_yet'
  | 'shutting_down'
  | 'wrong_epoch'
  | 'another_set'
  | 'not_voting'
  | 'storage_failed'
  | 'unauthorized'
  | 'forbidden'
  | 'internal'
  | 'connection_lost'
  | 'deadline_exceeded'
  | 'cancelled'
  | 'hold_lost'
  | 'rolled_back';

export const errorDefinitions: Readonly<Record<ErrorCode, ErrorDefinition>> = {
  invalid_request: {
    status: 400,
    title: 'The request is not valid.',
    retry: 'never',
    effect: 'none',
    by: 'node',
  },
  name_too_long: {
    status: 400,
    title: 'The name is longer than 256 characters.',
    retry: 'never',
    effect: 'none',
    by: 'node',
  },
  invalid_json: {
    status: 400,
    title: 'The body is not valid JSON.',
    retry: 'never',
    effect: 'none',
    by: 'node',
  },
  body_too_large: {
    status: 413,
    title: 'The body is too large.',
    retry: 'never',
    effect: 'none',
    by: 'node',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body is not JSON.',
    retry: 'never',
    effect: 'none',
    by: 'node',
  },
  route_not_found: {
    status: 404,
    title: 'There is no such path.',
    retry: 'never',
    effect: 'none',
    by: 'node',
  },
  method_not_allowed: {
    status: 405,
    title: 'This path has no such method.',
    retry: 'never',
    effect: 'none',
    by: 'node',
  },
  session_not_found: {
    status: 404,
    title: 'There is no such session.',
    retry: 'never',
    effect: 'perhaps',
    by: 'cluster',
    note: 'An earlier copy of the request may have been executed in a session that has ended since; everything it acquired ended with that session.',
  },
  session_expired: {
    status: 410,
    title: 'The session has ended.',
    retry: 'never',
    effect: 'perhaps',
    by: 'cluster',
    note: 'An acquire may have been granted, and seen by others, before the session ended; everything it acquired ended with the session.',
  },
  session_exists: {
    status: 409,
    title: 'A session with this id exists already.',
    retry: 'never',
    effect: 'none',
    by: 'cluster',
  },
  lock_held: {
    status: 409,
    title: 'Another session holds the lock.',
    retry: 'later',
    effect: 'none',
    by: 'cluster',
  },
  lock_delayed: {
    status: 409,
    title: "The lock is in its lock-delay period after its holder's session expired.",
    retry: 'later',
    effect: 'none',
    by: 'cluster',
  },
  lock_not_found: {
    status: 404,
    title: 'The lock is not held.',
    retry: 'never',
    effect: 'none',
    by: 'cluster',
  },
  wait_timeout: {
    status: 409,
    title: 'The wait timed out.',
    retry: 'later',
    effect: 'none',
    by: 'cluster',
    note: 'Nothing remains of the request. A session that waited at a barrier was inside it until then.',
  },
  wait_cancelled: {
    status: 409,
    title: 'The wait was cancelled.',
    retry: 'never',
    effect: 'perhaps',
    by: 'cluster',
    note: 'It may have been granted and released in between; nothing of it is held now or will be granted later.',
  },
  not_holder: {
    status: 403,
    title: 'The caller is not the holder.',
    retry: 'never',
    effect: 'none',
    by: 'cluster',
  },
  stale_fence_token: {
    status: 409,
    title: 'The fence token is not that of the current hold.',
    retry: 'never',
    effect: 'none',
    by: 'cluster',
  },
  request_forgotten: {
    status: 409,
    title: 'The response to this old request is no longer stored.',
    retry: 'never',
    effect: 'perhaps',
    by: 'cluster',
    note: 'Its outcome is no longer known; it is not executed again.',
  },
  request_reused: {
    status: 409,
    title: 'This request id was already used for another request.',
    retry: 'never',
    effect: 'none',
    by: 'cluster',
    note: 'This request was not executed; the first one with its id may have been.',
  },
  deadlock: {
    status: 409,
    title: 'Waiting would cause a deadlock.',
    retry: 'never',
    effect: 'none',
    by: 'cluster',
  },
  limit_mismatch: {
    status: 409,
    title: 'It exists already with another limit, number of parties or count.',
    retry: 'never',
    effect: 'none',
    by: 'cluster',
  },
  no_permits: {
    status: 409,
    title: 'Not enough permits are free.',
    retry: 'later',
    effect: 'none',
    by: 'cluster',
  },
  semaphore_not_found: {
    status: 404,
    title: 'There is no such semaphore.',
    retry: 'never',
    effect: 'none',
    by: 'cluster',
  },
  semaphore_in_use: {
    status: 409,
    title: 'The semaphore is in use.',
    retry: 'later',
    effect: 'none',
    by: 'cluster',
  },
  not_elected: {
    status: 409,
    title: 'Another candidate leads.',
    retry: 'later',
    effect: 'none',
    by: 'cluster',
  },
  barrier_closed: {
    status: 409,
    title: 'The round is full: the next one begins when all its parties have left.',
    retry: 'later',
    effect: 'none',
    by: 'cluster',
  },
  not_entered: {
    status: 409,
    title: 'This session is not inside the barrier.',
    retry: 'never',
    effect: 'none',
    by: 'cluster',
  },
  latch_not_found: {
    status: 404,
    title: 'There is no such latch.',
    retry: 'never',
    effect: 'none',
    by: 'cluster',
  },
  queue_not_found: {
    status: 404,
    title: 'There is no such queue.',
    retry: 'never',
    effect: 'none',
    by: 'cluster',
  },
  queue_order: {
    status: 409,
    title: 'The order of the queue does not allow this.',
    retry: 'never',
    effect: 'none',
    by: 'cluster',
  },
  queue_not_empty: {
    status: 409,
    title: 'The queue is not empty.',
    retry: 'later',
    effect: 'none',
    by: 'cluster',
  },
  stale_receipt: {
    status: 409,
    title: 'The receipt is not of the current delivery.',
    retry: 'never',
    effect: 'none',
    by: 'cluster',
  },
  version_mismatch: {
    status: 409,
    title: 'The key has another version than the write demands.',
    retry: 'never',
    effect: 'none',
    by: 'cluster',
  },
  hold_not_current: {
    status: 409,
    title: 'The hold under which the write was asked for does not stand.',
    retry: 'never',
    effect: 'none',
    by: 'cluster',
  },
  fill_superseded: {
    status: 409,
    title: 'The turn in which the value was loaded is over.',
    retry: 'never',
    effect: 'none',
    by: 'node',
  },
  cache_busy: {
    status: 409,
    title: 'Another write of the key is under way.',
    retry: 'later',
    effect: 'none',
    by: 'cluster',
  },
  compacted: {
    status: 410,
    title: 'The events after this position were compacted (are no longer retained).',
    retry: 'never',
    effect: 'none',
    by: 'node',
  },
  future_position: {
    status: 409,
    title: 'The cluster has not reached this position.',
    retry: 'never',
    effect: 'none',
    by: 'node',
  },
  member_exists: {
    status: 409,
    title: 'A member with this id exists or existed.',
    retry: 'never',
    effect: 'none',
    by: 'cluster',
  },
  member_not_found: {
    status: 404,
    title: 'There is no such member.',
    retry: 'never',
    effect: 'none',
    by: 'cluster',
  },
  learner_not_ready: {
    status: 409,
    title: 'The learner has not caught up with the log.',
    retry: 'later',
    effect: 'none',
    by: 'cluster',
  },
  membership_change_in_progress: {
    status: 409,
    title: 'Another membership change is under way.',
    retry: 'later',
    effect: 'none',
    by: 'cluster',
  },
  leadership_not_transferred: {
    status: 409,
    title: 'No other member took leadership over in time.',
    retry: 'later',
    effect: 'perhaps',
    by: 'cluster',
    note: 'The leader leads as before; a member that was asked to lead may still take over a moment later.',
  },
  key_not_found: {
    status: 404,
    title: 'There is no such key.',
    retry: 'never',
    effect: 'none',
    by: 'cluster',
  },
  role_not_found: {
    status: 404,
    title: 'There is no such role.',
    retry: 'never',
    effect: 'none',
    by: 'cluster',
  },
  no_administrator: {
    status: 409,
    title: 'Nobody could administer the cluster then.',
    retry: 'never',
    effect: 'none',
    by: 'cluster',
  },
  others_have_access: {
    status: 409,
    title: 'Others have keys, roles or certificates already.',
    retry: 'never',
    effect: 'none',
    by: 'cluster',
  },
  limit_exceeded: {
    status: 429,
    title: 'A configured limit is reached.',
    retry: 'later',
    effect: 'none',
    by: 'node',
  },
  overloaded: {
    status: 503,
    title: 'The node has too much unfinished work.',
    retry: 'later',
    effect: 'none',
    by: 'node',
  },
  not_leader: {
    status: 503,
    title: 'This node knows no leader at the moment.',
    retry: 'same',
    effect: 'none',
    by: 'node',
  },
  no_quorum: {
    status: 503,
    title: 'A majority of the members is unreachable.',
    retry: 'same',
    effect: 'none',
    by: 'node',
  },
  outcome_unknown: {
    status: 503,
    title: 'The leader changed or became unreachable before the outcome was known.',
    retry: 'same',
    effect: 'perhaps',
    by: 'node',
  },
  access_changed: {
    status: 409,
    title: 'What the caller may do has changed since the request was authorized.',
    retry: 'same',
    effect: 'perhaps',
    by: 'node',
    note: 'This copy of the request was not executed; one that was sent before it may have been.',
  },
  store_unavailable: {
    status: 503,
    title: 'What keeps this, or the node that owns it, cannot be reached.',
    retry: 'same',
    effect: 'none',
    by: 'node',
  },
  audit_unavailable: {
    status: 503,
    title: 'The node cannot record what it does, and does nothing without.',
    retry: 'later',
    effect: 'none',
    by: 'node',
  },
  not_supported_yet: {
    status: 503,
    title: 'The cluster is at a feature level that does not have this yet.',
    retry: 'later',
    effect: 'none',
    by: 'node',
  },
  shutting_down: {
    status: 503,
    title: 'The node is shutting down.',
    retry: 'same',
    effect: 'perhaps',
    by: 'node',
    note: 'A waiting request with a request id keeps its position in the wait queue; one without is cancelled.',
  },
  wrong_epoch: {
    status: 409,
    title: 'The node belongs to another configuration (epoch).',
    retry: 'never',
    effect: 'none',
    by: 'node',
  },
  another_set: {
    status: 409,
    title: 'The node belongs to another set of members.',
    retry: 'never',
    effect: 'none',
    by: 'node',
  },
  not_voting: {
    status: 503,
    title: 'The node lost its data file and does not vote yet.',
    retry: 'later',
    effect: 'none',
    by: 'node',
  },
  storage_failed: {
    status: 503,
    title: 'The node cannot write to its disk.',
    retry: 'later',
    effect: 'perhaps',
    by: 'node',
    note: 'A failed write may still be on the disk after a restart.',
  },
  unauthorized: {
    status: 401,
    title: 'Credentials are missing or invalid.',
    retry: 'never',
    effect: 'none',
    by: 'node',
  },
  forbidden: {
    status: 403,
    title: 'The caller is not permitted to do this.',
    retry: 'never',
    effect: 'none',
    by: 'node',
  },
  internal: {
    status: 500,
    title: 'The node had an internal error.',
    retry: 'never',
    effect: 'perhaps',
    by: 'node',
  },
  connection_lost: {
    status: 503,
    title: 'The connection to the cluster was lost.',
    retry: 'same',
    effect: 'perhaps',
    by: 'client',
    note: 'A `Session` of the client cancels such an acquire, and repeats a release, until that is answered.',
  },
  deadline_exceeded: {
    status: 504,
    title: 'No response arrived in time.',
    retry: 'same',
    effect: 'perhaps',
    by: 'client',
    note: 'A `Session` of the client cancels such an acquire, and repeats a release, until that is answered.',
  },
  cancelled: {
    status: 499,
    title: 'The caller cancelled the call.',
    retry: 'never',
    effect: 'perhaps',
    by: 'client',
    note: 'A `Session` of the client cancels such an acquire, and repeats a release, until that is answered.',
  },
  hold_lost: {
    status: 409,
    title: 'The hold is lost, or its lease can no longer be confirmed.',
    retry: 'never',
    effect: 'perhaps',
    by: 'client',
    note: 'Everything acquired ends with the session.',
  },
  rolled_back: {
    status: 409,
    title: 'The database rolled the guarded transaction back.',
    retry: 'never',
    effect: 'perhaps',
    by: 'client',
  },
};
