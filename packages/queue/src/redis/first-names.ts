/**
 * The first names in order of many that come in no order, in parts.
 *
 * FIRST-1: no more than twice as many are kept as are wanted: each part costs what it has, however many names there are.
 */
export class FirstNames {
  readonly #most: number;
  /** None of the wanted is behind it. */
  #last: string | undefined = undefined;
  #kept = new Set<string>();

  constructor(most: number) {
    this.#most = most;
  }

  /** One that came before is the same one. */
  add(name: string): void {
    if (this.#last !== undefined && name >= this.#last) return;
    this.#kept.add(name);
    if (this.#kept.size < this.#most * 2) return;
    const first = this.toSorted(); // FIRST-1
    this.#last = first.at(-1);
    this.#kept = new Set(first);
  }

  toSorted(): readonly string[] {
    return [...this.#kept].toSorted().slice(0, this.#most);
  }

  /** How many are kept. */
  get size(): number {
    return this.#kept.size;
  }
}
