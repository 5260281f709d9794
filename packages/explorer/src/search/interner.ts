/** Each value once, under a small number: what is equal by its text has the same number. */
export class Interner<T> {
  readonly #numbers = new Map<string, number>();
  readonly #values: T[] = [];

  get size(): number {
    return this.#values.length;
  }

  numberOf(text: string): number | undefined {
    return this.#numbers.get(text);
  }

  intern(text: string, value: T): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.#values.length;
    this.#numbers.set(text, number);
    this.#values.push(value);
    return number;
  }

  value(number: number): T {
    const value = this.#values[number];
    if (value === undefined) throw new Error(`There is no value ${String(number)}.`);
    return value;
  }
}
