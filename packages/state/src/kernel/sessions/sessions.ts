/**
 * Sessions that live. Those that have ended are in ended-sessions.ts.
 *
 * STATE-HOLDS-1: a page of holds or waits costs what is on it, and one has its place from its beginning to its end: that of its first
 *     token, or of its sequence number. New ones come behind all others, so a reader that goes on after the last number
 *     it has seen misses nothing that stands throughout. Few are brought into this order when a page is first asked for;
 *     from `orderedFrom` on they are kept in it, so that no page has to order many.
 */
import { anonymousIdentity } from '../commands.ts';
import type { CallerUse } from '../caller-use.ts';
import { hashOfNumber } from '../collections/hash.ts';
import { HoldDigest } from './hold-digest.ts';
import { OrderedByNumber } from '../collections/ordered-by-number.ts';
import type { ReadableByNumber } from '../collections/ordered-by-number.ts';
import { OrderedMap } from '../collections/ordered-map.ts';
import type { ReadableMap } from '../collections/ordered-map.ts';
import { RequestTable } from '../requests.ts';
import { valueBytes } from '../weights.ts';
import type { Terms } from '../terms.ts';
import type {
  ClusterTimeMs,
  FenceToken,
  JsonValue,
  ResourceKind,
  ResourceName,
  SessionId,
} from '../names.ts';

/** STATE-HOLDS-1. */
const orderedFrom = 512;

/** What a session has to know of what it holds. */
export interface HoldFacts {
  readonly pool: { readonly kind: ResourceKind; readonly name: ResourceName };
  fenceToken: FenceToken;
  readonly firstToken: FenceToken;
  metadata: JsonValue | undefined;
}

/** What it has to know of its waits. */
export interface WaitFacts {
  readonly sequence: number;
  readonly terms: Terms | undefined;
}

/** What a session is a member of until it leaves or ends, without holding any of it. */
export interface Joined {
  readonly name: ResourceName;
  /** Never used twice. */
  readonly round: number;
}

const fenceTokenOf = ({ fenceToken }: HoldFacts): number => fenceToken;
const noLeads: ReadableByNumber<never> = new OrderedByNumber<never>(fenceTokenOf);
const firstTokenOf = ({ firstToken }: HoldFacts): number => firstToken;
const sequenceOf = ({ sequence }: WaitFacts): number => sequence;
const roundOf = ({ round }: Joined): number => round;
const noneJoined: ReadableByNumber<Joined> = new OrderedByNumber<Joined>(roundOf);

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
  /** The identity that made it; `anonymous` when absent (OWNER-1). */
  readonly owner?: string;
}

export class SessionOf<Hold extends HoldFacts, Waiter extends WaitFacts> {
  readonly id: SessionId;
  readonly clientId: string;
  readonly timeoutMs: number;
  readonly lockDelayMs: number;
  readonly createdAtMs: number;
  readonly own: boolean;
  /** The identity whose it is (OWNER-1). */
  readonly owner: string;
  /** What all sessions of its caller have (QUOTA-3). */
  readonly use: CallerUse;
  living = true;
  /** Set once it has ended. */
  over: SessionOver | undefined = undefined;
  renewal = 1;
  /** The leadership in which it was last heard of (HEARD-1). */
  heardIn: number;
  /** Copies of the request that made it may be executed until then (MEM-1). */
  copiesUntilMs: ClusterTimeMs = 0;
  readonly #holds = new OrderedByNumber<Hold>(fenceTokenOf);
  readonly #permits = new OrderedByNumber<Hold>(fenceTokenOf);
  /** Elections that it leads. Few sessions lead: made when first needed. */
  #leads: OrderedByNumber<Hold> | undefined = undefined;
  /** What it has joined and not left, by their rounds: a restored session knows no other order. */
  #joined: OrderedByNumber<Joined> | undefined = undefined;
  /** Of what it holds and waits for (QUOTA-2). */
  #metadataBytes = 0;
  /** Of all that it holds. */
  readonly #digest: HoldDigest = new HoldDigest();
  /** By their first tokens. Made when a page of holds is asked for, or there are many (STATE-HOLDS-1). */
  #order: OrderedByNumber<Hold> | undefined = undefined;
  readonly #waits = new OrderedMap<number, Waiter>(hashOfNumber);
  /** By their sequence numbers, likewise. */
  #waitOrder: OrderedByNumber<Waiter> | undefined = undefined;
  readonly requests: RequestTable<Waiter>;
  /** The number of the last snapshot that has this record, see snapshot.ts. */
  savedIn: number;

  constructor(
    facts: SessionFacts,
    use: CallerUse,
    savedIn: number,
    heardIn: number,
    requests: RequestTable<Waiter> = new RequestTable<Waiter>(use),
  ) {
    this.id = facts.id;
    this.clientId = facts.clientId;
    this.timeoutMs = facts.timeoutMs;
    this.lockDelayMs = facts.lockDelayMs;
    this.createdAtMs = facts.createdAtMs;
    this.own = facts.own;
    this.owner = facts.owner ?? anonymousIdentity;
    this.use = use;
    this.savedIn = savedIn;
    this.heardIn = heardIn;
    this.requests = requests;
  }

  /** Holds of locks, by their tokens and in the order of these. A pool tells which hold of it a session has. */
  get holds(): ReadableByNumber<Hold> {
    return this.#holds;
  }

  /** Holds of semaphores, likewise. */
  get permits(): ReadableByNumber<Hold> {
    return this.#permits;
  }

  get leads(): ReadableByNumber<Hold> {
    return this.#leads ?? noLeads;
  }

  /** By their sequence numbers, and in the order of these. */
  get waits(): ReadableMap<number, Waiter> {
    return this.#waits;
  }

  /** By their rounds. */
  get joined(): ReadableByNumber<Joined> {
    return this.#joined ?? noneJoined;
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
    this.#order ??= this.#holdsInOrder();
    return this.#order.after(token);
  }

  /** A hold begins, or comes back from a snapshot. */
  addHold(hold: Hold): void {
    const { pool, firstToken } = hold;
    if (pool.kind === 'lock') this.#holds.add(hold);
    else if (pool.kind === 'semaphore') this.#permits.add(hold);
    else (this.#leads ??= new OrderedByNumber<Hold>(fenceTokenOf)).add(hold);
    this.#digest.add(firstToken);
    this.use.load += 1;
    this.#weigh(valueBytes(hold.metadata));
    if (this.#order !== undefined) this.#order.add(hold);
    else if (this.holdCount >= orderedFrom) this.#order = this.#holdsInOrder();
  }

  #holdsInOrder(): OrderedByNumber<Hold> {
    const order = new OrderedByNumber<Hold>(firstTokenOf);
    for (const holds of [this.#holds, this.#permits, this.leads])
      for (const hold of holds.values()) order.add(hold);
    return order;
  }

  /** A hold has ended. */
  removeHold(hold: Hold): void {
    const { pool, fenceToken, firstToken } = hold;
    if (pool.kind === 'lock') this.#holds.remove(fenceToken);
    else if (pool.kind === 'semaphore') this.#permits.remove(fenceToken);
    else this.#leads?.remove(fenceToken);
    this.#digest.remove(firstToken);
    this.use.load -= 1;
    this.#weigh(-valueBytes(hold.metadata));
    if (this.holdCount === 0) this.#order = undefined;
    else this.#order?.remove(firstToken);
  }

  /** A hold of a lock has a later token, and its place behind all others. */
  renewToken(hold: Hold, token: FenceToken): void {
    this.#holds.remove(hold.fenceToken);
    hold.fenceToken = token;
    this.#holds.add(hold);
  }

  /** Its waits whose sequence numbers are above `sequence`, in order of these. */
  waitsAfter(sequence: number): Iterable<Waiter> {
    this.#waitOrder ??= this.#waitsInOrder();
    return this.#waitOrder.after(sequence);
  }

  get metadataBytes(): number {
    return this.#metadataBytes;
  }

  /** Of a hold that it has. */
  setMetadata(hold: Hold, metadata: JsonValue): void {
    this.#weigh(valueBytes(metadata) - valueBytes(hold.metadata));
    hold.metadata = metadata;
  }

  #weigh(bytes: number): void {
    this.#metadataBytes += bytes;
    this.use.metadataBytes += bytes;
  }

  /** A wait begins, or comes back from a snapshot. */
  addWait(waiter: Waiter): void {
    this.#waits.set(waiter.sequence, waiter);
    this.use.load += 1;
    this.use.waits += 1;
    this.#weigh(valueBytes(waiter.terms?.metadata));
    if (this.#waitOrder !== undefined) this.#waitOrder.add(waiter);
    else if (this.#waits.size >= orderedFrom) this.#waitOrder = this.#waitsInOrder();
  }

  #waitsInOrder(): OrderedByNumber<Waiter> {
    const order = new OrderedByNumber<Waiter>(sequenceOf);
    for (const waiter of this.#waits.values()) order.add(waiter);
    return order;
  }

  removeWait(waiter: Waiter): void {
    this.#waits.delete(waiter.sequence);
    this.use.load -= 1;
    this.use.waits -= 1;
    this.#weigh(-valueBytes(waiter.terms?.metadata));
    if (this.#waits.size === 0) this.#waitOrder = undefined;
    else this.#waitOrder?.remove(waiter.sequence);
  }

  join(one: Joined): void {
    this.#joined ??= new OrderedByNumber<Joined>(roundOf);
    this.use.load += 1;
    this.#joined.add(one);
  }

  leave(one: Joined): void {
    if (this.#joined?.get(one.round) !== one) return;
    this.#joined.remove(one.round);
    this.use.load -= 1;
    if (this.#joined.size === 0) this.#joined = undefined;
  }

  /**
   * It ends: with all that it had joined, by their rounds.
   *
   * At once, for to leave one after the other moves those behind it in their list each time.
   */
  leaveAll(): readonly Joined[] {
    const left = Array.from(this.joined.values());
    this.use.load -= left.length;
    this.#joined = undefined;
    return left;
  }

  /** Holds of all kinds, waits, and what it has joined. */
  get load(): number {
    return this.holdCount + this.#waits.size + this.joined.size;
  }
}
