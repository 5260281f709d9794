/** What the rules VOTER-1 to VOTER-6 promise of one lease node, written down without rows, floors or changes. */
import assert from 'node:assert/strict';
import { LeaseNode } from '../../../src/node/lease-node.ts';
import { MemoryFile } from './memory-file.ts';

export type Step =
  | { readonly type: 'acquire' | 'renew'; readonly of: LeaseOf; readonly ttlMs: number }
  | { readonly type: 'confirm'; readonly of: LeaseOf; readonly above: number }
  | { readonly type: 'release'; readonly of: LeaseOf }
  | { readonly type: 'adopt'; readonly floor: number; readonly tokens: readonly AdoptedToken[] }
  | { readonly type: 'saved' | 'refused' }
  | { readonly type: 'restart'; readonly nowMs: number };
export interface LeaseOf {
  readonly resource: string;
  readonly number: number;
}
type AdoptedToken = readonly [resource: string, token: number];

interface Promised {
  leases: Map<string, { id: string; token: number; ttlMs: number; endsAtMs: number }>;
  /** Largest that was granted, confirmed or adopted. */
  largest: Map<string, number>;
  /** Oldest first. */
  tombstones: string[];
}

export const resources = ['a', 'b', 'c', 'd', 'e'];

export class NaiveNode {
  readonly #limits: { readonly maxRows: number; readonly maxTombstones: number };
  readonly #file = new MemoryFile();
  #node: LeaseNode;
  #now: Promised = { leases: new Map(), largest: new Map(), tombstones: [] };
  #saved: Promised = structuredClone(this.#now);
  #nowMs = 0;
  /** Ends of renewals that were asked for since the last save. */
  #renewedUntil: { readonly id: string; readonly endsAtMs: number }[] = [];

  /** One was released that had been forgotten since the last save: which is the oldest then is not said. */
  #buriedAgain = false;

  constructor(limits: { readonly maxRows: number; readonly maxTombstones: number }) {
    this.#limits = limits;
    this.#node = new LeaseNode(limits, this.#file.restored(), 0);
  }

  /** Does the step on the node, and asserts that everything is as promised. */
  do(step: Step, afterMs: number): void {
    this.#nowMs += afterMs;
    switch (step.type) {
      case 'acquire':
        this.#acquire(step.of, step.ttlMs);
        break;
      case 'renew':
        this.#renew(step.of, step.ttlMs);
        break;
      case 'confirm':
        this.#confirm(step.of, step.above);
        break;
      case 'release':
        this.#release(step.of);
        break;
      case 'adopt':
        this.#node.adopt(step.floor, step.tokens);
        for (const resource of resources) this.#raise(resource, step.floor);
        for (const [resource, token] of step.tokens) this.#raise(resource, token);
        break;
      case 'saved':
        this.#file.save(this.#node.changes());
        this.#node.saved();
        this.#saved = structuredClone(this.#now);
        this.#renewedUntil = [];
        this.#buriedAgain = false;
        break;
      case 'refused':
        this.#refused();
        break;
      case 'restart':
        this.#restart(step.nowMs);
        break;
    }
    this.#look();
  }

  #acquire(of: LeaseOf, ttlMs: number): void {
    const { resource } = of;
    const id = idOf(of);
    const ask = { leaseId: id, clientId: clientOf(id), ttlMs };
    const outcome = this.#node.acquire(resource, ask, this.#nowMs);
    const standing = this.#standing(resource);
    if (this.#now.tombstones.includes(id)) assert.equal(outcome.type, 'released');
    else if (standing?.id === id)
      assert.deepEqual(outcome, { type: 'granted', token: standing.token });
    else if (standing !== undefined)
      assert.deepEqual(outcome, {
        type: 'denied',
        remainingMs: standing.endsAtMs - this.#nowMs,
      });
    else if (outcome.type === 'full') {
      const stand = resources.filter((name) => this.#standing(name) !== undefined);
      assert.ok(stand.length >= this.#limits.maxRows, 'there was room');
    } else {
      assert.ok(outcome.type === 'granted', outcome.type);
      const { token } = outcome;
      const largest = this.#now.largest.get(resource) ?? 0;
      assert.ok(token > largest, `token ${String(token)} after ${String(largest)}`);
      this.#raise(resource, token);
      this.#now.leases.set(resource, { id, token, ttlMs, endsAtMs: this.#nowMs + ttlMs });
    }
  }

  #confirm(of: LeaseOf, above: number): void {
    const { resource } = of;
    const token = Math.max(1, (this.#now.largest.get(resource) ?? 0) + above);
    const stands = this.#standing(resource)?.id === idOf(of);
    assert.equal(this.#node.confirm(resource, idOf(of), token, this.#nowMs), stands);
    if (stands) this.#raise(resource, token);
  }

  #renew(of: LeaseOf, ttlMs: number): void {
    const { resource } = of;
    const standing = this.#standing(resource);
    const stands = standing?.id === idOf(of);
    assert.equal(this.#node.renew(resource, idOf(of), ttlMs, this.#nowMs), stands);
    if (!stands || standing === undefined) return;
    standing.ttlMs = ttlMs;
    standing.endsAtMs = this.#nowMs + ttlMs;
    this.#renewedUntil.push({ id: standing.id, endsAtMs: standing.endsAtMs });
    // With nothing to write it is answered at once.
    if (!this.#node.hasChanges) this.#saved.leases.set(resource, { ...standing });
  }

  #release(of: LeaseOf): void {
    const { resource } = of;
    const { tombstones, leases } = this.#now;
    const id = idOf(of);
    this.#node.release(resource, id);
    if (!tombstones.includes(id)) {
      this.#buriedAgain ||= this.#saved.tombstones.includes(id);
      tombstones.push(id);
    }
    while (tombstones.length > this.#limits.maxTombstones) tombstones.shift();
    if (leases.get(resource)?.id === id) leases.delete(resource);
  }

  /** Nothing of it happened; only a renewal that needed no write may stand. */
  #refused(): void {
    this.#node.notSaved();
    assert.ok(!this.#node.hasChanges);
    for (const [resource, lease] of this.#saved.leases) {
      const endsAtMs = this.#node.remainingMs(resource, this.#nowMs) + this.#nowMs;
      const renewed = this.#renewedUntil.some(
        (other) => other.id === lease.id && other.endsAtMs === endsAtMs,
      );
      if (renewed) lease.endsAtMs = Math.max(lease.endsAtMs, endsAtMs);
    }
    this.#now = structuredClone(this.#saved);
    this.#renewedUntil = [];
    if (this.#buriedAgain) this.#restart(this.#nowMs);
  }

  #restart(nowMs: number): void {
    const stoodBefore = new Set(
      [...this.#saved.leases]
        .filter(([, { endsAtMs }]) => endsAtMs > this.#nowMs)
        .map(([resource]) => resource),
    );
    this.#nowMs = nowMs;
    this.#renewedUntil = [];
    this.#buriedAgain = false;
    this.#node = new LeaseNode(this.#limits, this.#file.restored(), nowMs);
    for (const [resource, lease] of this.#saved.leases) {
      lease.endsAtMs = nowMs + lease.ttlMs;
      // One that had ended may have been cleaned up.
      if (!stoodBefore.has(resource) && this.#node.remainingMs(resource, nowMs) === 0)
        this.#saved.leases.delete(resource);
    }
    const kept = [...this.#file.tombstones];
    assert.deepEqual(kept.toSorted(), this.#saved.tombstones.toSorted());
    this.#saved.tombstones = kept;
    this.#now = structuredClone(this.#saved);
  }

  #look(): void {
    for (const resource of resources) {
      const standing = this.#standing(resource);
      const { clientId, maxToken } = this.#node.look(resource, this.#nowMs);
      assert.equal(clientId, standing === undefined ? undefined : clientOf(standing.id));
      const remainingMs = standing === undefined ? 0 : standing.endsAtMs - this.#nowMs;
      assert.equal(this.#node.remainingMs(resource, this.#nowMs), remainingMs);
      const largest = this.#now.largest.get(resource) ?? 0;
      assert.ok(maxToken >= largest, `${String(maxToken)} is known of ${String(largest)}`);
    }
  }

  #standing(
    resource: string,
  ): { id: string; token: number; ttlMs: number; endsAtMs: number } | undefined {
    const lease = this.#now.leases.get(resource);
    return lease !== undefined && lease.endsAtMs > this.#nowMs ? lease : undefined;
  }

  #raise(resource: string, token: number): void {
    this.#now.largest.set(resource, Math.max(this.#now.largest.get(resource) ?? 0, token));
  }
}

const idOf = ({ resource, number }: LeaseOf): string => `${resource}-${String(number)}`;
const clientOf = (id: string): string => `client of ${id}`;
