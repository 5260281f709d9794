/**
 * Who has lines of which keys: the nodes, as the leader of one term knows it, or the clients of one node, as that does. Pure:
 * the time, by the monotonic clock of who grants, is handed in, and what is to be sent is taken out.
 *
 * SHARER-1: a write is clear to go into the log only when every sharer that may have a line of its key has acknowledged that it
 *     dropped it, or its lease has run out. A write that is applied therefore is seen by every read that begins after
 *     it, wherever that is asked.
 * SHARER-2: from when a write of a key begins until it is applied, or certainly never will be, nobody is granted a line of that key.
 * SHARER-3: a sharer whose lease has run out is over for good: it is granted nothing more under the epoch that it had then. One that
 *     owes an acknowledgement for long is granted no more time: a write waits for nobody longer than
 *     `longestOwedMs` and a lease.
 * SHARER-4: no write is clear before the leases that earlier leaders granted have run out. Those were granted after a proof of
 *     leadership, that is before this leadership began, and their nodes count them from before that proof. The first
 *     leader of a cluster, whose log has nothing of another one, has nobody to wait for.
 * SHARER-5: there are at most `maxKeys` keys and `maxSharers` sharers. A key that falls out is invalidated as if it had changed,
 *     and is known until that is done; meanwhile, and beyond the bound of sharers, reads are answered without a line.
 */
import { cacheLeaseMs, grantorLeaseMs } from '@holdfast/protocol/cache';
import type { Grant, Invalidation } from '@holdfast/protocol/cache';

export interface DirectoryBounds {
  readonly maxKeys: number;
  readonly maxSharers: number;
}
export const defaultBounds: DirectoryBounds = { maxKeys: 100_000, maxSharers: 1000 };
/** SHARER-3. */
export const longestOwedMs = 500;
/** Keys that fall out at a time. */
const mostFallingOut = 100;
/** Keys of one message. */
const keysPerMessage = 1000;

/** The lines of one memory since it last had none. */
export interface Sharer {
  readonly node: string;
  readonly epoch: string;
  /** By the clock of who grants. */
  expiresMs: number;
  isOver: boolean;
  /** Keys that it was to drop and has not acknowledged yet, each with when that was; the oldest first. */
  readonly owed: Map<string, number>;
  /** To be told that they are invalid, each with its number. */
  readonly unsent: Map<string, number>;
  readonly unsentShared: Set<string>;
}

interface Entry {
  readonly holders: Set<Sharer>;
  /** Those that have not acknowledged an invalidation of it. */
  readonly awaited: Set<Sharer>;
  /** Writes that are under way, and its falling out. */
  blocks: number;
}

export class Directory {
  readonly #term: number;
  #writesFromMs: number;
  readonly #bounds: DirectoryBounds;
  readonly #entries = new Map<string, Entry>();
  readonly #sharers = new Map<string, Sharer>();
  /** Those that have something to be told. */
  readonly #untold = new Set<Sharer>();
  readonly #fallingOut = new Set<string>();
  #seq = 0;

  /** @param beganMs When this leadership began, or later. */
  constructor(term: number, beganMs: number, bounds: DirectoryBounds = defaultBounds) {
    this.#term = term;
    this.#writesFromMs = beganMs + grantorLeaseMs(cacheLeaseMs); // SHARER-4
    this.#bounds = bounds;
  }

  get keyCount(): number {
    return this.#entries.size;
  }

  get sharerCount(): number {
    return this.#sharers.size;
  }

  /**
   * One reads a key, after a proof of leadership that was asked for since it asked. `over`: it begins a new epoch.
   * To be called in the turn in which the value is read.
   */
  read(
    node: string,
    epoch: string,
    key: string,
    nowMs: number,
    leaseMs: number = cacheLeaseMs,
  ): Grant | 'over' {
    const sharer = this.#sharerOf(node, epoch, nowMs, grantorLeaseMs(leaseMs));
    if (sharer === 'over') return 'over';
    this.#seq += 1;
    if (sharer === undefined || owesForLong(sharer, nowMs))
      return { seq: this.#seq, leaseMs: 0, line: 'none' };
    sharer.expiresMs = Math.max(sharer.expiresMs, nowMs + grantorLeaseMs(leaseMs));
    const grant = { seq: this.#seq, leaseMs };
    const entry = this.#entries.get(key);
    if (entry !== undefined && entry.blocks > 0) return { ...grant, line: 'none' }; // SHARER-2
    if (entry === undefined && this.#entries.size >= this.#bounds.maxKeys) {
      this.#makeRoom(nowMs);
      return { ...grant, line: 'none' }; // SHARER-5
    }
    const granted = entry ?? { holders: new Set(), awaited: new Set(), blocks: 0 };
    this.#entries.delete(key);
    this.#entries.set(key, granted); // The latest last.
    for (const holder of granted.holders)
      if (this.#isOver(holder, nowMs)) granted.holders.delete(holder);
    granted.holders.add(sharer);
    if (granted.holders.size === 1) return { ...grant, line: 'exclusive' };
    if (granted.holders.size === 2)
      for (const holder of granted.holders)
        if (holder !== sharer) {
          holder.unsentShared.add(key);
          this.#untold.add(holder);
        }
    return { ...grant, line: 'shared' };
  }

  /** A write of this key waits to go into the log. */
  beginWrite(key: string, nowMs: number): void {
    const entry = this.#entries.get(key) ?? {
      holders: new Set<Sharer>(),
      awaited: new Set<Sharer>(),
      blocks: 0,
    };
    this.#entries.set(key, entry);
    this.#invalidate(key, entry, nowMs);
  }

  /** It has been applied, or certainly never will be. */
  endWrite(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.blocks -= 1;
    if (entry.blocks === 0 && entry.holders.size === 0) this.#entries.delete(key);
  }

  /** SHARER-1, SHARER-4. */
  isClear(key: string, nowMs: number): boolean {
    const entry = this.#entries.get(key);
    return nowMs >= this.#writesFromMs && (entry === undefined || this.#isDropped(entry, nowMs));
  }

  /** When it is clear at the latest. */
  clearAtMs(key: string): number {
    let latestMs = this.#writesFromMs;
    for (const { expiresMs } of this.#entries.get(key)?.awaited ?? [])
      latestMs = Math.max(latestMs, expiresMs);
    return latestMs;
  }

  /** Whether a line of it may be anywhere. */
  knows(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Undefined: there is none, or not any more. */
  sharer(node: string, epoch: string): Sharer | undefined {
    return this.#sharers.get(nameOf(node, epoch));
  }

  /** It has dropped all that it had under this epoch, and keeps nothing that comes under it. */
  left(sharer: Sharer): void {
    this.#end(sharer);
  }

  get hasUntold(): boolean {
    return this.#untold.size > 0;
  }

  /** Who has something to be told. */
  *toTell(nowMs: number): Generator<Sharer, void, undefined> {
    for (const sharer of this.#untold) if (!this.#isOver(sharer, nowMs)) yield sharer;
  }

  /** Invalidations that were not acknowledged yet. */
  get owedCount(): number {
    let count = 0;
    for (const { isOver, owed } of this.#sharers.values()) if (!isOver) count += owed.size;
    return count;
  }

  /** What it is told next. Whoever takes it tells what became of it by `acknowledged` or `notTold`. */
  take(sharer: Sharer): Invalidation {
    const keys: string[] = [];
    let seq = 0;
    for (const [key, number] of sharer.unsent) {
      if (keys.length >= keysPerMessage) break;
      sharer.unsent.delete(key);
      keys.push(key);
      seq = Math.max(seq, number);
    }
    const shared = [...sharer.unsentShared];
    sharer.unsentShared.clear();
    if (sharer.unsent.size === 0) this.#untold.delete(sharer);
    return { term: this.#term, epoch: sharer.epoch, seq, keys, shared };
  }

  /** It has dropped these. */
  acknowledged(sharer: Sharer, { keys }: Invalidation, nowMs: number): void {
    for (const key of keys) {
      const entry = this.#entries.get(key);
      sharer.owed.delete(key);
      if (entry === undefined || !entry.awaited.delete(sharer)) continue;
      entry.holders.delete(sharer);
      this.#fellOut(key, entry, nowMs);
    }
  }

  /** It is to be told again. */
  notTold(sharer: Sharer, { keys, seq }: Invalidation): void {
    if (sharer.isOver) return;
    for (const key of keys)
      if (this.#entries.get(key)?.awaited.has(sharer) === true && !sharer.unsent.has(key)) {
        sharer.unsent.set(key, seq);
        this.#untold.add(sharer);
      }
  }

  /** What only time brings about. */
  onTick(nowMs: number): void {
    for (const [name, sharer] of this.#sharers)
      if (this.#isOver(sharer, nowMs)) this.#sharers.delete(name); // SHARER-5
    for (const key of this.#fallingOut) {
      const entry = this.#entries.get(key);
      if (entry !== undefined) this.#fellOut(key, entry, nowMs);
    }
  }

  /** Undefined: there are too many. */
  #sharerOf(
    node: string,
    epoch: string,
    nowMs: number,
    leaseMs: number,
  ): Sharer | 'over' | undefined {
    const name = nameOf(node, epoch);
    const known = this.#sharers.get(name);
    if (known !== undefined) return this.#isOver(known, nowMs) ? 'over' : known;
    if (this.#sharers.size >= this.#bounds.maxSharers) return undefined; // SHARER-5
    const sharer: Sharer = {
      node,
      epoch,
      expiresMs: nowMs + leaseMs,
      isOver: false,
      owed: new Map(),
      unsent: new Map(),
      unsentShared: new Set(),
    };
    this.#sharers.set(name, sharer);
    return sharer;
  }

  /**
   * SHARER-3: one that comes back under an epoch that is forgotten here begins as a new one, with no lines; those that it had then
   * are under a lease that has run out, and it has dropped them (LINE-2).
   */
  #isOver(sharer: Sharer, nowMs: number): boolean {
    if (sharer.isOver) return true;
    if (nowMs < sharer.expiresMs) return false;
    this.#end(sharer);
    return true;
  }

  #end(sharer: Sharer): void {
    sharer.isOver = true;
    sharer.unsent.clear();
    sharer.unsentShared.clear();
    sharer.owed.clear();
    this.#untold.delete(sharer);
  }

  #invalidate(key: string, entry: Entry, nowMs: number): void {
    entry.blocks += 1; // SHARER-2
    for (const holder of entry.holders) {
      if (this.#isOver(holder, nowMs)) entry.holders.delete(holder);
      else if (!entry.awaited.has(holder)) {
        this.#seq += 1;
        entry.awaited.add(holder);
        holder.owed.set(key, nowMs);
        holder.unsent.set(key, this.#seq);
        this.#untold.add(holder);
      }
    }
  }

  #isDropped({ holders, awaited }: Entry, nowMs: number): boolean {
    for (const sharer of awaited)
      if (this.#isOver(sharer, nowMs)) {
        awaited.delete(sharer);
        holders.delete(sharer);
      }
    return awaited.size === 0;
  }

  /** SHARER-5: those that were read longest ago. */
  #makeRoom(nowMs: number): void {
    for (const [key, entry] of this.#entries) {
      if (this.#fallingOut.size >= mostFallingOut) return;
      if (entry.blocks > 0) continue;
      this.#fallingOut.add(key);
      this.#invalidate(key, entry, nowMs);
      this.#fellOut(key, entry, nowMs);
    }
  }

  #fellOut(key: string, entry: Entry, nowMs: number): void {
    if (!this.#fallingOut.has(key) || !this.#isDropped(entry, nowMs)) return;
    this.#fallingOut.delete(key);
    this.endWrite(key);
  }
}

function owesForLong({ owed }: Sharer, nowMs: number): boolean {
  for (const sinceMs of owed.values()) return nowMs - sinceMs > longestOwedMs;
  return false;
}

const nameOf = (node: string, epoch: string): string => `${node} ${epoch}`;
