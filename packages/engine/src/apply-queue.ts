/**
 * Committed entries on their way into the state machine, a bounded number a turn of the event loop.
 *
 * ENG-APPLY-1: entries are applied in order, once. Those of a state that a snapshot replaces are dropped.
 * ENG-APPLY-2: one turn applies until its share of time or of entries is used up; the rest follows in
 *     the next turns, however many entries were committed at once, and however often one turn tells that some are.
 * ENG-APPLY-3: what was applied is let go, also while more waits; and while a turn is awaited nothing more
 *     is taken from the core (`hasRoom`), which holds the entries anyway.
 * ENG-APPLY-4: while the audit is behind no entry is applied: it would be told more than it can write.
 */
import type { Entry } from '@holdfast/raft';
import type { Clock } from './clock.ts';
import type { Timings } from './timings.ts';

const maxTurnMs = 8;
const defaultEntriesPerTurn = 1000;
/** Applied entries are cut off in portions of at least this many. */
const mostAppliedKept = 256;

export class ApplyQueue {
  readonly #clock: Clock;
  readonly #maxEntriesPerTurn: number;
  readonly #onTurn: () => void;
  readonly #timings: Timings | undefined;
  readonly #isHeldUp: () => boolean;
  #entries: Entry[] = [];
  #next = 0;
  #turnPlanned = false;
  /** Since the last turn that was ended for it: what tells of entries, a write or a message, may come many times in one turn. */
  #usedMs = 0;
  #entriesThisTurn = 0;

  /**
   * @param onTurn Called when it is time to go on in a new turn.
   * @param isHeldUp ENG-APPLY-4. Whoever says so calls `apply` again when it is over.
   */
  constructor(
    clock: Clock,
    maxEntriesPerTurn: number | undefined,
    onTurn: () => void,
    timings?: Timings,
    isHeldUp: () => boolean = () => false,
  ) {
    this.#clock = clock;
    this.#maxEntriesPerTurn = maxEntriesPerTurn ?? defaultEntriesPerTurn;
    this.#onTurn = onTurn;
    this.#timings = timings;
    this.#isHeldUp = isHeldUp;
  }

  get isEmpty(): boolean {
    return this.#next >= this.#entries.length;
  }

  /** ENG-APPLY-3. */
  get hasRoom(): boolean {
    return !this.#turnPlanned && !this.#isHeldUp();
  }

  /** Entries that are kept here, applied or not. */
  get kept(): number {
    return this.#entries.length;
  }

  push(entries: readonly Entry[]): void {
    for (const entry of entries) this.#entries.push(entry);
  }

  /** Another state took the place of the one that these were for. */
  clear(): void {
    this.#entries = [];
    this.#next = 0;
  }

  /** The entries that `apply` takes from now on count for one turn (ENG-APPLY-2). */
  beginTurn(): void {
    this.#entriesThisTurn = 0;
  }

  /** Applies what this turn may. Returns the last entry that was applied, if any. */
  apply(act: (entry: Entry) => void): Entry | undefined {
    let last: Entry | undefined;
    let startedMs = this.#clock.now();
    while (!this.#turnPlanned) {
      if (this.#isHeldUp()) break;
      const entry = this.#entries[this.#next];
      if (entry === undefined) break;
      this.#next += 1; // ENG-APPLY-1
      this.#entriesThisTurn += 1;
      act(entry);
      last = entry;
      const nowMs = this.#clock.now();
      this.#timings?.took('apply', nowMs - startedMs);
      this.#usedMs += nowMs - startedMs;
      startedMs = nowMs;
      if (this.#entriesThisTurn >= this.#maxEntriesPerTurn || this.#usedMs >= maxTurnMs)
        this.#planTurn();
    }
    this.#letGo();
    return last;
  }

  /** ENG-APPLY-3. */
  #letGo(): void {
    if (this.#next === 0) return;
    if (this.isEmpty) this.clear();
    else if (this.#next >= mostAppliedKept) {
      this.#entries = this.#entries.slice(this.#next);
      this.#next = 0;
    }
  }

  #planTurn(): void {
    this.#turnPlanned = true;
    this.#clock.endOfTurn(() => {
      this.#turnPlanned = false;
      this.#usedMs = 0;
      this.#onTurn();
    });
  }
}
