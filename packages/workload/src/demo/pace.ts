/** Counts what is done in slices of time, for the rate of the moment and a small chart of the last seconds. */
const sliceMs = 100;
const keptSlices = 30;

export class Pace {
  readonly #now: () => number;
  readonly #slices: number[] = Array.from({ length: keptSlices }, () => 0);
  #slice: number;
  #count = 0;

  /** @param now monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
    this.#slice = Math.floor(now() / sliceMs);
  }

  get count(): number {
    return this.#count;
  }

  add(): void {
    this.#advance();
    this.#count += 1;
    const place = this.#slice % keptSlices;
    this.#slices[place] = (this.#slices[place] ?? 0) + 1;
  }

  /** How much was done a second, over the last full second. */
  perSecond(): number {
    const slicesPerSecond = 1000 / sliceMs;
    return this.recent()
      .slice(-slicesPerSecond)
      .reduce((sum, value) => sum + value, 0);
  }

  /** The finished slices of the last three seconds, oldest first. */
  recent(): readonly number[] {
    this.#advance();
    const oldest = this.#slice + 1;
    return Array.from(
      { length: keptSlices - 1 },
      (_, offset) => this.#slices[(oldest + offset) % keptSlices] ?? 0,
    );
  }

  #advance(): void {
    const slice = Math.floor(this.#now() / sliceMs);
    const passed = Math.min(keptSlices, slice - this.#slice);
    for (let step = 1; step <= passed; step++) {
      this.#slices[(slice - passed + step) % keptSlices] = 0;
    }
    this.#slice = slice;
  }
}
