/**
 * What waits for its turn, of many callers.
 *
 * CALLER-RING-1: one of each caller is taken in turn: what one waits for depends on how many callers wait, and not on how much
 *     another has waiting. Those of one caller are taken in the order in which they came.
 * CALLER-RING-2: nothing is kept of a caller that has nothing waiting.
 */
import { Fifo } from '@holdfast/engine/parts';

interface OfCaller<Item> {
  readonly caller: string;
  readonly items: Fifo<Item>;
}

export class CallerRing<Item> {
  readonly #byCaller = new Map<string, OfCaller<Item>>();
  /** The next one first. */
  readonly #ring = new Fifo<OfCaller<Item>>();

  get isEmpty(): boolean {
    return this.#ring.length === 0;
  }

  get callers(): number {
    return this.#byCaller.size;
  }

  push(caller: string, item: Item): void {
    let own = this.#byCaller.get(caller);
    if (own === undefined) {
      own = { caller, items: new Fifo() };
      this.#byCaller.set(caller, own);
      this.#ring.push(own);
    }
    own.items.push(item);
  }

  /** CALLER-RING-1 */
  shift(): Item | undefined {
    const own = this.#ring.shift();
    const item = own?.items.shift();
    if (own === undefined) return undefined;
    if (own.items.length > 0) this.#ring.push(own);
    else this.#byCaller.delete(own.caller); // CALLER-RING-2
    return item;
  }
}
