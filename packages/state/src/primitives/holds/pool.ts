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
import type { Link, ReadableChain } from '../../kernel/collections/chain.ts';
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
import { lockUnits } from '../lock/modes.ts';
import { HoldersOf } from './holders.ts';

export type Session = SessionOf<Hold, Waiter>;
export type Answer = AnswerOf<Waiter>;
export type LastRequest = RequestOf<Waiter>;
export type Holders = HoldersOf<Session, Hold>;

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

/** What few holds have otherwise than they began. */
interface HoldCourse {
  readonly firstToken: FenceToken;
  holdCount: number;
  exclusiveCount: number;
  metadata: JsonValue | undefined;
  maxHoldExpiry: MaxHoldExpiry | undefined;
}

/** Times are kept as two small integers: a larger number would be one more object for each hold. */
const upperStep = 2 ** 31;

/**
 * What a session holds. There may be a million holds: what most of them have as they began is in an object of its own, made
 * when it changes first.
 */
export class Hold implements Link<Hold> {
  readonly session: Session;
  readonly pool: Pool;
  #units: number;
  #fenceToken: FenceToken;
  readonly #acquiredUpper: number;
  readonly #acquiredLower: number;
  /** Undefined: it was entered once, of all units of a lock or not, and nothing else is told of it. */
  #course: HoldCourse | undefined = undefined;
  previous: Hold | undefined = undefined;
  next: Hold | undefined = undefined;

  constructor(
    session: Session,
    pool: Pool,
    units: number,
    fenceToken: FenceToken,
    acquiredAtMs: number,
  ) {
    this.session = session;
    this.pool = pool;
    this.#units = units;
    this.#fenceToken = fenceToken;
    // What is no such integer is divided by a power of 2, so that nothing of it is lost.
    const upper = acquiredAtMs / upperStep;
    this.#acquiredUpper = Number.isSafeInteger(acquiredAtMs) ? Math.floor(upper) : upper;
    this.#acquiredLower = acquiredAtMs - this.#acquiredUpper * upperStep;
  }

  get units(): number {
    return this.#units;
  }

  /** The token of the latest grant of this hold. */
  get fenceToken(): FenceToken {
    return this.#fenceToken;
  }

  set fenceToken(token: FenceToken) {
    Hold.#courseOf(this); // Its first token stays.
    this.#fenceToken = token;
  }

  /** The token with which this hold began. Tokens from here to `fenceToken` are not stale for it. */
  get firstToken(): FenceToken {
    return this.#course?.firstToken ?? this.#fenceToken;
  }

  get acquiredAtMs(): number {
    return this.#acquiredUpper * upperStep + this.#acquiredLower;
  }

  /** How many acquires it answers for. */
  get holdCount(): number {
    return this.#course?.holdCount ?? 1;
  }

  set holdCount(count: number) {
    Hold.#courseOf(this).holdCount = count;
  }

  /** How many of them asked for all units; of a leadership how many were told of it, those cancelled too. */
  get exclusiveCount(): number {
    return this.#course?.exclusiveCount ?? (this.#units === lockUnits ? 1 : 0);
  }

  set exclusiveCount(count: number) {
    if (count !== this.exclusiveCount) Hold.#courseOf(this).exclusiveCount = count;
  }

  /** The value of a leader. */
  get metadata(): JsonValue | undefined {
    return this.#course?.metadata;
  }

  set metadata(metadata: JsonValue | undefined) {
    if (metadata !== this.metadata) Hold.#courseOf(this).metadata = metadata;
  }

  /** When it ends by itself, if ever. */
  get maxHoldExpiry(): MaxHoldExpiry | undefined {
    return this.#course?.maxHoldExpiry;
  }

  set maxHoldExpiry(expiry: MaxHoldExpiry | undefined) {
    if (expiry !== this.maxHoldExpiry) Hold.#courseOf(this).maxHoldExpiry = expiry;
  }

  /** Of its pool alone, which counts its units. */
  resize(units: number): void {
    Hold.#courseOf(this); // How many asked for all of them does not change with it.
    this.#units = units;
  }

  /** Static, for a private method would be one more field of each hold. */
  static #courseOf(hold: Hold): HoldCourse {
    return (hold.#course ??= {
      firstToken: hold.#fenceToken,
      holdCount: hold.holdCount,
      exclusiveCount: hold.exclusiveCount,
      metadata: undefined,
      maxHoldExpiry: undefined,
    });
  }
}

/** Of a pool that nobody waits for; no waiter ever enters it. */
const noWaiters: ReadableChain<Waiter> = new Chain<Waiter>();

const persistentMark = 1;
const listedMark = 2;
/** The number of the shard is above the marks. */
const shardStep = 4;

/**
 * There may be a million pools, and most are locks that one session holds and nobody waits for: such a pool is this object
 * alone, with few fields, since each of them is memory that the garbage collector walks through.
 */
export class Pool {
  readonly kind: ResourceKind;
  readonly name: ResourceName;
  size: number;
  free: number;
  /** The only hold, or those of several. */
  #held: Hold | Holders | undefined = undefined;
  /** Those who wait, while anybody does. */
  #waiting: Chain<Waiter> | undefined = undefined;
  /** Set while the pool is closed. */
  lockDelayEnd: LockDelayEnd | undefined = undefined;
  /** `persistent`, `listed` and `shard`. */
  #marks = 0;
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

  /** It remains when nobody uses it (STATE-POOL-4). */
  get persistent(): boolean {
    return (this.#marks & persistentMark) !== 0;
  }

  set persistent(isPersistent: boolean) {
    this.#marks = isPersistent ? this.#marks | persistentMark : this.#marks & ~persistentMark;
  }

  /** Its name is in the index of those that are used (NAMES-2). */
  get listed(): boolean {
    return (this.#marks & listedMark) !== 0;
  }

  set listed(isListed: boolean) {
    this.#marks = isListed ? this.#marks | listedMark : this.#marks & ~listedMark;
  }

  /** Of the map that has this pool. */
  get shard(): number {
    return Math.floor(this.#marks / shardStep);
  }

  set shard(shard: number) {
    this.#marks = shard * shardStep + (this.#marks % shardStep);
  }

  /** Its holds are reached from the first by `next`, in the order in which they began. */
  get firstHold(): Hold | undefined {
    return this.#held instanceof HoldersOf ? this.#held.first : this.#held;
  }

  get holdCount(): number {
    if (this.#held === undefined) return 0;
    return this.#held instanceof HoldersOf ? this.#held.length : 1;
  }

  /** Where there is more than one hold. */
  get holders(): Holders | undefined {
    return this.#held instanceof HoldersOf ? this.#held : undefined;
  }

  *holds(): Generator<Hold, void, undefined> {
    for (let hold = this.firstHold; hold !== undefined; hold = hold.next) yield hold;
  }

  get queue(): ReadableChain<Waiter> {
    return this.#waiting ?? noWaiters;
  }

  /** Whether it stands before another pool of its kind, in the order of their map. */
  isBefore(other: Pool): boolean {
    return this.shard === other.shard ? this.ordinal < other.ordinal : this.shard < other.shard;
  }

  get isIdle(): boolean {
    return (
      this.#held === undefined &&
      this.#waiting === undefined &&
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
    if (this.kind === 'semaphore') return undefined;
    if (this.#held instanceof HoldersOf) return this.#held.of(session);
    return this.#held?.session === session ? this.#held : undefined;
  }

  /** STATE-POOL-5. */
  changeSize(size: number): void {
    this.free += size - this.size;
    this.size = size;
  }

  add(hold: Hold): void {
    take(this, hold.units);
    if (this.#held === undefined) this.#held = hold;
    else {
      if (!(this.#held instanceof HoldersOf))
        this.#held = new HoldersOf(this.#held, this.kind !== 'semaphore');
      this.#held.add(hold);
    }
  }

  remove(hold: Hold): void {
    if (this.#held instanceof HoldersOf) {
      this.#held.drop(hold);
      if (this.#held.length === 1) this.#held = this.#held.first;
    } else this.#held = undefined;
    take(this, -hold.units);
  }

  /** Changes how many units a hold has. */
  resize(hold: Hold, units: number): void {
    take(this, units - hold.units);
    hold.resize(units);
    this.holders?.changed();
  }

  /** A wait begins, behind all others. */
  enqueue(waiter: Waiter): void {
    this.enqueueAfter(this.queue.last, waiter);
  }

  /** A wait begins right behind `before`, or ahead of all when it is undefined. */
  enqueueAfter(before: Waiter | undefined, waiter: Waiter): void {
    this.#waiting ??= new Chain<Waiter>();
    this.#waiting.insertAfter(before, waiter);
  }

  dequeue(waiter: Waiter): void {
    this.#waiting?.remove(waiter);
    if (this.#waiting?.length === 0) this.#waiting = undefined;
  }
}

/** No private method: that would be one more field of each pool. */
function take(pool: Pool, units: number): void {
  const free = pool.free - units;
  invariant(
    (free >= 0 || units <= 0) && free <= pool.size,
    'STATE-POOL-1: units held stay within the pool.',
    free,
  );
  pool.free = free;
}
