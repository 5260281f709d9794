/** Carries out frames, in order, on a log in memory: what is left is what the disk holds. */
import type { Entry, HardState, LogIndex, Recovered, SnapshotMeta, Term } from '@holdfast/raft';
import { StorageDamagedError } from './damage.ts';
import type { Change, Frame } from './frame.ts';
import type { LogState } from './segment-log.ts';

export class Replay {
  #entries: Entry[] = [];
  #lastIndex = 0;
  #hardState: HardState = { term: 0, votedFor: null, commit: 0 };
  #installedIndex: LogIndex = 0;
  #started = false;

  /** What the newest frame says, whatever the snapshots say. */
  get state(): LogState {
    return { hardState: this.#hardState, lastIndex: this.#lastIndex };
  }

  /** Whether nothing was ever written to it. */
  get isEmpty(): boolean {
    return this.#lastIndex === 0 && this.#hardState.term === 0 && this.#hardState.votedFor === null;
  }

  take(change: Change & Partial<Pick<Frame, 'sequence'>>, path: string): void {
    this.#hardState = change.hardState;
    const { installed, truncateFrom } = change;
    if (installed !== undefined) {
      this.#installedIndex = installed.index;
      if (installed.replacesLog) {
        this.#entries = [];
        this.#lastIndex = installed.index;
        this.#started = true;
      }
    }
    if (truncateFrom !== undefined) this.#truncate(truncateFrom);
    for (const entry of change.entries) {
      // What the first frames there are build on was in segments that are not needed any more.
      if (this.#started && entry.index !== this.#lastIndex + 1)
        throw new StorageDamagedError(
          path,
          `entry ${String(entry.index)} follows entry ${String(this.#lastIndex)}: what was between is missing`,
        );
      this.#started = true;
      this.#entries.push(entry);
      this.#lastIndex = entry.index;
    }
    if (!this.#started) this.#lastIndex = change.lastIndex;
    this.#started = true;
    if (this.#lastIndex !== change.lastIndex)
      throw new StorageDamagedError(
        path,
        `the log ends at entry ${String(this.#lastIndex)}, though it was written up to ${String(change.lastIndex)} (committed up to ${String(change.hardState.commit)} at least)`,
      );
  }

  #truncate(from: LogIndex): void {
    const first = this.#entries[0]?.index;
    if (first !== undefined)
      this.#entries.length = Math.max(0, Math.min(this.#entries.length, from - first));
    this.#lastIndex = Math.min(this.#lastIndex, from - 1);
  }

  #contains({ index, term }: { readonly index: LogIndex; readonly term: Term }): boolean {
    const first = this.#entries[0];
    return first !== undefined && this.#entries[index - first.index]?.term === term;
  }

  /**
   * What the log and the newest snapshot are together. `mustInstall`: the snapshot was received and made
   * current, and the frame that says so was not written any more: it has to be, before anything else.
   */
  finish(
    snapshot: SnapshotMeta,
    path: string,
  ): { readonly recovered: Recovered; readonly mustInstall: boolean } {
    if (this.#installedIndex > snapshot.index)
      throw new StorageDamagedError(
        path,
        `the snapshot at ${String(this.#installedIndex)}, which took the place of the log, is missing`,
      );
    const first = this.#entries[0];
    const { commit } = this.#hardState;
    const missing = (from: LogIndex, to: LogIndex): never => {
      throw new StorageDamagedError(
        path,
        `entries from ${String(from)} to ${String(to)} are missing (committed up to ${String(commit)} at least)`,
      );
    };
    if (first === undefined && this.#lastIndex > snapshot.index)
      missing(snapshot.index + 1, this.#lastIndex);
    if (first !== undefined && first.index > snapshot.index + 1)
      missing(snapshot.index + 1, first.index - 1);
    // What follows the snapshot without the entry it ends at: that is not needed any more.
    const follows = (first?.index ?? this.#lastIndex + 1) === snapshot.index + 1;
    const mustInstall = snapshot.index > 0 && !follows && !this.#contains(snapshot);
    const entries = mustInstall ? [] : this.#entries;
    const end = entries.at(-1)?.index ?? snapshot.index;
    if (commit > end)
      throw new StorageDamagedError(
        path,
        `the log ends at entry ${String(end)}, though entry ${String(commit)} was committed`,
      );
    const term = Math.max(this.#hardState.term, snapshot.term);
    return {
      mustInstall,
      recovered: {
        hardState: {
          term,
          votedFor: term > this.#hardState.term ? null : this.#hardState.votedFor,
          commit: Math.max(commit, snapshot.index),
        },
        snapshot,
        entries,
      },
    };
  }
}
