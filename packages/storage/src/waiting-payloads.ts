/** Payloads that are not written yet, in the order in which they were put, and how much they are together. */
import { framesThatFit } from './payload-frame.ts';
import type { WaitingPayload } from './payload-frame.ts';

const none = new Uint8Array();

export class WaitingPayloads {
  #row: WaitingPayload[] = [];
  #byteLength = 0;

  /** Of those that are being written, too. */
  get byteLength(): number {
    return this.#byteLength;
  }

  add(one: WaitingPayload): void {
    this.#row.push(one);
    this.#byteLength += one.body.byteLength;
  }

  /** The first ones, which are to be written. */
  take(mostBytes: number): readonly WaitingPayload[] {
    return this.#row.splice(0, framesThatFit(this.#row, mostBytes));
  }

  written(some: readonly WaitingPayload[]): void {
    for (const { body } of some) this.#byteLength -= body.byteLength;
  }

  /**
   * They were not written. What is needed no more keeps its place in the row, for these are counted (PFILE-1), and nothing else: it
   * would be in memory for as long as there is no room for what stands in front of it (PFILE-9).
   */
  putBack(some: readonly WaitingPayload[], isNeeded: (one: WaitingPayload) => boolean): void {
    this.#row = some.concat(this.#row).map((one) => {
      if (isNeeded(one)) return one;
      this.#byteLength -= one.body.byteLength;
      return { id: one.id, body: none };
    });
  }

  drop(): void {
    this.#row = [];
  }
}
