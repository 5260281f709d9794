/** From two 32-bit integers to a third one, 0 or above: open addressing in typed arrays. */
export class PairMap {
  #keys = new Int32Array(2 << 10);
  /** One more than the value; 0: an empty place. */
  #values = new Int32Array(1 << 10);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** -1 where there is none. */
  get(one: number, other: number): number {
    return (this.#values[this.#place(one, other)] ?? 0) - 1;
  }

  set(one: number, other: number, value: number): void {
    if (this.#size * 2 > this.#values.length) this.#grow();
    const place = this.#place(one, other);
    if (this.#values[place] === 0) this.#size += 1;
    this.#keys[2 * place] = one;
    this.#keys[2 * place + 1] = other;
    this.#values[place] = value + 1;
  }

  *entries(): Iterable<readonly [one: number, other: number, value: number]> {
    for (const [place, value] of this.#values.entries()) {
      if (value === 0) continue;
      yield [this.#keys[2 * place] ?? 0, this.#keys[2 * place + 1] ?? 0, value - 1];
    }
  }

  #place(one: number, other: number): number {
    const mask = this.#values.length - 1;
    let hash = Math.imul(one, 0x9e3779b1) ^ Math.imul(other + 0x7f4a7c15, 0x85ebca6b);
    hash ^= hash >>> 15;
    hash = Math.imul(hash, 0xc2b2ae35);
    let place = (hash ^ (hash >>> 13)) & mask;
    while (
      this.#values[place] !== 0 &&
      (this.#keys[2 * place] !== one || this.#keys[2 * place + 1] !== other)
    )
      place = (place + 1) & mask;
    return place;
  }

  #grow(): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = new Int32Array(keys.length * 2);
    this.#values = new Int32Array(values.length * 2);
    for (const [place, value] of values.entries()) {
      if (value === 0) continue;
      const one = keys[2 * place] ?? 0;
      const other = keys[2 * place + 1] ?? 0;
      const next = this.#place(one, other);
      this.#keys[2 * next] = one;
      this.#keys[2 * next + 1] = other;
      this.#values[next] = value;
    }
  }
}
