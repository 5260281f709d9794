/**
 * The bytes of requests that have come and wait for their turn, on interfaces whose connections are read on meanwhile.
 *
 * WAITING-BYTES-1: they are bounded for the node. Nobody is given more of them than what is then left for others: one caller alone has at
 *     most half of all, two that ask for as much a third each, and there is always something left for one that has nothing waiting.
 * WAITING-BYTES-2: nothing is kept of a caller that has nothing waiting.
 */
export class WaitingBytes {
  readonly #most: number;
  readonly #byCaller = new Map<string, number>();
  #all = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get all(): number {
    return this.#all;
  }

  get callers(): number {
    return this.#byCaller.size;
  }

  /** @returns Whether there is room for them; then they are counted until they are given back. */
  take(caller: string, bytes: number): boolean {
    const own = (this.#byCaller.get(caller) ?? 0) + bytes;
    if (own > this.#most - this.#all - bytes) return false; // WAITING-BYTES-1
    this.#byCaller.set(caller, own);
    this.#all += bytes;
    return true;
  }

  giveBack(caller: string, bytes: number): void {
    const own = (this.#byCaller.get(caller) ?? 0) - bytes;
    if (own > 0) this.#byCaller.set(caller, own);
    else this.#byCaller.delete(caller); // WAITING-BYTES-2
    this.#all -= bytes;
  }
}
