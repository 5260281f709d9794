/**
 * Latches: what a client does with one, and what must hold of them by what clients did and by the events of the cluster
 * (each seen once, as the first node applies it).
 *
 * COUNT-DOWN-1: who is told that a latch is open finds that it was counted down often enough, and a latch is not counted
 *     down more often than was asked.
 */
import { Latch } from '@holdfast/client';
import type { Session } from '@holdfast/client';
import type { Event } from '@holdfast/state';
import type { Random } from '../world/random.ts';

const initialCount = 4;
const names = 5;

interface Counted {
  asked: number;
  counted: number;
  left: number;
}

export class CountDowns {
  readonly #report: (message: string) => void;
  /** By name: what was asked to be taken off, what was, and what is left. */
  readonly #latches = new Map<string, Counted>();

  constructor(report: (message: string) => void) {
    this.#report = report;
  }

  asks(latch: string, by: number): void {
    this.#of(latch).asked += by;
  }

  toldOpen(latch: string, count: number): void {
    const { asked } = this.#of(latch);
    if (asked < count)
      this.#report(
        `Latch "${latch}" was told to be open after ${String(asked)} of ${String(count)} counts.`,
      ); // COUNT-DOWN-1
  }

  onEvent(event: Event): void {
    if (event.type !== 'latch_changed') return;
    const { name, change, count } = event;
    const latch = this.#of(name);
    if (change === 'counted' || change === 'opened') latch.counted += latch.left - count;
    latch.left = count;
    if (latch.counted > latch.asked)
      this.#report(`Latch "${name}" was counted down more often than was asked.`); // COUNT-DOWN-1
  }

  #of(name: string): Counted {
    let latch = this.#latches.get(name);
    if (latch === undefined)
      this.#latches.set(name, (latch = { asked: 0, counted: 0, left: Number.NaN }));
    return latch;
  }
}

/** Counts one of a few down, and waits for it. @throws HoldfastError */
export async function countDown(
  session: Session,
  { random, countDowns }: { readonly random: Random; readonly countDowns: CountDowns },
): Promise<void> {
  const latch = new Latch(session, `latch-${String(random.below(names))}`);
  await latch.create(initialCount);
  const by = 1 + random.below(2);
  countDowns.asks(latch.name, by);
  const left = await latch.countDown(by);
  if (left === 0) countDowns.toldOpen(latch.name, initialCount);
  await latch.wait({ waitMs: random.between(100, 1000) });
  countDowns.toldOpen(latch.name, initialCount);
}
