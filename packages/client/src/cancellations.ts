/**
 * Acquires that programs asked for by `Client.call`, cancelled in the background.
 *
 * CLIENT-CANCELLATION-1: what may have been granted to nobody is asked to be cancelled until the cluster itself has answered. What
 *     a node refuses by itself is no answer.
 * CLIENT-CANCELLATION-2: bounded: at most `mostKept` are kept, `atOnce` of them are under way, and the pause before the next
 *     attempt of one grows. What is not kept ends with its session.
 * CLIENT-CANCELLATION-3: each has an end in time, after which nothing is held that it could give back, or nobody is expected to
 *     wait for it any more; all end with the client.
 */
import type { Operations } from '@holdfast/protocol';
import type { ClientClock } from './clock.ts';
import { isDecided } from './until-answered.ts';

const mostKept = 10_000;
const atOnce = 64;
const firstPauseMs = 50;
const longestPauseMs = 30_000;

/** Names the acquire. */
type Wish = Operations['cancel_request']['body'];

interface Kept {
  readonly key: string;
  readonly wish: Wish;
  /** Nothing depends on it any more. */
  isOver: () => boolean;
  pauseMs: number;
  cancelPause: (() => void) | undefined;
}

export class BackgroundCancellations {
  readonly #clock: ClientClock;
  readonly #ask: (wish: Wish) => Promise<unknown>;
  readonly #kept = new Map<string, Kept>();
  /** Those whose turn it is. */
  readonly #due = new Set<Kept>();
  #asked = 0;
  #isClosed = false;

  /** @param ask Once, within a bounded time. */
  constructor(clock: ClientClock, ask: (wish: Wish) => Promise<unknown>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  get count(): number {
    return this.#kept.size;
  }

  /** @param isOver CLIENT-CANCELLATION-3. */
  add(wish: Wish, isOver: () => boolean): void {
    const key = JSON.stringify(wish);
    const known = this.#kept.get(key);
    if (known !== undefined) known.isOver = isOver;
    if (this.#isClosed || known !== undefined || this.#kept.size >= mostKept) return; // CLIENT-CANCELLATION-2
    const kept: Kept = { key, wish, isOver, pauseMs: firstPauseMs, cancelPause: undefined };
    this.#kept.set(key, kept);
    this.#due.add(kept);
    this.#run();
  }

  /** Nothing is asked any more. */
  close(): void {
    this.#isClosed = true;
    for (const { cancelPause } of this.#kept.values()) cancelPause?.();
    this.#kept.clear();
    this.#due.clear();
  }

  #run(): void {
    for (const kept of this.#due) {
      if (this.#asked >= atOnce) return; // CLIENT-CANCELLATION-2
      this.#due.delete(kept);
      if (kept.isOver()) this.#kept.delete(kept.key);
      else void this.#give(kept);
    }
  }

  async #give(kept: Kept): Promise<void> {
    this.#asked += 1;
    const isSettled = await this.#isSettled(kept.wish);
    this.#asked -= 1;
    if (isSettled) this.#kept.delete(kept.key);
    else if (!this.#isClosed) this.#pause(kept);
    this.#run();
  }

  async #isSettled(wish: Wish): Promise<boolean> {
    try {
      await this.#ask(wish);
      return true;
    } catch (error) {
      return isDecided(error); // CLIENT-CANCELLATION-1
    }
  }

  #pause(kept: Kept): void {
    const delayMs = kept.pauseMs * (0.5 + this.#clock.random() / 2);
    kept.pauseMs = Math.min(2 * kept.pauseMs, longestPauseMs);
    kept.cancelPause = this.#clock.after(delayMs, () => {
      kept.cancelPause = undefined;
      this.#due.add(kept);
      this.#run();
    });
  }
}
