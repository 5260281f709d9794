/**
 * The errors that belong to no primitive alone. A code stands once: here or with its primitive; the HTTP
 * status, the status of gRPC, docs/errors.md and what clients know of it follow.
 */
import type { ErrorDeclaration, GrpcStatus } from './operation.ts';

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
const ofLeaseNode = { answeredBy: 'nodes of a quorum lease' } as const;
const givenUpByClient =
  'What a `Session` of the client acquired so is given up until that is answered, and a release goes on.';

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
    answeredBy: 'any other path or method',
  }),
};

/** Of what is held and waited for, whatever it is. */
export const holdErrors: Readonly<Record<string, ErrorDeclaration>> = {
  // Not 408: browsers and proxies repeat such a request by themselves.
  // Not DEADLINE_EXCEEDED, which leaves open what was done: here it is known that nothing was.
  wait_timeout: byCluster(409, 'ABORTED', 'The wait ran out.', 'later', {
    note: 'Nothing is left of it: who waited at a barrier was inside until then.',
  }),
  wait_abandoned: byCluster(409, 'CANCELLED', 'The wait was given up.', 'never', {
    effect: 'perhaps',
    note: 'It may have been granted for a while and given back; nothing of it is held now, nor will be.',
  }),
  not_holder: byCluster(403, 'FAILED_PRECONDITION', 'The caller does not hold it.', 'never'),
  stale_fence_token: byCluster(
    409,
    'FAILED_PRECONDITION',
    'The fence token is not the one of the current hold.',
    'never',
  ),
  request_forgotten: byCluster(
    409,
    'FAILED_PRECONDITION',
    'The answer to this old request is no longer known.',
    'never',
    {
      effect: 'perhaps',
      note: 'What became of it is no longer known; it is not carried out again.',
    },
  ),
  request_reused: byCluster(
    409,
    'FAILED_PRECONDITION',
    'This request id was used for another request.',
    'never',
    { note: 'By this request; the first one of its id may have been carried out.' },
  ),
  deadlock: byCluster(409, 'ABORTED', 'Waiting here would cause a deadlock.', 'never'),
  limit_mismatch: byCluster(
    409,
    'FAILED_PRECONDITION',
    'It is there already, with another limit, number of parties or count.',
    'never',
  ),
};

/** Of nodes, of the cluster, and of clients that reach neither. */
export const nodeErrors: Readonly<Record<string, ErrorDeclaration>> = {
  limit_exceeded: byNode(429, 'RESOURCE_EXHAUSTED', 'A configured limit is reached.', 'later'),
  overloaded: byNode(503, 'RESOURCE_EXHAUSTED', 'The node has too much unfinished work.', 'later'),
  not_leader: byNode(503, 'UNAVAILABLE', 'No leader is known to this node at the moment.', 'same'),
  no_quorum: byNode(503, 'UNAVAILABLE', 'A majority of the members cannot be reached.', 'same'),
  // It may have been done: safe to repeat with a request id only, which no retry policy knows.
  outcome_unknown: byNode(
    503,
    'UNKNOWN',
    'The leader was lost before the outcome was known.',
    'same',
    { effect: 'perhaps' },
  ),
  shutting_down: byNode(503, 'UNAVAILABLE', 'The node is stopping.', 'same', {
    effect: 'perhaps',
    note: 'A request that waits keeps its place where it has a request id; else it is given up.',
  }),
  wrong_epoch: byNode(
    409,
    'FAILED_PRECONDITION',
    'The node is of another configuration.',
    'never',
    ofLeaseNode,
  ),
  another_set: byNode(
    409,
    'FAILED_PRECONDITION',
    'The node is of another set.',
    'never',
    ofLeaseNode,
  ),
  not_voting: byNode(
    503,
    'FAILED_PRECONDITION',
    'The node lost its file and does not vote yet.',
    'later',
    ofLeaseNode,
  ),
  storage_failed: byNode(503, 'RESOURCE_EXHAUSTED', 'The node cannot write to its disk.', 'later', {
    ...ofLeaseNode,
    effect: 'perhaps',
    note: 'A write that failed may be found on the disk after a restart.',
  }),
  unauthorized: byNode(401, 'UNAUTHENTICATED', 'Credentials are missing or wrong.', 'never'),
  forbidden: byNode(403, 'PERMISSION_DENIED', 'This is not allowed.', 'never'),
  internal: byNode(500, 'INTERNAL', 'The node met an error of its own.', 'never', {
    effect: 'perhaps',
  }),
  // Client side only (never sent by a node).
  connection_lost: byClient(503, 'UNAVAILABLE', 'The connection to the cluster was lost.', 'same', {
    ...ofClient,
    note: givenUpByClient,
  }),
  deadline_exceeded: byClient(504, 'DEADLINE_EXCEEDED', 'No answer came in time.', 'same', {
    ...ofClient,
    note: givenUpByClient,
  }),
  aborted: byClient(499, 'CANCELLED', 'The caller gave up.', 'never', {
    ...ofClient,
    note: givenUpByClient,
  }),
  hold_lost: byClient(
    409,
    'FAILED_PRECONDITION',
    'The hold is lost or can no longer be proven.',
    'never',
    { ...ofClient, note: 'All that was taken ends with the session.' },
  ),
};

// ---- what operations have in common -------------------------------------------------------------

/** What any request can be answered with, whatever it asks. */
export const alwaysPossible = [
  'invalid_request',
  'unauthorized',
  'forbidden',
  'limit_exceeded',
  'shutting_down',
  'internal',
] as const;

/** What a request of HTTP with a body can be answered with beside. */
export const bodyErrors = ['invalid_json', 'body_too_large', 'unsupported_media_type'] as const;

/** What anything that needs the cluster can be answered with. */
export const clusterErrors = ['not_leader', 'no_quorum', 'outcome_unknown', 'overloaded'] as const;

/** Where a session asks. */
export const sessionErrors = ['session_not_found', 'session_expired'] as const;

/** Where a request is numbered. */
export const numberErrors = ['request_forgotten', 'request_reused'] as const;
