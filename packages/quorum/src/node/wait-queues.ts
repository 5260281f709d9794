/**
 * Who waits for a resource on this node: who has waited for longest is first. When no lease stands, the first
 * is told and has the turn for a moment; then the next. Nothing of safety depends on it: it spares polling.
 *
 * A waiter is granted nothing until a majority of the nodes tell it, so all have to agree on the order without
 * talking to each other: see `keyOf`.
 *
 * VOTER-TURN-1: a queue is looked at when its resource changed or its time has come, never because of another resource:
 *     what an operation costs does not grow with how many others wait for something else.
 * VOTER-TURN-2: a time may be early, since renewals prolong leases: the queue is looked at, and again later. It is never
 *     late: whoever makes a lease end earlier says that its resource changed.
 */
import { DueTimes } from './due-times.ts';
import type { Due } from './due-times.ts';

export interface LeaseWaiter {
  readonly id: string;
  /** When it began to wait, here or elsewhere. */
  readonly sinceMs: number;
  /** The same by the wall clock of its client; undefined: it does not say. */
  readonly beganMs?: number | undefined;
  readonly untilMs: number;
  readonly tell: (status: 'FREE' | 'TIMEOUT') => void;
}

/** How long a waiter that was told keeps the others out. */
export const turnMs = 150;
/** So much earlier or later than it was here may a waiter say that it began. */
const toleranceMs = 2000;
/** How fast what a queue believes of wall clocks follows those of its waiters: slowly, so that none moves it. */
const followShare = 0.01;
/** For one resource, where nothing else is set. */
export const defaultMaxWaiters = 20_000;
/** For all resources; and so many queues, of which some have a turn and no waiters. */
const maxWaitersInAll = 50_000;

/** No room for one more: for its resource, or in all. */
export interface Full {
  readonly what: 'resource' | 'node';
  readonly limit: number;
}

/** Due when its turn or the lease of its resource ends. */
interface WaitQueue extends Due {
  readonly resource: string;
  readonly queued: QueuedWaiter[];
  turn: { readonly id: string; readonly untilMs: number } | undefined;
  /** How far wall clocks of clients are ahead of the clock here, and when that was last looked at. */
  offset: { readonly ms: number; readonly atMs: number } | undefined;
}

/** Due when its waiter has waited for long enough. */
interface QueuedWaiter extends Due {
  readonly queue: WaitQueue;
  /** Where it stands: those with smaller ones are before it. */
  readonly keyMs: number;
  readonly waiter: LeaseWaiter;
}

export class WaitQueues {
  readonly #queues = new Map<string, WaitQueue>();
  #looks = new DueTimes<WaitQueue>();
  #timeouts = new DueTimes<QueuedWaiter>();
  readonly #queued = new Map<LeaseWaiter, QueuedWaiter>();
  readonly #maxWaiters: number;

  /** @param maxWaiters For one resource. */
  constructor(maxWaiters: number = defaultMaxWaiters) {
    this.#maxWaiters = maxWaiters;
  }

  count(resource: string): number {
    return this.#queues.get(resource)?.queued.length ?? 0;
  }

  /** How many wait already where there is no room; undefined: it waits. */
  add(resource: string, waiter: LeaseWaiter, nowMs: number): Full | undefined {
    const known = this.#queues.get(resource);
    const isFull = known === undefined && this.#queues.size >= maxWaitersInAll;
    if (isFull || this.#timeouts.size >= maxWaitersInAll)
      return { what: 'node', limit: maxWaitersInAll };
    const queue: WaitQueue = known ?? {
      resource,
      queued: [],
      turn: undefined,
      offset: undefined,
      dueMs: 0,
      place: -1,
    };
    const { queued } = queue;
    if (queued.length >= this.#maxWaiters) return { what: 'resource', limit: this.#maxWaiters };
    this.#queues.set(resource, queue);
    const one = { queue, waiter, keyMs: keyOf(queue, waiter, nowMs), dueMs: 0, place: -1 };
    queued.splice(
      firstWithout(queued, (other) => !isBefore(one, other)),
      0,
      one,
    );
    this.#queued.set(waiter, one);
    this.#timeouts.set(one, waiter.untilMs);
    this.changed(resource);
    return undefined;
  }

  remove(waiter: LeaseWaiter): void {
    const one = this.#queued.get(waiter);
    if (one !== undefined) this.#leave(one);
  }

  /** Ms for which others have to stay behind; 0: nobody else has the turn. */
  turnOfOthersMs(resource: string, waiterId: string | undefined, nowMs: number): number {
    const turn = this.#queues.get(resource)?.turn;
    if (turn === undefined || turn.id === waiterId || turn.untilMs <= nowMs) return 0;
    return turn.untilMs - nowMs;
  }

  /** The resource has a lease again: the turn is over. */
  taken(resource: string): void {
    const queue = this.#queues.get(resource);
    if (queue === undefined) return;
    queue.turn = undefined;
    this.changed(resource);
    this.#forgetIfEmpty(queue);
  }

  /** Its lease may end earlier than it was to: the next `tick` looks at it (VOTER-TURN-2). */
  changed(resource: string): void {
    const queue = this.#queues.get(resource);
    if (queue !== undefined) this.#looks.set(queue, Number.NEGATIVE_INFINITY);
  }

  /**
   * Tells those whose time has come.
   *
   * @param remainingMs How long the lease of a resource stands.
   * @returns When to look again; undefined: when something changes.
   */
  tick(nowMs: number, remainingMs: (resource: string) => number): number | undefined {
    // First of all: nobody whose time is over has the turn.
    for (const one of this.#timeouts.takeDue(nowMs)) {
      this.#leave(one);
      one.waiter.tell('TIMEOUT');
    }
    for (const queue of this.#looks.takeDue(nowMs)) this.#look(queue, nowMs, remainingMs);
    const { nextMs = Number.POSITIVE_INFINITY } = this.#timeouts;
    const next = Math.min(nextMs, this.#looks.nextMs ?? Number.POSITIVE_INFINITY);
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  /** The node stops. */
  endAll(): void {
    const queues = [...this.#queues.values()];
    this.#queues.clear();
    this.#looks = new DueTimes();
    this.#timeouts = new DueTimes();
    this.#queued.clear();
    for (const { queued } of queues)
      for (const { waiter } of queued.splice(0)) waiter.tell('TIMEOUT');
  }

  #look(queue: WaitQueue, nowMs: number, remainingMs: (resource: string) => number): void {
    const leftMs = remainingMs(queue.resource);
    if (queue.turn !== undefined && queue.turn.untilMs <= nowMs) queue.turn = undefined;
    const [first] = queue.queued;
    if (leftMs <= 0 && queue.turn === undefined && first !== undefined) {
      queue.turn = { id: first.waiter.id, untilMs: nowMs + turnMs };
      this.#leave(first);
      first.waiter.tell('FREE');
    }
    if (queue.turn !== undefined) this.#looks.set(queue, queue.turn.untilMs);
    else if (queue.queued.length > 0) this.#looks.set(queue, nowMs + leftMs);
    else this.#forgetIfEmpty(queue);
  }

  #leave(one: QueuedWaiter): void {
    const { queue } = one;
    const { queued } = queue;
    // The same waiter may stand twice.
    const from = firstWithout(queued, (other) => isBefore(other, one));
    queued.splice(queued.indexOf(one, from), 1);
    this.#queued.delete(one.waiter);
    this.#timeouts.remove(one);
    this.#forgetIfEmpty(queue);
  }

  #forgetIfEmpty(queue: WaitQueue): void {
    if (queue.queued.length > 0 || queue.turn !== undefined) return;
    this.#looks.remove(queue);
    this.#queues.delete(queue.resource);
  }
}

/**
 * All nodes order those that wait alike, whenever and in whatever order they hear of them: by when they began, as their
 * clients' wall clocks say. A clock that is wrong gains or loses `toleranceMs` by that and no more: beyond it counts for
 * how long its waiter has waited, by the clock here. Where a client does not say, that alone does.
 */
function keyOf(queue: WaitQueue, { sinceMs, beganMs }: LeaseWaiter, nowMs: number): number {
  const known = queue.offset;
  if (beganMs === undefined) return sinceMs + (known?.ms ?? 0);
  const seenMs = beganMs - sinceMs;
  const followMs = known === undefined ? 0 : (nowMs - known.atMs) * followShare;
  const offsetMs = known === undefined ? seenMs : within(seenMs, known.ms, followMs);
  queue.offset = { ms: offsetMs, atMs: nowMs };
  return within(beganMs, sinceMs + offsetMs, toleranceMs);
}

const within = (value: number, middle: number, most: number): number =>
  Math.min(Math.max(value, middle - most), middle + most);

const isBefore = (one: QueuedWaiter, other: QueuedWaiter): boolean =>
  one.keyMs === other.keyMs ? one.waiter.id < other.waiter.id : one.keyMs < other.keyMs;

/** The index of the first one of which it is not so; it is so of all before it. */
function firstWithout(
  queued: readonly QueuedWaiter[],
  isSo: (one: QueuedWaiter) => boolean,
): number {
  let from = 0;
  let to = queued.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    const one = queued[middle];
    if (one !== undefined && isSo(one)) from = middle + 1;
    else to = middle;
  }
  return from;
}
