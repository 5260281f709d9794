/**
 * What a search has entered: which answered operations were placed and which state that left, with which
 * unknown operations.
 *
 * TRIED-1: with the same answered operations and states of equal hash, one that used up fewer unknown
 *     operations and has no higher rank allows all that the other does: nothing is lost where the other
 *     is not entered. (A shortest way on from the other is a way on from this one, and no longer.)
 * TRIED-2: to miss such a pair costs time, never the verdict: only a few are compared, and no more are kept
 *     than there is memory for.
 */

/** Stands for a set of operations: two lanes of 32 bits, an operation goes in or out by exclusive or. */
export type Mark = readonly [first: number, second: number];

/** Unknown operations that are placed, the last first. */
export interface UsedUnknown {
  readonly mark: Mark;
  readonly count: number;
  readonly before: UsedUnknown | undefined;
}

interface Entered {
  readonly used: UsedUnknown | undefined;
  readonly rank: number;
}

/** TRIED-2. */
const maxCompared = 8;
const maxWayBack = 64;
const maxKept = 4_000_000;

export class Tried {
  readonly #entered = new Map<string, Entered | Entered[]>();
  /** Those for which there was no room among the compared, by all that they are. */
  readonly #others = new Set<string>();
  #kept = 0;

  /** False: it leads to nothing new. */
  enter(key: string, candidate: Entered): boolean {
    const known = this.#entered.get(key);
    const compared = known === undefined || Array.isArray(known) ? known : [known];
    if (compared?.some((one) => allowsAllOf(one, candidate)) === true) return false; // TRIED-1
    const isFull = this.#kept >= maxKept; // TRIED-2
    if (compared !== undefined && compared.length >= maxCompared) {
      const [first, second] = candidate.used?.mark ?? none;
      const whole = `${String(first)} ${String(second)} ${String(candidate.rank)} ${key}`;
      if (this.#others.has(whole)) return false;
      if (!isFull) this.#others.add(whole);
    } else if (!isFull) this.#entered.set(key, compared?.concat(candidate) ?? candidate);
    if (!isFull) this.#kept += 1;
    return true;
  }
}

const none: Mark = [0, 0];

/** TRIED-1, for unknown operations of which the other placed the same first and then more. */
function allowsAllOf(one: Entered, other: Entered): boolean {
  const more = (other.used?.count ?? 0) - (one.used?.count ?? 0);
  if (one.rank > other.rank || more < 0 || more > maxWayBack) return false;
  let { used } = other;
  for (let step = 0; step < more; step++) used = used?.before;
  const [first, second] = used?.mark ?? none;
  const [oneFirst, oneSecond] = one.used?.mark ?? none;
  return first === oneFirst && second === oneSecond;
}

export function withUnknown(used: UsedUnknown | undefined, added: Mark): UsedUnknown {
  return {
    mark: joined(used?.mark ?? none, added),
    count: (used?.count ?? 0) + 1,
    before: used,
  };
}

/** Also takes one out of the other. */
export const joined = (left: Mark, right: Mark): Mark => [left[0] ^ right[0], left[1] ^ right[1]];

/**
 * 64 bits that stand for an operation (Zobrist hashing). Two sets of operations are taken for the same
 * with a probability of about n²/2^65: for a million of them, three in a hundred million.
 */
export function mark(operation: number): Mark {
  return [mix(operation * 2 + 1), mix(operation * 2 + 0x5bd1e995)];
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return mixed ^ (mixed >>> 15);
}
