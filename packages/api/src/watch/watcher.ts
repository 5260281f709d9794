/**
 * One who watches: follows the feed from a position on, in pages, as fast as it is read.
 *
 * A page is read at the end of an event-loop turn, so a burst of entries is one message; and the next
 * one only when the reader has taken the one before.
 */
import type { WatchEvent } from '@holdfast/protocol';
import type { EventFeed, Wants } from './feed.ts';
import type { Position } from './position.ts';

const pageSize = 500;

export interface WatcherEnds {
  /** Takes a page; false: not now, `resume` will be called. */
  readonly take: (events: readonly WatchEvent[]) => boolean;
  /** Some events are no longer kept: the watch is over. */
  readonly compacted: (after: Position) => void;
}

export class Watcher {
  readonly #feed: EventFeed;
  readonly #wants: Wants;
  readonly #ends: WatcherEnds;
  readonly #endOfTurn: (callback: () => void) => void;
  readonly #unsubscribe: () => void;
  #position: Position;
  #planned = false;
  #paused = false;
  #closed = false;

  constructor(
    feed: EventFeed,
    after: Position,
    wants: Wants,
    ends: WatcherEnds,
    endOfTurn: (callback: () => void) => void,
  ) {
    this.#feed = feed;
    this.#position = after;
    this.#wants = wants;
    this.#ends = ends;
    this.#endOfTurn = endOfTurn;
    this.#unsubscribe = feed.onChange(() => this.#plan());
    this.#plan();
  }

  get position(): Position {
    return this.#position;
  }

  /** The reader takes more. */
  resume(): void {
    this.#paused = false;
    this.#plan();
  }

  close(): void {
    this.#closed = true;
    this.#unsubscribe();
  }

  #plan(): void {
    if (this.#planned || this.#paused || this.#closed) return;
    this.#planned = true;
    this.#endOfTurn(() => {
      this.#planned = false;
      if (!this.#closed && !this.#paused) this.#read();
    });
  }

  #read(): void {
    const page = this.#feed.read(this.#position, this.#wants, pageSize);
    if (page === 'compacted') {
      this.close();
      this.#ends.compacted(this.#position);
      return;
    }
    this.#position = page.position;
    if (page.events.length > 0 && !this.#ends.take(page.events)) this.#paused = true;
    if (page.more) this.#plan();
  }
}
