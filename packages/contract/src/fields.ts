/** The fields of which requests and answers are made. Each limit is written once, here. */
import {
  boolean,
  described,
  example,
  json,
  number,
  nullable,
  optional,
  patterned,
  string,
  text,
  uint32,
  uint64,
  words,
} from './schema.ts';
import type { Enumeration, Schema } from './schema.ts';

/** Characters (code points) in a name, at most. */
export const maxNameLength = 256;
/** Longest session timeout and ttl that any configuration may allow, in seconds: a day. */
export const longestTimeoutSeconds = 86_400;
export const longestLockDelaySeconds = 3600;
export const longestPage = 1000;
/** More than anybody needs, and far from where numbers are not exact. */
const mostPermits = 1_000_000_000;

// ---- words --------------------------------------------------------------------------------------

export const lockMode: Enumeration = {
  name: 'LockMode',
  typeName: 'LockMode',
  description: 'How a lock is held.',
  unspecified: 'Same as unset.',
  values: {
    exclusive: [1, 'Held by one holder.'],
    shared: [2, 'Held together with other shared holders.'],
  },
};

export const consistencies: Enumeration = {
  name: 'Consistency',
  typeName: 'Consistency',
  description: 'Consistency of a read.',
  unspecified: 'Same as unset: linearizable.',
  values: {
    linearizable: [
      1,
      'The leader confirms its leadership before it answers: every change acknowledged before is included.',
    ],
    stale: [2, 'Reads what the asked node has applied so far. Needs no leader.'],
  },
};

export const heldKinds: Enumeration = {
  name: 'HeldKind',
  description: 'Kind of resource that can be held.',
  unspecified: 'Same as unset.',
  values: {
    lock: [1, 'A lock.'],
    semaphore: [2, 'Permits of a semaphore.'],
    election: [3, 'The leadership of an election.'],
  },
};

export const endReasons: Enumeration = {
  name: 'EndReason',
  description: 'How a hold was ended other than by its holder.',
  unspecified: 'Never sent.',
  values: {
    expired: [1, 'Its session expired: no keepalive arrived within the session timeout.'],
    forced: [2, 'An administrator released it by force.'],
    max_hold: [3, 'Its max-hold time elapsed.'],
  },
};

// ---- who asks, and for what ---------------------------------------------------------------------

export const name: Schema = example(
  text(
    1,
    maxNameLength,
    'Name of the resource. "/" makes a hierarchy; write it %2F in the path of a URL.',
  ),
  'reports/daily',
);
export const namePrefix: Schema = text(0, maxNameLength, 'Only names with this prefix.');
export const resource: Schema = example(string('Name of the resource.'), 'reports/daily');

export const sessionId: Schema = example(
  text(1, 128, 'The session on whose behalf the request is made, as returned when it was created.'),
  '3f0c9a52-8d0e-4a36-9b7a-2f1f3c1f6f10',
);
export const toldSessionId: Schema = example(
  string('The session.'),
  '3f0c9a52-8d0e-4a36-9b7a-2f1f3c1f6f10',
);
export const clientId: Schema = example(
  text(1, 256, 'Name of the client, for people: shown to others in errors and lists.'),
  'worker-7',
);
export const toldClientId: Schema = example(string('Name of the client, for people.'), 'worker-7');
export const nodeId: Schema = example(text(1, 128, 'Id of a node.'), 'node-2');
export const toldNodeId: Schema = example(string('Id of a node.'), 'node-2');
export const insecure: Schema = boolean(
  'It is reached from other machines without TLS and authentication, because `security.insecure` says so.',
);

/** Exactly one of them tells who asks. */
export const who: { readonly session: Schema; readonly client: Schema } = {
  session: optional(sessionId),
  client: optional(
    clientId,
    'Instead of a session: name of the client, for people. The hold then has an implicit session.',
  ),
};

export const requestNumber: Schema = example(
  uint64(
    0,
    undefined,
    'Number of this request, increasing within the session (or client). A retry with the same number gets the stored (idempotent) response and is not executed again.',
  ),
  17,
);

export const cancelId: Schema = patterned(
  36,
  '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
  'A UUID made for this request, by which any node can cancel it. Instead of `request_id`, in a session whose requests another program numbers. The request is not to be repeated: when the connection is lost the node cancels it, too.',
);

// ---- holds --------------------------------------------------------------------------------------

export const fenceToken: Schema = example(
  uint64(1, undefined, 'Fence token, as returned by the acquire.'),
  4711,
);
export const toldFenceToken: Schema = example(
  uint64(
    0,
    undefined,
    'Fence token of the grant, from one counter of the whole cluster: larger with every grant, never reused. Pass it to the resource that the hold guards.',
  ),
  4711,
);
export const mode: Schema = words(lockMode, 'Exclusive or shared.');
export const askedMode: Schema = optional(mode, 'Exclusive or shared; exclusive when absent.');
export const permits: Schema = uint32(1, mostPermits, 'Number of permits.');
export const count = (description: string): Schema => uint32(0, undefined, description);
export const position = (description: string): Schema => uint64(0, undefined, description);
export const revision: Schema = example(position('Log index of the grant.'), 1024);

export const waitSeconds: Schema = example(
  number('Longest wait in seconds; 0 (the default) does not wait.', 0, longestTimeoutSeconds),
  10,
);
export const timeoutSeconds: Schema = example(
  number('Seconds without a keepalive after which the session expires.', 1, longestTimeoutSeconds),
  30,
);
export const ttlSeconds: Schema = described(
  timeoutSeconds,
  'With `client_id`: seconds after which the hold expires without a renewal; the configured default when absent.',
);
/** Of a hold that has an implicit session. */
export const toldTtlSeconds: Schema = optional(
  number(
    'Seconds after which the hold expires without a renewal; only of a hold with an implicit session.',
  ),
);
export const maxHoldSeconds: Schema = number(
  'The hold ends after so many seconds, even while its session is alive.',
  0.001,
  longestTimeoutSeconds,
);
export const priority: Schema = uint32(
  0,
  9,
  'Priority in the wait queue: higher goes first; 0 when absent. Every waiter is served eventually (no starvation).',
);
export const independent: Schema = boolean(
  'The holds of this session do not depend on this wait, as when several tasks share a session: deadlock detection ignores it.',
);
export const metadata: Schema = json(
  'Shown with the hold: who holds it, why, where. Any JSON, at most 1024 bytes.',
);

/** The optional terms of an acquire of any kind. */
export const terms: {
  readonly ttl: Schema;
  readonly priority: Schema;
  readonly maxHold: Schema;
  readonly metadata: Schema;
  readonly independent: Schema;
  readonly wait: Schema;
  readonly requestId: Schema;
  readonly cancelId: Schema;
} = {
  ttl: optional(ttlSeconds),
  priority: optional(priority),
  maxHold: optional(maxHoldSeconds),
  metadata: optional(metadata),
  independent: optional(independent),
  wait: optional(waitSeconds),
  requestId: optional(requestNumber),
  cancelId: optional(cancelId),
};

// ---- what is told -------------------------------------------------------------------------------

export const consistency: Schema = words(consistencies, 'Consistency of this response.');
/** Of a status and of a list. */
export const statusRevision: Schema = position('Log index of the state that is reported.');
export const askedConsistency: Schema = optional(
  words(
    consistencies,
    '`linearizable` (the default) confirms leadership before it reads; `stale` reads what the asked node has applied.',
  ),
);
export const wallClockSeconds: Schema = number('Wall-clock time, seconds since 1970, for people.');
export const acquiredAt: Schema = number(
  'Wall-clock time at which it was granted, seconds since 1970, for people. Below feature level 3 that of a hold that waited is the begin of its wait.',
);
export const endsInSeconds: Schema = nullable(
  number('Seconds until its max-hold expiry; null when it has none.'),
);
export const delayedUntil: Schema = nullable(
  wallClockSeconds,
  'Wall-clock time, seconds since 1970, for people, at which its lock-delay period ends (the session of a holder expired). Null outside a lock-delay period.',
);
/** Of a status: what is shown of lists that may be long. */
export const show: Schema = optional(
  uint32(
    1,
    longestPage,
    'Largest number of entries of each list; 100 when absent, fewer where entries are large.',
  ),
);
/** Of a status: a hold that is looked for. */
export const shownToken: Schema = optional(
  uint64(1, undefined, 'The hold with this fence token is listed first, however many there are.'),
);
export const pageAfter: Schema = optional(
  uint64(0, undefined, '`next_after` of the previous page; from the beginning when absent.'),
);
export const nextAfter: Schema = nullable(
  uint64(0, undefined, '`after` of the next page; null on the last.'),
);
export const queuePosition: Schema = count('Position in the wait queue; 1 is next.');
export const toldPriority: Schema = count('Priority 0 to 9; higher goes first.');
