/**
 * Whether there is room for one more hold, wait or resource.
 *
 * QUOTA-1: no caller has more than `maxSessionsPerCaller` sessions (lifetimes.ts). Those that still end count.
 * QUOTA-2: no session has more than `maxHoldsPerSession` holds, waits and barriers, more than
 *     `maxWaitsPerSession` waits among them, or more than `maxMetadataBytesPerSession` of metadata in its holds and
 *     waits. A command that would pass a bound is refused with `limit_exceeded` and changes nothing. The same holds
 *     for all sessions of one caller together, with `maxHoldsPerCaller`, `maxWaitsPerCaller` and
 *     `maxMetadataBytesPerCaller` (caller-use.ts).
 * QUOTA-5: no session is inside more than `maxBarriersPerSession` barriers, from feature level 3 on, whatever the limits
 *     above are: it leaves all of them in the command that ends it (ENDS-1), however little the entry may still do.
 */
import type { CallerUse } from './caller-use.ts';
import type { Pool } from '../primitives/holds/pool.ts';
import { barriersBoundedLevel } from './levels.ts';
import { limitExceeded } from './refusals.ts';
import type { Session } from '../primitives/holds/pool.ts';
import type { Tables } from './tables.ts';
import { valueBytes } from './weights.ts';
import type { JsonValue, RequestId } from './names.ts';
import type { Refusal } from './outcomes.ts';
import { primitiveDeclarations } from '../primitives/declared.ts';
import type { LimitOfPrimitive, PlaceKind } from '../primitives/declared.ts';

/** Of a session, or of the one that is to be made for what is asked. */
export type Asker = Pick<Session, 'use' | 'load' | 'metadataBytes'> & {
  readonly waits: { readonly size: number };
};

/** A session that is to be made for this caller. */
export const newAsker = (use: CallerUse): Asker => ({
  use,
  load: 0,
  waits: noWaits,
  metadataBytes: 0,
});
const noWaits = { size: 0 };

/** QUOTA-2. */
export function tooManyHolds(
  { limits: { maxHoldsPerSession, maxHoldsPerCaller } }: Tables,
  { use, load }: Asker,
  more = 1,
): Refusal | undefined {
  if (load + more > maxHoldsPerSession)
    return limitExceeded(
      'max_holds_per_session',
      maxHoldsPerSession,
      'Holds, waits and barriers count. Release some, or use another session.',
    );
  if (use.caller === undefined || use.load + more <= maxHoldsPerCaller) return undefined; // QUOTA-4
  return limitExceeded(
    'max_holds_per_caller',
    maxHoldsPerCaller,
    `Holds, waits and barriers of all sessions of ${use.caller} count. Release some.`,
  );
}

/** QUOTA-5: to leave so many takes some 20 ms. */
export const maxBarriersPerSession = 10_000;

/** QUOTA-5. */
export function tooManyBarriers(
  { featureLevel }: Tables,
  { joined }: Session,
): Refusal | undefined {
  if (featureLevel < barriersBoundedLevel || joined.size < maxBarriersPerSession) return undefined;
  return limitExceeded(
    'max_barriers_per_session',
    maxBarriersPerSession,
    'Leave some barriers, or use another session.',
  );
}

/** QUOTA-2. */
export function tooManyWaits(
  { limits: { maxWaitsPerSession, maxWaitsPerCaller } }: Tables,
  { use, waits }: Asker,
  more = 1,
): Refusal | undefined {
  if (waits.size + more > maxWaitsPerSession)
    return limitExceeded(
      'max_waits_per_session',
      maxWaitsPerSession,
      'Wait for fewer at a time, or use another session.',
    );
  if (use.caller === undefined || use.waits + more <= maxWaitsPerCaller) return undefined; // QUOTA-4
  return limitExceeded(
    'max_waits_per_caller',
    maxWaitsPerCaller,
    `Waits of all sessions of ${use.caller} count. Wait for fewer at a time.`,
  );
}

/**
 * QUOTA-2.
 *
 * @param more What is added: so many times the same.
 * @param replaced What it takes the place of.
 */
export function tooMuchMetadata(
  { limits: { maxMetadataBytesPerSession, maxMetadataBytesPerCaller } }: Tables,
  { use, metadataBytes }: Asker,
  more: { readonly value: JsonValue | undefined; readonly times?: number },
  replaced?: JsonValue,
): Refusal | undefined {
  if (more.value === undefined) return undefined;
  const added = valueBytes(more.value) * (more.times ?? 1) - valueBytes(replaced);
  if (metadataBytes + added > maxMetadataBytesPerSession)
    return limitExceeded(
      'max_metadata_bytes_per_session',
      maxMetadataBytesPerSession,
      'The metadata of all that a session holds and waits for count, in bytes of JSON. Give less, or keep it elsewhere and name the place.',
    );
  // What takes no more than it replaces is no reason (QUOTA-4).
  const isMore = use.caller !== undefined && added > 0;
  if (!isMore || use.metadataBytes + added <= maxMetadataBytesPerCaller) return undefined;
  return limitExceeded(
    'max_metadata_bytes_per_caller',
    maxMetadataBytesPerCaller,
    `The metadata of all that the sessions of ${use.caller} hold and wait for count, in bytes of JSON. Give less, or keep it elsewhere and name the place.`,
  );
}

/** STATE-REQUEST-4, STATE-REQUEST-5 (requests.ts): a new request that would acquire or tell something. */
export function tooManyAnswers(
  { limits }: Tables,
  { requests, use: { caller } }: Session,
  requestId: RequestId | undefined,
): Refusal | undefined {
  const fullBy = typeof requestId === 'number' ? requests.fullBy(limits) : undefined;
  if (fullBy === undefined) return undefined;
  if (fullBy === 'caller')
    return limitExceeded(
      'max_result_bytes_per_caller',
      limits.maxResultBytesPerCaller,
      `So many bytes of answers are remembered for all sessions of ${String(caller)} until they tell by answered_below that ` +
        'these have arrived. Nothing was done. Settle the oldest requests first, or end sessions; what is held can be given back.',
    );
  return limitExceeded(
    'max_result_bytes_per_session',
    limits.maxResultBytesPerSession,
    'So many bytes of answers are remembered for this session until it tells by answered_below that they have arrived. ' +
      'Nothing was done. Settle the oldest requests first, or use another session; what is held can be given back.',
  );
}

/** Each kind is a name space with a limit of its own. */
export function tooManyOf(
  { limits, places }: Tables,
  kind: PlaceKind,
  more = 1,
): Refusal | undefined {
  const { name, setting } = limitOf[kind];
  const limit = limits[name];
  if (places[kind].size + more <= limit) return undefined;
  return limitExceeded(setting, limit, `End some ${kind} that is not needed, or use another name.`);
}

const limitOf = Object.fromEntries(
  primitiveDeclarations.map(({ kind, limit: { name } }) => [
    kind,
    { name, setting: name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) },
  ]),
) as Readonly<Record<PlaceKind, { readonly name: LimitOfPrimitive; readonly setting: string }>>;

/** TURN-3: room for one more hold of a resource, or it would enter the hold that it has. */
export function hasRoom(tables: Tables, pool: Pool, session: Session | undefined): boolean {
  if (pool.holdCount < tables.limits.maxHoldsPerResource) return true;
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
