/**
 * What may be done with a request while it is unanswered.
 *
 * F1: a request is sent again, with the same ids, only where a second execution is impossible: reads,
 *     keepalives, and whatever carries a request id.
 */
import type { OperationName, Operations } from '@holdfast/protocol';

/** An operation of the stream; a watch and a ping are none of the table. */
export type AskedOperation = OperationName | 'watch' | 'ping';

/** Operations whose wait can be given up. */
const waiting: ReadonlySet<string> = new Set<OperationName>([
  'acquire',
  'acquire_permits',
  'acquire_many',
  'campaign',
  'enter_barrier',
  'leave_barrier',
  'wait_latch',
  'events',
]);
/** What a place in a queue is for, as `give_up` names it. */
const placesIn: Readonly<
  Partial<Record<string, 'lock' | 'semaphore' | 'election' | 'many' | 'barrier'>>
> = {
  acquire: 'lock',
  acquire_permits: 'semaphore',
  campaign: 'election',
  acquire_many: 'many',
  enter_barrier: 'barrier',
};

const repeatableAlways: ReadonlySet<string> = new Set<AskedOperation>([
  'watch',
  'ping',
  'session_waits',
  'downgrade',
  'renew_permits',
  'renew_leadership',
  'election_leader',
  'barrier_status',
  'latch_status',
  'create_latch',
  'wait_latch',
  'events',
  'give_up',
  'keepalive',
  'get_session',
  'session_locks',
  'renew',
  'check',
  'lock_status',
  'semaphore_status',
  'create_semaphore',
  'list_locks',
  'end_session',
]);

/** Operations that only look, or keep alive what is there. */
const changingNothing: ReadonlySet<string> = new Set<AskedOperation>([
  'watch',
  'session_waits',
  'renew',
  'renew_permits',
  'renew_leadership',
  'election_leader',
  'barrier_status',
  'latch_status',
  'wait_latch',
  'events',
  'keepalive',
  'get_session',
  'session_locks',
  'check',
  'lock_status',
  'semaphore_status',
  'list_locks',
]);

export const changesNothing = (operation: AskedOperation): boolean =>
  changingNothing.has(operation);

/** F1. */
export const isRepeatable = (operation: AskedOperation, body: unknown): boolean =>
  repeatableAlways.has(operation) || (body as { request_id?: unknown }).request_id !== undefined;

export const mayWait = (operation: AskedOperation): boolean => waiting.has(operation);

/**
 * The request that gives the place of another one up by its number, whatever became of it; undefined: it has
 * none.
 */
export function givingUp(
  operation: AskedOperation,
  body: unknown,
): Operations['give_up']['body'] | undefined {
  const kind = placesIn[operation];
  const { session_id, client_id, request_id, name, resources } = body as {
    readonly session_id?: string;
    readonly client_id?: string;
    readonly request_id?: number;
    readonly name?: string;
    readonly resources?: readonly { readonly name: string }[];
  };
  const named = name ?? resources?.[0]?.name;
  if (kind === undefined || request_id === undefined || named === undefined) return undefined;
  if (session_id !== undefined) return { session_id, request_id, kind, name: named };
  return client_id === undefined ? undefined : { client_id, request_id, kind, name: named };
}
