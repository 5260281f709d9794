/**
 * Where a node writes its log: standard error, a line at a time, synchronously. Lines that were written before the process ended
 * are there.
 *
 * LOG-LINES-1: whatever becomes of standard error (no space, no reader, an I/O error), writing a line throws nothing and emits nothing:
 *     the line is lost and counted, and the next one is tried anew. A node does not end because its log cannot be written.
 * LOG-LINES-2: a reader that takes nothing holds the node up once, for a bounded time; after that lines are lost without a wait, until
 *     it reads again. One that reads slowly holds it up no longer: what the node may wait for all lines is bounded by time, and where
 *     that is used up lines are lost without a wait.
 * LOG-LINES-3: a line that was written in part is ended before the next one, which is whole.
 */
import { writeSync } from 'node:fs';

const stderr = 2;
/** LOG-LINES-2: one pause; all of them, which may be made again when the last time has passed. */
const pauseMs = 10;
const mostPausedMs = 200;
const refillMs = 10_000;

/** What it stands on; others for tests. */
export interface LineOutput {
  /** @returns How many bytes it took. @throws Error of the operating system. */
  write(bytes: Uint8Array): number;
  pause(ms: number): void;
  /** Of a clock that never goes back. */
  now(): number;
}

const ofProcess: LineOutput = {
  write: (bytes) => writeSync(stderr, bytes),
  pause(ms) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  },
  now: () => performance.now(),
};

export class LogDestination {
  readonly #output: LineOutput;
  #lostLines = 0;
  #isTorn = false;
  #isStuck = false;
  /** LOG-LINES-2; below nothing where a pause took longer than it was to. */
  #leftMs = mostPausedMs;
  #refilledAtMs: number;

  constructor(output: LineOutput = ofProcess) {
    this.#output = output;
    this.#refilledAtMs = output.now();
  }

  get lostLines(): number {
    return this.#lostLines;
  }

  /** @param line With its end. Does not throw (LOG-LINES-1). */
  readonly write = (line: string): void => {
    const bytes = Buffer.from(this.#isTorn ? `\n${line}` : line); // LOG-LINES-3
    const mayPause = !this.#isStuck;
    for (let at = 0; at < bytes.length;) {
      try {
        at += this.#output.write(bytes.subarray(at));
        this.#isTorn = at < bytes.length;
      } catch (error) {
        this.#isStuck = isBusy(error);
        if (!this.#isStuck || !mayPause || !this.#pause()) {
          this.#lostLines += 1;
          return;
        }
      }
    }
    this.#isStuck = false;
  };

  /** @returns Whether there was time left for it (LOG-LINES-2). */
  #pause(): boolean {
    const now = this.#output.now();
    const refilledMs = ((now - this.#refilledAtMs) * mostPausedMs) / refillMs;
    this.#refilledAtMs = now;
    this.#leftMs = Math.min(mostPausedMs, this.#leftMs + refilledMs);
    if (this.#leftMs < pauseMs) return false;
    this.#output.pause(pauseMs);
    this.#leftMs -= Math.max(pauseMs, this.#output.now() - now);
    return true;
  }
}

/** Its reader takes nothing now. */
const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EBUSY');
