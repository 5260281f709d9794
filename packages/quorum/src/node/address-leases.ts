/**
 * How many of the leases that stand on this node each address has. Lease nodes have one key for all: by nothing else are
 * those who ask told apart.
 *
 * ADDRESS-LEASES-1: an address that has as many leases as it may is granted no further one until one of them is released or
 *     has ended: one caller does not take the places of all. A lease counts from the moment in which it is granted, so
 *     that no more are granted of those that are asked for at once, until its release is on disk.
 * ADDRESS-LEASES-2: nothing that keeps, confirms or gives back a lease is refused for it, nor the repetition of an acquire whose
 *     lease stands: whoever has more than it may keeps what it has.
 * ADDRESS-LEASES-3: a lease counts for the address that acquired or renewed it last. Addresses are not in the file: after a
 *     start a lease counts for nobody until it is renewed, or acquired again.
 * ADDRESS-LEASES-4: what is kept is bounded by the leases that stand: with each that is added more are forgotten of those that
 *     have ended. However many have ended, few are forgotten at a time, so that others are served in between.
 * ADDRESS-LEASES-5: where the disk refuses, a lease counts as it did before.
 */
import { AddressReleases } from './address-releases.ts';
import { DueTimes } from './due-times.ts';
import type { Due } from './due-times.ts';
import { tooManyLeasesOfAddress } from './host-errors.ts';
import type { HostClock } from './host-options.ts';
import type { LeaseNode } from './lease-node.ts';

/** One for each that is added would never catch up with those that have ended. */
const forgottenWithEach = 4;
/** Of an address that has many more than it may (ADDRESS-LEASES-2): some 10 ms, once for each of them. */
const forgottenAtLimit = 20_000;

export interface AddressLeasesOptions {
  /** 0: not limited, and nothing is counted. */
  readonly most: number;
  /** The same, of those that were released lately (ADDRESS-RELEASES-1). */
  readonly mostReleased: number;
  readonly node: LeaseNode;
  readonly clock: HostClock;
}

interface CountedLease extends Due {
  readonly resource: string;
  readonly id: string;
  readonly from: string;
}

/** Due when the first of its leases ends. */
interface Address extends Due {
  readonly name: string;
  readonly leases: DueTimes<CountedLease>;
}

export class AddressLeases {
  readonly #options: AddressLeasesOptions;
  readonly #releases: AddressReleases;
  /** By resource: no two leases of one stand at a time. */
  readonly #leases = new Map<string, CountedLease>();
  /** Each has a lease, and is among those that are due. */
  readonly #addresses = new Map<string, Address>();
  readonly #due = new DueTimes<Address>();
  /** By resource: as it counted before what is not on disk yet (ADDRESS-LEASES-5). */
  readonly #before = new Map<string, CountedLease | undefined>();

  constructor(options: AddressLeasesOptions) {
    const { mostReleased: most, node, clock } = options;
    this.#options = options;
    this.#releases = new AddressReleases({
      most,
      rememberMs: node.rememberMs,
      now: () => clock.now(),
    });
  }

  /** How many leases and addresses it keeps something of. */
  get size(): number {
    return this.#leases.size + this.#addresses.size + this.#releases.size;
  }

  /** It was asked to remember one more released lease. @param from Undefined: not known. */
  released(from: string | undefined): void {
    if (from !== undefined) this.#releases.add(from);
  }

  /** Before a further lease is granted (ADDRESS-LEASES-1, ADDRESS-RELEASES-1). @param from Undefined: not known. @throws HoldfastError `limit_exceeded`. */
  check(from: string | undefined): void {
    const { most } = this.#options;
    if (from === undefined) return;
    this.#releases.check(from);
    if (most === 0 || this.#countOf(from) < most) return;
    this.#forgetEndedOf(from, most);
    if (this.#countOf(from) >= most) throw tooManyLeasesOfAddress(from, most);
  }

  /**
   * Counts what was asked for of the lease of this resource, until it is on disk and then.
   *
   * @param from As of `changed`.
   * @param disk Resolves when it is on disk. @throws what this rejects with: it counts as before (ADDRESS-LEASES-5).
   */
  async synced(
    resource: string,
    from: string | undefined,
    disk: () => Promise<void>,
  ): Promise<void> {
    if (from !== undefined) this.#changing(resource, from);
    try {
      await disk();
    } catch (error) {
      this.#notSaved(resource);
      throw error;
    }
    this.#before.delete(resource);
    this.changed(resource);
  }

  /**
   * The lease of this resource was granted, renewed or released, or that came to nothing: it counts as it stands now.
   *
   * @param from Where that was asked for; undefined: the lease, if it stands, counts as before (ADDRESS-LEASES-3).
   */
  changed(resource: string, from?: string): void {
    const { most, node, clock } = this.#options;
    if (most === 0) return;
    this.#forgetEnded(forgottenWithEach);
    const before = this.#leases.get(resource);
    const lease = node.leaseOf(resource, clock.now());
    const isSame = before?.id === lease?.id;
    const counted = from ?? (isSame ? before?.from : undefined);
    if (isSame && before?.from === counted && before?.dueMs === lease?.endsAtMs) return;
    if (before !== undefined) this.#forget(before);
    if (lease === undefined || counted === undefined) return;
    const one: CountedLease = { resource, id: lease.id, from: counted, dueMs: 0, place: -1 };
    this.#leases.set(resource, one);
    this.#add(one, lease.endsAtMs);
  }

  #changing(resource: string, from: string): void {
    if (this.#options.most === 0) return;
    // Of several that are asked for in one turn the first one tells.
    if (!this.#before.has(resource)) this.#before.set(resource, this.#leases.get(resource));
    this.changed(resource, from);
  }

  /** ADDRESS-LEASES-5. */
  #notSaved(resource: string): void {
    const { node, clock } = this.#options;
    if (!this.#before.has(resource)) {
      this.changed(resource);
      return;
    }
    const before = this.#before.get(resource);
    this.#before.delete(resource);
    const counted = this.#leases.get(resource);
    if (counted !== undefined && counted !== before) this.#forget(counted);
    const lease = node.leaseOf(resource, clock.now());
    this.changed(resource, lease?.id === before?.id ? before?.from : undefined);
  }

  #countOf(from: string): number {
    return this.#addresses.get(from)?.leases.size ?? 0;
  }

  /** Its own alone: those of others may be any number (ADDRESS-LEASES-1). */
  #forgetEndedOf(from: string, most: number): void {
    const address = this.#addresses.get(from);
    if (address === undefined) return;
    const tooMany = address.leases.size - most + 1;
    this.#takeEnded(address, Math.min(tooMany, forgottenAtLimit));
  }

  /** ADDRESS-LEASES-4. */
  #forgetEnded(most: number): void {
    const now = this.#options.clock.now();
    for (let left = most; left > 0;) {
      const [address] = this.#due.takeDue(now, 1);
      if (address === undefined) return;
      left -= this.#takeEnded(address, left);
    }
  }

  /** @returns How many: at least one of an address that is due. */
  #takeEnded(address: Address, most: number): number {
    const ended = address.leases.takeDue(this.#options.clock.now(), most);
    for (const { resource } of ended) this.#leases.delete(resource);
    this.#plan(address);
    return ended.length;
  }

  #add(lease: CountedLease, endsAtMs: number): void {
    const name = lease.from;
    const address = this.#addresses.get(name) ?? {
      name,
      leases: new DueTimes<CountedLease>(),
      dueMs: 0,
      place: -1,
    };
    this.#addresses.set(name, address);
    address.leases.set(lease, endsAtMs);
    this.#plan(address);
  }

  #forget(lease: CountedLease): void {
    this.#leases.delete(lease.resource);
    const address = this.#addresses.get(lease.from);
    if (address === undefined) return;
    address.leases.remove(lease);
    this.#plan(address);
  }

  /** Its first lease may be another one now, or none. */
  #plan(address: Address): void {
    const { nextMs } = address.leases;
    if (nextMs !== undefined) {
      this.#due.set(address, nextMs);
      return;
    }
    this.#due.remove(address);
    this.#addresses.delete(address.name);
  }
}
