/**
 * The mark by which a lost write-ahead log is found. SQLite opens a file without its log and says nothing:
 * what was committed since the log was last taken into the file would be gone.
 *
 * LOG-MARK-1: from before the first save until it is closed, the file alone says `needs_log`. The log says the
 *     contrary: file and log together are whole, and so is the file when SQLite takes the log into it.
 * LOG-MARK-2: the mark of the file goes only when all other pages have come from the log.
 *
 * So the log is taken into the file here and nowhere else, in three steps: (1) the mark is set, in the log;
 * (2) all of the log goes into the file, the mark too; (3) the mark is cleared, in the log. The log is never
 * made shorter: from (1) on it has one frame at least.
 *
 * Where a process may end, and what is found with the log and, where it was deleted or emptied, without it:
 * - Before (1) in a file that was closed: the log has nothing. The file alone is whole and says so.
 * - Between (1) and (2): with the log all is there, whatever the mark says, as there is a log. Without it the
 *   file has the mark of before: none where it was closed, and then nothing was saved since; set elsewhere.
 * - In (2): as before. The mark of the file may be set early, which errs on the side of damage.
 * - Between (2) and (3), and in (3), also where only the head of a new log was written: the file is whole
 *   with the log. Without it the file is whole as well, but cannot be told from one that is not: damage.
 * - After (3), while it saves: with the log all is there, without it the file says that it is not.
 * - On closing, after (3), SQLite takes the one page with the mark into the file and deletes the log. All
 *   other pages are there (LOG-MARK-2): with the log or without it the file is whole, whichever mark it has.
 * - A process that ends by itself without `close` lets SQLite take the log into the file at any place: whole,
 *   and without a mark. Only who kills it within that, and deletes the log then, is not found out.
 * - A new file gets its name when it is whole, without a log and without a mark (see schema.ts).
 * - Looking at a file whose log is gone makes an empty one (see look.ts): it counts as none.
 *
 * Where a disk fails in between, (3) is done all the same, and once more: SQLite's own closing then takes the cleared
 * mark into the file. Where it fails twice, and SQLite closes the file all the same, a whole file counts as lost.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { metaRow, putMeta } from './schema.ts';

export class LogMark {
  readonly #takeIn: StatementSync;
  readonly #putMeta: StatementSync;

  constructor(database: DatabaseSync) {
    this.#takeIn = database.prepare('PRAGMA wal_checkpoint(FULL)');
    this.#putMeta = database.prepare(putMeta);
  }

  /** Takes the log into the file. @throws Error where the disk refuses: nothing is lost. */
  takeLogIn(): void {
    try {
      this.#putMeta.run(metaRow('needs_log', true));
      const { busy, log, checkpointed } = this.#takeIn.get() ?? {};
      if (busy !== 0 || log !== checkpointed)
        throw new Error(
          `Only ${String(checkpointed)} of ${String(log)} pages went from the log into the file.`,
        );
    } finally {
      this.#clear();
    }
  }

  /** Twice, also where (1) or (2) failed: a disk that failed once must not make a whole file a lost one (LOG-MARK-1). */
  #clear(): void {
    try {
      this.#putMeta.run(metaRow('needs_log', false));
    } catch {
      this.#putMeta.run(metaRow('needs_log', false));
    }
  }
}
