/**
 * One node of a quorum lease: independent of all others, with no clock of its own. It is handed requests
 * and the time of a monotonic clock, and tells answers and the rows that have to be on disk before the
 * answers leave.
 *
 * VOTER-1: a lease is granted only when no other one stands on this node, with a token above every token that
 *     this node has granted or confirmed for the resource.
 * VOTER-2: the same lease id gets the same answer while its lease stands, and none once it was released: a
 *     tombstone keeps a late repetition from bringing it back, for a time (TOMBSTONE-1 of tombstones.ts).
 * VOTER-3: a confirm or a renewal is accepted only while that very lease stands.
 * VOTER-4: the largest token of a resource is never forgotten: a row that is cleaned up leaves it in the floor,
 *     from which every resource without a row begins.
 * VOTER-5: time is that of a monotonic clock, which means nothing after a restart: every lease that was stored
 *     stands for its whole ttl from then on.
 * VOTER-6: a node that does not vote (its file was lost) grants, confirms and renews nothing.
 */
import { Slots } from './slots.ts';
import { Tombstones } from './tombstones.ts';
import type { TombstoneLimits } from './tombstones.ts';

export interface LeaseRow {
  readonly resource: string;
  readonly maxToken: number;
  readonly lease: StoredLease | undefined;
}

export interface StoredLease {
  readonly id: string;
  readonly clientId: string;
  readonly ttlMs: number;
  /** As it was granted: what a repetition is answered. */
  readonly token: number;
}

/** What has to be on disk before the answers of a turn leave. */
export interface Changes {
  readonly rows: readonly LeaseRow[];
  /** Resources whose rows are no longer needed (VOTER-4). */
  readonly dropped: readonly string[];
  readonly tombstones: readonly string[];
  /** Tombstones that are forgotten. */
  readonly forgotten: readonly string[];
  readonly floor: number | undefined;
}

export interface RestoredVotes {
  readonly rows: readonly LeaseRow[];
  /** Oldest first. */
  readonly tombstones: readonly string[];
  readonly floor: number;
}

/** A lease that stands, as people are told of it. */
export interface StandingLease {
  readonly resource: string;
  readonly leaseId: string;
  readonly clientId: string;
  /** The largest token of the resource here. */
  readonly token: number;
  readonly remainingMs: number;
}

export interface LeaseNodeLimits extends TombstoneLimits {
  /** Rows beyond it are cleaned up, those without a lease, oldest first. */
  readonly maxRows: number;
}

export type AcquireOutcome =
  | { readonly type: 'granted'; readonly token: number }
  | { readonly type: 'denied'; readonly remainingMs: number }
  | { readonly type: 'released' }
  /** Every row has a lease that stands, or too many were released lately. */
  | { readonly type: 'full' };

interface Row {
  readonly resource: string;
  /** SLOTS-1. */
  readonly slot: number;
  maxToken: number;
  lease: (StoredLease & { readonly endsAtMs: number }) | undefined;
}

const fullest = Number.MAX_SAFE_INTEGER - 1;

export class LeaseNode {
  readonly #limits: LeaseNodeLimits;
  /** Those used last are last. */
  readonly #rows = new Map<string, Row>();
  readonly #slots = new Slots();
  readonly #tombstones: Tombstones;
  #floor: number;
  /** As things were before the changes that are not on disk yet; undefined: no row. */
  readonly #before = new Map<string, Row | undefined>();
  #floorBefore: number | undefined;
  /** At least every token here; what was not saved counts as well. */
  #largest: number;
  /** No lease that was granted here ends later. */
  #latestEndMs: number;

  /** @param nowMs The restart: stored leases stand from here on (VOTER-5). */
  constructor(limits: LeaseNodeLimits, restored: RestoredVotes, nowMs: number) {
    this.#limits = limits;
    this.#floor = restored.floor;
    this.#largest = restored.floor;
    this.#latestEndMs = nowMs;
    for (const { resource, maxToken, lease } of restored.rows) {
      this.#largest = Math.max(this.#largest, maxToken);
      this.#latestEndMs = Math.max(this.#latestEndMs, nowMs + (lease?.ttlMs ?? 0));
      const standing =
        lease === undefined ? undefined : { ...lease, endsAtMs: nowMs + lease.ttlMs };
      this.#rows.set(resource, {
        resource,
        slot: this.#slots.add(resource),
        maxToken,
        lease: standing,
      });
    }
    this.#tombstones = new Tombstones(limits, restored.tombstones, nowMs);
  }

  get floor(): number {
    return this.#floor;
  }

  /** At least every token that was granted, confirmed or adopted here. */
  get largestToken(): number {
    return this.#largest;
  }

  /** Ms after which no lease that was granted here stands; 0: none does. */
  leasesMs(nowMs: number): number {
    return Math.max(0, this.#latestEndMs - nowMs);
  }

  /** VOTER-1, VOTER-2. */
  acquire(
    resource: string,
    ask: { readonly leaseId: string; readonly clientId: string; readonly ttlMs: number },
    nowMs: number,
  ): AcquireOutcome {
    const { leaseId: id, clientId, ttlMs } = ask;
    if (this.#tombstones.has(id)) return { type: 'released' };
    const standing = this.#standing(resource, nowMs);
    if (standing !== undefined) {
      return standing.id === id
        ? { type: 'granted', token: standing.token }
        : { type: 'denied', remainingMs: standing.endsAtMs - nowMs };
    }
    if (!this.#tombstones.hasRoomForLease(nowMs)) return { type: 'full' };
    const before = this.#rows.get(resource);
    if (before === undefined && !this.#makeRoom(nowMs)) return { type: 'full' };
    const row = this.#change(resource);
    const token = row.maxToken + 1;
    if (token >= fullest) return { type: 'full' };
    row.maxToken = token;
    this.#largest = Math.max(this.#largest, token);
    this.#latestEndMs = Math.max(this.#latestEndMs, nowMs + ttlMs);
    row.lease = { id, clientId, ttlMs, token, endsAtMs: nowMs + ttlMs };
    return { type: 'granted', token };
  }

  /** VOTER-3. */
  confirm(resource: string, leaseId: string, token: number, nowMs: number): boolean {
    if (this.#standing(resource, nowMs)?.id !== leaseId || token >= fullest) return false;
    this.#largest = Math.max(this.#largest, token);
    const known = this.#rows.get(resource);
    if (known !== undefined && known.maxToken < token) this.#change(resource).maxToken = token;
    return true;
  }

  /** VOTER-3. */
  renew(resource: string, leaseId: string, ttlMs: number, nowMs: number): boolean {
    const standing = this.#standing(resource, nowMs);
    if (standing?.id !== leaseId) return false;
    this.#latestEndMs = Math.max(this.#latestEndMs, nowMs + ttlMs);
    // What is stored is the ttl: the same one again needs no write (VOTER-5).
    const row = standing.ttlMs === ttlMs ? this.#rows.get(resource) : this.#change(resource);
    if (row !== undefined) row.lease = { ...standing, ttlMs, endsAtMs: nowMs + ttlMs };
    return true;
  }

  /** VOTER-2. @returns False: too many were released lately, and it has no lease of that id (TOMBSTONE-1). */
  release(resource: string, leaseId: string, nowMs: number): boolean {
    const hasLease = this.#rows.get(resource)?.lease?.id === leaseId;
    if (!this.#tombstones.add(leaseId, hasLease, nowMs)) return false;
    if (hasLease) this.#change(resource).lease = undefined;
    return true;
  }

  /** Ms until its lease ends here; 0: none stands. */
  remainingMs(resource: string, nowMs: number): number {
    const standing = this.#standing(resource, nowMs);
    return standing === undefined ? 0 : standing.endsAtMs - nowMs;
  }

  /** The lease that stands; undefined: none does. */
  leaseOf(
    resource: string,
    nowMs: number,
  ): { readonly id: string; readonly endsAtMs: number } | undefined {
    return this.#standing(resource, nowMs);
  }

  look(
    resource: string,
    nowMs: number,
  ): { readonly clientId: string | undefined; readonly maxToken: number } {
    const clientId = this.#standing(resource, nowMs)?.clientId;
    return { clientId, maxToken: this.#rows.get(resource)?.maxToken ?? this.#floor };
  }

  /** For how long it remembers a released lease at least. */
  get rememberMs(): number {
    return this.#limits.rememberMs ?? Number.POSITIVE_INFINITY;
  }

  remembers(leaseId: string): boolean {
    return this.#tombstones.has(leaseId);
  }

  /** How many released leases it remembers, and how many it can. */
  get released(): { readonly count: number; readonly most: number } {
    return { count: this.#tombstones.count, most: this.#limits.maxTombstones };
  }

  /**
   * Row by row, so that others can be served in between; undefined where no lease stands. Not in the order of their use, in which
   * a row that is renewed meanwhile would be left out or told twice (SLOTS-1).
   */
  *standing(nowMs: () => number): Generator<StandingLease | undefined, void, undefined> {
    for (const name of this.#slots.names()) {
      const row = name === undefined ? undefined : this.#rows.get(name);
      yield row === undefined ? undefined : standingOf(row, nowMs());
    }
  }

  /** Of all resources that have a row. */
  names(): readonly string[] {
    return [...this.#rows.keys()];
  }

  /** The largest tokens of these; without those that have no row any more: the floor is above theirs. */
  tokens(names: readonly string[]): readonly (readonly [string, number])[] {
    return names.flatMap((name) => {
      const row = this.#rows.get(name);
      return row === undefined ? [] : [[name, row.maxToken] as const];
    });
  }

  /** What another node knows: nothing that it granted is granted below. */
  adopt(floor: number, tokens: readonly (readonly [string, number])[]): void {
    if (floor > this.#floor) {
      this.#raiseFloor(floor);
      // The other may have cleaned up a row of which this node has an older token (VOTER-4).
      const older = [...this.#rows.values()].filter(({ maxToken }) => maxToken < floor);
      for (const { resource } of older) this.#change(resource).maxToken = floor;
    }
    for (const [resource, maxToken] of tokens) {
      const known = this.#rows.get(resource)?.maxToken ?? this.#floor;
      if (maxToken > known) this.#change(resource).maxToken = maxToken;
      this.#largest = Math.max(this.#largest, maxToken);
    }
  }

  // ---- what is not on disk yet ------------------------------------------------------------------

  get hasChanges(): boolean {
    return this.#before.size > 0 || this.#tombstones.hasChanges || this.#floorBefore !== undefined;
  }

  /** To be written in one transaction, then `saved` or `notSaved`. */
  changes(): Changes {
    const rows: LeaseRow[] = [];
    const dropped: string[] = [];
    for (const resource of this.#before.keys()) {
      const row = this.#rows.get(resource);
      if (row === undefined) dropped.push(resource);
      else rows.push({ resource, maxToken: row.maxToken, lease: row.lease });
    }
    return {
      rows,
      dropped,
      ...this.#tombstones.changes(),
      floor: this.#floorBefore === undefined ? undefined : this.#floor,
    };
  }

  saved(): void {
    this.#before.clear();
    this.#tombstones.saved();
    this.#floorBefore = undefined;
  }

  /** The disk refused: nothing of it happened, and nothing of it may be answered. */
  notSaved(): void {
    for (const [resource, row] of this.#before) {
      const now = this.#rows.get(resource);
      if (row === undefined) {
        if (now !== undefined) this.#drop(now);
        continue;
      }
      // It may have been dropped since, and its slot be another row's.
      this.#rows.set(resource, { ...row, slot: now?.slot ?? this.#slots.add(resource) });
    }
    this.#tombstones.notSaved();
    if (this.#floorBefore !== undefined) this.#floor = this.#floorBefore;
    this.saved();
  }

  #standing(resource: string, nowMs: number): Row['lease'] {
    const lease = this.#rows.get(resource)?.lease;
    return lease !== undefined && lease.endsAtMs > nowMs ? lease : undefined;
  }

  /** The row to be changed, which moves behind all others. */
  #change(resource: string): Row {
    const known = this.#rows.get(resource);
    const row = known ?? {
      resource,
      slot: this.#slots.add(resource),
      maxToken: this.#floor,
      lease: undefined,
    };
    if (!this.#before.has(resource))
      this.#before.set(resource, known === undefined ? undefined : { ...known });
    this.#rows.delete(resource);
    this.#rows.set(resource, row);
    return row;
  }

  /** VOTER-4: whether there is room for one more row. */
  #makeRoom(nowMs: number): boolean {
    if (this.#rows.size < this.#limits.maxRows) return true;
    for (const [resource, row] of this.#rows) {
      if (row.lease !== undefined && row.lease.endsAtMs > nowMs) continue;
      if (!this.#before.has(resource)) this.#before.set(resource, { ...row });
      this.#drop(row);
      if (row.maxToken > this.#floor) this.#raiseFloor(row.maxToken);
      return true;
    }
    return false;
  }

  #drop({ resource, slot }: Row): void {
    this.#rows.delete(resource);
    this.#slots.remove(slot);
  }

  #raiseFloor(floor: number): void {
    this.#floorBefore ??= this.#floor;
    this.#floor = floor;
    this.#largest = Math.max(this.#largest, floor);
  }
}

function standingOf(
  { resource, maxToken: token, lease }: Row,
  nowMs: number,
): StandingLease | undefined {
  const remainingMs = lease === undefined ? 0 : lease.endsAtMs - nowMs;
  if (lease === undefined || remainingMs <= 0) return undefined;
  return { resource, leaseId: lease.id, clientId: lease.clientId, token, remainingMs };
}
