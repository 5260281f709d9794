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
 */
import { AddressReleases } from './address-releases.ts';
import { DueTimes } from './due-times.ts';
import type { Due } from './due-times.ts';
import { tooManyLeasesOfAddress } from './host-errors.ts';
import type { HostClock } from './host-options.ts';
import type { LeaseNode } from './lease-node.ts';

/** One for each that is added would never catch up with those that have ended. */
const forgottenWithEach = 4;
/** A few ms: of an address that has too many, unless some of them have ended. */
const forgottenAtLimit = 2000;

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

export class AddressLeases {
  readonly #options: AddressLeasesOptions;
  readonly #releases: AddressReleases;
  /** By resource: no two leases of one stand at a time. */
  readonly #leases = new Map<string, CountedLease>();
  readonly #ends = new DueTimes<CountedLease>();
  /** None of them is 0. */
  readonly #counts = new Map<string, number>();

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
    return this.#leases.size + this.#counts.size + this.#releases.size;
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
    this.#forgetEnded(forgottenAtLimit);
    if (this.#countOf(from) >= most) throw tooManyLeasesOfAddress(from, most);
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
    this.#ends.set(one, lease.endsAtMs);
    this.#counts.set(counted, this.#countOf(counted) + 1);
  }

  #countOf(from: string): number {
    return this.#counts.get(from) ?? 0;
  }

  /** ADDRESS-LEASES-4. */
  #forgetEnded(most: number): void {
    for (const lease of this.#ends.takeDue(this.#options.clock.now(), most)) this.#forget(lease);
  }

  #forget(lease: CountedLease): void {
    this.#ends.remove(lease);
    this.#leases.delete(lease.resource);
    const left = this.#countOf(lease.from) - 1;
    if (left === 0) this.#counts.delete(lease.from);
    else this.#counts.set(lease.from, left);
  }
}
