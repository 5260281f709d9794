/**
 * A resource is a pool of units with a queue: the one mechanism under every primitive. It knows
 * units and turns; what a unit means (a reader, a permit) is decided above it.
 *
 * STATE-POOL-1: the units of all holds never exceed the size of the pool.
 * STATE-POOL-2: a turn is first come, first served: nobody who needs units is given some while another waits
 *     ahead, however few it needs (else a stream of small requests starves a large one).
 * STATE-POOL-3: a closed pool (lock delay) gives no units.
 * STATE-POOL-4: a pool that nobody holds, waits for or is kept out of does not exist, unless it was made to stay.
 * STATE-POOL-5: when the size of a pool is lowered its holders keep what they have; nothing is given until there
 *     is room again.
 */
import { Chain } from '../../kernel/collections/chain.ts';
import type { Link } from '../../kernel/collections/chain.ts';
import type { DueItem } from '../../kernel/due.ts';
import { invariant } from '../../kernel/invariant.ts';
import type { AnswerOf, RequestOf } from '../../kernel/answers.ts';
import type { SessionOf } from '../../kernel/sessions/sessions.ts';
import type { Terms } from '../../kernel/terms.ts';
import type {
  FenceToken,
  JsonValue,
  RequestId,
  ResourceKind,
  ResourceName,
} from '../../kernel/names.ts';

export type Session = SessionOf<Hold, Waiter>;
export type Answer = AnswerOf<Waiter>;
export type LastRequest = RequestOf<Waiter>;

export interface Hold extends Link<Hold> {
  readonly session: Session;
  readonly pool: Pool;
  units: number;
  /** The token of the latest grant of this hold. */
  fenceToken: FenceToken;
  /** The token with which this hold began. Tokens from here to `fenceToken` are not stale for it. */
  readonly firstToken: FenceToken;
  /** How many acquires it answers for. */
  holdCount: number;
  /** How many of them asked for all units; of a leadership how many were told of it, those cancelled too. */
  exclusiveCount: number;
  readonly acquiredAtMs: number;
  /** The value of a leader. */
  metadata: JsonValue | undefined;
  /** When it ends by itself, if ever. */
  maxHoldExpiry: MaxHoldExpiry | undefined;
}

export interface Waiter extends Link<Waiter>, DueItem {
  readonly kind: 'wait';
  readonly session: Session;
  readonly pool: Pool;
  readonly requestId: RequestId;
  readonly units: number;
  readonly acquiredAtMs: number;
  readonly terms: Terms | undefined;
  /** How many that came later were put ahead of it. */
  passed: number;
  readonly answer: Answer;
  /** Of an acquire of several: all its waiters, in the order of what was wanted. */
  readonly together: MultiAcquire | undefined;
}

/** One acquire of several resources, in several queues at once. */
export interface MultiAcquire {
  readonly waiters: Waiter[];
  readonly answer: Answer;
}

/** The end of a hold's longest time. */
export interface MaxHoldExpiry extends DueItem {
  readonly kind: 'max_hold_expiry';
  readonly hold: Hold;
}

/** The end of a lock delay. */
export interface LockDelayEnd extends DueItem {
  readonly kind: 'lock_delay_end';
  readonly pool: Pool;
}

/** At the same time a pool opens and holds end before a wait for it runs out. */
export const lockDelayEndRank = 0;
export const maxHoldExpiryRank = 1;
export const waitRank = 2;

export class Pool {
  readonly kind: ResourceKind;
  readonly name: ResourceName;
  size: number;
  free: number;
  /** It remains when nobody uses it (STATE-POOL-4). */
  persistent = false;
  readonly holds: Chain<Hold> = new Chain<Hold>();
  /** Another one after every change of what is held; its value is of this node alone. */
  holdsVersion = 0;
  readonly queue: Chain<Waiter> = new Chain<Waiter>();
  /** Set while the pool is closed. */
  lockDelayEnd: LockDelayEnd | undefined = undefined;
  /** Its name is in the index of those that are used (NAMES-2). */
  listed = false;
  /** Of the map that has this pool. */
  shard = 0;
  /** Rises in the order of the shard that has this pool; its value is of this node alone. */
  ordinal = 0;
  /** The number of the last snapshot that has this record, see snapshot.ts. */
  savedIn: number;

  constructor(kind: ResourceKind, name: ResourceName, size: number, savedIn: number) {
    this.kind = kind;
    this.name = name;
    this.size = size;
    this.free = size;
    this.savedIn = savedIn;
  }

  /** Whether it stands before another pool of its kind, in the order of their map. */
  isBefore(other: Pool): boolean {
    return this.shard === other.shard ? this.ordinal < other.ordinal : this.shard < other.shard;
  }

  get isIdle(): boolean {
    return (
      this.holds.length === 0 &&
      this.queue.length === 0 &&
      this.lockDelayEnd === undefined &&
      !this.persistent
    );
  }

  /**
   * Whether it is possible to bring a session from what it holds (`held`) to `units`, the queue
   * left aside. What a session holds already covers anything smaller, closed or not.
   */
  fits(units: number, held: Hold | undefined): boolean {
    if (held === undefined) return this.lockDelayEnd === undefined && this.free >= units; // STATE-POOL-3
    return (
      held.units >= units || (this.lockDelayEnd === undefined && this.free + held.units >= units) // STATE-POOL-3
    );
  }

  /** The waiter whose turn it is, when there is enough for it. */
  nextTurn(): Waiter | undefined {
    const waiter = this.queue.first; // STATE-POOL-2
    return waiter !== undefined && this.isServable(waiter) ? waiter : undefined;
  }

  /** Whether there is enough for the first of the queue. */
  isServable(first: Waiter): boolean {
    return this.fits(first.units, this.heldBy(first.session));
  }

  /** The hold that an acquire of this session would enter: permits are never entered. */
  heldBy(session: Session): Hold | undefined {
    if (this.kind === 'lock') return session.holds.get(this.name);
    return this.kind === 'election' ? session.leads.get(this.name) : undefined;
  }

  /** STATE-POOL-5. */
  changeSize(size: number): void {
    this.free += size - this.size;
    this.size = size;
  }

  add(hold: Hold): void {
    this.#take(hold.units);
    this.holds.append(hold);
  }

  remove(hold: Hold): void {
    this.holds.remove(hold);
    this.#take(-hold.units);
  }

  /** Changes how many units a hold has. */
  resize(hold: Hold, units: number): void {
    this.#take(units - hold.units);
    hold.units = units;
  }

  #take(units: number): void {
    const free = this.free - units;
    invariant(
      (free >= 0 || units <= 0) && free <= this.size,
      'STATE-POOL-1: units held stay within the pool.',
      free,
    );
    this.free = free;
    this.holdsVersion += 1;
  }
}
