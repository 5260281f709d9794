/**
 * Who has lines of which keys: the nodes, as the leader of one term knows it, or the clients of one node, as that does. Pure:
 * the time, by the monotonic clock of who grants, is handed in, and what is to be sent is taken out.
 *
 * SHARER-1: a write is clear to go into the log only when every sharer that may have a line of its key has acknowledged that it
 *     dropped it, or its lease has run out. A write that is applied therefore is seen by every read that begins after
 *     it, wherever that is asked.
 * SHARER-2: from when a write of a key begins until it is applied, or certainly never will be, nobody is granted a line of that key.
 * SHARER-3: a sharer whose lease has run out is over for good: it is granted nothing more under the memory id that it had then. One that
 *     owes an acknowledgement for long is granted no more time: a write waits for nobody longer than
 *     `longestOwedMs` and a lease.
 * SHARER-4: no write is clear before the leases that earlier leaders granted have run out. Those were granted after a proof of
 *     leadership, that is before this leadership began, and their nodes count them from before that proof. The first
 *     leader of a cluster, whose log has nothing of another one, has nobody to wait for; nor has one that heard of all who may have
 *     such leases that nothing is left under them (earlier-lines.ts).
 * SHARER-5: there are at most `maxKeys` keys and `maxSharers` sharers. A key that falls out is invalidated as if it had changed,
 *     and is known until that is done; meanwhile, and beyond the bound of sharers, reads are answered without a line.
 * SHARER-6: no one of them takes the place of the others: of one node or client at most `maxKeysEach` keys and `maxMemoriesEach` sharers
 *     are known. Its oldest key makes room for the next; beyond its sharers its reads are answered without a line.
 * SHARER-7: who has heard of an invalidation and waits for others to drop their lines (`heard`) is granted more time meanwhile, up to
 *     `longestHeardMs`: one silent client takes nothing from the others of its node.
 * SHARER-8: a message has at most `keysPerMessage` keys, of `bytesPerMessage` together: it fits in a frame, and is made in a moment.
 *     Writes wait for keys that became invalid: those go first. What is left goes with the next message.
 * SHARER-9: a read looks at no more than `lookedAtPerRead` sharers of its key, and at as many keys to make room; an acknowledgement at
 *     the first sharer that is still awaited. Those that are over are found by the reads, writes and ticks that follow.
 */
import { cacheLeaseMs, grantorLeaseMs } from '@holdfast/protocol/cache';
import type { LineGrant, Invalidation } from '@holdfast/protocol/cache';
import { Delays } from './delays.ts';
import { newEntry } from './entry.ts';
import type { DirectoryEntry } from './entry.ts';
import { newSharer, owesForLong, takeMessage } from './sharer.ts';
import type { Sharer } from './sharer.ts';

export interface DirectoryBounds {
  readonly maxKeys: number;
  readonly maxSharers: number;
  readonly maxKeysEach: number;
  readonly maxMemoriesEach: number;
}
export const defaultBounds: DirectoryBounds = {
  maxKeys: 100_000,
  maxSharers: 1000,
  maxKeysEach: 60_000,
  maxMemoriesEach: 50,
};
/** Keys that fall out at a time. */
const mostFallingOut = 100;
/** SHARER-9. */
const lookedAtPerRead = 200;

export class Directory {
  readonly #term: number;
  #writesFromMs: number;
  readonly #bounds: DirectoryBounds;
  readonly #entries = new Map<string, DirectoryEntry>();
  readonly #sharers = new Map<string, Sharer>();
  /** Those that have something to be told. */
  readonly #untold = new Set<Sharer>();
  readonly #fallingOut = new Set<string>();
  /** SHARER-6: how many sharers a node or client is. */
  readonly #memoriesOf = new Map<string, number>();
  readonly #delays: Delays;
  #seq = 0;

  /** @param beganMs When this leadership began, or later. */
  constructor(
    term: number,
    beganMs: number,
    bounds: DirectoryBounds = defaultBounds,
    delays: Delays = new Delays(),
  ) {
    this.#delays = delays;
    this.#term = term;
    this.#writesFromMs = beganMs + grantorLeaseMs(cacheLeaseMs); // SHARER-4
    this.#bounds = bounds;
  }

  /** SHARER-4: nothing is left under leases that earlier leaders granted. */
  earlierAreOver(): void {
    this.#writesFromMs = Number.NEGATIVE_INFINITY;
  }

  /** SHARER-4. */
  get writesFromMs(): number {
    return this.#writesFromMs;
  }

  get keyCount(): number {
    return this.#entries.size;
  }

  get sharerCount(): number {
    return this.#sharers.size;
  }

  /**
   * One reads a key, after a proof of leadership that was asked for since it asked. `over`: it begins a new memory id.
   * To be called in the turn in which the value is read.
   */
  read(
    node: string,
    memoryId: string,
    key: string,
    nowMs: number,
    leaseMs: number = cacheLeaseMs,
  ): LineGrant | 'over' {
    const sharer = this.#sharerOf(node, memoryId, nowMs, grantorLeaseMs(leaseMs));
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
    if (sharer.keys.size >= this.#bounds.maxKeysEach && !sharer.keys.has(key)) {
      this.#makeRoomOf(sharer, nowMs);
      return { ...grant, line: 'none' }; // SHARER-6
    }
    sharer.keys.add(key);
    const granted = entry ?? newEntry();
    this.#entries.delete(key);
    this.#entries.set(key, granted); // The latest last.
    this.#forgetOverAmong(granted.holders, nowMs);
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
    const entry = this.#entries.get(key) ?? newEntry();
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
  sharer(node: string, memoryId: string): Sharer | undefined {
    return this.#sharers.get(nameOf(node, memoryId));
  }

  /** It has dropped all that it had under this memory id, and keeps nothing that comes under it. */
  left(sharer: Sharer): void {
    this.#end(sharer);
  }

  get sharers(): Iterable<Sharer> {
    return this.#sharers.values();
  }

  /** Whether its lease has run out, or it has left. */
  isGone(sharer: Sharer, nowMs: number): boolean {
    return this.#isOver(sharer, nowMs);
  }

  /** Those whose leases live. */
  live(nowMs: number): Sharer[] {
    return [...this.#sharers.values()].filter((sharer) => !this.#isOver(sharer, nowMs));
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
    for (const { isOver, owed, heard } of this.#sharers.values())
      if (!isOver) count += owed.size + heard.size;
    return count;
  }

  /** What it is told next. Whoever takes it tells what became of it by `acknowledged` or `notTold`. */
  take(sharer: Sharer): Invalidation {
    const message = takeMessage(sharer);
    if (sharer.unsent.size === 0 && sharer.unsentShared.size === 0) this.#untold.delete(sharer);
    return { term: this.#term, memoryId: sharer.memoryId, ...message };
  }

  /** SHARER-7: it has heard that it has to drop these, and waits for others. */
  heard(sharer: Sharer, keys: readonly string[]): void {
    for (const key of keys) {
      const sinceMs = sharer.owed.get(key);
      if (sinceMs === undefined) continue;
      sharer.owed.delete(key);
      sharer.heard.set(key, sinceMs);
    }
  }

  /** It has dropped these. */
  acknowledged(sharer: Sharer, keys: readonly string[], nowMs: number): void {
    for (const key of keys) {
      const entry = this.#entries.get(key);
      const sinceMs = sharer.owed.get(key) ?? sharer.heard.get(key);
      if (sinceMs !== undefined) this.#delays.note(sharer.node, nowMs - sinceMs, false);
      sharer.owed.delete(key);
      sharer.heard.delete(key);
      if (entry === undefined || !entry.awaited.delete(sharer)) continue;
      entry.holders.delete(sharer);
      sharer.keys.delete(key);
      this.#fellOut(key, entry, nowMs);
    }
  }

  /** It is to be told again. */
  notTold(sharer: Sharer, keys: readonly string[], seq: number): void {
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
      if (this.#isOver(sharer, nowMs)) this.#forget(name, sharer); // SHARER-5
    for (const key of this.#fallingOut) {
      const entry = this.#entries.get(key);
      if (entry !== undefined) this.#fellOut(key, entry, nowMs);
    }
  }

  /** Undefined: there are too many. */
  #sharerOf(
    node: string,
    memoryId: string,
    nowMs: number,
    leaseMs: number,
  ): Sharer | 'over' | undefined {
    const name = nameOf(node, memoryId);
    const known = this.#sharers.get(name);
    if (known !== undefined) return this.#isOver(known, nowMs) ? 'over' : known;
    const memoryIds = this.#memoriesOf.get(node) ?? 0;
    if (memoryIds >= this.#bounds.maxMemoriesEach) return undefined; // SHARER-6
    if (this.#sharers.size >= this.#bounds.maxSharers) return undefined; // SHARER-5
    this.#memoriesOf.set(node, memoryIds + 1);
    const sharer = newSharer(node, memoryId, nowMs + leaseMs);
    this.#sharers.set(name, sharer);
    return sharer;
  }

  /**
   * SHARER-3: one that comes back under a memory id that is forgotten here begins as a new one, with no lines; those that it had then
   * are under a lease that has run out, and it has dropped them (LINE-2).
   */
  #isOver(sharer: Sharer, nowMs: number): boolean {
    if (sharer.isOver) return true;
    if (nowMs < sharer.expiresMs) return false;
    for (const owed of [sharer.owed, sharer.heard])
      for (const sinceMs of owed.values()) this.#delays.note(sharer.node, nowMs - sinceMs, true);
    this.#end(sharer);
    return true;
  }

  #forget(name: string, { node }: Sharer): void {
    this.#sharers.delete(name);
    const others = (this.#memoriesOf.get(node) ?? 1) - 1;
    if (others > 0) this.#memoriesOf.set(node, others);
    else this.#memoriesOf.delete(node);
  }

  #end(sharer: Sharer): void {
    sharer.isOver = true;
    sharer.unsent.clear();
    sharer.unsentShared.clear();
    sharer.owed.clear();
    sharer.heard.clear();
    sharer.keys.clear();
    this.#untold.delete(sharer);
  }

  #invalidate(key: string, entry: DirectoryEntry, nowMs: number): void {
    entry.blocks += 1; // SHARER-2
    for (const holder of entry.holders) {
      if (this.#isOver(holder, nowMs)) entry.holders.delete(holder);
      else if (!entry.awaited.has(holder)) this.#await(key, entry, holder, nowMs);
    }
  }

  #await(key: string, entry: DirectoryEntry, holder: Sharer, nowMs: number): void {
    this.#seq += 1;
    entry.awaited.add(holder);
    holder.owed.set(key, nowMs);
    holder.unsent.set(key, this.#seq);
    holder.unsentShared.delete(key);
    this.#untold.add(holder);
  }

  #isDropped({ holders, awaited }: DirectoryEntry, nowMs: number): boolean {
    for (const sharer of awaited) {
      if (!this.#isOver(sharer, nowMs)) return false; // SHARER-9
      awaited.delete(sharer);
      holders.delete(sharer);
    }
    return true;
  }

  /** SHARER-9: those that are not over go behind the others, so that the next look finds others. */
  #forgetOverAmong(holders: Set<Sharer>, nowMs: number): void {
    let left = Math.min(lookedAtPerRead, holders.size);
    for (const holder of holders) {
      if (left === 0) return;
      left -= 1;
      holders.delete(holder);
      if (!this.#isOver(holder, nowMs)) holders.add(holder);
    }
  }

  /** SHARER-5: those that were read longest ago. */
  #makeRoom(nowMs: number): void {
    let left = lookedAtPerRead; // SHARER-9
    for (const [key, entry] of this.#entries) {
      if (left === 0 || this.#fallingOut.size >= mostFallingOut) return;
      left -= 1;
      if (entry.blocks > 0) {
        this.#entries.delete(key);
        this.#entries.set(key, entry); // Others are looked at the next time.
        continue;
      }
      this.#fallingOut.add(key);
      this.#invalidate(key, entry, nowMs);
      this.#fellOut(key, entry, nowMs);
    }
  }

  /** SHARER-6: what it was granted longest ago, as if that had changed; others keep it. */
  #makeRoomOf(sharer: Sharer, nowMs: number): void {
    let left = Math.min(lookedAtPerRead, sharer.keys.size); // SHARER-9
    for (const key of sharer.keys) {
      if (left === 0 || this.#fallingOut.size >= mostFallingOut) return;
      left -= 1;
      const entry = this.#entries.get(key);
      if (entry?.holders.has(sharer) !== true) {
        sharer.keys.delete(key);
        return;
      }
      if (entry.blocks > 0) {
        sharer.keys.delete(key);
        sharer.keys.add(key);
        continue;
      }
      this.#fallingOut.add(key);
      entry.blocks += 1; // SHARER-2
      this.#await(key, entry, sharer, nowMs);
    }
  }

  #fellOut(key: string, entry: DirectoryEntry, nowMs: number): void {
    if (!this.#fallingOut.has(key) || !this.#isDropped(entry, nowMs)) return;
    this.#fallingOut.delete(key);
    this.endWrite(key);
  }
}

const nameOf = (node: string, memoryId: string): string => `${node} ${memoryId}`;
