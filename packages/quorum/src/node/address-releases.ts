/**
 * How many leases each address released lately, of all that the node remembers (tombstones.ts).
 *
 * ADDRESS-RELEASES-1: an address that has released as many as it may, of those that the node still remembers, is granted no
 *     further lease until it has forgotten some: by acquiring and releasing without end nobody uses up the room without which
 *     none is granted to anybody (TOMBSTONE-1).
 * ADDRESS-RELEASES-2: no release is refused for it. What was released before a start counts for nobody.
 * ADDRESS-RELEASES-3: what is kept is bounded: a few numbers of each of so many addresses; beyond that those that released
 *     longest ago are forgotten.
 */
import { tooManyReleasedOfAddress } from './host-errors.ts';

const mostAddresses = 10_000;
/** Of the time for which a release is remembered: it is counted for so much longer at most. */
const parts = 15;
/** One of them has only begun. */
const slots = parts + 1;

export interface AddressReleasesOptions {
  /** 0: not limited, and nothing is counted. */
  readonly most: number;
  /** For so long a release is remembered. */
  readonly rememberMs: number;
  readonly now: () => number;
}

interface Released {
  /** The number of the latest slot. */
  latest: number;
  /** Of the latest slots, by their numbers modulo `slots`. */
  readonly counts: number[];
}

export class AddressReleases {
  readonly #options: AddressReleasesOptions;
  readonly #slotMs: number;
  /** In the order in which they released last. */
  readonly #addresses = new Map<string, Released>();

  constructor(options: AddressReleasesOptions) {
    this.#options = options;
    this.#slotMs = options.rememberMs / parts;
  }

  get size(): number {
    return this.#addresses.size;
  }

  /** A release that is remembered from now on. */
  add(from: string): void {
    if (this.#options.most === 0) return;
    const released = this.#upToNow(from) ?? { latest: this.#slot(), counts: emptySlots() };
    const at = released.latest % slots;
    released.counts[at] = (released.counts[at] ?? 0) + 1;
    this.#addresses.delete(from);
    this.#addresses.set(from, released);
    if (this.#addresses.size > mostAddresses)
      for (const [oldest] of this.#addresses) {
        this.#addresses.delete(oldest); // ADDRESS-RELEASES-3
        break;
      }
  }

  /** Before a further lease is granted (ADDRESS-RELEASES-1). @throws HoldfastError `limit_exceeded`. */
  check(from: string): void {
    const { most, now } = this.#options;
    const released = most === 0 ? undefined : this.#upToNow(from);
    if (released === undefined) return;
    let count = 0;
    for (const one of released.counts) count += one;
    if (count < most) return;
    const { latest, counts } = released;
    let oldest = latest - slots + 1;
    while (oldest < latest && counts[oldest % slots] === 0) oldest += 1;
    const inMs = oldest * this.#slotMs - now();
    throw tooManyReleasedOfAddress(from, most, Math.max(1, Math.ceil(inMs / 1000)));
  }

  /** So numbered that a slot of number n is forgotten at n times its length. */
  #slot(): number {
    return slots + Math.floor(this.#options.now() / this.#slotMs);
  }

  /** Without what is forgotten by now. */
  #upToNow(from: string): Released | undefined {
    const released = this.#addresses.get(from);
    if (released === undefined) return undefined;
    const slot = this.#slot();
    const passed = Math.min(slots, slot - released.latest);
    for (let one = 0; one < passed; one++) released.counts[(slot - one) % slots] = 0;
    released.latest = slot;
    return released;
  }
}

const emptySlots = (): number[] => Array.from({ length: slots }, () => 0);
