/**
 * The deadlines of what this node executes itself, as the leader.
 *
 * DEADLINE-1: what is not done by its deadline is told so, once, less than two `grainMs` after it, and never before it.
 * DEADLINE-2: a call costs no timer: those whose deadlines are in the same `grainMs` are looked at together, and those that are
 *     over are told a slice a turn (SLICE-2).
 */
import type { Clock } from './clock.ts';
import { notCommitted } from './failures.ts';
import { TurnSlices } from './turn-slices.ts';

const grainMs = 250;

/** What ends in the same `grainMs`. */
interface Slot {
  /** Its end, in `grainMs`. */
  readonly at: number;
  readonly calls: Set<TimedCall>;
}

export interface TimedCall {
  readonly slot: Slot;
  /** Its time is over. */
  readonly tell: () => void;
}

export class CallDeadlines {
  readonly #clock: Pick<Clock, 'now' | 'after'>;
  readonly #telling: TurnSlices;
  readonly #slots = new Map<number, Slot>();
  /** The next one to look at. */
  #nextSlot = 0;
  #isPlanned = false;

  constructor(clock: Pick<Clock, 'now' | 'after' | 'endOfTurn'>) {
    this.#clock = clock;
    this.#telling = new TurnSlices(clock);
  }

  /** @param tell Called unless the call is over before; it does not throw. */
  add(deadlineMs: number, tell: () => void): TimedCall {
    if (!this.#isPlanned) {
      this.#nextSlot = Math.max(this.#nextSlot, Math.ceil(this.#clock.now() / grainMs));
      this.#plan();
    }
    const at = Math.max(this.#nextSlot, Math.ceil(deadlineMs / grainMs));
    let slot = this.#slots.get(at);
    if (slot === undefined) {
      slot = { at, calls: new Set() };
      this.#slots.set(at, slot);
    }
    const call = { slot, tell };
    slot.calls.add(call);
    return call;
  }

  /** It is done. @returns False where it was told before that its time is over. */
  end(call: TimedCall): boolean {
    const { slot } = call;
    if (!slot.calls.delete(call)) return false;
    if (slot.calls.size === 0) this.#slots.delete(slot.at);
    return true;
  }

  /** How the call ends, or that it did not in its time. @param late What is told then. */
  within<T>(deadlineMs: number, outcome: Promise<T>, late: () => Error = notCommitted): Promise<T> {
    return new Promise((resolve, reject) => {
      const call = this.add(deadlineMs, () => reject(late()));
      void outcome.then(resolve, reject).finally(() => this.end(call));
    });
  }

  #plan(): void {
    this.#isPlanned = true;
    const inMs = this.#nextSlot * grainMs - this.#clock.now();
    // Timers may be early by less than that.
    this.#clock.after(Math.max(1, inMs), () => this.#look());
  }

  #look(): void {
    const last = Math.floor(this.#clock.now() / grainMs);
    for (; this.#nextSlot <= last; this.#nextSlot++) {
      const slot = this.#slots.get(this.#nextSlot);
      if (slot === undefined) continue;
      this.#slots.delete(slot.at);
      this.#telling.add(tellingsOf(slot.calls)); // DEADLINE-1
    }
    this.#isPlanned = false;
    if (this.#slots.size > 0) this.#plan();
  }
}

/** Those that end meanwhile are left out. */
function* tellingsOf(calls: Set<TimedCall>): Generator<() => void> {
  for (const call of calls) {
    calls.delete(call);
    yield call.tell;
  }
}
