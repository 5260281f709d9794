/**
 * How many refusals a second are recorded, of each caller and of all (AUDIT-NODE-2 of the audit of a node).
 *
 * REFUSALS-1: of each caller so many are recorded, and of all together so many; the rest is a number, of those with the most by
 *     themselves and of all others in one.
 */

const mostOfCaller = 50;
const mostTogether = 500;
const mostCallers = 1000;
/** Of so many callers the rest is told by itself. */
const mostToldApart = 20;

interface Counted {
  recorded: number;
  rest: number;
  readonly address: string | undefined;
}

export interface Rest {
  /** Empty: of all others. */
  readonly caller: string;
  readonly address?: string;
  readonly count: number;
}

export class Refusals {
  readonly #ofCallers = new Map<string, Counted>();
  #together = 0;
  /** Of more callers than are told apart. */
  #restOfOthers = 0;

  isRecorded(caller: string, address: string | undefined): boolean {
    let counted = this.#ofCallers.get(caller);
    if (counted === undefined) {
      if (this.#ofCallers.size >= mostCallers) {
        this.#restOfOthers += 1;
        return false;
      }
      counted = { recorded: 0, rest: 0, address };
      this.#ofCallers.set(caller, counted);
    }
    if (counted.recorded >= mostOfCaller || this.#together >= mostTogether) {
      counted.rest += 1;
      return false;
    }
    counted.recorded += 1;
    this.#together += 1;
    return true;
  }

  /** A second is over. */
  takeRest(): readonly Rest[] {
    if (this.#ofCallers.size === 0) return [];
    const withRest = [...this.#ofCallers]
      .filter(([, { rest }]) => rest > 0)
      .toSorted(([, a], [, b]) => b.rest - a.rest);
    const told: Rest[] = withRest.slice(0, mostToldApart).map(([caller, { rest, address }]) => ({
      caller,
      ...(address === undefined ? {} : { address }),
      count: rest,
    }));
    const others = withRest
      .slice(mostToldApart)
      .reduce((sum, [, { rest }]) => sum + rest, this.#restOfOthers);
    if (others > 0) told.push({ caller: '', count: others });
    this.#ofCallers.clear();
    this.#together = 0;
    this.#restOfOthers = 0;
    return told;
  }
}
