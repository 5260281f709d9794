/**
 * Whether the operations of one key can be put into one order that explains every answer.
 *
 * Wing and Gong's search (Testing and verifying concurrent objects, 1993) with Lowe's memoization of
 * what was tried (Testing for linearizability, 2017): an operation may come next if it was called before
 * the first answer among those not yet placed. No recursion: a history may be long.
 *
 * SEARCH-1: an answered operation takes effect once, between its call and its answer; where the two touch at
 *     the same time they overlap.
 * SEARCH-2: one of unknown outcome takes effect once after its call, or never. They are tried last: nearly
 *     always they explain nothing, and each doubles what there is to try.
 * SEARCH-3: no state is entered again with the same answered operations, and none that allows no more than one
 *     that was entered (`tried.ts`).
 * SEARCH-4: what is out of turn is tried last of all (`turns.ts`).
 * SEARCH-5: of unknown operations that could stand for each other only the first is tried (`twins.ts`).
 */
import type { Model, Operation } from './history.ts';
import { joined, mark, Tried, withUnknown } from './tried.ts';
import type { Mark, UsedUnknown } from './tried.ts';
import { Turns } from './turns.ts';
import { Twins } from './twins.ts';
import type { Prefix } from './verdict.ts';

interface Entry {
  readonly operation: number;
  readonly isCall: boolean;
  /** Of a call: its answer's entry. */
  answer: Entry | undefined;
  previous: Entry | undefined;
  next: Entry | undefined;
  readonly position: number;
}

/** The next candidate: an answered call whose turn it is, then an unknown one, then any answered one. */
type Cursor =
  | { readonly phase: 'in_turn' | 'out_of_turn'; readonly entry: Entry | undefined }
  | { readonly phase: 'unknown'; readonly at: number };

/** One operation placed. */
interface Placed<State> {
  readonly before: Placed<State> | undefined;
  readonly operation: number;
  readonly entry: Entry | undefined;
  readonly stateBefore: State;
  readonly usedBefore: UsedUnknown | undefined;
  readonly state: State;
  /** Other states that it may leave, still to be tried. */
  readonly others: readonly State[];
  readonly resume: Cursor;
}

export interface SearchBudget {
  maxSteps: number;
  readonly deadlineMs: number;
  readonly now: () => number;
}

export type KeyVerdict =
  | { readonly type: 'linearizable'; readonly steps: number }
  | {
      readonly type: 'violation';
      readonly prefixes: readonly Prefix[];
      readonly candidates: readonly number[];
      readonly steps: number;
    }
  | { readonly type: 'undecided'; readonly reason: 'steps' | 'deadline'; readonly steps: number };

const maxPrefixes = 3;
const stepsPerClockRead = 1024;

export class Search<State, Call, Answer> {
  readonly #model: Model<State, Call, Answer>;
  readonly #history: readonly Operation<Call, Answer>[];
  readonly #head: Entry = {
    operation: -1,
    isCall: false,
    answer: undefined,
    previous: undefined,
    next: undefined,
    position: -1,
  };
  /** Of unknown outcome, by their calls: operation and the position of the call. */
  readonly #unknown: { readonly operation: number; readonly position: number }[] = [];
  readonly #placedUnknown = new Set<number>();
  /** The unknown ones that are placed. */
  #used: UsedUnknown | undefined;
  readonly #tried = new Tried();
  readonly #turns: Turns;
  readonly #twins: Twins<State, Call, Answer>;
  #answeredLeft = 0;
  #answeredPlaced = 0;
  /** Of the set of answered operations that are placed. */
  #answeredMark: Mark = [0, 0];
  #state: State;
  #top: Placed<State> | undefined;
  #best: Placed<State>[] = [];
  #bestPlaced = -1;
  #bestCandidates: readonly number[] = [];
  #steps = 0;

  /** @param operations Indexes of this key's operations. */
  constructor(
    model: Model<State, Call, Answer>,
    history: readonly Operation<Call, Answer>[],
    operations: readonly number[],
  ) {
    this.#model = model;
    this.#history = history;
    this.#state = model.initial;
    this.#link(operations);
    this.#turns = new Turns(ticketsOf(model, history, operations));
    this.#twins = new Twins(model, history, operations, this.#unknown);
    this.#enter(this.#state, this.#answeredMark, undefined);
  }

  run(budget: SearchBudget): KeyVerdict {
    let cursor: Cursor = this.#start();
    let untilClock = stepsPerClockRead;
    for (;;) {
      if (this.#answeredLeft === 0) return { type: 'linearizable', steps: this.#steps };
      if (this.#steps >= budget.maxSteps)
        return { type: 'undecided', reason: 'steps', steps: this.#steps };
      if (--untilClock <= 0) {
        untilClock = stepsPerClockRead;
        if (budget.now() > budget.deadlineMs)
          return { type: 'undecided', reason: 'deadline', steps: this.#steps };
      }
      const advanced = this.#advance(cursor);
      if (advanced !== undefined) {
        cursor = advanced;
        continue;
      }
      this.#noteDeadEnd();
      const resumed = this.#back();
      if (resumed === undefined) return this.#violation();
      cursor = resumed;
    }
  }

  #link(operations: readonly number[]): void {
    const events: { atMs: number; isCall: boolean; operation: number }[] = [];
    for (const operation of operations) {
      const { calledAtMs, outcome } = this.#operation(operation);
      events.push({ atMs: calledAtMs, isCall: true, operation });
      if (outcome.type === 'answered')
        events.push({ atMs: outcome.atMs, isCall: false, operation });
    }
    // SEARCH-1: at the same time the call is first.
    events.sort((a, b) => a.atMs - b.atMs || Number(b.isCall) - Number(a.isCall));
    const calls = new Map<number, Entry>();
    let last = this.#head;
    events.forEach(({ isCall, operation }, position) => {
      if (isCall && this.#operation(operation).outcome.type === 'unknown') {
        this.#unknown.push({ operation, position });
        return;
      }
      const entry: Entry = {
        operation,
        isCall,
        answer: undefined,
        previous: last,
        next: undefined,
        position,
      };
      last.next = entry;
      last = entry;
      if (isCall) {
        calls.set(operation, entry);
        this.#answeredLeft += 1;
      } else {
        const call = calls.get(operation);
        if (call !== undefined) call.answer = entry;
      }
    });
  }

  #operation(index: number): Operation<Call, Answer> {
    const operation = this.#history[index];
    if (operation === undefined) throw new RangeError(`There is no operation ${String(index)}.`);
    return operation;
  }

  #start(): Cursor {
    return { phase: 'in_turn', entry: this.#head.next };
  }

  /** Tries candidates from the cursor on; places the first that fits. Undefined: none does. */
  #advance(cursor: Cursor): Cursor | undefined {
    let found = false;
    if (cursor.phase === 'in_turn') found = this.#advanceAnswered('in_turn', cursor.entry);
    if (!found && cursor.phase !== 'out_of_turn')
      found = this.#advanceUnknown(cursor.phase === 'unknown' ? cursor.at : 0);
    if (!found) {
      const from = cursor.phase === 'out_of_turn' ? cursor.entry : this.#head.next;
      found = this.#advanceAnswered('out_of_turn', from); // SEARCH-4
    }
    return found ? this.#start() : undefined;
  }

  #advanceAnswered(phase: 'in_turn' | 'out_of_turn', from: Entry | undefined): boolean {
    for (let entry = from; entry?.isCall === true; entry = entry.next) {
      const { operation, next } = entry;
      if (this.#turns.isTurnOf(operation) !== (phase === 'in_turn')) continue;
      if (this.#try(operation, entry, { phase, entry: next })) return true;
    }
    return false;
  }

  #advanceUnknown(from: number): boolean {
    const limit = this.#firstAnswer();
    const hasTwin = this.#twins.inState(this.#state, limit);
    for (const [at, { operation, position }] of this.#unknown.entries()) {
      if (position > limit) return false;
      if (this.#placedUnknown.has(operation) || hasTwin(operation) || at < from) continue; // SEARCH-5
      if (this.#try(operation, undefined, { phase: 'unknown', at: at + 1 })) return true;
    }
    return false;
  }

  #firstAnswer(): number {
    let entry = this.#head.next;
    while (entry?.isCall === true) entry = entry.next;
    return entry?.position ?? Infinity;
  }

  #try(operation: number, entry: Entry | undefined, resume: Cursor): boolean {
    const { call, outcome } = this.#operation(operation);
    this.#steps += 1;
    const answer = outcome.type === 'answered' ? outcome.answer : undefined;
    const states = this.#model.step(this.#state, call, answer);
    return this.#placeOne(operation, entry, states, resume);
  }

  /** Places the operation with the first of these states that leads to something new. */
  #placeOne(
    operation: number,
    entry: Entry | undefined,
    states: readonly State[],
    resume: Cursor,
  ): boolean {
    const own = mark(operation);
    const answered = entry === undefined ? this.#answeredMark : joined(this.#answeredMark, own);
    const used = entry === undefined ? withUnknown(this.#used, own) : this.#used;
    for (const [position, state] of states.entries()) {
      if (entry === undefined && this.#changesNothing(state)) continue; // SEARCH-2: as if it had never happened.
      if (!this.#enter(state, answered, used)) continue; // SEARCH-3
      this.#top = {
        before: this.#top,
        operation,
        entry,
        stateBefore: this.#state,
        usedBefore: this.#used,
        state,
        others: states.slice(position + 1),
        resume,
      };
      this.#state = state;
      this.#used = used;
      this.#answeredMark = answered;
      this.#twins.count(operation, entry === undefined, 1);
      if (entry === undefined) this.#placedUnknown.add(operation);
      else {
        this.#turns.place(operation);
        unlink(entry);
        if (entry.answer !== undefined) unlink(entry.answer);
        this.#answeredLeft -= 1;
        this.#answeredPlaced += 1;
      }
      return true;
    }
    return false;
  }

  #rankOf(state: State): number {
    return this.#model.rank?.(state) ?? 0;
  }

  #changesNothing(state: State): boolean {
    return (
      this.#model.hash(state) === this.#model.hash(this.#state) &&
      this.#rankOf(state) >= this.#rankOf(this.#state)
    );
  }

  #enter(state: State, answered: Mark, used: UsedUnknown | undefined): boolean {
    const key = `${String(answered[0])} ${String(answered[1])} ${this.#model.hash(state)}`;
    return this.#tried.enter(key, { used, rank: this.#rankOf(state) });
  }

  /** Takes back the last placed, and goes on behind it. Undefined: everything has been tried. */
  #back(): Cursor | undefined {
    const placed = this.#top;
    if (placed === undefined) return undefined;
    this.#top = placed.before;
    this.#state = placed.stateBefore;
    this.#used = placed.usedBefore;
    this.#twins.count(placed.operation, placed.entry === undefined, -1);
    if (placed.entry === undefined) this.#placedUnknown.delete(placed.operation);
    else {
      this.#turns.takeBack(placed.operation);
      this.#answeredMark = joined(this.#answeredMark, mark(placed.operation));
      if (placed.entry.answer !== undefined) relink(placed.entry.answer);
      relink(placed.entry);
      this.#answeredLeft += 1;
      this.#answeredPlaced -= 1;
    }
    if (
      placed.others.length > 0 &&
      this.#placeOne(placed.operation, placed.entry, placed.others, placed.resume)
    )
      return this.#start();
    return placed.resume;
  }

  /**
   * Keeps the orders that explain most answers. Of those that explain as many the first is the plainest:
   * unknown operations come into it only where they are needed (SEARCH-2).
   */
  #noteDeadEnd(): void {
    const placed = this.#answeredPlaced;
    if (placed < this.#bestPlaced) return;
    if (placed > this.#bestPlaced) {
      this.#best = [];
      this.#bestPlaced = placed;
      const candidates: number[] = [];
      for (let entry = this.#head.next; entry?.isCall === true; entry = entry.next)
        candidates.push(entry.operation);
      this.#bestCandidates = candidates;
    }
    if (this.#top !== undefined && this.#best.length < maxPrefixes) this.#best.push(this.#top);
  }

  #violation(): KeyVerdict {
    const prefixes = this.#best.map((end) => {
      const order: number[] = [];
      for (let placed: Placed<State> | undefined = end; placed; placed = placed.before)
        order.push(placed.operation);
      return { order: order.toReversed(), finalState: this.#model.describeState(end.state) };
    });
    if (prefixes.length === 0)
      prefixes.push({ order: [], finalState: this.#model.describeState(this.#model.initial) });
    return {
      type: 'violation',
      prefixes,
      candidates: this.#bestCandidates,
      steps: this.#steps,
    };
  }
}

function ticketsOf<State, Call, Answer>(
  { ticketOf }: Model<State, Call, Answer>,
  history: readonly Operation<Call, Answer>[],
  operations: readonly number[],
): (readonly [operation: number, ticket: number])[] {
  if (ticketOf === undefined) return [];
  return operations.flatMap((operation) => {
    const { call, outcome } = history[operation] ?? {};
    if (call === undefined || outcome?.type !== 'answered') return [];
    const ticket = ticketOf(call, outcome.answer);
    return ticket === undefined ? [] : [[operation, ticket] as const];
  });
}

function unlink({ previous, next }: Entry): void {
  if (previous !== undefined) previous.next = next;
  if (next !== undefined) next.previous = previous;
}

function relink(entry: Entry): void {
  if (entry.previous !== undefined) entry.previous.next = entry;
  if (entry.next !== undefined) entry.next.previous = entry;
}
