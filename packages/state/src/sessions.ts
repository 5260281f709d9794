/** Sessions that live, and a bounded memory of those that ended. */
import type { Barrier } from './meetings.ts';
import type { Hold, Waiter } from './pool.ts';
import { RequestTable } from './requests.ts';
import type { Answer } from './requests.ts';
import type { FenceToken, RequestId, ResourceName, SessionId } from './names.ts';

/** How many ended sessions are remembered, of each kind (own and other). */
export const maxTombstones = 10_000;

const noLeads: ReadonlyMap<ResourceName, Hold> = new Map<ResourceName, Hold>();
const noBarriers: ReadonlySet<Barrier> = new Set<Barrier>();

export type SessionEnd = 'ended' | 'expired';

/** How and when a session ended. */
export interface SessionOver {
  readonly reason: SessionEnd;
  /** Cluster time, from which a lock delay counts (ENDS-4). */
  readonly atMs: number;
  /** Orders those that end (ENDS-3). */
  readonly sequence: number;
}

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
  /** Set once it has ended. */
  over: SessionOver | undefined = undefined;
  renewal = 1;
  /** In order of their tokens. */
  readonly holds: Map<ResourceName, Hold> = new Map<ResourceName, Hold>();
  /** Holds of semaphores by their tokens, which rise. */
  readonly permits: Map<FenceToken, Hold> = new Map<FenceToken, Hold>();
  /** Elections that it leads. Few sessions lead: made when first needed. */
  #leads: Map<ResourceName, Hold> | undefined = undefined;
  /** Barriers that it has entered and not left. */
  #barriers: Set<Barrier> | undefined = undefined;
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

  get leads(): ReadonlyMap<ResourceName, Hold> {
    return this.#leads ?? noLeads;
  }

  get barriers(): ReadonlySet<Barrier> {
    return this.#barriers ?? noBarriers;
  }

  lead(hold: Hold): void {
    (this.#leads ??= new Map<ResourceName, Hold>()).set(hold.pool.name, hold);
  }

  leadNoMore(name: ResourceName): void {
    this.#leads?.delete(name);
  }

  enter(barrier: Barrier): void {
    (this.#barriers ??= new Set<Barrier>()).add(barrier);
  }

  leave(barrier: Barrier): void {
    this.#barriers?.delete(barrier);
  }

  /** Holds of all kinds, waits, and barriers it is in. */
  get load(): number {
    const lasting = this.leads.size + this.barriers.size;
    return this.holds.size + this.permits.size + this.waits.size + lasting;
  }
}

/** An ended session. An own session ends with its one request, so the answer to it is kept here. */
export interface Tombstone {
  readonly reason: SessionEnd;
  readonly last: { readonly requestId: RequestId; readonly answer: Answer } | undefined;
}
