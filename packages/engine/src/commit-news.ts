/**
 * Tells the members what is committed, where no entry does.
 *
 * NEWS-1: a member hears that an entry is committed at most `maxNewsAfterMs` after the leader has found it so, and
 *     `quietNewsAfterMs` where entries are rare, not only with the next heartbeat: who waits at a follower for what an
 *     entry does (a message of a queue, a barrier, a watch) is told as soon as one that waits at the leader, but for this.
 * NEWS-2: appends that leave meanwhile tell it: while entries follow each other, what is committed goes with the next of
 *     them. It is waited for twice as long as the last one took. An append of its own for every batch, with its answers,
 *     costs a sixth of the processor time of a loaded cluster. Where the one that was waited for has come and another entry was
 *     committed meanwhile, that one is given as long once more.
 */
import type { Clock } from './clock.ts';

const quietNewsAfterMs = 1;
const maxNewsAfterMs = 20;
/** One wait, which may be followed by another one (NEWS-2). */
const longestWaitMs = maxNewsAfterMs / 2;

export class CommitNews {
  /** Whether this node leads: others tell nothing. */
  leads = false;
  readonly #clock: Pick<Clock, 'after' | 'now'>;
  readonly #tell: () => void;
  #committed = 0;
  #told = 0;
  #lastEntry = 0;
  #lastEntriesAtMs = -Infinity;
  /** How long the next entries are waited for. */
  #newsAfterMs = quietNewsAfterMs;
  #cancel: (() => void) | undefined;

  constructor(clock: Pick<Clock, 'after' | 'now'>, tell: () => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Entries have been found committed, up to this one. */
  committed(index: number): void {
    this.#committed = Math.max(this.#committed, index);
    if (!this.leads || this.#told >= this.#committed) return;
    this.#cancel ??= this.#wait();
  }

  #wait(): () => void {
    const waitedFor = this.#committed;
    return this.#clock.after(this.#newsAfterMs, () => {
      this.#cancel = undefined;
      if (this.#told >= this.#committed) return; // NEWS-2
      if (this.#told >= waitedFor) {
        this.#cancel = this.#wait();
        return;
      }
      this.#told = this.#committed; // Also where nobody hears it: a leader alone.
      this.#tell(); // NEWS-1
    });
  }

  /**
   * An append has left.
   * @param commit What it tells.
   * @param lastEntry Index of the last entry that it has; undefined: it has none.
   */
  told(commit: number, lastEntry: number | undefined): void {
    this.#told = Math.max(this.#told, commit);
    // The same entries leave to each member, and may be repeated.
    if (lastEntry === undefined || lastEntry <= this.#lastEntry) return;
    const nowMs = this.#clock.now();
    const gapMs = nowMs - this.#lastEntriesAtMs;
    this.#newsAfterMs =
      gapMs >= maxNewsAfterMs
        ? quietNewsAfterMs
        : Math.min(longestWaitMs, Math.max(quietNewsAfterMs, 2 * gapMs));
    this.#lastEntry = lastEntry;
    this.#lastEntriesAtMs = nowMs;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
