/** A memory of so many things by their keys: the oldest is forgotten first. */
import { invariant } from '../invariant.ts';

export class Remembered<Key, Value> {
  readonly #most: number;
  readonly #values = new Map<Key, Value>();
  /** The keys in order of their coming: a ring once it is full. */
  readonly #order: Key[] = [];
  #oldest = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get(key: Key): Value | undefined {
    return this.#values.get(key);
  }

  add(key: Key, value: Value): void {
    invariant(!this.#values.has(key), 'What is remembered came once.', String(key));
    this.#values.set(key, value);
    if (this.#order.length < this.#most) {
      this.#order.push(key);
      return;
    }
    const forgotten = this.#order[this.#oldest];
    if (forgotten !== undefined) this.#values.delete(forgotten);
    this.#order[this.#oldest] = key;
    this.#oldest = (this.#oldest + 1) % this.#most;
  }

  /** As of now, oldest first. */
  entries(): readonly (readonly [Key, Value])[] {
    const entries: (readonly [Key, Value])[] = [];
    for (let count = 0; count < this.#order.length; count++) {
      const key = this.#order[(this.#oldest + count) % this.#order.length];
      const value = key === undefined ? undefined : this.#values.get(key);
      if (key !== undefined && value !== undefined) entries.push([key, value]);
    }
    return entries;
  }
}
