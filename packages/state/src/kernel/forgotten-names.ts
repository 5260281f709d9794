/**
 * What is kept of the names of requests whose answers have been forgotten (STATE-REQUEST-1, STATE-REQUEST-6).
 *
 * STATE-REQUEST-6: names that no node counts (a `cancel_id`) have no order: of a forgotten one no bound tells. From feature level
 *     3 on it is kept that there was one: a cancelling that finds nothing is then refused, for what it names may have been executed.
 *     Of those that had been cancelled the latest `maxCancelled` are kept, so that a late copy of one is refused.
 */
import { namesWithoutMakerLevel } from './levels.ts';

/** Node processes whose forgotten names are told from new ones. */
const maxMakers = 16;
const maxCancelled = 64;

/** As a snapshot has it. */
export interface NamesRecord {
  /** The highest counter of each node process. */
  readonly through: readonly (readonly [string, number])[];
  /** Undefined: each that was forgotten was counted by a node process. */
  readonly cancelled: readonly string[] | undefined;
}

export class ForgottenNames {
  readonly #through: Map<string, number>;
  /** Those without a maker; undefined as long as none was forgotten. */
  #cancelled: Set<string> | undefined;

  constructor({ through, cancelled }: NamesRecord = { through: [], cancelled: undefined }) {
    this.#through = new Map(through);
    this.#cancelled = cancelled === undefined ? undefined : new Set(cancelled);
  }

  get record(): NamesRecord {
    const cancelled = this.#cancelled === undefined ? undefined : Array.from(this.#cancelled);
    return { through: Array.from(this.#through), cancelled };
  }

  add(name: string, isCancelled: boolean, featureLevel: number): void {
    const made = makerOf(name);
    if (made === undefined) {
      if (featureLevel >= namesWithoutMakerLevel) this.#addWithoutMaker(name, isCancelled);
      return;
    }
    const { maker, counter } = made;
    this.#through.set(maker, Math.max(counter, this.#through.get(maker) ?? 0)); // STATE-REQUEST-1
    dropOldest(this.#through, maxMakers);
  }

  /** STATE-REQUEST-6. */
  #addWithoutMaker(name: string, isCancelled: boolean): void {
    this.#cancelled ??= new Set();
    if (!isCancelled) return;
    this.#cancelled.add(name);
    dropOldest(this.#cancelled, maxCancelled);
  }

  /** Whether it was certainly forgotten. */
  has(name: string): boolean {
    const made = makerOf(name);
    if (made === undefined) return this.wasCancelled(name);
    const through = this.#through.get(made.maker);
    return through !== undefined && made.counter <= through;
  }

  /** It was forgotten, and had been cancelled before. */
  wasCancelled(name: string): boolean {
    return this.#cancelled?.has(name) === true;
  }

  /** STATE-REQUEST-6: whether it may have been forgotten, where nothing else is known of it. */
  mayHave(name: string): boolean {
    return this.#cancelled !== undefined && makerOf(name) === undefined;
  }
}

function dropOldest<T>(
  some: { readonly size: number; keys(): Iterator<T>; delete(key: T): boolean },
  most: number,
): void {
  if (some.size <= most) return;
  const oldest = some.keys().next();
  if (oldest.done !== true) some.delete(oldest.value);
}

/** Of a name as nodes make them, see `newRequestId` of the api. */
function makerOf(name: string): { readonly maker: string; readonly counter: number } | undefined {
  const [, maker, counter] = /^(.+)-([0-9a-z]{1,10})$/.exec(name) ?? [];
  if (maker === undefined || counter === undefined) return undefined;
  return { maker, counter: Number.parseInt(counter, 36) };
}
