/** The term of each entry of the log, as runs of entries with one term: there are as many as there were leaders. */
import type { LogIndex, Term } from '@holdfast/raft';
import type { LogChange } from './frame.ts';

interface Run {
  readonly from: LogIndex;
  readonly term: Term;
}

export class LogTerms {
  readonly #runs: Run[] = [];
  #lastIndex: LogIndex = 0;

  termAt(index: LogIndex): Term | undefined {
    if (index > this.#lastIndex) return undefined;
    return this.#runs.findLast(({ from }) => from <= index)?.term;
  }

  wrote({ installed, truncateFrom, entries, lastIndex }: LogChange): void {
    if (installed?.replacesLog === true) this.#runs.length = 0;
    if (truncateFrom !== undefined)
      while ((this.#runs.at(-1)?.from ?? 0) >= truncateFrom) this.#runs.pop();
    for (const { index, term } of entries)
      if (this.#runs.at(-1)?.term !== term) this.#runs.push({ from: index, term });
    this.#lastIndex = lastIndex;
  }

  /** What ended before this entry is not asked for any more. */
  forgetBefore(keepFrom: LogIndex): void {
    while (this.#runs[1] !== undefined && this.#runs[1].from <= keepFrom) this.#runs.shift();
  }
}
