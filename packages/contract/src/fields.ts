/** The fields of which requests and answers are made. Each limit is written once, here. */
import {
  boolean,
  described,
  example,
  json,
  number,
  nullable,
  optional,
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
  unspecified: 'As if unset.',
  values: {
    exclusive: [1, 'By one alone.'],
    shared: [2, 'Together with others who share it.'],
  },
};

export const consistencies: Enumeration = {
  name: 'Consistency',
  typeName: 'Consistency',
  description: 'How current a read has to be.',
  unspecified: 'As if unset: linearizable.',
  values: {
    linearizable: [
      1,
      'The leader proves that it leads before it answers: nothing that was answered before is missing.',
    ],
    stale: [2, 'What the asked node has applied so far. Needs no leader.'],
  },
};

export const heldKinds: Enumeration = {
  name: 'HeldKind',
  description: 'What can be held.',
  unspecified: 'As if unset.',
  values: {
    lock: [1, 'A lock.'],
    semaphore: [2, 'Permits of a semaphore.'],
    election: [3, 'The leadership of an election.'],
  },
};

export const endReasons: Enumeration = {
  name: 'EndReason',
  description: 'How others ended a hold.',
  unspecified: 'Never told.',
  values: {
    expired: [1, 'Its session gave no sign of life for its timeout.'],
    forced: [2, 'An administrator forced it.'],
    max_hold: [3, 'Its longest time was over.'],
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
export const namePrefix: Schema = text(0, maxNameLength, 'Only names that begin with it.');
export const resource: Schema = example(string('Name of the resource.'), 'reports/daily');

export const sessionId: Schema = example(
  text(1, 128, 'The session that asks, as told when it was created.'),
  '3f0c9a52-8d0e-4a36-9b7a-2f1f3c1f6f10',
);
export const toldSessionId: Schema = example(
  string('The session.'),
  '3f0c9a52-8d0e-4a36-9b7a-2f1f3c1f6f10',
);
export const clientId: Schema = example(
  text(1, 256, 'Who asks, for people: shown to others in refusals and lists.'),
  'worker-7',
);
export const toldClientId: Schema = example(string('Who it is, for people.'), 'worker-7');
export const nodeId: Schema = example(text(1, 128, 'Id of a node.'), 'node-2');
export const toldNodeId: Schema = example(string('Id of a node.'), 'node-2');

/** Exactly one of them tells who asks. */
export const who: { readonly session: Schema; readonly client: Schema } = {
  session: optional(sessionId),
  client: optional(
    clientId,
    'Instead of a session: who asks, for people. The hold then has a session of its own.',
  ),
};

export const requestNumber: Schema = example(
  uint64(
    0,
    undefined,
    'Number of this request, increasing in the session (or for the client): a repetition gets the first answer.',
  ),
  17,
);

// ---- holds --------------------------------------------------------------------------------------

export const fenceToken: Schema = example(
  uint64(1, undefined, 'Fence token, as told by the acquire.'),
  4711,
);
export const toldFenceToken: Schema = example(
  uint64(
    0,
    undefined,
    'One counter of the whole cluster: larger with every grant, never reused. Pass it to what the hold guards.',
  ),
  4711,
);
export const mode: Schema = words(lockMode, 'Exclusive or shared.');
export const askedMode: Schema = optional(mode, 'Exclusive or shared; exclusive when absent.');
export const permits: Schema = uint32(1, mostPermits, 'How many permits.');
export const count = (description: string): Schema => uint32(0, undefined, description);
export const position = (description: string): Schema => uint64(0, undefined, description);
export const revision: Schema = example(position('Log index of the grant.'), 1024);

export const waitSeconds: Schema = example(
  number('Longest wait in seconds; 0, the default, tries once.', 0, longestTimeoutSeconds),
  10,
);
export const timeoutSeconds: Schema = example(
  number('Seconds without a sign of life after which the session ends.', 1, longestTimeoutSeconds),
  30,
);
export const ttlSeconds: Schema = described(
  timeoutSeconds,
  'With `client_id`: for how many seconds the hold stands without a renewal; the configured default when absent.',
);
/** Of a hold that has a session of its own. */
export const toldTtlSeconds: Schema = optional(
  number(
    'For how many seconds the hold stands without a renewal; told of a hold with a session of its own.',
  ),
);
export const maxHoldSeconds: Schema = number(
  'The hold ends by itself after so many seconds, whatever its session does.',
  0.001,
  longestTimeoutSeconds,
);
export const priority: Schema = uint32(
  0,
  9,
  'Ahead of those with a lower one in the queue; 0 when absent. Nobody is passed for ever.',
);
export const independent: Schema = boolean(
  'What this session holds does not depend on this wait, as when several tasks share a session: it is left out of the search for deadlocks.',
);
export const metadata: Schema = json(
  'Who, why, where: shown with the hold. Any JSON, at most 1024 bytes.',
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
} = {
  ttl: optional(ttlSeconds),
  priority: optional(priority),
  maxHold: optional(maxHoldSeconds),
  metadata: optional(metadata),
  independent: optional(independent),
  wait: optional(waitSeconds),
  requestId: optional(requestNumber),
};

// ---- what is told -------------------------------------------------------------------------------

export const consistency: Schema = words(consistencies, 'How current the answer is.');
export const askedConsistency: Schema = optional(
  words(
    consistencies,
    '`linearizable`, the default, proves leadership first; `stale` reads what the asked node has applied.',
  ),
);
export const wallClockSeconds: Schema = number('Wall clock, seconds since 1970, for people.');
export const endsInSeconds: Schema = nullable(
  number('Seconds until its longest time is over; null when it has none.'),
);
export const delayedUntil: Schema = nullable(
  wallClockSeconds,
  'Wall clock, seconds since 1970, for people: in its lock-delay period until then, since its holder expired. Null when it is not.',
);
/** Of a status: what is shown of lists that may be long. */
export const show: Schema = optional(
  uint32(
    1,
    longestPage,
    'How many of each list to show; 100 when absent, fewer where they are large.',
  ),
);
/** Of a status: a hold that is looked for. */
export const shownToken: Schema = optional(
  uint64(1, undefined, 'The hold of this fence token is shown first, however many there are.'),
);
export const pageAfter: Schema = optional(
  uint64(0, undefined, '`next_after` of the page before; from the beginning when absent.'),
);
export const nextAfter: Schema = nullable(
  uint64(0, undefined, '`after` of the next page; null on the last.'),
);
export const queuePosition: Schema = count('1 is the next.');
export const toldPriority: Schema = count('0 to 9; ahead of those with a lower one.');
