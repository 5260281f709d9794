/**
 * Whether there is room for one more hold, wait or resource.
 *
 * QUOTA-1: no caller has more than `maxSessionsPerCaller` sessions (lifetimes.ts). Those that still end count.
 * QUOTA-2: no session has more than `maxHoldsPerSession` holds, waits and barriers, more than
 *     `maxWaitsPerSession` waits among them, or more than `maxMetadataBytesPerSession` of metadata in its holds and
 *     waits. A command that would pass a bound is refused with `limit_exceeded` and changes nothing.
 */
import type { Pool } from './pool.ts';
import { limitExceeded } from './refusals.ts';
import type { Session } from './sessions.ts';
import type { Tables } from './tables.ts';
import { valueBytes } from './weights.ts';
import type { JsonValue, MeetingKind, RequestId, ResourceKind } from './names.ts';
import type { Refusal } from './outcomes.ts';

export function isLaden(tables: Tables, session: Session, more = 1): boolean {
  return session.load + more > tables.limits.maxHoldsPerSession;
}

export function tooManyHolds(tables: Tables): Refusal {
  return limitExceeded(
    'max_holds_per_session',
    tables.limits.maxHoldsPerSession,
    'Holds, waits and barriers count. Release some, or use another session.',
  );
}

/** QUOTA-2. */
export function tooManyWaits(
  { limits: { maxWaitsPerSession } }: Tables,
  session: Session | undefined,
  more = 1,
): Refusal | undefined {
  if ((session?.waits.size ?? 0) + more <= maxWaitsPerSession) return undefined;
  return limitExceeded(
    'max_waits_per_session',
    maxWaitsPerSession,
    'Wait for fewer at a time, or use another session.',
  );
}

/**
 * QUOTA-2.
 *
 * @param more What is added: so many times the same.
 * @param replaced What it takes the place of.
 */
export function tooMuchMetadata(
  { limits: { maxMetadataBytesPerSession } }: Tables,
  session: Session | undefined,
  more: { readonly value: JsonValue | undefined; readonly times?: number },
  replaced?: JsonValue,
): Refusal | undefined {
  if (more.value === undefined) return undefined;
  const added = valueBytes(more.value) * (more.times ?? 1) - valueBytes(replaced);
  if ((session?.metadataBytes ?? 0) + added <= maxMetadataBytesPerSession) return undefined;
  return limitExceeded(
    'max_metadata_bytes_per_session',
    maxMetadataBytesPerSession,
    'The metadata of all that a session holds and waits for count, in bytes of JSON. Give less, or keep it elsewhere and name the place.',
  );
}

/** Q4 (requests.ts): a new request that would acquire or tell something. */
export function tooManyAnswers(
  { limits }: Tables,
  { requests }: Session,
  requestId: RequestId | undefined,
): Refusal | undefined {
  if (typeof requestId !== 'number' || !requests.isFull(limits)) return undefined;
  return limitExceeded(
    'max_result_bytes_per_session',
    limits.maxResultBytesPerSession,
    'So many bytes of answers are remembered for this session until it tells by answered_below that they have arrived. ' +
      'Nothing was done. Settle the oldest requests first, or use another session; what is held can be given back.',
  );
}

/** Each kind is a name space with a limit of its own. */
export function tooManyOf(
  tables: Tables,
  kind: ResourceKind | MeetingKind,
  more = 1,
): Refusal | undefined {
  const { limits } = tables;
  const [name, limit, size] = {
    lock: ['max_locks', limits.maxLocks, tables.pools.size] as const,
    semaphore: ['max_semaphores', limits.maxSemaphores, tables.semaphores.size] as const,
    election: ['max_elections', limits.maxElections, tables.elections.size] as const,
    barrier: ['max_barriers', limits.maxBarriers, tables.barriers.size] as const,
    latch: ['max_latches', limits.maxLatches, tables.latches.size] as const,
  }[kind];
  if (size + more <= limit) return undefined;
  return limitExceeded(name, limit, `End some ${kind} that is not needed, or use another name.`);
}

/** TURN-3: room for one more hold of a resource, or it would enter the hold that it has. */
export function hasRoom(tables: Tables, pool: Pool, session: Session | undefined): boolean {
  if (pool.holds.length < tables.limits.maxHoldsPerResource) return true;
  return session !== undefined && pool.heldBy(session) !== undefined;
}

export function tooManyHoldsOf(tables: Tables, pool: Pool): Refusal {
  return limitExceeded(
    'max_holds_per_resource',
    tables.limits.maxHoldsPerResource,
    `"${pool.name}" is held so many times at once. Release some, or spread them over several names.`,
  );
}

export function tooManyWaiters(tables: Tables, pool: Pool): Refusal | undefined {
  const { maxWaitersPerResource } = tables.limits;
  if (pool.queue.length < maxWaitersPerResource) return undefined;
  return limitExceeded('max_waiters_per_resource', maxWaitersPerResource, 'Try again later.');
}
