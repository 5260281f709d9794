/**
 * Every error of the service: its stable code, the HTTP status, what a client should do, and what may have
 * been done. Whoever acts on an error (the client, a node, docs/errors.md) reads it here and nowhere else.
 */
export interface ErrorDefinition {
  readonly status: number;
  readonly title: string;
  /**
   * `never` (the request itself is wrong or lost its case), `later` (nothing was done, the same request may
   * succeed later), `same` (outcome unknown or not begun: repeat with the same request id).
   */
  readonly retry: 'never' | 'later' | 'same';
  /** Whether the request that is answered so may have had an effect. */
  readonly effect: ErrorEffect;
  /**
   * Who found it so. `cluster`: the replicated state, about this very request, so it holds for all copies of
   * it that were sent under its request id. `node`: one node by itself, about the copy that came to it.
   * `client`: no node at all.
   */
  readonly by: 'cluster' | 'node' | 'client';
  /** What else has to be known of the effect. */
  readonly note?: string;
}

/**
 * `none`: certainly not. `perhaps`: nobody knows, or not from this error alone. That something certainly was
 * done is told by an answer, never by an error.
 */
export type ErrorEffect = 'none' | 'perhaps';

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

const definer =
  (by: ErrorDefinition['by']) =>
  (
    status: number,
    title: string,
    retry: ErrorDefinition['retry'],
    more: Pick<ErrorDefinition, 'note'> & { readonly effect?: ErrorEffect } = {},
  ): ErrorDefinition => ({ effect: 'none', ...more, status, title, retry, by });
const byCluster = definer('cluster');
const byNode = definer('node');
const byClient = definer('client');

export const errorDefinitions: Readonly<Record<ErrorCode, ErrorDefinition>> = {
  invalid_request: byNode(400, 'The request is not valid.', 'never'),
  name_too_long: byNode(400, 'The name is longer than 256 characters.', 'never'),
  invalid_json: byNode(400, 'The body is not valid JSON.', 'never'),
  body_too_large: byNode(413, 'The body is too large.', 'never'),
  unsupported_media_type: byNode(415, 'The body is not JSON.', 'never'),
  route_not_found: byNode(404, 'There is no such path.', 'never'),
  session_not_found: byCluster(404, 'There is no such session.', 'never', {
    effect: 'perhaps',
    note: 'An earlier copy of the request may have been carried out in a session that has ended since; all that it took has ended with it.',
  }),
  session_expired: byCluster(410, 'The session has ended.', 'never', {
    effect: 'perhaps',
    note: 'An acquire may have been granted, and others may have seen it held, before the session ended; all that it took has ended with the session.',
  }),
  session_exists: byCluster(409, 'A session of this id exists already.', 'never'),
  lock_held: byCluster(409, 'Somebody else holds the lock.', 'later'),
  lock_delayed: byCluster(409, 'It is closed for a while after its holder expired.', 'later'),
  lock_not_found: byCluster(404, 'Nobody holds this lock.', 'never'),
  // Not 408: browsers and proxies repeat such a request by themselves.
  wait_timeout: byCluster(409, 'The wait ran out.', 'later', {
    note: 'Nothing is left of it: who waited at a barrier was inside until then.',
  }),
  wait_abandoned: byCluster(409, 'The wait was given up.', 'never', {
    effect: 'perhaps',
    note: 'It may have been granted for a while and given back; nothing of it is held now, nor will be.',
  }),
  not_holder: byCluster(403, 'The caller does not hold it.', 'never'),
  stale_fence_token: byCluster(409, 'The fence token is not the one of the current hold.', 'never'),
  request_forgotten: byCluster(409, 'The answer to this old request is no longer known.', 'never', {
    effect: 'perhaps',
    note: 'What became of it is no longer known; it is not carried out again.',
  }),
  request_reused: byCluster(409, 'This request id was used for another request.', 'never', {
    note: 'By this request; the first one of its id may have been carried out.',
  }),
  deadlock: byCluster(409, 'Waiting here would cause a deadlock.', 'never'),
  no_permits: byCluster(409, 'Not that many permits are free.', 'later'),
  limit_mismatch: byCluster(
    409,
    'It is there already, with another limit, number of parties or count.',
    'never',
  ),
  semaphore_not_found: byCluster(404, 'There is no such semaphore.', 'never'),
  semaphore_in_use: byCluster(409, 'The semaphore is in use.', 'later'),
  not_elected: byCluster(409, 'Somebody else leads.', 'later'),
  barrier_closed: byCluster(
    409,
    'All of this round have come; the next one begins when they have left.',
    'later',
  ),
  not_entered: byCluster(409, 'This session is not inside the barrier.', 'never'),
  latch_not_found: byCluster(404, 'There is no such latch.', 'never'),
  compacted: byNode(410, 'The events after this position are no longer kept.', 'never'),
  limit_exceeded: byNode(429, 'A configured limit is reached.', 'later'),
  overloaded: byNode(503, 'The node has too much unfinished work.', 'later'),
  not_leader: byNode(503, 'No leader is known to this node at the moment.', 'same'),
  no_quorum: byNode(503, 'A majority of the members cannot be reached.', 'same'),
  outcome_unknown: byNode(503, 'The leader was lost before the outcome was known.', 'same', {
    effect: 'perhaps',
  }),
  shutting_down: byNode(503, 'The node is stopping.', 'same', {
    effect: 'perhaps',
    note: 'A request that waits keeps its place where it has a request id; else it is given up.',
  }),
  member_exists: byCluster(409, 'A member of this id exists or existed.', 'never'),
  member_not_found: byCluster(404, 'There is no such member.', 'never'),
  membership_change_in_progress: byCluster(409, 'Another membership change is under way.', 'later'),
  // Of the independent nodes of a quorum lease.
  wrong_epoch: byNode(409, 'The node is of another configuration.', 'never'),
  not_voting: byNode(503, 'The node lost its file and does not vote yet.', 'later'),
  storage_failed: byNode(503, 'The node cannot write to its disk.', 'later', {
    effect: 'perhaps',
    note: 'A write that failed may be found on the disk after a restart.',
  }),
  unauthorized: byNode(401, 'Credentials are missing or wrong.', 'never'),
  forbidden: byNode(403, 'This is not allowed.', 'never'),
  internal: byNode(500, 'The node met an error of its own.', 'never', { effect: 'perhaps' }),
  // Client side only (never sent by a node).
  connection_lost: byClient(503, 'The connection to the cluster was lost.', 'same', {
    effect: 'perhaps',
    note: 'What a `Session` of the client acquired so is given up until that is answered, and a release goes on.',
  }),
  deadline_exceeded: byClient(504, 'No answer came in time.', 'same', {
    effect: 'perhaps',
    note: 'What a `Session` of the client acquired so is given up until that is answered, and a release goes on.',
  }),
  aborted: byClient(499, 'The caller gave up.', 'never', {
    effect: 'perhaps',
    note: 'What a `Session` of the client acquired so is given up until that is answered, and a release goes on.',
  }),
  hold_lost: byClient(409, 'The hold is lost or can no longer be proven.', 'never', {
    effect: 'perhaps',
    note: 'All that was taken ends with the session.',
  }),
};

export type ErrorDetails = { readonly [key: string]: unknown };

export interface HoldfastErrorOptions extends ErrorOptions {
  /** Where more is known than the code tells, for example that nothing was ever sent. */
  readonly effect?: ErrorEffect;
}

/** The one error class of the service and its clients; told apart by `code`. */
export class HoldfastError extends Error {
  override readonly name: string = 'HoldfastError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  /** Whether the request that ended so may have had an effect. */
  readonly effect: ErrorEffect;

  constructor(
    code: ErrorCode,
    message: string,
    details: ErrorDetails = {},
    options?: HoldfastErrorOptions,
  ) {
    super(message, options);
    this.code = code;
    this.details = details;
    this.effect = options?.effect ?? errorDefinitions[code].effect;
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
