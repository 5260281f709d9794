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
export interface NaiveLimits {
  readonly maxRows: number;
  readonly maxTombstones: number;
  readonly rememberMs: number;
}
type AdoptedToken = readonly [resource: string, token: number];

interface Promised {
  leases: Map<string, { id: string; token: number; ttlMs: number; endsAtMs: number }>;
  /** Largest that was granted, confirmed or adopted. */
  largest: Map<string, number>;
  /** When it was released last, or the node restarted. */
  tombstones: Map<string, number>;
}

export const resources = ['a', 'b', 'c', 'd', 'e'];

export class NaiveNode {
  readonly #limits: NaiveLimits;
  readonly #file = new MemoryFile();
  #node: LeaseNode;
  #now: Promised = { leases: new Map(), largest: new Map(), tombstones: new Map() };
  #saved: Promised = structuredClone(this.#now);
  #nowMs = 0;
  /** Ends of renewals that were asked for since the last save. */
  #renewedUntil: { readonly id: string; readonly endsAtMs: number }[] = [];

  constructor(limits: NaiveLimits) {
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
    if (this.#isRemembered(id)) assert.equal(outcome.type, 'released');
    else if (outcome.type === 'released') assert.ok(this.#now.tombstones.has(id), 'never released');
    else if (standing?.id === id)
      assert.deepEqual(outcome, { type: 'granted', token: standing.token });
    else if (standing !== undefined)
      assert.deepEqual(outcome, {
        type: 'denied',
        remainingMs: standing.endsAtMs - this.#nowMs,
      });
    else if (outcome.type === 'full') {
      const stand = resources.filter((name) => this.#standing(name) !== undefined);
      const { maxRows, maxTombstones } = this.#limits;
      const isFull = stand.length >= maxRows || this.#now.tombstones.size >= maxTombstones;
      assert.ok(isFull, 'there was room');
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
    const stands = this.#standing(resource)?.id === id;
    if (!this.#node.release(resource, id, this.#nowMs)) {
      assert.ok(!stands && !this.#isRemembered(id), 'refused, though it has a lease');
      assert.ok(tombstones.size >= Math.ceil(this.#limits.maxTombstones / 2), 'there was room');
      return;
    }
    tombstones.set(id, this.#nowMs);
    // With nothing to write it is answered at once.
    if (!this.#node.hasChanges) this.#saved.tombstones.set(id, this.#nowMs);
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
  }

  #restart(nowMs: number): void {
    const beforeMs = this.#nowMs;
    const stoodBefore = new Set(
      [...this.#saved.leases]
        .filter(([, { endsAtMs }]) => endsAtMs > this.#nowMs)
        .map(([resource]) => resource),
    );
    this.#nowMs = nowMs;
    this.#renewedUntil = [];
    this.#node = new LeaseNode(this.#limits, this.#file.restored(), nowMs);
    for (const [resource, lease] of this.#saved.leases) {
      lease.endsAtMs = nowMs + lease.ttlMs;
      // One that had ended may have been cleaned up.
      if (!stoodBefore.has(resource) && this.#node.remainingMs(resource, nowMs) === 0)
        this.#saved.leases.delete(resource);
    }
    const kept = [...this.#file.tombstones];
    for (const id of kept) assert.ok(this.#saved.tombstones.has(id), 'never released');
    for (const [id, releasedAtMs] of this.#saved.tombstones)
      if (beforeMs - releasedAtMs < this.#limits.rememberMs) assert.ok(kept.includes(id), id);
    this.#saved.tombstones = new Map(kept.map((id) => [id, nowMs]));
    this.#now = structuredClone(this.#saved);
  }

  #look(): void {
    const told = [...this.#node.standing(() => this.#nowMs)].flatMap((row) => row?.resource ?? []);
    const stand = resources.filter((resource) => this.#standing(resource) !== undefined);
    assert.deepEqual(told.toSorted(), stand, 'each lease that stands is told, once');
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

  /** TOMBSTONE-1. */
  #isRemembered(id: string): boolean {
    const releasedAtMs = this.#now.tombstones.get(id);
    return releasedAtMs !== undefined && this.#nowMs - releasedAtMs < this.#limits.rememberMs;
  }

  #raise(resource: string, token: number): void {
    this.#now.largest.set(resource, Math.max(this.#now.largest.get(resource) ?? 0, token));
  }
}

const idOf = ({ resource, number }: LeaseOf): string => `${resource}-${String(number)}`;
const clientOf = (id: string): string => `client of ${id}`;
