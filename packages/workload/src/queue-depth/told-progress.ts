import { whole } from '../statistics/table.ts';

const tellEveryMs = 10_000;

/** Tells how far it is, now and then. */
export class ToldProgress {
  readonly #what: string;
  readonly #all: number;
  readonly #startedMs = performance.now();
  #toldMs = performance.now();

  constructor(what: string, all: number) {
    this.#what = what;
    this.#all = all;
  }

  tell(done: number): void {
    const nowMs = performance.now();
    if (nowMs - this.#toldMs < tellEveryMs || done <= 0) return;
    this.#toldMs = nowMs;
    const leftSeconds = ((this.#all - done) * (nowMs - this.#startedMs)) / done / 1000;
    console.error(
      `  ${whole(done)} of ${whole(this.#all)} ${this.#what}; ${whole(leftSeconds)} s left.`,
    );
  }
}
