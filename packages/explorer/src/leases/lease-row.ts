/** Where in a row of integers what stands, and the row under the names that make it the least of its likes. */
import type { LeaseSteps } from './lease-steps.ts';
import { nodeCount, processCount } from './messages.ts';
import type { LeaseRenamings } from './renaming.ts';
import type { LeaseSymmetry } from './symmetry.ts';
import { isLess } from '../search/row-order.ts';

export const maxTokenPlace: number = processCount;
export const budgetPlace: number = processCount + 1;
/** Four bits for each node. */
export const roundsPlace: number = processCount + 2;
/** Bits of moments at which nobody had voted (see moments.ts). */
export const momentsPlace: number = processCount + 3;
export const firstMessage: number = processCount + 4;
/** Far more than come together within the bounds; one more ends the search. */
const maxMessages = 24;
export const rowWidth: number = firstMessage + maxMessages;

export function removeMessage(row: Int32Array, place: number): void {
  row.copyWithin(place, place + 1);
  row[row.length - 1] = 0;
}

/** In order of their numbers; the same message is under way once. */
export function addMessage(row: Int32Array, message: number): void {
  if (row[row.length - 1] !== 0)
    throw new Error('More messages are under way than a row has room for.');
  let place = firstMessage;
  while (row[place] !== 0 && (row[place] ?? 0) < message + 1) place += 1;
  if (row[place] === message + 1) return;
  row.copyWithin(place + 1, place, row.length - 1);
  row[place] = message + 1;
}

export class LeaseRows {
  readonly #renamings: LeaseRenamings;
  readonly #steps: LeaseSteps;
  readonly #symmetry: LeaseSymmetry;
  /** What `canonicalize` has made. */
  canonical: Int32Array = new Int32Array(rowWidth);
  #other: Int32Array = new Int32Array(rowWidth);
  readonly #outline = new Int32Array(processCount);

  constructor(renamings: LeaseRenamings, steps: LeaseSteps, symmetry: LeaseSymmetry) {
    this.#renamings = renamings;
    this.#steps = steps;
    this.#symmetry = symmetry;
  }

  /** @returns The renaming that led to it. */
  canonicalize(state: Int32Array): number {
    const { count } = this.#renamings;
    this.canonical.set(state);
    if (count === 1) return 0;
    for (let process = 0; process < processCount; process++)
      this.#outline[process] = this.#steps.outlines.at(state[process] ?? 0);
    let best = 0;
    for (let renaming = 1; renaming < count; renaming++) {
      const order = this.#compareOutlines(renaming, best);
      if (order > 0) continue;
      this.#rename(state, renaming, this.#other);
      if (order === 0 && !isLess(this.#other, this.canonical)) continue;
      [this.canonical, this.#other] = [this.#other, this.canonical];
      best = renaming;
    }
    return best;
  }

  /** How many renamings lead from this state to itself; the one that changes nothing is one of them. */
  likenesses(state: Int32Array): number {
    return this.#renamings.all.filter((_, renaming) => {
      this.#rename(state, renaming, this.#other);
      return this.#other.every((value, place) => value === state[place]);
    }).length;
  }

  /** By what is the same under all names: many states need no more. */
  #compareOutlines(one: number, other: number): number {
    const renamings = this.#renamings;
    const back = renamings.inverse(one);
    const otherBack = renamings.inverse(other);
    for (let process = 0; process < processCount; process++) {
      const a = this.#outline[renamings.to(back, process)] ?? 0;
      const b = this.#outline[renamings.to(otherBack, process)] ?? 0;
      if (a !== b) return a - b;
    }
    return 0;
  }

  #rename(state: Int32Array, renaming: number, into: Int32Array): void {
    const renamings = this.#renamings;
    const symmetry = this.#symmetry;
    into.set(state);
    if (renaming === 0) return;
    for (let process = 0; process < processCount; process++)
      into[renamings.to(renaming, process)] = symmetry.state(renaming, state[process] ?? 0);
    const before = state[roundsPlace] ?? 0;
    let rounds = 0;
    for (let node = 0; node < nodeCount; node++)
      rounds |= ((before >>> (4 * node)) & 15) << (4 * renamings.to(renaming, node));
    into[roundsPlace] = rounds;
    into[momentsPlace] = renamings.moments(renaming, state[momentsPlace] ?? 0);
    let end = firstMessage;
    for (; end < rowWidth; end++) {
      const message = (state[end] ?? 0) - 1;
      if (message < 0) break;
      const renamed = symmetry.message(renaming, message) + 1;
      let place = end;
      for (; place > firstMessage && (into[place - 1] ?? 0) > renamed; place--)
        into[place] = into[place - 1] ?? 0;
      into[place] = renamed;
    }
  }
}
