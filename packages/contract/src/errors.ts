/**
 * The errors that belong to no primitive alone. A code stands once: here or with its primitive; the HTTP
 * status, the status of gRPC, docs/errors.md and what clients know of it follow.
 */
import type { ErrorDeclaration, GrpcStatus, Operation } from './operation.ts';

type More = Partial<Pick<ErrorDeclaration, 'effect' | 'note' | 'answeredBy'>>;
type Define = (
  status: number,
  grpc: GrpcStatus,
  title: string,
  retry: ErrorDeclaration['retry'],
  more?: More,
) => ErrorDeclaration;

const definer =
  (by: ErrorDeclaration['by']): Define =>
  (status, grpc, title, retry, more = {}) => ({ status, grpc, title, retry, by, ...more });

export const byCluster: Define = definer('cluster');
export const byNode: Define = definer('node');
const byClient: Define = definer('client');

const ofClient = { answeredBy: 'the client library', effect: 'perhaps' } as const;
const ofLeaseNode = { answeredBy: 'lease nodes (quorum lease)' } as const;
const cancelledByClient =
  'A `Session` of the client cancels such an acquire, and repeats a release, until that is answered.';

/** Of requests that never become an operation. */
export const requestErrors: Readonly<Record<string, ErrorDeclaration>> = {
  invalid_request: byNode(400, 'INVALID_ARGUMENT', 'The request is not valid.', 'never'),
  name_too_long: byNode(
    400,
    'INVALID_ARGUMENT',
    'The name is longer than 256 characters.',
    'never',
  ),
  invalid_json: byNode(400, 'INVALID_ARGUMENT', 'The body is not valid JSON.', 'never'),
  body_too_large: byNode(413, 'RESOURCE_EXHAUSTED', 'The body is too large.', 'never'),
  unsupported_media_type: byNode(415, 'INVALID_ARGUMENT', 'The body is not JSON.', 'never'),
  route_not_found: byNode(404, 'UNIMPLEMENTED', 'There is no such path.', 'never', {
    answeredBy: 'any other path',
  }),
  method_not_allowed: byNode(405, 'UNIMPLEMENTED', 'This path has no such method.', 'never', {
    answeredBy: 'any path, asked with another method than it has',
  }),
};

/** Of what is held and waited for, whatever it is. */
export const holdErrors: Readonly<Record<string, ErrorDeclaration>> = {
  // Not 408: browsers and proxies repeat such a request by themselves.
  // Not DEADLINE_EXCEEDED, which leaves open what was done: here it is known that nothing was.
  wait_timeout: byCluster(409, 'ABORTED', 'The wait timed out.', 'later', {
    note: 'Nothing remains of the request. A session that waited at a barrier was inside it until then.',
  }),
  wait_cancelled: byCluster(409, 'CANCELLED', 'The wait was cancelled.', 'never', {
    effect: 'perhaps',
    note: 'It may have been granted and released in between; nothing of it is held now or will be granted later.',
  }),
  not_holder: byCluster(403, 'FAILED_PRECONDITION', 'The caller is not the holder.', 'never'),
  stale_fence_token: byCluster(
    409,
    'FAILED_PRECONDITION',
    'The fence token is not that of the current hold.',
    'never',
  ),
  request_forgotten: byCluster(
    409,
    'FAILED_PRECONDITION',
    'The response to this old request is no longer stored.',
    'never',
    {
      effect: 'perhaps',
      note: 'Its outcome is no longer known; it is not executed again.',
    },
  ),
  request_reused: byCluster(
    409,
    'FAILED_PRECONDITION',
    'This request id was already used for another request.',
    'never',
    { note: 'This request was not executed; the first one with its id may have been.' },
  ),
  deadlock: byCluster(409, 'ABORTED', 'Waiting would cause a deadlock.', 'never'),
  limit_mismatch: byCluster(
    409,
    'FAILED_PRECONDITION',
    'It exists already with another limit, number of parties or count.',
    'never',
  ),
};

/** Of nodes, of the cluster, and of clients that reach neither. */
export const nodeErrors: Readonly<Record<string, ErrorDeclaration>> = {
  limit_exceeded: byNode(429, 'RESOURCE_EXHAUSTED', 'A configured limit is reached.', 'later'),
  overloaded: byNode(503, 'RESOURCE_EXHAUSTED', 'The node has too much unfinished work.', 'later'),
  not_leader: byNode(503, 'UNAVAILABLE', 'This node knows no leader at the moment.', 'same'),
  no_quorum: byNode(503, 'UNAVAILABLE', 'A majority of the members is unreachable.', 'same'),
  // It may have been done: safe to repeat with a request id only, which no retry policy knows.
  outcome_unknown: byNode(
    503,
    'UNKNOWN',
    'The leader changed or became unreachable before the outcome was known.',
    'same',
    { effect: 'perhaps' },
  ),
  // Not of the cluster: it says nothing of another copy of the request, which may have been executed before.
  access_changed: byNode(
    409,
    'ABORTED',
    'What the caller may do has changed since the request was authorized.',
    'same',
    {
      effect: 'perhaps',
      note: 'This copy of the request was not executed; one that was sent before it may have been.',
    },
  ),
  store_unavailable: byNode(
    503,
    'UNAVAILABLE',
    'What keeps this, or the node that owns it, cannot be reached.',
    'same',
  ),
  audit_unavailable: byNode(
    503,
    'UNAVAILABLE',
    'The node cannot record what it does, and does nothing without.',
    'later',
  ),
  not_supported_yet: byNode(
    503,
    'FAILED_PRECONDITION',
    'The cluster is at a feature level that does not have this yet.',
    'later',
  ),
  shutting_down: byNode(503, 'UNAVAILABLE', 'The node is shutting down.', 'same', {
    effect: 'perhaps',
    note: 'A waiting request with a request id keeps its position in the wait queue; one without is cancelled.',
  }),
  wrong_epoch: byNode(
    409,
    'FAILED_PRECONDITION',
    'The node belongs to another configuration (epoch).',
    'never',
    ofLeaseNode,
  ),
  another_set: byNode(
    409,
    'FAILED_PRECONDITION',
    'The node belongs to another set of members.',
    'never',
    ofLeaseNode,
  ),
  not_voting: byNode(
    503,
    'FAILED_PRECONDITION',
    'The node lost its data file and does not vote yet.',
    'later',
    ofLeaseNode,
  ),
  storage_failed: byNode(503, 'RESOURCE_EXHAUSTED', 'The node cannot write to its disk.', 'later', {
    ...ofLeaseNode,
    effect: 'perhaps',
    note: 'A failed write may still be on the disk after a restart.',
  }),
  unauthorized: byNode(401, 'UNAUTHENTICATED', 'Credentials are missing or invalid.', 'never'),
  forbidden: byNode(403, 'PERMISSION_DENIED', 'The caller is not permitted to do this.', 'never'),
  internal: byNode(500, 'INTERNAL', 'The node had an internal error.', 'never', {
    effect: 'perhaps',
  }),
  // Client side only (never sent by a node).
  connection_lost: byClient(503, 'UNAVAILABLE', 'The connection to the cluster was lost.', 'same', {
    ...ofClient,
    note: cancelledByClient,
  }),
  deadline_exceeded: byClient(504, 'DEADLINE_EXCEEDED', 'No response arrived in time.', 'same', {
    ...ofClient,
    note: cancelledByClient,
  }),
  cancelled: byClient(499, 'CANCELLED', 'The caller cancelled the call.', 'never', {
    ...ofClient,
    note: cancelledByClient,
  }),
  hold_lost: byClient(
    409,
    'FAILED_PRECONDITION',
    'The hold is lost, or its lease can no longer be confirmed.',
    'never',
    { ...ofClient, note: 'Everything acquired ends with the session.' },
  ),
  rolled_back: byClient(
    409,
    'ABORTED',
    'The database rolled the guarded transaction back.',
    'never',
    ofClient,
  ),
};

// ---- what operations have in common -------------------------------------------------------------

/** What any request can be answered with, whatever it asks. */
const alwaysPossible = [
  'invalid_request',
  'unauthorized',
  'forbidden',
  'access_changed',
  'limit_exceeded',
  'audit_unavailable',
  'overloaded',
  'shutting_down',
  'internal',
] as const;

/** What a request of HTTP with a body can be answered with beside. */
export const bodyErrors = ['invalid_json', 'body_too_large', 'unsupported_media_type'] as const;

/** What anything that needs the leader can be answered with. */
const leaderErrors = ['not_leader', 'no_quorum', 'outcome_unknown', 'not_supported_yet'] as const;

/** Every code that an operation can be answered with. */
export const errorsOf = ({ errors, needsLeader }: Operation): readonly string[] => [
  ...alwaysPossible,
  ...errors,
  ...(needsLeader ? leaderErrors : []),
];

/** Where a session asks. */
export const sessionErrors = ['session_not_found', 'session_expired'] as const;

/** Where a request is numbered. */
export const numberErrors = ['request_forgotten', 'request_reused'] as const;

/** Where a request resumes after a position: whether the cluster has reached one that this node has not, the leader knows. */
export const positionErrors = ['compacted', 'future_position', 'not_leader', 'no_quorum'] as const;
