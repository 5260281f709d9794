/**
 * Executes frames, in order, on a log in memory: what is left is what the disk holds.
 *
 * REPLAY-1: a snapshot has its final name only when the log covers it, durably. One that is ahead of the log,
 *           or ends at an entry of another term, says that the log has lost frames, and votes with them.
 * REPLAY-2: a snapshot's name tells how many frames the log had then. A log with fewer has lost some.
 */
import type { Entry, HardState, LogIndex, Recovered, SnapshotMeta, Term } from '@holdfast/raft';
import { StorageDamagedError } from './damage.ts';
import type { LogChange, LogFrame, LogState } from './frame.ts';

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

  /** Of the last received snapshot that the log says was installed; 0: none. */
  get installedIndex(): LogIndex {
    return this.#installedIndex;
  }

  /** Whether nothing was ever written to it. */
  get isEmpty(): boolean {
    return this.#lastIndex === 0 && this.#hardState.term === 0 && this.#hardState.votedFor === null;
  }

  take(change: LogChange & Partial<Pick<LogFrame, 'sequence'>>, path: string): void {
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

  #termAt(index: LogIndex): Term | undefined {
    const first = this.#entries[0];
    return first === undefined ? undefined : this.#entries[index - first.index]?.term;
  }

  /**
   * What the log and the newest snapshot are together. The log covers every snapshot that has its final
   * name: one ahead of it says that frames are missing, and with them votes (REPLAY-1).
   */
  finish(snapshot: SnapshotMeta, path: string): Recovered {
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
    if (snapshot.index > this.#lastIndex || snapshot.term > this.#hardState.term)
      throw new StorageDamagedError(
        path,
        `the log ends at entry ${String(this.#lastIndex)} in term ${String(this.#hardState.term)}, though this node saved a snapshot at entry ${String(snapshot.index)} of term ${String(snapshot.term)}: what was written behind is missing`,
      );
    // Where the log follows the snapshot, the entry it ends at is not needed any more.
    const term = this.#termAt(snapshot.index);
    if (term !== undefined && term !== snapshot.term)
      throw new StorageDamagedError(
        path,
        `entry ${String(snapshot.index)} is of term ${String(term)}, though the snapshot that ends there says term ${String(snapshot.term)}`,
      );
    if (commit > this.#lastIndex)
      throw new StorageDamagedError(
        path,
        `the log ends at entry ${String(this.#lastIndex)}, though entry ${String(commit)} was committed`,
      );
    const hardState = { ...this.#hardState, commit: Math.max(commit, snapshot.index) };
    return { hardState, snapshot, entries: this.#entries };
  }
}
