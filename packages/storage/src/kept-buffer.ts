/**
 * Memory in which one write after the other is put together: new memory for each would make the collector stop the process again
 * and again.
 *
 * KEPT-BUFFER-1: what it gives is as long as was asked for, and belongs to who asked until the next one does. So it is for one write at
 *     a time.
 * KEPT-BUFFER-2: it keeps no more than the longest write so far needed, rounded up, and never more than `mostBytes`. What is longer gets
 *     memory of its own.
 */
const leastBytes = 64 * 1024;

export class KeptBuffer {
  readonly #mostBytes: number;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get byteLength(): number {
    return this.#buffer.byteLength;
  }

  of(byteLength: number): Buffer {
    if (byteLength > this.#mostBytes) return Buffer.allocUnsafe(byteLength); // KEPT-BUFFER-2
    if (byteLength > this.#buffer.byteLength) {
      const rounded = 2 ** Math.ceil(Math.log2(Math.max(leastBytes, byteLength)));
      this.#buffer = Buffer.allocUnsafeSlow(Math.min(this.#mostBytes, rounded));
    }
    return this.#buffer.subarray(0, byteLength); // KEPT-BUFFER-1
  }
}
