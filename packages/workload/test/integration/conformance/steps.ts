/**
 * The language of the cases: what is asked in which order, and what has to come back, whatever the
 * interface. Sessions are named by letters; `$name` stands for what an earlier step saved.
 */
import type { OperationName } from '@holdfast/protocol';

export type Fields = Readonly<Record<string, unknown>>;

export interface Ask {
  /** Which session asks; undefined: nobody's. */
  readonly by?: string;
  readonly ask: OperationName;
  readonly with?: Fields;
  /** Fields that the answer has to have, among others; or the code of the refusal. */
  readonly gives: Fields | string;
  /** Saves fields of the answer under names. */
  readonly save?: Readonly<Record<string, string>>;
}

export type Step =
  | Ask
  /** Begins a request that has to wait, and goes on when it does. */
  | (Ask & { readonly begin: string })
  /** The request that was begun under this name has its answer. */
  | { readonly finish: string }
  /** The process of the leader is killed; another one leads before the next step; it is started again. */
  | { readonly kill: 'leader' };

export interface Case {
  readonly name: string;
  readonly sessions: readonly string[];
  readonly steps: readonly Step[];
}

/** Each case uses names of its own: `NAME` in a name is replaced. */
export const cases: readonly Case[] = [
  {
    name: 'what a session holds comes in pages, which go on though another node leads',
    sessions: ['a'],
    steps: [
      {
        by: 'a',
        ask: 'acquire',
        with: { name: 'NAME-1' },
        gives: { acquired: true },
        save: { one: 'fence_token' },
      },
      {
        by: 'a',
        ask: 'acquire_permits',
        with: { name: 'NAME-2', limit: 5 },
        gives: { permits: 1 },
        save: { two: 'fence_token' },
      },
      { by: 'a', ask: 'acquire', with: { name: 'NAME-3' }, gives: { acquired: true } },
      {
        by: 'a',
        ask: 'session_locks',
        with: { limit: 0 },
        gives: { total_holds: 3, total_locks: 2 },
        save: { digest: 'digest' },
      },
      {
        by: 'a',
        ask: 'session_locks',
        with: { limit: 1 },
        gives: {
          holds: [{ resource: 'NAME-1', first_fence_token: '$one' }],
          total_holds: 3,
          next_after: '$one',
        },
        save: { after: 'next_after' },
      },
      { kill: 'leader' },
      {
        by: 'a',
        ask: 'session_locks',
        with: { limit: 1, after: '$after' },
        gives: {
          permits: [{ resource: 'NAME-2', fence_token: '$two' }],
          digest: '$digest',
          next_after: '$two',
        },
        save: { after: 'next_after' },
      },
      {
        by: 'a',
        ask: 'session_locks',
        with: { limit: 1, after: '$after' },
        gives: { holds: [{ resource: 'NAME-3' }], next_after: null },
      },
      { by: 'a', ask: 'get_session', gives: { lock_count: 2, permit_hold_count: 1 } },
      {
        by: 'a',
        ask: 'session_waits',
        with: { limit: 5 },
        gives: { wait_count: 0, next_after: null },
      },
    ],
  },
  {
    name: 'a status shows as many as are asked for, and tells how many there are',
    sessions: ['a', 'b', 'c'],
    steps: [
      ...['a', 'b', 'c'].map((by) => ({
        by,
        ask: 'acquire' as const,
        with: { name: 'NAME', mode: 'shared' },
        gives: { acquired: true },
      })),
      {
        ask: 'lock_status',
        with: { name: 'NAME', show: 2 },
        gives: { holder_count: 3, holders: { length: 2 }, waiter_count: 0 },
      },
      ...['a', 'b', 'c'].map((by) => ({
        by,
        ask: 'acquire_permits' as const,
        with: { name: 'NAME', limit: 3 },
        gives: { permits: 1 },
      })),
      {
        ask: 'semaphore_status',
        with: { name: 'NAME', show: 1 },
        gives: { holder_count: 3, holders: { length: 1 }, waiter_count: 0 },
      },
    ],
  },
  {
    name: 'an exclusive lock is held by one, entered again by it, and given back as often',
    sessions: ['a', 'b'],
    steps: [
      {
        by: 'a',
        ask: 'acquire',
        with: { name: 'NAME' },
        gives: { mode: 'exclusive', hold_count: 1 },
        save: { token: 'fence_token' },
      },
      { by: 'b', ask: 'acquire', with: { name: 'NAME' }, gives: 'lock_held' },
      {
        by: 'a',
        ask: 'acquire',
        with: { name: 'NAME' },
        gives: { fence_token: '$token', hold_count: 2 },
      },
      {
        by: 'a',
        ask: 'release',
        with: { name: 'NAME', fence_token: '$token' },
        gives: { released: true },
      },
      { by: 'b', ask: 'acquire', with: { name: 'NAME' }, gives: 'lock_held' },
      {
        by: 'a',
        ask: 'release',
        with: { name: 'NAME', fence_token: '$token' },
        gives: { released: true },
      },
      { by: 'b', ask: 'acquire', with: { name: 'NAME' }, gives: { acquired: true } },
      {
        ask: 'check',
        with: { name: 'NAME', fence_token: '$token' },
        gives: { valid: false, end_reason: null },
      },
    ],
  },
  {
    name: 'a waiter is given the lock when it is free, though the leader is killed meanwhile',
    sessions: ['a', 'b'],
    steps: [
      {
        by: 'a',
        ask: 'acquire',
        with: { name: 'NAME' },
        gives: { acquired: true },
        save: { token: 'fence_token' },
      },
      {
        by: 'b',
        begin: 'wait',
        ask: 'acquire',
        with: { name: 'NAME', wait_seconds: 30 },
        gives: { acquired: true },
      },
      { kill: 'leader' },
      { ask: 'lock_status', with: { name: 'NAME' }, gives: { waiter_count: 1, locked: true } },
      {
        by: 'a',
        ask: 'release',
        with: { name: 'NAME', fence_token: '$token' },
        gives: { released: true },
      },
      { finish: 'wait' },
    ],
  },
  {
    name: 'a wait that is too short ends with wait_timeout and leaves the queue',
    sessions: ['a', 'b'],
    steps: [
      { by: 'a', ask: 'acquire', with: { name: 'NAME' }, gives: { acquired: true } },
      {
        by: 'b',
        ask: 'acquire',
        with: { name: 'NAME', wait_seconds: 0.05 },
        gives: 'wait_timeout',
      },
      { ask: 'lock_status', with: { name: 'NAME' }, gives: { waiter_count: 0 } },
    ],
  },
  {
    name: 'readers share a lock, a writer waits for them, and readers behind it wait',
    sessions: ['a', 'b', 'c'],
    steps: [
      {
        by: 'a',
        ask: 'acquire',
        with: { name: 'NAME', mode: 'shared' },
        gives: { mode: 'shared' },
        save: { a: 'fence_token' },
      },
      {
        by: 'b',
        ask: 'acquire',
        with: { name: 'NAME', mode: 'shared' },
        gives: { mode: 'shared' },
        save: { b: 'fence_token' },
      },
      {
        by: 'c',
        begin: 'write',
        ask: 'acquire',
        with: { name: 'NAME', wait_seconds: 30 },
        gives: { mode: 'exclusive' },
      },
      {
        by: 'a',
        ask: 'release',
        with: { name: 'NAME', fence_token: '$a' },
        gives: { released: true },
      },
      { by: 'a', ask: 'acquire', with: { name: 'NAME', mode: 'shared' }, gives: 'lock_held' },
      {
        by: 'b',
        ask: 'release',
        with: { name: 'NAME', fence_token: '$b' },
        gives: { released: true },
      },
      { finish: 'write' },
    ],
  },
  {
    name: 'of two readers who want to write the second is refused, and a writer may go back to reading',
    sessions: ['a', 'b'],
    steps: [
      {
        by: 'a',
        ask: 'acquire',
        with: { name: 'NAME', mode: 'shared' },
        gives: { mode: 'shared' },
      },
      {
        by: 'b',
        ask: 'acquire',
        with: { name: 'NAME', mode: 'shared' },
        gives: { mode: 'shared' },
        save: { b: 'fence_token' },
      },
      {
        by: 'a',
        begin: 'upgrade',
        ask: 'acquire',
        with: { name: 'NAME', wait_seconds: 30 },
        gives: { mode: 'exclusive' },
        save: { upgraded: 'fence_token' },
      },
      { by: 'b', ask: 'acquire', with: { name: 'NAME', wait_seconds: 30 }, gives: 'deadlock' },
      {
        by: 'b',
        ask: 'release',
        with: { name: 'NAME', fence_token: '$b' },
        gives: { released: true },
      },
      { finish: 'upgrade' },
      {
        by: 'a',
        ask: 'downgrade',
        with: { name: 'NAME', fence_token: '$upgraded' },
        gives: { downgraded: true },
      },
      {
        by: 'b',
        ask: 'acquire',
        with: { name: 'NAME', mode: 'shared' },
        gives: { mode: 'shared' },
      },
    ],
  },
  {
    name: 'a wait that closes a cycle over two locks is refused to who closes it',
    sessions: ['a', 'b'],
    steps: [
      {
        by: 'a',
        ask: 'acquire',
        with: { name: 'NAME/1' },
        gives: { acquired: true },
        save: { one: 'fence_token' },
      },
      { by: 'b', ask: 'acquire', with: { name: 'NAME/2' }, gives: { acquired: true } },
      {
        by: 'b',
        begin: 'wait',
        ask: 'acquire',
        with: { name: 'NAME/1', wait_seconds: 30 },
        gives: { acquired: true },
      },
      { by: 'a', ask: 'acquire', with: { name: 'NAME/2', wait_seconds: 30 }, gives: 'deadlock' },
      {
        by: 'a',
        ask: 'release',
        with: { name: 'NAME/1', fence_token: '$one' },
        gives: { released: true },
      },
      { finish: 'wait' },
    ],
  },
  {
    name: 'the urgent goes ahead in the queue',
    sessions: ['a', 'b', 'c'],
    steps: [
      {
        by: 'a',
        ask: 'acquire',
        with: { name: 'NAME' },
        gives: { acquired: true },
        save: { a: 'fence_token' },
      },
      {
        by: 'b',
        begin: 'late',
        ask: 'acquire',
        with: { name: 'NAME', wait_seconds: 30 },
        gives: { acquired: true },
      },
      {
        by: 'c',
        begin: 'urgent',
        ask: 'acquire',
        with: { name: 'NAME', wait_seconds: 30, priority: 5 },
        gives: { acquired: true },
        save: { c: 'fence_token' },
      },
      {
        by: 'a',
        ask: 'release',
        with: { name: 'NAME', fence_token: '$a' },
        gives: { released: true },
      },
      { finish: 'urgent' },
      {
        by: 'c',
        ask: 'release',
        with: { name: 'NAME', fence_token: '$c' },
        gives: { released: true },
      },
      { finish: 'late' },
    ],
  },
  {
    name: 'a hold ends after its longest time, and its former holder is told so',
    sessions: ['a', 'b'],
    steps: [
      {
        by: 'a',
        ask: 'acquire',
        with: { name: 'NAME', max_hold_seconds: 0.2 },
        gives: { acquired: true },
        save: { a: 'fence_token' },
      },
      {
        by: 'b',
        ask: 'acquire',
        with: { name: 'NAME', wait_seconds: 30 },
        gives: { acquired: true },
      },
      {
        ask: 'check',
        with: { name: 'NAME', fence_token: '$a' },
        gives: { valid: false, end_reason: 'max_hold' },
      },
    ],
  },
  {
    name: 'a lock that is released by force is free, and its former holder is told so',
    sessions: ['a', 'b'],
    steps: [
      {
        by: 'a',
        ask: 'acquire',
        with: { name: 'NAME' },
        gives: { acquired: true },
        save: { a: 'fence_token' },
      },
      {
        ask: 'force_release',
        with: { name: 'NAME', reason: 'stuck' },
        gives: { released: true, count: 1 },
      },
      { by: 'b', ask: 'acquire', with: { name: 'NAME' }, gives: { acquired: true } },
      {
        ask: 'check',
        with: { name: 'NAME', fence_token: '$a' },
        gives: { valid: false, end_reason: 'forced' },
      },
    ],
  },
  {
    name: 'what a session holds and waits for ends with it',
    sessions: ['a', 'b'],
    steps: [
      { by: 'a', ask: 'acquire', with: { name: 'NAME' }, gives: { acquired: true } },
      {
        by: 'a',
        ask: 'acquire_permits',
        with: { name: 'NAME', permits: 1, limit: 1 },
        gives: { permits: 1 },
      },
      {
        by: 'b',
        begin: 'lock',
        ask: 'acquire',
        with: { name: 'NAME', wait_seconds: 30 },
        gives: { acquired: true },
      },
      { by: 'a', ask: 'end_session', gives: { deleted: true } },
      { finish: 'lock' },
      {
        by: 'b',
        ask: 'acquire_permits',
        with: { name: 'NAME', permits: 1, limit: 1 },
        gives: { permits: 1 },
      },
    ],
  },
  {
    name: 'a semaphore gives what it has, in turn, and keeps its limit, over the loss of a leader',
    sessions: ['a', 'b'],
    steps: [
      {
        by: 'a',
        ask: 'acquire_permits',
        with: { name: 'NAME', permits: 2, limit: 3 },
        gives: { permits: 2 },
        save: { a: 'fence_token' },
      },
      { by: 'b', ask: 'acquire_permits', with: { name: 'NAME', permits: 2 }, gives: 'no_permits' },
      {
        by: 'b',
        ask: 'acquire_permits',
        with: { name: 'NAME', permits: 1, limit: 4 },
        gives: 'limit_mismatch',
      },
      {
        by: 'b',
        ask: 'acquire_permits',
        with: { name: 'NAME', permits: 4 },
        gives: 'limit_exceeded',
      },
      {
        by: 'b',
        begin: 'wait',
        ask: 'acquire_permits',
        with: { name: 'NAME', permits: 2, wait_seconds: 30 },
        gives: { permits: 2 },
      },
      { kill: 'leader' },
      { ask: 'semaphore_status', with: { name: 'NAME' }, gives: { limit: 3, free: 1 } },
      {
        by: 'a',
        ask: 'release_permits',
        with: { name: 'NAME', fence_token: '$a' },
        gives: { released: true },
      },
      { finish: 'wait' },
      { ask: 'semaphore_status', with: { name: 'NAME/none' }, gives: { holder_count: 0 } },
    ],
  },
  {
    name: 'a semaphore that is created is persistent, is resized and deleted',
    sessions: ['a'],
    steps: [
      {
        ask: 'create_semaphore',
        with: { name: 'NAME', limit: 2 },
        gives: { limit: 2, persistent: true },
      },
      {
        by: 'a',
        ask: 'acquire_permits',
        with: { name: 'NAME', permits: 2 },
        gives: { permits: 2 },
        save: { a: 'fence_token' },
      },
      { ask: 'resize_semaphore', with: { name: 'NAME', limit: 1 }, gives: { limit: 1, free: -1 } },
      { ask: 'delete_semaphore', with: { name: 'NAME' }, gives: 'semaphore_in_use' },
      {
        by: 'a',
        ask: 'release_permits',
        with: { name: 'NAME', fence_token: '$a' },
        gives: { released: true },
      },
      { ask: 'delete_semaphore', with: { name: 'NAME' }, gives: { deleted: true } },
    ],
  },
  {
    name: 'several at once are all taken or none',
    sessions: ['a', 'b'],
    steps: [
      {
        by: 'b',
        ask: 'acquire',
        with: { name: 'NAME/2' },
        gives: { acquired: true },
        save: { b: 'fence_token' },
      },
      {
        by: 'a',
        ask: 'acquire_many',
        with: { resources: [{ name: 'NAME/1' }, { name: 'NAME/2' }] },
        gives: 'lock_held',
      },
      { ask: 'lock_status', with: { name: 'NAME/1' }, gives: { locked: false } },
      {
        by: 'a',
        begin: 'both',
        ask: 'acquire_many',
        with: { resources: [{ name: 'NAME/1' }, { name: 'NAME/2' }], wait_seconds: 30 },
        gives: { acquired: true },
      },
      { kill: 'leader' },
      { ask: 'lock_status', with: { name: 'NAME/1' }, gives: { locked: false, waiter_count: 1 } },
      {
        by: 'b',
        ask: 'release',
        with: { name: 'NAME/2', fence_token: '$b' },
        gives: { released: true },
      },
      { finish: 'both' },
      { ask: 'lock_status', with: { name: 'NAME/1' }, gives: { locked: true } },
    ],
  },
  {
    name: 'one leads, proclaims and resigns; the next leads with a larger fence token, whoever leads the cluster',
    sessions: ['a', 'b'],
    steps: [
      {
        by: 'a',
        ask: 'campaign',
        with: { name: 'NAME', value: 'first' },
        gives: { elected: true },
        save: { a: 'fence_token' },
      },
      { by: 'b', ask: 'campaign', with: { name: 'NAME' }, gives: 'not_elected' },
      {
        by: 'b',
        begin: 'next',
        ask: 'campaign',
        with: { name: 'NAME', value: 'second', wait_seconds: 30 },
        gives: { elected: true },
        save: { b: 'fence_token' },
      },
      {
        by: 'a',
        ask: 'proclaim',
        with: { name: 'NAME', fence_token: '$a', value: 'other' },
        gives: { proclaimed: true },
      },
      { kill: 'leader' },
      {
        ask: 'election_leader',
        with: { name: 'NAME' },
        gives: { leader: { fence_token: '$a', value: 'other' } },
      },
      {
        by: 'a',
        ask: 'resign',
        with: { name: 'NAME', fence_token: '$a' },
        gives: { resigned: true },
      },
      { finish: 'next' },
      {
        ask: 'election_leader',
        with: { name: 'NAME' },
        gives: { leader: { fence_token: '$b', value: 'second' } },
      },
    ],
  },
  {
    name: 'a barrier opens when all have come and is over when all have left, over the loss of a leader',
    sessions: ['a', 'b', 'c'],
    steps: [
      {
        by: 'a',
        begin: 'first',
        ask: 'enter_barrier',
        with: { name: 'NAME', parties: 2, wait_seconds: 30 },
        gives: { open: true },
      },
      { kill: 'leader' },
      {
        by: 'b',
        ask: 'enter_barrier',
        with: { name: 'NAME', parties: 2, wait_seconds: 30 },
        gives: { open: true },
      },
      { finish: 'first' },
      {
        by: 'c',
        ask: 'enter_barrier',
        with: { name: 'NAME', parties: 2, wait_seconds: 1 },
        gives: 'barrier_closed',
      },
      {
        by: 'a',
        begin: 'leave',
        ask: 'leave_barrier',
        with: { name: 'NAME', wait_seconds: 30 },
        gives: { over: true },
      },
      {
        by: 'b',
        ask: 'leave_barrier',
        with: { name: 'NAME', wait_seconds: 30 },
        gives: { over: true },
      },
      { finish: 'leave' },
      {
        by: 'c',
        ask: 'enter_barrier',
        with: { name: 'NAME', parties: 2, wait_seconds: 0.05 },
        gives: 'wait_timeout',
      },
      { ask: 'barrier_status', with: { name: 'NAME' }, gives: { open: false } },
    ],
  },
  {
    name: 'a latch lets all go on at 0 and counts each request once',
    sessions: ['a', 'b'],
    steps: [
      { ask: 'create_latch', with: { name: 'NAME', count: 2 }, gives: { count: 2 } },
      { ask: 'create_latch', with: { name: 'NAME', count: 3 }, gives: 'limit_mismatch' },
      { ask: 'wait_latch', with: { name: 'NAME', wait_seconds: 0.05 }, gives: 'wait_timeout' },
      {
        begin: 'wait',
        ask: 'wait_latch',
        with: { name: 'NAME', wait_seconds: 30 },
        gives: { open: true },
      },
      { by: 'a', ask: 'count_down', with: { name: 'NAME' }, gives: { count: 1 } },
      { kill: 'leader' },
      { by: 'b', ask: 'count_down', with: { name: 'NAME' }, gives: { count: 0 } },
      { finish: 'wait' },
      { ask: 'delete_latch', with: { name: 'NAME' }, gives: { deleted: true } },
      { ask: 'latch_status', with: { name: 'NAME' }, gives: { open: false } },
    ],
  },
];
