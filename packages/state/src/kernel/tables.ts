/**
 * All that the state machine knows, as one node holds it in memory, and the few ways in which every
 * part of it changes. The rules are in the modules that work on these tables.
 *
 * STATE-TABLES-1: before a session or a pool changes, `changing` is called: a snapshot that is being taken saves
 *     the record as it was (see snapshot.ts).
 * STATE-TABLES-2: the fence counter only rises, by one for every grant, and stays a number that JavaScript
 *     counts exactly (below 2^53).
 */
import { Access } from '../primitives/access/access.ts';
import { AuditChain } from './audit/chain.ts';
import { CallerUses } from './caller-use.ts';
import { anonymousIdentity } from './commands.ts';
import { Searches } from '../primitives/holds/searches.ts';
import { primitiveDeclarations } from '../primitives/declared.ts';
import type { PlaceKind } from '../primitives/declared.ts';
import { DueHeap } from './due.ts';
import { EndedSessions } from './sessions/ended-sessions.ts';
import type { Tombstone } from './sessions/ended-sessions.ts';
import { endByResourceLevel, firstFeatureLevel } from './levels.ts';
import { invariant } from './invariant.ts';
import { Leaderships } from './sessions/leaderships.ts';
import { NameIndex } from './collections/name-index.ts';
import { Pool } from '../primitives/holds/pool.ts';
import type { MaxHoldExpiry, LockDelayEnd, Session, Waiter } from '../primitives/holds/pool.ts';
import { sessionEnded, sessionNotFound } from './refusals.ts';
import { Remembered } from './collections/remembered.ts';
import { hashOfText } from './collections/hash.ts';
import { NamedMap } from './collections/named-map.ts';
import { OrderedMap } from './collections/ordered-map.ts';
import { ShardedMap } from './collections/sharded-map.ts';
import { CacheTotals } from '../primitives/cache/records.ts';
import type { CacheEntry } from '../primitives/cache/records.ts';
import { PayloadLog } from '../primitives/queue/payloads.ts';
import { Queues } from '../primitives/queue/queues.ts';
import type { Message, Queue, QueuePlace } from '../primitives/queue/shapes.ts';
import type { StateLimits } from './limits.ts';
import type { EndedHold } from './view-types.ts';
import type { FenceToken, ResourceKind, ResourceName, SessionId } from './names.ts';
import type { Event, Refusal } from './outcomes.ts';

/** Whatever wants to keep records as they were. */
export interface Keeper {
  keepSession(session: Session): void;
  keepPlace(place: Place): void;
}

/** Queues have records of several kinds, and tables of their own. */
type RecordKind = PlaceKind | QueuePlace['kind'];

/** A record of a primitive. */
export interface Place {
  readonly kind: RecordKind;
  /** The number of the last snapshot that has this record, see snapshot.ts. */
  savedIn: number;
}

/** What a primitive does when a session ends, before its waits and holds do. */
export type SessionEnds = (tables: Tables, session: Session) => void;

type Names<Value> = ShardedMap<ResourceName, Value>;

/** How many ends of holds by the doing of others are remembered. */
export const maxEndedHolds = 10_000;

const hashOfPool = ({ name }: Pool): number => hashOfText(name);

/** Session ids are UUIDs: their last 8 digits are random. */
const sessionIdHashed = 8;

export class Tables {
  limits: StateLimits;
  /** FEATURE-1. */
  featureLevel: number = firstFeatureLevel;
  /** Whether equal states of other nodes have the same bytes as this one (SNAP-7). */
  isComparable = true;
  /** Log index of the last applied entry. */
  index = 0;
  /** Cluster time of the last applied entry. */
  timeMs = 0;
  /** Wall clock of the leader that proposed the entry that is being applied, where the log tells it: no part of the state. */
  wallMs: number | undefined;
  fenceCounter = 0;
  readonly leaderships: Leaderships = new Leaderships();
  /** Whether the command that is being executed is a sign of life of its session (LIFE-1). */
  isSignOfLife = true;
  /** It is one that a node submits again (LIFE-2). */
  isRepeated = false;
  /** It, or another one under its request id, was answered before (STATE-ONCE-1). */
  isAnsweredBefore = false;
  /** Orders waits and lock delays by when they began. */
  sequence = 0;
  expiredSessions = 0;
  totalSessions = 0;
  /** Locks with at least one hold. */
  heldPools = 0;
  waiterCount = 0;
  /** What the sessions of each caller have together (QUOTA-3). */
  readonly callers: CallerUses = new CallerUses();
  readonly sessions: NamedMap<SessionId, Session> = new NamedMap<SessionId, Session>(
    sessionIdHashed,
  );
  /** By the identity whose they are, where that was proven: the ids of sessions that live. */
  readonly ownedSessions: Map<string, NameIndex<SessionId>> = new Map<
    string,
    NameIndex<SessionId>
  >();
  /** Sessions that are over and still have holds or waits, in the order of their ends (endings.ts). */
  readonly ending: OrderedMap<SessionId, Session> = new OrderedMap<SessionId, Session>(hashOfText);
  /** Pools in which turns have come that did not fit into their entry, in that order (settle.ts). */
  readonly unsettled: OrderedMap<Pool, Pool> = new OrderedMap<Pool, Pool>(hashOfPool);
  /** Semaphores with waits for more permits than there are that did not fit into their entry, in that order (too-large.ts). */
  readonly shrunk: OrderedMap<Pool, Pool> = new OrderedMap<Pool, Pool>(hashOfPool);
  /** By kind: what has units and a wait queue. */
  readonly pools: Readonly<Record<ResourceKind, Names<Pool>>> = {
    lock: new ShardedMap<ResourceName, Pool>(),
    semaphore: new NamedMap<ResourceName, Pool>(),
    election: new NamedMap<ResourceName, Pool>(),
  };
  /** By kind, in the order of a snapshot: the records of every primitive, pools among them. */
  readonly places: Readonly<Record<PlaceKind, Names<Place>>> = placesWith(this.pools);
  readonly sessionEnds: readonly SessionEnds[];
  readonly queues: Queues = new Queues();
  readonly cache: CacheTotals = new CacheTotals();
  readonly audit: AuditChain = new AuditChain();
  /** Who may do what. */
  readonly access: Access = new Access();
  /** Of the command that is being executed: what it makes is of this identity. */
  identity: string = anonymousIdentity;
  /** Of the command that is being executed (STATE-REQUEST-6). */
  askedAt: number | undefined;
  /** The names of those that are held or waited for, in order, for listings (NAMES-2). */
  readonly lockNames: NameIndex = new NameIndex();
  readonly ended: EndedSessions = new EndedSessions();
  /** Own sessions end with every hold; kept apart, they do not push the others out of memory. */
  readonly ownEnded: EndedSessions = new EndedSessions();
  /** Holds that others ended, so that their former holders can be told why. */
  readonly endedHolds: Remembered<FenceToken, EndedHold> = new Remembered<FenceToken, EndedHold>(
    maxEndedHolds,
  );
  readonly due: DueHeap<Waiter | LockDelayEnd | MaxHoldExpiry | Message | CacheEntry> = new DueHeap<
    Waiter | LockDelayEnd | MaxHoldExpiry | Message | CacheEntry
  >();
  /** Work that the entry which is being applied may still do (work.ts, WORK-3). */
  workLeft = 0;
  /** What is due is being acted upon, in its order: no wait is overdue then. */
  actingOnDue = false;
  /** Searches for cycles in the entry that is being applied (deadlock.ts STATE-DEADLOCK-3). */
  searches: Searches = new Searches();
  /** Events of the entry that is being applied. */
  events: Event[] = [];
  /** How many messages of each queue have become ready in the entry that is applied. */
  readonly becameReady: Map<Queue, number> = new Map<Queue, number>();
  /** Of the entry that is applied (BESIDE-2). */
  payloads: PayloadLog = new PayloadLog();
  /** The snapshot that is being taken, and the number of the latest one. */
  keeper: Keeper | undefined = undefined;
  snapshotNumber = 0;
  /** Pools that were ever opened here: orders those of a shard as it does. */
  #openedPools = 0;

  constructor(limits: StateLimits, sessionEnds: readonly SessionEnds[] = []) {
    this.limits = limits;
    this.sessionEnds = sessionEnds;
  }

  addSession(session: Session): void {
    this.sessions.set(session.id, session);
    const { owner, id } = session;
    if (owner === anonymousIdentity) return;
    const known = this.ownedSessions.get(owner);
    const ids = known ?? new NameIndex<SessionId>();
    ids.add(id);
    if (known === undefined) this.ownedSessions.set(owner, ids);
  }

  removeSession({ id, owner }: Session): void {
    this.sessions.delete(id);
    const ids = this.ownedSessions.get(owner);
    ids?.remove(id);
    if (ids?.isEmpty === true) this.ownedSessions.delete(owner);
  }

  changingSession(session: Session): void {
    if (this.keeper !== undefined && session.savedIn !== this.snapshotNumber) {
      this.keeper.keepSession(session); // STATE-TABLES-1
    }
  }

  changingPool(pool: Pool): void {
    this.changingPlace(pool);
  }

  changingPlace(place: Place): void {
    if (this.keeper !== undefined && place.savedIn !== this.snapshotNumber) {
      this.keeper.keepPlace(place); // STATE-TABLES-1
    }
  }

  /** A logged command of this session: whoever wants it expired has to look again (STATE-SESSION-3). */
  touch(session: Session, ackedBelow: number | undefined): void {
    this.changingSession(session);
    session.renewal += 1;
    const isTold = this.isRepeated && session.own && session.holdCount > 0; // LIFE-2
    if (this.isSignOfLife || isTold) session.heardIn = this.leaderships.current; // HEARD-1
    if (ackedBelow !== undefined) session.requests.forgetBelow(ackedBelow, this.limits);
  }

  nextFenceToken(): FenceToken {
    this.fenceCounter += 1;
    invariant(
      Number.isSafeInteger(this.fenceCounter),
      'STATE-TABLES-2: the fence counter stays below 2^53.',
      this.fenceCounter,
    );
    return this.fenceCounter as FenceToken;
  }

  nextSequence(): number {
    this.sequence += 1;
    return this.sequence;
  }

  /**
   * How others ended the hold of this token on this resource; nothing of another resource's: the counter is one
   * for the whole cluster, so that any token may be asked about anywhere.
   */
  endedHoldOf(
    kind: ResourceKind,
    name: ResourceName,
    fenceToken: FenceToken | undefined,
  ): EndedHold | undefined {
    const ended = fenceToken === undefined ? undefined : this.endedHolds.get(fenceToken);
    return ended?.kind === kind && ended.name === name ? ended : undefined;
  }

  /**
   * What a refusal tells of the end of a hold. It is part of the logged answer: below `endByResourceLevel` that of the
   * token is told wherever it was, as by the members that know no other (FEATURE-1).
   */
  refusedEndOf(
    kind: ResourceKind,
    name: ResourceName,
    fenceToken: FenceToken | undefined,
  ): EndedHold | undefined {
    if (this.featureLevel >= endByResourceLevel) return this.endedHoldOf(kind, name, fenceToken);
    return fenceToken === undefined ? undefined : this.endedHolds.get(fenceToken);
  }

  /** In order, for listings. */
  namesOf(kind: PlaceKind): NameIndex {
    const places = this.places[kind];
    return places instanceof NamedMap ? places.names : this.lockNames;
  }

  *allPlaces(): Generator<Place, void, undefined> {
    for (const places of Object.values(this.places)) yield* places.values();
    const { byName } = this.queues;
    yield* byName.values();
    for (const { lanes } of byName.values()) yield* lanes.values();
    for (const { live, dead } of byName.values()) {
      yield* live.values();
      yield* dead.values();
    }
  }

  get placeCount(): number {
    const { byName, laneCount, messageCount } = this.queues;
    const places = Object.values(this.places).reduce((count, { size }) => count + size, 0);
    return places + byName.size + laneCount + messageCount;
  }

  openPool(kind: ResourceKind, name: ResourceName, size: number): Pool {
    const pool = new Pool(kind, name, size, this.snapshotNumber);
    this.#openedPools += 1;
    pool.ordinal = this.#openedPools;
    pool.shard = this.pools[kind].set(name, pool);
    return pool;
  }

  /** After a hold or a wait of it has begun or ended (NAMES-2). */
  list(pool: Pool): void {
    const isUsed = pool.holdCount > 0 || pool.queue.length > 0;
    if (isUsed === pool.listed || pool.kind !== 'lock') return;
    pool.listed = isUsed;
    if (isUsed) this.lockNames.add(pool.name);
    else this.lockNames.remove(pool.name);
  }

  /** Of a pool that was forgotten before, nothing: there may be another one of its name. */
  forgetPool(pool: Pool): void {
    this.unsettled.delete(pool);
    this.shrunk.delete(pool);
    this.pools[pool.kind].delete(pool.name, pool);
  }

  /** Nothing is left of a session (QUOTA-1). */
  closeSession({ use, requests }: Session): void {
    requests.leaveCaller();
    this.callers.end(use);
  }

  tombstone(id: SessionId): Pick<Tombstone, 'reason' | 'last'> | undefined {
    const ending = this.ending.get(id)?.over;
    return (
      this.ended.get(id) ??
      this.ownEnded.get(id) ??
      // Not forgotten while it ends (ENDS-1).
      (ending === undefined ? undefined : { reason: ending.reason, last: undefined })
    );
  }

  /** Those that live, then those that are over and still have something. */
  *allSessions(): Generator<Session, void, undefined> {
    yield* this.sessions.values();
    yield* this.ending.values();
  }

  /** A wait with such a deadline is only still there because its end did not fit into the entry (STATE-SESSION-4). */
  isOverdue(dueMs: number): boolean {
    return !this.actingOnDue && dueMs <= this.timeMs;
  }

  /** As of when ages and what is left of a time are shown: of now where it is known, and not before the last entry. */
  shownAtMs(nowMs: number | undefined): number {
    return nowMs === undefined ? this.timeMs : Math.max(nowMs, this.timeMs);
  }

  /** Whether the next entry has to go on with what this one left (WORK-2). */
  get isBehind(): boolean {
    return this.unsettled.size > 0 || this.ending.size > 0 || this.shrunk.size > 0;
  }

  /** Why a command for a session that is not there is refused (SPEC.md S1). */
  missingSession(id: SessionId): Refusal {
    const tombstone = this.tombstone(id);
    return tombstone === undefined ? sessionNotFound(id) : sessionEnded(id, tombstone.reason);
  }
}

function placesWith(
  pools: Readonly<Record<ResourceKind, Names<Place>>>,
): Readonly<Record<PlaceKind, Names<Place>>> {
  const known: Partial<Record<PlaceKind, Names<Place>>> = pools;
  return Object.fromEntries(
    primitiveDeclarations.map(({ kind }) => [
      kind,
      known[kind] ?? new NamedMap<ResourceName, Place>(),
    ]),
  ) as Record<PlaceKind, Names<Place>>;
}
