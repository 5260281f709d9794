/**
 * What a session's requests were answered, so that a retry gets the idempotent response (STATE-ONCE-1).
 *
 * STATE-REQUEST-1: a request is executed at most once. An id that is not remembered is new only if no id as
 *     high was ever forgotten; otherwise it is refused, never executed again.
 * STATE-REQUEST-2: a waiting request is never forgotten: its place in the queue is found by it.
 * STATE-REQUEST-3: at most `maxResultsPerSession` answers of each kind of id, and of each no more than
 *     `maxResultBytesPerSession`, but for the latest and for STATE-REQUEST-4; the oldest answered go first.
 * STATE-REQUEST-4: of a caller that tells which answers have arrived (`ackedBelow`) no number is forgotten for its bytes: it
 *     may still have to cancel what became of it. Where they take too much, what would acquire or tell something
 *     is refused until more answers have arrived (`fullBy`); what gives back is executed in any case. Such a
 *     refusal is remembered, with few bytes: no late copy is executed.
 * STATE-REQUEST-5: where the answers of all sessions of one caller take more than `maxResultBytesPerCaller`, STATE-REQUEST-4 holds for each of
 *     them, and one whose caller does not tell keeps of what comes the latest answer alone.
 *
 * STATE-REQUEST-7: an answer that is remembered does not change: another one takes its place. So the answers of a session are captured by
 *     reference (GROW-3), however many there are. One that waits gets its answer in place: it was captured as one that waits.
 *
 * Numbers (a client's own, increasing) and names (made by a node, unique) are kept apart. Names have an order
 * among those of one node, which counts them (`<node process>-<counter>`): STATE-REQUEST-1 holds for each node process by
 * itself, for those of which names were forgotten last. Names that have no order: STATE-REQUEST-6 of forgotten-names.ts.
 */
import type { CallerUse } from './caller-use.ts';
import { hashOfNumber, hashOfText } from './collections/hash.ts';
import { OrderedMap } from './collections/ordered-map.ts';
import type { Captured, Reader } from './collections/ordered-map.ts';
import { ForgottenNames, hasNoOrder } from './forgotten-names.ts';
import type { NamesRecord } from './forgotten-names.ts';
import { invariant } from './invariant.ts';
import { unorderedNamesLevel } from './levels.ts';
import { remembersByTime } from './limits.ts';
import { answerBytes } from './answers.ts';
import type { AnswerOf } from './answers.ts';
import type { StateLimits } from './limits.ts';
import type { RequestId } from './names.ts';
import type { CommandResult } from './outcomes.ts';

type Limits = Pick<
  StateLimits,
  | 'maxResultsPerSession'
  | 'maxResultBytesPerSession'
  | 'maxResultBytesPerCaller'
  | 'maxRememberedSessions'
>;

/** What bounds the memory of a session, from which level on what is kept, and the entry that is applied. */
interface Bounds {
  readonly limits: Limits;
  readonly featureLevel: number;
  readonly index: number;
}

/** What has been forgotten: the highest number, and what is kept of names. */
export interface Forgotten {
  readonly numbersThrough: number;
  readonly names: NamesRecord | undefined;
  /** What the caller told last (STATE-REQUEST-4). */
  readonly ackedBelow: number | undefined;
}

/** The answers of a session as of one moment (STATE-REQUEST-7), oldest first: numbers, then names, then those that wait. */
export class CapturedAnswers<Waiter> {
  readonly #answered: readonly Captured<AnswerOf<Waiter>>[];
  readonly #waiting: Captured<AnswerOf<Waiter>>;

  constructor(
    answered: readonly Captured<AnswerOf<Waiter>>[],
    waiting: Captured<AnswerOf<Waiter>>,
  ) {
    this.#answered = answered;
    this.#waiting = waiting;
  }

  /** With what each was answered then. */
  *[Symbol.iterator](): Generator<
    readonly [RequestId, AnswerOf<Waiter>, CommandResult | undefined],
    void,
    undefined
  > {
    for (const some of this.#answered)
      for (const answer of some) yield [idOf(answer), answer, answer.result];
    for (const answer of this.#waiting) yield [idOf(answer), answer, undefined];
  }

  /** They are not read any more. */
  release(): void {
    for (const some of this.#answered) some.release();
    this.#waiting.release();
  }
}

function idOf({ requestId, name }: AnswerOf<unknown>): RequestId {
  invariant(requestId !== undefined, 'What is remembered has a request id.', name);
  return requestId;
}

export class RequestTable<Waiter> {
  readonly #numbered = new OrderedMap<number, AnswerOf<Waiter>>(hashOfNumber);
  #named: OrderedMap<string, AnswerOf<Waiter>> | undefined = undefined;
  /** Few sessions have so many requests without numbers: made when first needed. */
  #forgottenNames: ForgottenNames | undefined = undefined;
  /** Of all answers but those that wait. */
  #numberedBytes = 0;
  #namedBytes = 0;
  /** STATE-REQUEST-4. */
  #ackedBelow: number | undefined;
  /** STATE-REQUEST-2: apart, so that what may be forgotten is found at once. */
  readonly #waiting = new OrderedMap<RequestId, AnswerOf<Waiter>>(hashOfId);
  /** The highest number ever forgotten. */
  #forgottenThrough: number;

  /** STATE-REQUEST-5; undefined once nothing is left of its session. */
  #use: CallerUse | undefined;

  constructor(use: CallerUse, { numbersThrough, names, ackedBelow }: Forgotten = nothingForgotten) {
    this.#use = use;
    this.#forgottenThrough = numbersThrough;
    this.#ackedBelow = ackedBelow;
    if (names !== undefined) this.#forgottenNames = new ForgottenNames(names);
  }

  get forgotten(): Forgotten {
    return {
      numbersThrough: this.#forgottenThrough,
      names: this.#forgottenNames?.record,
      ackedBelow: this.#ackedBelow,
    };
  }

  get numberedBytes(): number {
    return this.#numberedBytes;
  }

  get namedBytes(): number {
    return this.#namedBytes;
  }

  /** STATE-REQUEST-4, STATE-REQUEST-5: the bound for which a new number that would acquire something is to be refused. */
  fullBy(limits: Limits): 'session' | 'caller' | undefined {
    if (this.#ackedBelow === undefined) return undefined;
    if (this.#numberedBytes >= limits.maxResultBytesPerSession) return 'session';
    return this.#isCallerFull(limits) ? 'caller' : undefined;
  }

  /** STATE-REQUEST-5, QUOTA-4. */
  #isCallerFull({ maxResultBytesPerCaller }: Limits): boolean {
    const use = this.#use;
    return use?.caller !== undefined && use.answerBytes >= maxResultBytesPerCaller;
  }

  #weigh(id: RequestId, bytes: number): void {
    if (typeof id === 'number') this.#numberedBytes += bytes;
    else this.#namedBytes += bytes;
    if (this.#use !== undefined) this.#use.answerBytes += bytes;
  }

  /** Nothing is left of its session: what is remembered of it counts no more (QUOTA-3). */
  leaveCaller(): void {
    if (this.#use !== undefined) this.#use.answerBytes -= this.#numberedBytes + this.#namedBytes;
    this.#use = undefined;
  }

  get forgottenThrough(): number {
    return this.#forgottenThrough;
  }

  /** What is remembered of it. */
  find(id: RequestId): AnswerOf<Waiter> | undefined {
    const answered = typeof id === 'number' ? this.#numbered.get(id) : this.#named?.get(id);
    return answered ?? this.#waiting.get(id);
  }

  /** STATE-REQUEST-1, STATE-REQUEST-6: of one that is not found, whether it may be a copy of one that was forgotten. */
  isForgotten(id: RequestId, askedAt: number | undefined): boolean {
    if (typeof id === 'number') return id <= this.#forgottenThrough;
    return this.#forgottenNames?.has(id, askedAt) === true;
  }

  /** Whether any of them has a number: its caller may repeat it. */
  get isNumbered(): boolean {
    if (this.#numbered.size > 0 || this.#forgottenThrough >= 0) return true;
    for (const id of this.#waiting.keys()) if (typeof id === 'number') return true;
    return false;
  }

  /** Adds a new answer, or moves one that got its answer just now behind all others. */
  remember(id: RequestId, answer: AnswerOf<Waiter>, bounds: Bounds): void {
    this.#forget(id);
    const isKept = answer.result !== undefined && bounds.featureLevel >= unorderedNamesLevel;
    if (isKept && typeof id === 'string' && hasNoOrder(id)) answer.answeredAt = bounds.index; // STATE-REQUEST-6
    this.restore(id, answer);
    this.#forgetBeyond(bounds);
  }

  /** STATE-REQUEST-3: the one that was added last stays in any case. */
  #forgetBeyond(bounds: Bounds): void {
    const { limits } = bounds;
    const { maxResultsPerSession: most, maxResultBytesPerSession } = limits;
    while (this.#numbered.size > 1 && this.#numbered.size > most) this.#forgetOldestNumber();
    // STATE-REQUEST-4
    if (this.#ackedBelow === undefined)
      while (
        this.#numbered.size > 1 &&
        (this.#numberedBytes > maxResultBytesPerSession || this.#isCallerFull(limits))
      )
        this.#forgetOldestNumber();
    if (this.#named !== undefined) this.#keepNamesBelow(this.#named, bounds);
  }

  #keepNamesBelow(named: OrderedMap<string, AnswerOf<Waiter>>, bounds: Bounds): void {
    const { limits } = bounds;
    const { maxResultsPerSession: most, maxResultBytesPerSession: mostBytes } = limits;
    while (
      named.size > 1 &&
      (named.size > most || this.#namedBytes > mostBytes || this.#isCallerFull(limits))
    )
      this.#forgetOldestName(named, limits);
  }

  /** One that comes back from a snapshot, in its order. */
  restore(id: RequestId, answer: AnswerOf<Waiter>): void {
    if (answer.result === undefined) {
      this.#waiting.set(id, answer);
      return;
    }
    this.#waiting.delete(id);
    if (typeof id === 'number') this.#numbered.set(id, answer);
    else (this.#named ??= new OrderedMap<string, AnswerOf<Waiter>>(hashOfText)).set(id, answer);
    this.#weigh(id, answerBytes(answer));
  }

  /**
   * An answer that is remembered becomes another one, in its place (STATE-REQUEST-7).
   *
   * @returns The other one.
   */
  change(
    id: RequestId,
    answer: AnswerOf<Waiter>,
    result: CommandResult,
    bounds: Bounds,
  ): AnswerOf<Waiter> {
    const changed: AnswerOf<Waiter> = { ...answer, result };
    this.#weigh(id, answerBytes(changed) - answerBytes(answer));
    if (typeof id === 'number') this.#numbered.set(id, changed);
    else this.#named?.set(id, changed);
    this.#forgetBeyond(bounds);
    return changed;
  }

  #forget(id: RequestId): void {
    const answer = typeof id === 'number' ? this.#numbered.get(id) : this.#named?.get(id);
    if (answer === undefined) return;
    if (typeof id === 'number') this.#numbered.delete(id);
    else this.#named?.delete(id);
    this.#weigh(id, -answerBytes(answer));
  }

  /** The answers to all numbers below have arrived: they may be forgotten. */
  forgetBelow(number: number, limits: Limits): void {
    if (remembersByTime(limits)) this.#ackedBelow = Math.max(number, this.#ackedBelow ?? 0); // LIMIT-1
    if (number - 1 <= this.#forgottenThrough) return;
    this.#forgottenThrough = number - 1;
    for (let id = this.#numbered.firstKey(); id !== undefined && id < number;) {
      this.#forget(id);
      id = this.#numbered.firstKey();
    }
  }

  /** @param reader Whose end releases what it captured. */
  capture(reader?: Reader): CapturedAnswers<Waiter> {
    const answered = [this.#numbered.capture(reader)];
    if (this.#named !== undefined) answered.push(this.#named.capture(reader));
    return new CapturedAnswers(answered, this.#waiting.capture(reader));
  }

  #forgetOldestNumber(): void {
    const id = this.#numbered.firstKey();
    if (id === undefined) return;
    this.#forget(id);
    if (id > this.#forgottenThrough) this.#forgottenThrough = id; // STATE-REQUEST-1
  }

  #forgetOldestName(named: OrderedMap<string, AnswerOf<Waiter>>, limits: Limits): void {
    const id = named.firstKey();
    if (id === undefined) return;
    const answeredAt = named.get(id)?.answeredAt;
    this.#forget(id);
    if (!remembersByTime(limits)) return; // LIMIT-1
    this.#forgottenNames ??= new ForgottenNames();
    this.#forgottenNames.add(id, answeredAt);
  }

  /** STATE-REQUEST-6: of one that is not found, to cancel it. */
  mayHaveForgotten(id: RequestId): boolean {
    return typeof id === 'string' && this.#forgottenNames?.mayHave(id) === true;
  }
}

const hashOfId = (id: RequestId): number =>
  typeof id === 'number' ? hashOfNumber(id) : hashOfText(id);

const nothingForgotten: Forgotten = {
  numbersThrough: -1,
  names: undefined,
  ackedBelow: undefined,
};
