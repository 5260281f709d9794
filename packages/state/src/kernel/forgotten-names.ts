/**
 * What is kept of the names of requests whose answers have been forgotten (STATE-REQUEST-1, STATE-REQUEST-6).
 *
 * STATE-REQUEST-6: names that no node counts (a `cancel_id`) have no order of their own. From feature level 3 on their
 *     commands have one: each copy of such a request tells the log index that its node had applied when it was asked
 *     (`askedAt`), and an answer to one the index at which it was given. A request that is not remembered and was asked
 *     before an answer that was forgotten was given is refused, never executed: it may be a copy of that. A
 *     cancelling names what it cancels and does not tell when that was asked: once any was forgotten, one that finds
 *     nothing is refused as well, for what it names may have been executed.
 */

/** Node processes whose forgotten names are told from new ones. */
const maxMakers = 16;

/** As a snapshot has it. */
export interface NamesRecord {
  /** The highest counter of each node process. */
  readonly through: readonly (readonly [string, number])[];
  /** Of names without an order the highest index of a forgotten answer; undefined: none was forgotten. */
  readonly unorderedThrough: number | undefined;
}

export class ForgottenNames {
  readonly #through: Map<string, number>;
  #unorderedThrough: number | undefined;

  constructor({ through, unorderedThrough }: NamesRecord = nothing) {
    this.#through = new Map(through);
    this.#unorderedThrough = unorderedThrough;
  }

  get record(): NamesRecord {
    return { through: Array.from(this.#through), unorderedThrough: this.#unorderedThrough };
  }

  /** @param answeredAt Of a name without an order: undefined where it was answered below the feature level that keeps it. */
  add(name: string, answeredAt: number | undefined): void {
    const made = makerOf(name);
    if (made === undefined) {
      if (answeredAt !== undefined)
        this.#unorderedThrough = Math.max(answeredAt, this.#unorderedThrough ?? 0); // STATE-REQUEST-6
      return;
    }
    const { maker, counter } = made;
    this.#through.set(maker, Math.max(counter, this.#through.get(maker) ?? 0)); // STATE-REQUEST-1
    if (this.#through.size <= maxMakers) return;
    const oldest = this.#through.keys().next();
    if (oldest.done !== true) this.#through.delete(oldest.value);
  }

  /** Of a command that names none that is remembered. */
  has(name: string, askedAt: number | undefined): boolean {
    const made = makerOf(name);
    if (made === undefined) return (askedAt ?? -1) < (this.#unorderedThrough ?? -1); // STATE-REQUEST-6
    const through = this.#through.get(made.maker);
    return through !== undefined && made.counter <= through;
  }

  /** STATE-REQUEST-6: whether it may have been forgotten, whenever it was asked. */
  mayHave(name: string): boolean {
    return this.#unorderedThrough !== undefined && hasNoOrder(name);
  }
}

const nothing: NamesRecord = { through: [], unorderedThrough: undefined };

/** Whether no node counts it. */
export const hasNoOrder = (name: string): boolean => makerOf(name) === undefined;

/** Of a name as nodes make them, see `newRequestId` of the api. */
function makerOf(name: string): { readonly maker: string; readonly counter: number } | undefined {
  const [, maker, counter] = /^(.+)-([0-9a-z]{1,10})$/.exec(name) ?? [];
  if (maker === undefined || counter === undefined) return undefined;
  return { maker, counter: Number.parseInt(counter, 36) };
}
