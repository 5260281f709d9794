/**
 * Every error of the service: its stable code, the HTTP status, and what a client should do.
 * `retry`: `never` (the request itself is wrong or lost its case), `later` (nothing was done, the
 * same request may succeed later), `same` (outcome unknown or not begun: repeat with the same request id).
 */
export interface ErrorDefinition {
  readonly status: number;
  readonly title: string;
  readonly retry: 'never' | 'later' | 'same';
}

/** A stable, documented error code. */
export type ErrorCode =
  | 'invalid_request'
  | 'name_too_long'
  | 'invalid_json'
  | 'body_too_large'
  | 'unsupported_media_type'
  | 'route_not_found'
  | 'session_not_found'
  | 'session_expired'
  | 'session_exists'
  | 'lock_held'
  | 'lock_delayed'
  | 'lock_not_found'
  | 'wait_timeout'
  | 'wait_abandoned'
  | 'not_holder'
  | 'stale_fence_token'
  | 'request_forgotten'
  | 'request_reused'
  | 'deadlock'
  | 'no_permits'
  | 'limit_mismatch'
  | 'semaphore_not_found'
  | 'semaphore_in_use'
  | 'not_elected'
  | 'barrier_closed'
  | 'not_entered'
  | 'latch_not_found'
  | 'compacted'
  | 'limit_exceeded'
  | 'overloaded'
  | 'not_leader'
  | 'no_quorum'
  | 'outcome_unknown'
  | 'shutting_down'
  | 'member_exists'
  | 'member_not_found'
  | 'membership_change_in_progress'
  | 'wrong_epoch'
  | 'not_voting'
  | 'storage_failed'
  | 'unauthorized'
  | 'forbidden'
  | 'internal'
  | 'connection_lost'
  | 'deadline_exceeded'
  | 'aborted'
  | 'hold_lost';

export const errorDefinitions: Readonly<Record<ErrorCode, ErrorDefinition>> = {
  invalid_request: { status: 400, title: 'The request is not valid.', retry: 'never' },
  name_too_long: { status: 400, title: 'The name is longer than 256 characters.', retry: 'never' },
  invalid_json: { status: 400, title: 'The body is not valid JSON.', retry: 'never' },
  body_too_large: { status: 413, title: 'The body is too large.', retry: 'never' },
  unsupported_media_type: { status: 415, title: 'The body is not JSON.', retry: 'never' },
  route_not_found: { status: 404, title: 'There is no such path.', retry: 'never' },
  session_not_found: { status: 404, title: 'There is no such session.', retry: 'never' },
  session_expired: { status: 410, title: 'The session has ended.', retry: 'never' },
  session_exists: { status: 409, title: 'A session of this id exists already.', retry: 'never' },
  lock_held: { status: 409, title: 'Somebody else holds the lock.', retry: 'later' },
  lock_delayed: {
    status: 409,
    title: 'It is closed for a while after its holder expired.',
    retry: 'later',
  },
  lock_not_found: { status: 404, title: 'Nobody holds this lock.', retry: 'never' },
  // Not 408: browsers and proxies repeat such a request by themselves.
  wait_timeout: {
    status: 409,
    title: 'The wait ran out.',
    retry: 'later',
  },
  wait_abandoned: { status: 409, title: 'The wait was given up.', retry: 'never' },
  not_holder: { status: 403, title: 'The caller does not hold it.', retry: 'never' },
  stale_fence_token: {
    status: 409,
    title: 'The fence token is not the one of the current hold.',
    retry: 'never',
  },
  request_forgotten: {
    status: 409,
    title: 'The answer to this old request is no longer known.',
    retry: 'never',
  },
  request_reused: {
    status: 409,
    title: 'This request id was used for another request.',
    retry: 'never',
  },
  deadlock: { status: 409, title: 'Waiting here would close a circle of waiters.', retry: 'never' },
  no_permits: { status: 409, title: 'Not that many permits are free.', retry: 'later' },
  limit_mismatch: {
    status: 409,
    title: 'It is there already, with another limit, number of parties or count.',
    retry: 'never',
  },
  semaphore_not_found: { status: 404, title: 'There is no such semaphore.', retry: 'never' },
  semaphore_in_use: { status: 409, title: 'The semaphore is in use.', retry: 'later' },
  not_elected: { status: 409, title: 'Somebody else leads.', retry: 'later' },
  barrier_closed: {
    status: 409,
    title: 'All of this round have come; the next one begins when they have left.',
    retry: 'later',
  },
  not_entered: { status: 409, title: 'This session is not inside the barrier.', retry: 'never' },
  latch_not_found: { status: 404, title: 'There is no such latch.', retry: 'never' },
  compacted: {
    status: 410,
    title: 'The events after this position are no longer kept.',
    retry: 'never',
  },
  limit_exceeded: { status: 429, title: 'A configured limit is reached.', retry: 'later' },
  overloaded: { status: 503, title: 'The node has too much unfinished work.', retry: 'later' },
  not_leader: {
    status: 503,
    title: 'No leader is known to this node at the moment.',
    retry: 'same',
  },
  no_quorum: { status: 503, title: 'A majority of the members cannot be reached.', retry: 'same' },
  outcome_unknown: {
    status: 503,
    title: 'The leader was lost before the outcome was known.',
    retry: 'same',
  },
  shutting_down: { status: 503, title: 'The node is stopping.', retry: 'same' },
  member_exists: { status: 409, title: 'A member of this id exists or existed.', retry: 'never' },
  member_not_found: { status: 404, title: 'There is no such member.', retry: 'never' },
  membership_change_in_progress: {
    status: 409,
    title: 'Another membership change is under way.',
    retry: 'later',
  },
  // Of the independent nodes of a quorum lease.
  wrong_epoch: { status: 409, title: 'The node is of another configuration.', retry: 'never' },
  not_voting: {
    status: 503,
    title: 'The node lost its file and does not vote yet.',
    retry: 'later',
  },
  storage_failed: { status: 503, title: 'The node cannot write to its disk.', retry: 'later' },
  unauthorized: { status: 401, title: 'Credentials are missing or wrong.', retry: 'never' },
  forbidden: { status: 403, title: 'This is not allowed.', retry: 'never' },
  internal: { status: 500, title: 'The node met an error of its own.', retry: 'never' },
  // Client side only (never sent by a node).
  connection_lost: { status: 503, title: 'The connection to the cluster was lost.', retry: 'same' },
  deadline_exceeded: { status: 504, title: 'No answer came in time.', retry: 'same' },
  aborted: { status: 499, title: 'The caller gave up.', retry: 'never' },
  hold_lost: { status: 409, title: 'The hold is lost or can no longer be proven.', retry: 'never' },
};

export type ErrorDetails = { readonly [key: string]: unknown };

/** The one error class of the service and its clients; told apart by `code`. */
export class HoldfastError extends Error {
  override readonly name: string = 'HoldfastError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(
    code: ErrorCode,
    message: string,
    details: ErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}

/** RFC 9457 problem document. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly [detail: string]: unknown;
}

/** The problem document of an error, or of anything that has its parts. */
export function toProblem(error: {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}): Problem {
  const definition = errorDefinitions[error.code];
  return {
    ...error.details,
    type: `https://holdfast.dev/errors/${error.code}`,
    title: definition.title,
    status: definition.status,
    detail: error.message,
    code: error.code,
  };
}
