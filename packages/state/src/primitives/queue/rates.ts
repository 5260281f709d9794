/** How often something happens, over about a minute of cluster time: two windows that follow each other. */
const windowMs = 60_000;

/** The window that a time is in. */
export const windowOf = (timeMs: number): number => Math.floor(timeMs / windowMs);

/** Times a second, of what was counted in the window that a time is in and in the one before that. */
export function perSecond(current: number, previous: number, timeMs: number): number {
  const passed = (timeMs % windowMs) / windowMs;
  return (current + previous * (1 - passed)) / (windowMs / 1000);
}

export class Rate {
  /** Since the queue was made. */
  total = 0;
  #window = 0;
  #current = 0;
  #previous = 0;

  add(count: number, timeMs: number): void {
    this.#moveTo(windowOf(timeMs));
    this.#current += count;
    this.total += count;
  }

  /** Times a second. */
  at(timeMs: number): number {
    const age = windowOf(timeMs) - this.#window;
    const current = age <= 0 ? this.#current : 0;
    const previous = age <= 0 ? this.#previous : age === 1 ? this.#current : 0;
    return perSecond(current, previous, timeMs);
  }

  toNumbers(): readonly number[] {
    return [this.total, this.#window, this.#current, this.#previous];
  }

  restore([total = 0, window = 0, current = 0, previous = 0]: readonly number[]): void {
    this.total = total;
    this.#window = window;
    this.#current = current;
    this.#previous = previous;
  }

  #moveTo(window: number): void {
    if (window === this.#window) return;
    this.#previous = window === this.#window + 1 ? this.#current : 0;
    this.#current = 0;
    this.#window = window;
  }
}
