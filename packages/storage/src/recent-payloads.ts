/** The latest payloads, in memory for those who read them soon, in the order in which they were put. */
export class RecentPayloads {
  readonly #mostBytes: number;
  /** Of one that is not on the disk yet: it stays. */
  readonly #isNeeded: (id: number) => boolean;
  readonly #bodies = new Map<number, Uint8Array>();
  #byteLength = 0;

  constructor(mostBytes: number, isNeeded: (id: number) => boolean) {
    this.#mostBytes = mostBytes;
    this.#isNeeded = isNeeded;
  }

  get(id: number): Uint8Array | undefined {
    return this.#bodies.get(id);
  }

  add(id: number, body: Uint8Array): void {
    this.remove(id);
    this.#bodies.set(id, body);
    this.#byteLength += body.byteLength;
    this.shrink();
  }

  /** The oldest come first, and none that is not written yet goes. */
  shrink(): void {
    for (const id of this.#bodies.keys()) {
      if (this.#byteLength <= this.#mostBytes || this.#isNeeded(id)) return;
      this.remove(id);
    }
  }

  remove(id: number): void {
    const body = this.#bodies.get(id);
    if (body === undefined) return;
    this.#bodies.delete(id);
    this.#byteLength -= body.byteLength;
  }
}
