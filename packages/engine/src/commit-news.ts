/**
 * Tells the members what is committed, where no entry does.
 *
 * NEWS-1: a member hears that an entry is committed at most `newsAfterMs` after the leader has found it so, and not
 *     only with the next heartbeat: who waits at a follower for what an entry does (a message of a queue, a barrier, a
 *     watch) is told as soon as one that waits at the leader, but for this.
 * NEWS-2: appends that leave meanwhile tell it: under load nothing is sent for it.
 */
import type { Clock } from './clock.ts';

const newsAfterMs = 1;

export class CommitNews {
  /** Whether this node leads: others tell nothing. */
  leads = false;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #tell: () => void;
  #committed = 0;
  #told = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Pick<Clock, 'after'>, tell: () => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Entries have been found committed, up to this one. */
  committed(index: number): void {
    this.#committed = Math.max(this.#committed, index);
    if (!this.leads || this.#told >= this.#committed) return;
    this.#cancel ??= this.#clock.after(newsAfterMs, () => {
      this.#cancel = undefined;
      if (this.#told >= this.#committed) return; // NEWS-2
      this.#told = this.#committed; // Also where nobody hears it: a leader alone.
      this.#tell(); // NEWS-1
    });
  }

  /** An append that tells so much has left. */
  told(index: number): void {
    this.#told = Math.max(this.#told, index);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
