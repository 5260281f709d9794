/**
 * What the nodes have promised to each client, by the client's own clock: whatever the rates of clocks and however
 * late the answers, a lease is certain for its ttl less the drift buffer from the moment at which a node acted.
 *
 * A client asks for one lease of a resource at a time: what the nodes did for an earlier one counts no more.
 */
import type { LeaseRef } from '@holdfast/quorum-client';
import type { Machine } from '../world/machine.ts';

interface Promised {
  readonly leaseId: string;
  readonly majority: number;
  /** By node: when it granted or renewed the lease last, by the clock of the client. */
  readonly actedAtMs: Map<string, number>;
}

export class Promises {
  readonly #validityMs: number;
  readonly #promised = new Map<string, Promised>();

  /** @param validityMs The ttl less the drift buffer. */
  constructor(validityMs: number) {
    this.#validityMs = validityMs;
  }

  /** Before anything is asked of any node for this lease. @param voters How many the set has. */
  asked(client: Machine, { resource, leaseId }: LeaseRef, voters: number): void {
    const key = keyOf(client, resource);
    if (this.#promised.get(key)?.leaseId !== leaseId)
      this.#promised.set(key, {
        leaseId,
        majority: Math.floor(voters / 2) + 1,
        actedAtMs: new Map(),
      });
  }

  /** A grant that is repeated prolongs nothing. @param atMs When the node acted, by the clock of the client. */
  granted(client: Machine, node: string, lease: LeaseRef, atMs: number): void {
    const actedAtMs = this.#actedAtMs(client, lease);
    if (actedAtMs?.has(node) === false) actedAtMs.set(node, atMs);
  }

  renewed(client: Machine, node: string, lease: LeaseRef, atMs: number): void {
    const actedAtMs = this.#actedAtMs(client, lease);
    actedAtMs?.set(node, Math.max(atMs, actedAtMs.get(node) ?? atMs));
  }

  /** Until when a majority keeps the lease at least, by the clock of the client. */
  certainUntilMs(client: Machine, resource: string): number {
    const promised = this.#promised.get(keyOf(client, resource));
    const latestFirst = [...(promised?.actedAtMs.values() ?? [])].sort((a, b) => b - a);
    const last = latestFirst[(promised?.majority ?? 0) - 1];
    return (last ?? Number.NEGATIVE_INFINITY) + this.#validityMs;
  }

  /** Undefined: it is asked for no more. */
  #actedAtMs(client: Machine, lease: LeaseRef): Map<string, number> | undefined {
    const promised = this.#promised.get(keyOf(client, lease.resource));
    return promised?.leaseId === lease.leaseId ? promised.actedAtMs : undefined;
  }
}

const keyOf = ({ name }: Machine, resource: string): string => JSON.stringify([name, resource]);
