/**
 * When what a page shows is read again: on changes that concern it and every so often while somebody looks at it, and
 * once when somebody looks again, where it was due meanwhile. A tab that nobody looks at asks a node for nothing.
 */
import type { WatchEvent } from '@holdfast/protocol';

/** Whether a change may have changed what is shown. */
export type Concerns = (event: WatchEvent) => boolean;

export class Refreshing {
  readonly #load: () => void;
  readonly #isSeen: () => boolean;
  #isDue = false;

  constructor(load: () => void, isSeen: () => boolean) {
    this.#load = load;
    this.#isSeen = isSeen;
  }

  /** @param events Empty: the watch begins, and what happened before is not told. */
  told(events: readonly WatchEvent[], concerns: Concerns): void {
    if (events.length === 0 || events.some(concerns)) this.due();
  }

  due(): void {
    this.#isDue = true;
    this.looked();
  }

  /** Somebody may look at it again. */
  looked(): void {
    if (!this.#isDue || !this.#isSeen()) return;
    this.#isDue = false;
    this.#load();
  }
}
