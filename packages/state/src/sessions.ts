/** Sessions that live, and a bounded memory of those that ended. */
import { invariant } from './invariant.ts';
import type { Hold, Waiter } from './pool.ts';
import { RequestTable } from './requests.ts';
import type { Answer } from './requests.ts';
import type { FenceToken, RequestId, ResourceName, SessionId } from './types.ts';

/** How many ended sessions are remembered, of each kind (own and other). */
export const maxTombstones = 10_000;

export type SessionEnd = 'ended' | 'expired';

/** What never changes in a session. */
export interface SessionFacts {
  readonly id: SessionId;
  readonly clientId: string;
  readonly timeoutMs: number;
  readonly lockDelayMs: number;
  /** Wall clock, for people only. */
  readonly createdAtMs: number;
  /** Made by an acquire for its own hold; ends with it. */
  readonly own: boolean;
}

export class Session {
  readonly id: SessionId;
  readonly clientId: string;
  readonly timeoutMs: number;
  readonly lockDelayMs: number;
  readonly createdAtMs: number;
  readonly own: boolean;
  living = true;
  renewal = 1;
  /** In order of their tokens. */
  readonly holds: Map<ResourceName, Hold> = new Map<ResourceName, Hold>();
  /** Holds of semaphores by their tokens, which rise. */
  readonly permits: Map<FenceToken, Hold> = new Map<FenceToken, Hold>();
  /** In order of their sequence. */
  readonly waits: Set<Waiter> = new Set<Waiter>();
  readonly requests: RequestTable;
  /** The number of the last picture that has this record, see snapshot.ts. */
  pictured: number;

  constructor(facts: SessionFacts, pictured: number, requests: RequestTable = new RequestTable()) {
    this.id = facts.id;
    this.clientId = facts.clientId;
    this.timeoutMs = facts.timeoutMs;
    this.lockDelayMs = facts.lockDelayMs;
    this.createdAtMs = facts.createdAtMs;
    this.own = facts.own;
    this.pictured = pictured;
    this.requests = requests;
  }

  get isUnused(): boolean {
    return this.holds.size === 0 && this.permits.size === 0 && this.waits.size === 0;
  }
}

/** An ended session. An own session ends with its one request, so the answer to it is kept here. */
export interface Tombstone {
  readonly reason: SessionEnd;
  readonly last: { readonly requestId: RequestId; readonly answer: Answer } | undefined;
}

/** Remembers the latest `maxTombstones` ended sessions; the oldest is forgotten first. */
export class Graveyard {
  readonly #tombstones = new Map<SessionId, Tombstone>();
  /** The ids in order of their end: a ring once it is full. */
  readonly #order: SessionId[] = [];
  #oldest = 0;

  get(id: SessionId): Tombstone | undefined {
    return this.#tombstones.get(id);
  }

  add(id: SessionId, tombstone: Tombstone): void {
    invariant(!this.#tombstones.has(id), 'A session ends once.', id);
    this.#tombstones.set(id, tombstone);
    if (this.#order.length < maxTombstones) {
      this.#order.push(id);
      return;
    }
    const forgotten = this.#order[this.#oldest];
    if (forgotten !== undefined) this.#tombstones.delete(forgotten);
    this.#order[this.#oldest] = id;
    this.#oldest = (this.#oldest + 1) % maxTombstones;
  }

  /** As of now, oldest first. */
  entries(): readonly (readonly [SessionId, Tombstone])[] {
    const entries: (readonly [SessionId, Tombstone])[] = [];
    for (let count = 0; count < this.#order.length; count++) {
      const id = this.#order[(this.#oldest + count) % this.#order.length];
      const tombstone = id === undefined ? undefined : this.#tombstones.get(id);
      if (id !== undefined && tombstone !== undefined) entries.push([id, tombstone]);
    }
    return entries;
  }
}
