/** Where in a row of integers what stands, and the row under the names that make it the least of its likes. */
import type { Chronicles } from './chronicle.ts';
import { codeOfDelivery } from './inputs.ts';
import type { LocalSteps } from './local-steps.ts';
import type { Renamings } from './renaming.ts';
import { isLess } from '../search/row-order.ts';

export interface RowParts {
  readonly renamings: Renamings;
  readonly steps: LocalSteps;
  readonly chronicles: Chronicles;
}

export class StateRow {
  readonly #nodes: number;
  readonly #parts: RowParts;
  readonly capacity: number;
  readonly width: number;
  readonly chroniclePlace: number;
  readonly budgetPlace: number;
  readonly ticksPlace: number;
  readonly #linesPlace: number;
  /** What `canonicalize` has made. */
  canonical: Int32Array;
  #other: Int32Array;

  constructor(nodes: number, capacity: number, parts: RowParts) {
    this.#nodes = nodes;
    this.#parts = parts;
    this.capacity = capacity;
    this.chroniclePlace = nodes;
    this.budgetPlace = nodes + 1;
    this.ticksPlace = nodes + 2;
    this.#linesPlace = nodes + 3;
    this.width = this.#linesPlace + nodes * (nodes - 1) * capacity;
    this.canonical = new Int32Array(this.width);
    this.#other = new Int32Array(this.width);
  }

  ticksLeft(state: Int32Array, node: number): number {
    return ((state[this.ticksPlace] ?? 0) >>> (3 * node)) & 7;
  }

  /** The place of its oldest message; 0 is no message, others are one more than the number. */
  line(from: number, to: number): number {
    const column = to < from ? to : to - 1;
    return this.#linesPlace + (from * (this.#nodes - 1) + column) * this.capacity;
  }

  remove(state: Int32Array, place: number): void {
    const within = (place - this.#linesPlace) % this.capacity;
    const end = place - within + this.capacity;
    state.copyWithin(place, place + 1, end);
    state[end - 1] = 0;
  }

  /** Whether the line of this place has room for several messages, and none left. */
  isFullOfSeveral(state: Int32Array, place: number): boolean {
    if (place < 0 || this.capacity === 1) return false;
    const within = (place - this.#linesPlace) % this.capacity;
    return state[place - within + this.capacity - 1] !== 0;
  }

  /** Where the line is full its oldest message is lost. */
  send(state: Int32Array, from: number, to: number, message: number): void {
    if (to >= this.#nodes) return;
    const first = this.line(from, to);
    let end = first;
    while (end < first + this.capacity && state[end] !== 0) {
      if (state[end] === message + 1) {
        this.remove(state, end);
        continue;
      }
      end += 1;
    }
    if (end === first + this.capacity) {
      this.remove(state, first);
      end -= 1;
    }
    state[end] = message + 1;
  }

  /** Takes away what `node`, and those that it has just sent to, will never heed. */
  forgetOld(state: Int32Array, node: number): void {
    for (let other = 0; other < this.#nodes; other++) {
      if (other === node) continue;
      this.#forgetOldOn(state, other, node);
      this.#forgetOldOn(state, node, other);
    }
  }

  #forgetOldOn(state: Int32Array, from: number, to: number): void {
    const { steps } = this.#parts;
    const first = this.line(from, to);
    const term = steps.facts.durableTerms.at(state[to] ?? 0);
    for (let place = first; place < first + this.capacity;) {
      const message = (state[place] ?? 0) - 1;
      if (message < 0) return;
      const isOld =
        steps.messageIsAnswer.at(message) === 1 && steps.messageTerms.at(message) < term;
      if (!isOld) {
        place += 1;
        continue;
      }
      steps.assertUnheeded(state[to] ?? 0, codeOfDelivery(message, from));
      this.remove(state, place);
    }
  }

  /** @returns The renaming that led to it. */
  canonicalize(state: Int32Array): number {
    const { renamings } = this.#parts;
    if (renamings.count === 1) {
      this.canonical.set(state);
      return 0;
    }
    let best = -1;
    for (let renaming = 0; renaming < renamings.count; renaming++) {
      const order = best < 0 ? -1 : this.#compareBlind(state, renaming, best);
      if (order > 0) continue;
      if (order < 0) {
        best = renaming;
        this.#rename(state, renaming, this.canonical);
        continue;
      }
      this.#rename(state, renaming, this.#other);
      if (!isLess(this.#other, this.canonical)) continue;
      [this.canonical, this.#other] = [this.#other, this.canonical];
      best = renaming;
    }
    return best;
  }

  /** How many renamings lead from this state to itself; the one that changes nothing is one of them. */
  likenesses(state: Int32Array): number {
    const { renamings } = this.#parts;
    return renamings.all.filter((_, renaming) => {
      this.#rename(state, renaming, this.#other);
      return this.#other.every((value, place) => value === state[place]);
    }).length;
  }

  /** By what is the same under all names: most states need no more. */
  #compareBlind(state: Int32Array, one: number, other: number): number {
    const { renamings, steps } = this.#parts;
    const back = renamings.inverse(one);
    const otherBack = renamings.inverse(other);
    for (let node = 0; node < this.#nodes; node++) {
      const a = steps.facts.blind.at(state[renamings.to(back, node)] ?? 0);
      const b = steps.facts.blind.at(state[renamings.to(otherBack, node)] ?? 0);
      if (a !== b) return a - b;
    }
    return 0;
  }

  #rename(state: Int32Array, renaming: number, into: Int32Array): void {
    if (renaming === 0) {
      into.set(state);
      return;
    }
    const { renamings, steps, chronicles } = this.#parts;
    let ticks = 0;
    for (let node = 0; node < this.#nodes; node++) {
      const to = renamings.to(renaming, node);
      into[to] = steps.renamed(renaming, state[node] ?? 0);
      ticks |= this.ticksLeft(state, node) << (3 * to);
    }
    into[this.chroniclePlace] = chronicles.renamed(renaming, state[this.chroniclePlace] ?? 0);
    into[this.budgetPlace] = state[this.budgetPlace] ?? 0;
    into[this.ticksPlace] = ticks;
    for (let from = 0; from < this.#nodes; from++) {
      for (let to = 0; to < this.#nodes; to++) {
        if (from === to) continue;
        const source = this.line(from, to);
        const target = this.line(renamings.to(renaming, from), renamings.to(renaming, to));
        for (let place = 0; place < this.capacity; place++) {
          const message = state[source + place] ?? 0;
          into[target + place] =
            message === 0 ? 0 : steps.renamedMessage(renaming, message - 1) + 1;
        }
      }
    }
  }
}
