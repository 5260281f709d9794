/**
 * Where a node writes its log: standard error, a line at a time, synchronously. Lines that were written before the process ended
 * are there.
 *
 * LOG-LINES-1: whatever becomes of standard error (no space, no reader, an I/O error), writing a line throws nothing and emits nothing:
 *     the line is lost and counted, and the next one is tried anew. A node does not end because its log cannot be written.
 * LOG-LINES-2: a reader that takes nothing holds the node up once, for a bounded time; after that lines are lost without a wait, until
 *     it reads again.
 * LOG-LINES-3: a line that was written in part is ended before the next one, which is whole.
 */
import { writeSync } from 'node:fs';

const stderr = 2;
/** LOG-LINES-2. */
const pauseMs = 10;
const mostPauses = 20;

/** What it stands on; others for tests. */
export interface LineOutput {
  /** @returns How many bytes it took. @throws Error of the operating system. */
  write(bytes: Uint8Array): number;
  pause(ms: number): void;
}

const ofProcess: LineOutput = {
  write: (bytes) => writeSync(stderr, bytes),
  pause(ms) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  },
};

export class LogDestination {
  readonly #output: LineOutput;
  #lostLines = 0;
  #isTorn = false;
  #isStuck = false;

  constructor(output: LineOutput = ofProcess) {
    this.#output = output;
  }

  get lostLines(): number {
    return this.#lostLines;
  }

  /** @param line With its end. Does not throw (LOG-LINES-1). */
  readonly write = (line: string): void => {
    const bytes = Buffer.from(this.#isTorn ? `\n${line}` : line); // LOG-LINES-3
    let pauses = this.#isStuck ? 0 : mostPauses;
    for (let at = 0; at < bytes.length;) {
      try {
        at += this.#output.write(bytes.subarray(at));
        this.#isTorn = at < bytes.length;
      } catch (error) {
        this.#isStuck = isBusy(error);
        if (!this.#isStuck || pauses === 0) {
          this.#lostLines += 1;
          return;
        }
        pauses -= 1;
        this.#output.pause(pauseMs);
      }
    }
    this.#isStuck = false;
  };
}

/** Its reader takes nothing now. */
const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EBUSY');
