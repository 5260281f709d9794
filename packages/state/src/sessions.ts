/** Sessions that live, and a bounded memory of those that ended. */
import { HoldDigest } from './hold-digest.ts';
import { HoldOrder } from './hold-order.ts';
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
  readonly #holds: Map<ResourceName, Hold> = new Map<ResourceName, Hold>();
  readonly #permits: Map<FenceToken, Hold> = new Map<FenceToken, Hold>();
  /** Elections that it leads. Few sessions lead: made when first needed. */
  #leads: Map<ResourceName, Hold> | undefined = undefined;
  /** Barriers that it has entered and not left. */
  #barriers: Set<Barrier> | undefined = undefined;
  /** Of all that it holds. */
  readonly #digest: HoldDigest = new HoldDigest();
  /** Made when a page of holds is asked for. */
  #order: HoldOrder | undefined = undefined;
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

  /** Holds of locks, in order of their tokens. */
  get holds(): ReadonlyMap<ResourceName, Hold> {
    return this.#holds;
  }

  /** Holds of semaphores by their tokens, which rise. */
  get permits(): ReadonlyMap<FenceToken, Hold> {
    return this.#permits;
  }

  get leads(): ReadonlyMap<ResourceName, Hold> {
    return this.#leads ?? noLeads;
  }

  get barriers(): ReadonlySet<Barrier> {
    return this.#barriers ?? noBarriers;
  }

  /** Holds of all kinds. */
  get holdCount(): number {
    return this.#holds.size + this.#permits.size + this.leads.size;
  }

  /** Of its holds of all kinds, see hold-digest.ts. */
  get holdDigest(): string {
    return this.#digest.text;
  }

  /** Its holds of all kinds whose first tokens are above `token`, in order of these. */
  holdsAfter(token: number): Iterable<Hold> {
    this.#order ??= new HoldOrder([
      this.#holds.values(),
      this.#permits.values(),
      this.leads.values(),
    ]);
    return this.#order.after(token);
  }

  /** A hold begins, or comes back from a snapshot. */
  addHold(hold: Hold): void {
    const { pool, fenceToken, firstToken } = hold;
    if (pool.kind === 'lock') this.#holds.set(pool.name, hold);
    else if (pool.kind === 'semaphore') this.#permits.set(fenceToken, hold);
    else (this.#leads ??= new Map<ResourceName, Hold>()).set(pool.name, hold);
    this.#digest.add(firstToken);
    this.#order?.add(hold);
  }

  /** A hold has ended. */
  removeHold(hold: Hold): void {
    const { pool, fenceToken, firstToken } = hold;
    if (pool.kind === 'lock') this.#holds.delete(pool.name);
    else if (pool.kind === 'semaphore') this.#permits.delete(fenceToken);
    else this.#leads?.delete(pool.name);
    this.#digest.remove(firstToken);
    if (this.holdCount === 0) this.#order = undefined;
    else this.#order?.remove(hold);
  }

  /** A hold of a lock has a later token: the locks stay in order of their tokens, also after a restore. */
  raiseHold(hold: Hold): void {
    this.#holds.delete(hold.pool.name);
    this.#holds.set(hold.pool.name, hold);
  }

  enter(barrier: Barrier): void {
    (this.#barriers ??= new Set<Barrier>()).add(barrier);
  }

  leave(barrier: Barrier): void {
    this.#barriers?.delete(barrier);
  }

  /** Holds of all kinds, waits, and barriers it is in. */
  get load(): number {
    return this.holdCount + this.waits.size + this.barriers.size;
  }
}

/** An ended session. An own session ends with its one request, so the answer to it is kept here. */
export interface Tombstone {
  readonly reason: SessionEnd;
  readonly last: { readonly requestId: RequestId; readonly answer: Answer } | undefined;
}
