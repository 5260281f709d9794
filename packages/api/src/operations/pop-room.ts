/**
 * Memory for the payloads of pops that are under way on this node.
 *
 * POPROOM-1: the payloads that pops read at the same time take at most `mostBytes`, and those of one caller at most
 *     `mostBytesPerCaller`. A pop counts with the most that its messages may weigh, from before it takes anything until
 *     its answer is made.
 * POPROOM-2: a pop without room waits, in the order of coming; a caller whose share is used up keeps no other one waiting.
 *     At most `mostWaiting` wait, and none longer than `longestWaitMs`: whoever is refused has taken nothing.
 */
const mebibyte = 1024 * 1024;

export interface PopRoomBounds {
  readonly mostBytes: number;
  readonly mostBytesPerCaller: number;
  readonly mostWaiting: number;
  readonly longestWaitMs: number;
}
export const defaultPopRoom: PopRoomBounds = {
  mostBytes: 64 * mebibyte,
  mostBytesPerCaller: 32 * mebibyte,
  mostWaiting: 1000,
  longestWaitMs: 5000,
};

interface Waiting {
  readonly caller: string;
  readonly bytes: number;
  readonly enter: () => void;
}

type After = (delayMs: number, callback: () => void) => () => void;

export class PopRoom {
  readonly #after: After;
  readonly #bounds: PopRoomBounds;
  #bytes = 0;
  readonly #bytesOf = new Map<string, number>();
  readonly #waiting = new Set<Waiting>();

  constructor(after: After, bounds: PopRoomBounds = defaultPopRoom) {
    this.#after = after;
    this.#bounds = bounds;
  }

  /** POPROOM-1. At once, where there is room, and nobody waits for more of it than there is (POPROOM-2); whoever enters leaves. */
  tryEnter(caller: string, bytes: number): boolean {
    for (const waiting of this.#waiting) if (this.#isTooLarge(waiting.bytes)) return false;
    return this.#tryEnter(caller, bytes);
  }

  #isTooLarge(bytes: number): boolean {
    return this.#bytes + bytes > this.#bounds.mostBytes;
  }

  #tryEnter(caller: string, bytes: number): boolean {
    const own = (this.#bytesOf.get(caller) ?? 0) + bytes;
    if (this.#isTooLarge(bytes) || own > this.#bounds.mostBytesPerCaller) return false;
    this.#bytes += bytes;
    this.#bytesOf.set(caller, own);
    return true;
  }

  /** POPROOM-2. Whether there was room in time. */
  enter(caller: string, bytes: number): Promise<boolean> {
    if (this.#waiting.size >= this.#bounds.mostWaiting) return Promise.resolve(false);
    return new Promise((resolve) => {
      const end = (hasEntered: boolean): void => {
        cancel();
        this.#waiting.delete(waiting);
        resolve(hasEntered);
      };
      const waiting = { caller, bytes, enter: () => end(true) };
      const cancel = this.#after(this.#bounds.longestWaitMs, () => end(false));
      this.#waiting.add(waiting);
    });
  }

  leave(caller: string, bytes: number): void {
    this.#bytes -= bytes;
    const own = (this.#bytesOf.get(caller) ?? 0) - bytes;
    if (own > 0) this.#bytesOf.set(caller, own);
    else this.#bytesOf.delete(caller);
    for (const waiting of this.#waiting) {
      if (this.#isTooLarge(waiting.bytes)) break; // POPROOM-2: smaller ones do not pass it.
      if (this.#tryEnter(waiting.caller, waiting.bytes)) waiting.enter();
    }
  }
}
