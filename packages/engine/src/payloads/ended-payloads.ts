/**
 * Payloads whose messages have ended, until they may go from the disk (PAYLOAD-2).
 *
 * PAYLOAD-8: what is kept for those who read an older snapshot is bounded. When more than `mostHeld` payloads have ended meanwhile
 *     each of them loses its hold: a backup is cancelled and says so, a member that gets a snapshot is told of what
 *     is gone like of what has been lost, and reads in the log behind the snapshot that it has ended.
 * PAYLOAD-10: while this node has no room for a snapshot, or for payloads, those go that ended at least `graceMs` ago, though no snapshot in
 *     which they have ended is durable: it would wait for the room that they take, for ever. The entry that ended them is committed. A
 *     node that starts from the older snapshot, and who gets that one, counts them as missing (PAYLOAD-7) until it has applied
 *     that entry again; none is lost by that, for a command that says so (PREPAIR-3) stands behind it in the log. Whoever took such a
 *     message has read it by then (PAYLOAD-9), and no reader of a snapshot loses what it holds.
 */
import type { PayloadStore } from '@holdfast/storage';
import type { Clock } from '../clock.ts';
import { Fifo } from '../fifo.ts';
import { perTurn } from './payload-bounds.ts';

/** PAYLOAD-8: about 100 MB, when each of them is ended by an entry of its own. */
const defaultMostHeld = 1_000_000;
/** PAYLOAD-10: longer than anybody waits for a payload. */
export const graceMs = 60_000;
/** Looked at so often while there is no room. */
const reliefMs = 5000;

export interface EndedParts {
  readonly store: Pick<PayloadStore, 'end'>;
  readonly clock: Pick<Clock, 'after' | 'endOfTurn' | 'now'>;
  /** This node has no room for a snapshot, or for payloads (PAYLOAD-10). */
  readonly lacksRoom: () => boolean;
  /** PAYLOAD-8; fewer for tests. */
  readonly mostHeld?: number | undefined;
}

interface Ended {
  /** Of the entry that ended them. */
  readonly index: number;
  /** When it was applied here. */
  readonly atMs: number;
  readonly ids: readonly number[];
  /** So many of them have gone. */
  gone: number;
}

export class EndedPayloads {
  readonly #parts: EndedParts;
  readonly #mostHeld: number;
  /** Those that need no snapshot: they go first. */
  #swept = new Fifo<Ended>();
  #ended = new Fifo<Ended>();
  #count = 0;
  /** Of the newest snapshot that is durable. */
  #durableIndex = 0;
  /** Each with what is called when it is lost (PAYLOAD-8). */
  readonly #holds = new Set<{ readonly onLost: () => void }>();
  #isClearing = false;
  #endRelief: (() => void) | undefined;
  #stopped = false;

  constructor(parts: EndedParts) {
    this.#parts = parts;
    this.#mostHeld = parts.mostHeld ?? defaultMostHeld;
  }

  stop(): void {
    this.#stopped = true;
    this.#endRelief?.();
  }

  /** By the entry of this index. */
  add(index: number, ids: readonly number[]): void {
    if (ids.length === 0) return;
    this.#ended.push({ index, atMs: this.#parts.clock.now(), ids, gone: 0 });
    this.#count += ids.length;
    if (this.#count > this.#mostHeld && this.#holds.size > 0) this.#loseHolds();
  }

  /** A snapshot of this index is durable here. */
  snapshotDurable(index: number): void {
    this.#durableIndex = index;
    this.#clear();
  }

  /** A state of this index is on the disk; what ended before is told by `sweep`. */
  begin(index: number): void {
    this.#swept = new Fifo();
    this.#ended = new Fifo();
    this.#count = 0;
    this.#durableIndex = index;
  }

  /** These are named by nothing that is to stay, whatever becomes durable. */
  sweep(ids: readonly number[]): void {
    if (ids.length === 0) return;
    this.#swept.push({ index: 0, atMs: 0, ids, gone: 0 });
    this.#count += ids.length;
    if (this.#count > this.#mostHeld && this.#holds.size > 0) this.#loseHolds();
    this.#clear();
  }

  /** PAYLOAD-10. From now on there is none, until `lacksRoom` says otherwise. */
  noRoom(): void {
    if (this.#stopped || this.#endRelief !== undefined) return;
    this.#endRelief = this.#parts.clock.after(reliefMs, () => {
      this.#endRelief = undefined;
      this.#clear();
      if (this.#parts.lacksRoom()) this.noRoom();
    });
  }

  get isHeld(): boolean {
    return this.#holds.size > 0;
  }

  /** Until the function that it returns is called nothing goes (PAYLOAD-2), or until `onLost` is called (PAYLOAD-8). */
  hold(onLost: () => void): () => void {
    const hold = { onLost };
    this.#holds.add(hold);
    return () => {
      if (this.#holds.delete(hold)) this.#clear();
    };
  }

  /** PAYLOAD-8. */
  #loseHolds(): void {
    const lost = [...this.#holds];
    this.#holds.clear();
    for (const { onLost } of lost) onLost();
    this.#clear();
  }

  /** PAYLOAD-2, PAYLOAD-5. */
  #clear(): void {
    if (this.#isClearing) return;
    for (let left = perTurn; left > 0; left--) {
      if (this.isHeld || this.#stopped || !this.#endNext()) return;
    }
    if (this.#swept.length + this.#ended.length === 0) return;
    this.#isClearing = true;
    this.#parts.clock.endOfTurn(() => {
      this.#isClearing = false;
      this.#clear();
    });
  }

  /** PAYLOAD-2, PAYLOAD-10. */
  #mayGo({ index, atMs }: Ended): boolean {
    if (index <= this.#durableIndex) return true;
    return this.#parts.lacksRoom() && atMs + graceMs <= this.#parts.clock.now();
  }

  /** False: none may go now. */
  #endNext(): boolean {
    const from = this.#swept.length > 0 ? this.#swept : this.#ended;
    const first = from.peek();
    if (first === undefined || !this.#mayGo(first)) return false;
    const id = first.ids[first.gone];
    first.gone += 1;
    if (first.gone >= first.ids.length) from.shift();
    if (id === undefined) return true;
    this.#count -= 1;
    this.#parts.store.end(id);
    return true;
  }
}
