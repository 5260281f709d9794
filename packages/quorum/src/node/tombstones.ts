/**
 * The ids of released leases that a lease node remembers.
 *
 * TOMBSTONE-1: what was released is remembered for `rememberMs` at least, however many others are released meanwhile. At the
 *     limit nothing is forgotten: an id without a lease is not taken in beyond half of it, and no lease is granted beyond
 *     all of it, so that there is always room for the release of a lease that stands.
 *
 * Times are those of a monotonic clock, which means nothing after a restart: what is stored is remembered for the whole
 * time from then on.
 */
export interface TombstoneLimits {
  readonly maxTombstones: number;
  /** Left out: for good. */
  readonly rememberMs?: number;
}

/** Fewer than one for each that comes would never make room; all at once might be too many for one transaction. */
const mostForgottenAtOnce = 2;

export class Tombstones {
  readonly #limits: TombstoneLimits;
  /** When it was released last; about the oldest first. */
  readonly #releasedAtMs = new Map<string, number>();
  /** Of what is on disk: no id is in both. */
  readonly #added = new Set<string>();
  readonly #forgotten = new Map<string, number>();

  /** @param nowMs The restart. */
  constructor(limits: TombstoneLimits, restored: readonly string[], nowMs: number) {
    this.#limits = limits;
    for (const id of restored) this.#releasedAtMs.set(id, nowMs);
  }

  get count(): number {
    return this.#releasedAtMs.size;
  }

  has(id: string): boolean {
    return this.#releasedAtMs.has(id);
  }

  /** TOMBSTONE-1: whether a lease may be granted, whose release will need room. */
  hasRoomForLease(nowMs: number): boolean {
    const { maxTombstones } = this.#limits;
    if (this.#releasedAtMs.size >= maxTombstones) this.#forgetOld(nowMs);
    return this.#releasedAtMs.size < maxTombstones;
  }

  /** @param hadLease Whether it has a lease here. @returns False: it is not taken in (TOMBSTONE-1). */
  add(id: string, hadLease: boolean, nowMs: number): boolean {
    this.#forgetOld(nowMs);
    const isKnown = this.#releasedAtMs.delete(id);
    const isFull = this.#releasedAtMs.size >= Math.ceil(this.#limits.maxTombstones / 2);
    if (!isKnown && !hadLease && isFull) return false;
    this.#releasedAtMs.set(id, nowMs);
    if (!isKnown && !this.#forgotten.delete(id)) this.#added.add(id);
    return true;
  }

  #forgetOld(nowMs: number): void {
    const { rememberMs = Number.POSITIVE_INFINITY } = this.#limits;
    let left = mostForgottenAtOnce;
    for (const [id, releasedAtMs] of this.#releasedAtMs) {
      if (left-- === 0 || nowMs - releasedAtMs < rememberMs) return;
      this.#releasedAtMs.delete(id);
      if (!this.#added.delete(id)) this.#forgotten.set(id, releasedAtMs);
    }
  }

  get hasChanges(): boolean {
    return this.#added.size > 0;
  }

  changes(): { readonly tombstones: readonly string[]; readonly forgotten: readonly string[] } {
    return { tombstones: [...this.#added], forgotten: [...this.#forgotten.keys()] };
  }

  saved(): void {
    this.#added.clear();
    this.#forgotten.clear();
  }

  notSaved(): void {
    for (const id of this.#added) this.#releasedAtMs.delete(id);
    for (const [id, releasedAtMs] of this.#forgotten) this.#releasedAtMs.set(id, releasedAtMs);
    this.saved();
  }
}
