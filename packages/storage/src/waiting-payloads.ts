/**
 * Payloads that are not written yet, in the order in which they were put, and how much they are together.
 *
 * WAITING-1: what is needed no more takes no room in it, whatever stands in front of it: neither its body nor a place. Puts are counted (PFILE-1 of
 *     payload-files.ts): those that have ended count with the one before them, and where there is none at once.
 */
import { framesThatFit } from './payload-frame.ts';
import type { WaitingPayload } from './payload-frame.ts';

/** One that is to be written. */
export interface CountedPayload extends WaitingPayload {
  /** How many puts are done with when it is durable: its own, and those after it that have ended. */
  readonly puts: number;
}

export class WaitingPayloads {
  #row: CountedPayload[] = [];
  #byteLength = 0;

  /** Of those that are being written, too. */
  get byteLength(): number {
    return this.#byteLength;
  }

  add(one: WaitingPayload): void {
    this.#row.push({ ...one, puts: 1 });
    this.#byteLength += one.body.byteLength;
  }

  /** The first ones, which are to be written. */
  take(mostBytes: number): readonly CountedPayload[] {
    return this.#row.splice(0, framesThatFit(this.#row, mostBytes));
  }

  written(some: readonly CountedPayload[]): void {
    for (const { body } of some) this.#byteLength -= body.byteLength;
  }

  /** They were not written. @returns How many puts are done with, for what they put has ended (WAITING-1). */
  putBack(some: readonly CountedPayload[], isNeeded: (one: CountedPayload) => boolean): number {
    const row: CountedPayload[] = [];
    let done = 0;
    for (const one of some.concat(this.#row)) {
      const before = row.at(-1);
      if (isNeeded(one)) {
        row.push(one);
        continue;
      }
      this.#byteLength -= one.body.byteLength;
      if (before === undefined) done += one.puts;
      else row[row.length - 1] = { ...before, puts: before.puts + one.puts };
    }
    this.#row = row;
    return done;
  }

  drop(): void {
    this.#row = [];
  }
}

export const putsOf = (some: readonly CountedPayload[]): number =>
  some.reduce((sum, { puts }) => sum + puts, 0);
