/**
 * What a session's requests were answered, so that a retry gets the first answer (spec rule 2.6).
 *
 * Q1: a request is carried out at most once. An id that is not remembered is new only if no id as
 *     high was ever forgotten; otherwise it is refused, never carried out again.
 * Q2: a waiting request is never forgotten: its place in the queue is found by it.
 * Q3: at most `maxResultsPerSession` answers of each kind of id, the oldest answered go first.
 *
 * Numbers (a client's own, increasing) and names (made by a node, unique) are kept apart: only
 * numbers have an order by which an old one can be told from a new one.
 */
import { renewedEvery } from './sharded-map.ts';
import type { Waiter } from './pool.ts';
import type { Wanted } from './commands.ts';
import type { FenceToken, Mode, RequestId, ResourceName } from './names.ts';
import type { CommandResult } from './outcomes.ts';

export interface AcquireAnswer {
  readonly kind: 'acquire';
  readonly name: ResourceName;
  /** Undefined: it was abandoned before it arrived. */
  readonly mode: Mode | undefined;
  /** The first answer; undefined while it waits. */
  result: CommandResult | undefined;
  /** Set while it waits. */
  waiter: Waiter | undefined;
}

/** Of an acquire of permits of a semaphore, and of a campaign, which is one for the only permit. */
export interface PermitsAnswer {
  readonly kind: 'acquire_permits' | 'campaign';
  readonly name: ResourceName;
  /** Undefined: it was abandoned before it arrived. */
  readonly permits: number | undefined;
  result: CommandResult | undefined;
  waiter: Waiter | undefined;
}

/** Of an acquire of several. */
export interface ManyAnswer {
  readonly kind: 'acquire_many';
  /** The first name: the others follow from the request. */
  readonly name: ResourceName;
  /** Undefined: it was abandoned before it arrived. */
  readonly wanted: readonly Wanted[] | undefined;
  result: CommandResult | undefined;
  /** The first of its waiters. */
  waiter: Waiter | undefined;
}

/** Of whatever may wait. */
export type WaitingAnswer = AcquireAnswer | PermitsAnswer | ManyAnswer;

/** Of a command that is answered at once and needs no more than its first answer again. */
export interface OtherAnswer {
  readonly kind: 'resign' | 'proclaim' | 'enter_barrier' | 'leave_barrier' | 'count_down';
  readonly name: ResourceName;
  /** What else the request asked for, to tell it from another one. Undefined: it was abandoned before it arrived. */
  readonly asked: string | undefined;
  readonly result: CommandResult;
}

export interface ReleaseAnswer {
  readonly kind: 'release';
  readonly name: ResourceName;
  readonly fenceToken: FenceToken | undefined;
  readonly result: CommandResult;
}

export interface PermitsReleaseAnswer {
  readonly kind: 'release_permits';
  readonly name: ResourceName;
  readonly fenceToken: FenceToken;
  readonly result: CommandResult;
}

export type Answer = WaitingAnswer | ReleaseAnswer | PermitsReleaseAnswer | OtherAnswer;

export class RequestTable {
  /** Made anew when it has become empty often (SHARD-3 of sharded-map.ts says why). */
  #numbered = new Map<number, Answer>();
  #timesEmpty = 0;
  #named: Map<string, Answer> | undefined = undefined;
  /** Q2: apart, so that what may be forgotten is found at once. */
  readonly #waiting = new Map<RequestId, Answer>();
  /** The highest number ever forgotten. */
  #forgottenThrough: number;

  constructor(forgottenThrough = -1) {
    this.#forgottenThrough = forgottenThrough;
  }

  get forgottenThrough(): number {
    return this.#forgottenThrough;
  }

  find(id: RequestId): Answer | 'forgotten' | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) return waiting;
    if (typeof id === 'string') return this.#named?.get(id);
    const answer = this.#numbered.get(id);
    if (answer !== undefined) return answer;
    return id <= this.#forgottenThrough ? 'forgotten' : undefined; // Q1
  }

  /** Adds a new answer, or moves one that got its answer just now behind all others. */
  remember(id: RequestId, answer: Answer, limit: number): void {
    if (answer.result === undefined) {
      this.#waiting.set(id, answer);
      return;
    }
    this.#waiting.delete(id);
    if (typeof id === 'number') {
      this.#numbered.delete(id);
      this.#numbered.set(id, answer);
      if (this.#numbered.size > limit) this.#forgetOldestNumber(); // Q3
      return;
    }
    const named = (this.#named ??= new Map<string, Answer>());
    named.delete(id);
    named.set(id, answer);
    if (named.size <= limit) return;
    for (const oldest of named.keys()) {
      named.delete(oldest); // Q3
      return;
    }
  }

  /** The answers to all numbers below have arrived: they may be forgotten. */
  forgetBelow(number: number): void {
    if (number - 1 <= this.#forgottenThrough) return;
    this.#forgottenThrough = number - 1;
    for (const id of this.#numbered.keys()) {
      if (id >= number) return;
      this.#numbered.delete(id);
    }
    this.#timesEmpty = (this.#timesEmpty + 1) % renewedEvery;
    if (this.#timesEmpty === 0) this.#numbered = new Map();
  }

  /** Oldest first: numbers, then names, then those that wait. */
  *entries(): Generator<readonly [RequestId, Answer], void, undefined> {
    yield* this.#numbered;
    if (this.#named !== undefined) yield* this.#named;
    yield* this.#waiting;
  }

  #forgetOldestNumber(): void {
    for (const id of this.#numbered.keys()) {
      this.#numbered.delete(id);
      if (id > this.#forgottenThrough) this.#forgottenThrough = id; // Q1
      return;
    }
  }
}
