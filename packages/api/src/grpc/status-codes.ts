/** Every error of the service as a status of gRPC. The code itself goes with it, see error-status.ts. */
import { status } from '@grpc/grpc-js';
import type { ErrorCode } from '@holdfast/protocol';

/**
 * UNAVAILABLE is told only where the same request can be repeated as it is, since clients may be set up
 * to do so by themselves; ABORTED where another try, later, is a decision of the caller.
 */
export const statusCodes: Readonly<Record<ErrorCode, status>> = {
  invalid_request: status.INVALID_ARGUMENT,
  name_too_long: status.INVALID_ARGUMENT,
  invalid_json: status.INVALID_ARGUMENT,
  body_too_large: status.RESOURCE_EXHAUSTED,
  unsupported_media_type: status.INVALID_ARGUMENT,
  route_not_found: status.UNIMPLEMENTED,
  session_not_found: status.NOT_FOUND,
  session_expired: status.NOT_FOUND,
  session_exists: status.ALREADY_EXISTS,
  lock_held: status.ABORTED,
  lock_delayed: status.ABORTED,
  lock_not_found: status.NOT_FOUND,
  // Not DEADLINE_EXCEEDED, which leaves open what was done: here it is known that nothing was.
  wait_timeout: status.ABORTED,
  wait_abandoned: status.CANCELLED,
  not_holder: status.FAILED_PRECONDITION,
  stale_fence_token: status.FAILED_PRECONDITION,
  request_forgotten: status.FAILED_PRECONDITION,
  request_reused: status.FAILED_PRECONDITION,
  deadlock: status.ABORTED,
  no_permits: status.ABORTED,
  limit_mismatch: status.FAILED_PRECONDITION,
  semaphore_not_found: status.NOT_FOUND,
  semaphore_in_use: status.FAILED_PRECONDITION,
  not_elected: status.ABORTED,
  barrier_closed: status.ABORTED,
  not_entered: status.FAILED_PRECONDITION,
  latch_not_found: status.NOT_FOUND,
  compacted: status.OUT_OF_RANGE,
  limit_exceeded: status.RESOURCE_EXHAUSTED,
  overloaded: status.RESOURCE_EXHAUSTED,
  not_leader: status.UNAVAILABLE,
  no_quorum: status.UNAVAILABLE,
  // It may have been done: safe to repeat with a request id only, which no retry policy knows.
  outcome_unknown: status.UNKNOWN,
  shutting_down: status.UNAVAILABLE,
  wrong_epoch: status.FAILED_PRECONDITION,
  not_voting: status.FAILED_PRECONDITION,
  storage_failed: status.RESOURCE_EXHAUSTED,
  member_exists: status.ALREADY_EXISTS,
  member_not_found: status.NOT_FOUND,
  membership_change_in_progress: status.ABORTED,
  unauthorized: status.UNAUTHENTICATED,
  forbidden: status.PERMISSION_DENIED,
  internal: status.INTERNAL,
  connection_lost: status.UNAVAILABLE,
  deadline_exceeded: status.DEADLINE_EXCEEDED,
  aborted: status.CANCELLED,
  hold_lost: status.FAILED_PRECONDITION,
};
