/** Who delayed writes of the cache: by how much in all, and how often its lease had to run out. At most `mostNames`, the latest. */

const mostNames = 100;
/** What takes less is the network, and delays nobody. */
const leastMs = 100;

export interface Delay {
  readonly name: string;
  readonly ms: number;
  /** Invalidations that it acknowledged late, or never. */
  readonly count: number;
  /** Of those: never, until its lease had run out. */
  readonly lapsed: number;
}

export class Delays {
  readonly #byName = new Map<string, Delay>();

  note(name: string, ms: number, isLapsed: boolean): void {
    if (ms < leastMs) return;
    const known = this.#byName.get(name) ?? { name, ms: 0, count: 0, lapsed: 0 };
    this.#byName.delete(name);
    this.#byName.set(name, {
      name,
      ms: known.ms + ms,
      count: known.count + 1,
      lapsed: known.lapsed + (isLapsed ? 1 : 0),
    });
    if (this.#byName.size <= mostNames) return;
    for (const oldest of this.#byName.keys()) {
      this.#byName.delete(oldest);
      return;
    }
  }

  /** Who delayed them longest first. */
  get list(): readonly Delay[] {
    return [...this.#byName.values()].toSorted((one, other) => other.ms - one.ms);
  }
}
