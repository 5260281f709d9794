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
 * Numbers (a client's own, increasing) and names (made by a node, unique) are kept apart. Names have an order
 * among those of one node, which counts them (`<node process>-<counter>`): STATE-REQUEST-1 holds for each node process by
 * itself, for the `maxMakers` of which names were forgotten last.
 */
import type { CallerUse } from './caller-use.ts';
import { hashOfNumber, hashOfText } from './collections/hash.ts';
import { OrderedMap } from './collections/ordered-map.ts';
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

/** Node processes whose forgotten names are told from new ones. */
const maxMakers = 16;

/** What has been forgotten: the highest number, and the highest counter of each node process. */
export interface Forgotten {
  readonly numbersThrough: number;
  readonly namesThrough: readonly (readonly [string, number])[];
  /** What the caller told last (STATE-REQUEST-4). */
  readonly ackedBelow: number | undefined;
}

export class RequestTable<Waiter> {
  readonly #numbered = new OrderedMap<number, AnswerOf<Waiter>>(hashOfNumber);
  #named: OrderedMap<string, AnswerOf<Waiter>> | undefined = undefined;
  /** Few sessions have so many requests without numbers: made when first needed. */
  #namesThrough: Map<string, number> | undefined = undefined;
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

  constructor(
    use: CallerUse,
    { numbersThrough, namesThrough, ackedBelow }: Forgotten = nothingForgotten,
  ) {
    this.#use = use;
    this.#forgottenThrough = numbersThrough;
    this.#ackedBelow = ackedBelow;
    if (namesThrough.length > 0) this.#namesThrough = new Map(namesThrough);
  }

  get forgotten(): Forgotten {
    const namesThrough = this.#namesThrough === undefined ? [] : Array.from(this.#namesThrough);
    return {
      numbersThrough: this.#forgottenThrough,
      namesThrough,
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

  find(id: RequestId): AnswerOf<Waiter> | 'forgotten' | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) return waiting;
    if (typeof id === 'string') return this.#named?.get(id) ?? this.#isForgotten(id);
    const answer = this.#numbered.get(id);
    if (answer !== undefined) return answer;
    return id <= this.#forgottenThrough ? 'forgotten' : undefined; // STATE-REQUEST-1
  }

  /** Whether any of them has a number: its caller may repeat it. */
  get isNumbered(): boolean {
    if (this.#numbered.size > 0 || this.#forgottenThrough >= 0) return true;
    for (const id of this.#waiting.keys()) if (typeof id === 'number') return true;
    return false;
  }

  /** Adds a new answer, or moves one that got its answer just now behind all others. */
  remember(id: RequestId, answer: AnswerOf<Waiter>, limits: Limits): void {
    this.#forget(id);
    this.restore(id, answer);
    this.#forgetBeyond(limits);
  }

  /** STATE-REQUEST-3: the one that was added last stays in any case. */
  #forgetBeyond(limits: Limits): void {
    const { maxResultsPerSession: most, maxResultBytesPerSession } = limits;
    while (this.#numbered.size > 1 && this.#numbered.size > most) this.#forgetOldestNumber();
    // STATE-REQUEST-4
    if (this.#ackedBelow === undefined)
      while (
        this.#numbered.size > 1 &&
        (this.#numberedBytes > maxResultBytesPerSession || this.#isCallerFull(limits))
      )
        this.#forgetOldestNumber();
    if (this.#named !== undefined) this.#keepNamesBelow(this.#named, limits);
  }

  #keepNamesBelow(named: OrderedMap<string, AnswerOf<Waiter>>, limits: Limits): void {
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

  /** An answer that is remembered becomes another one, in its place. */
  change(id: RequestId, answer: AnswerOf<Waiter>, result: CommandResult, limits: Limits): void {
    this.#weigh(id, -answerBytes(answer));
    answer.result = result;
    this.#weigh(id, answerBytes(answer));
    this.#forgetBeyond(limits);
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

  /** Oldest first: numbers, then names, then those that wait. */
  *entries(): Generator<readonly [RequestId, AnswerOf<Waiter>], void, undefined> {
    yield* this.#numbered.entries();
    if (this.#named !== undefined) yield* this.#named.entries();
    yield* this.#waiting.entries();
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
    this.#forget(id);
    const made = makerOf(id);
    if (made === undefined || !remembersByTime(limits)) return; // LIMIT-1
    const through = (this.#namesThrough ??= new Map<string, number>());
    through.set(made.maker, Math.max(made.counter, through.get(made.maker) ?? 0)); // STATE-REQUEST-1
    for (const oldest of through.keys()) {
      if (through.size > maxMakers) through.delete(oldest);
      return;
    }
  }

  /** STATE-REQUEST-1. */
  #isForgotten(id: string): 'forgotten' | undefined {
    if (this.#namesThrough === undefined) return undefined;
    const made = makerOf(id);
    const through = made === undefined ? undefined : this.#namesThrough.get(made.maker);
    return made !== undefined && through !== undefined && made.counter <= through
      ? 'forgotten'
      : undefined;
  }
}

const hashOfId = (id: RequestId): number =>
  typeof id === 'number' ? hashOfNumber(id) : hashOfText(id);

const nothingForgotten: Forgotten = {
  numbersThrough: -1,
  namesThrough: [],
  ackedBelow: undefined,
};

/** Of a name as nodes make them, see `newRequestId` of the api. */
function makerOf(name: string): { readonly maker: string; readonly counter: number } | undefined {
  const [, maker, counter] = /^(.+)-([0-9a-z]{1,10})$/.exec(name) ?? [];
  if (maker === undefined || counter === undefined) return undefined;
  return { maker, counter: Number.parseInt(counter, 36) };
}
