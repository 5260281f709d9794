/**
 * Reads that wait for a proof of leadership, by rounds (thesis 6.4).
 *
 * The leader numbers the rounds itself and puts the newest number on every message; a majority that
 * has answered messages of round r or later proves all reads of rounds up to r at once.
 *
 * RAFT-READ-1: a read is proven by a majority that answered messages which left after it was asked, and by no other: it
 *     begins a round, and what left before has the number of an earlier one.
 * RAFT-READ-2: the index of a read is that of all that was committed when it was asked. So none gets an index before an entry
 *     of the leader's own term is committed: until then a new leader does not know what is.
 */
import type { Image } from './image.ts';
import type { LogIndex } from './types.ts';

interface PendingRead {
  readonly readId: number;
  readonly index: LogIndex;
  readonly round: number;
}

export class ReadQueue {
  #round = 0;
  #pending: PendingRead[] = [];
  /** Asked before an entry of the leader's term was committed. */
  #early: number[] = [];

  get round(): number {
    return this.#round;
  }

  /** `commit` undefined: not provable yet. Returns the round, or undefined where the read has to wait for `release`. */
  add(readId: number, commit: LogIndex | undefined): number | undefined {
    // RAFT-READ-2
    if (commit === undefined) {
      this.#early.push(readId);
      return undefined;
    }
    this.#round += 1; // RAFT-READ-1
    this.#pending.push({ readId, index: commit, round: this.#round });
    return this.#round;
  }

  /** An entry of the own term is committed. Returns whether a round began. */
  release(commit: LogIndex): boolean {
    if (this.#early.length === 0) return false;
    this.#round += 1;
    for (const readId of this.#early)
      this.#pending.push({ readId, index: commit, round: this.#round });
    this.#early = [];
    return true;
  }

  prove(round: number): { readonly readId: number; readonly index: LogIndex }[] {
    let count = 0;
    for (const pending of this.#pending) {
      if (pending.round > round) break; // RAFT-READ-1
      count += 1;
    }
    if (count === 0) return [];
    return this.#pending.splice(0, count).map(({ readId, index }) => ({ readId, index }));
  }

  image(): Image {
    const pending = this.#pending.map(({ readId, index, round }) => [readId, index, round]);
    return [this.#round, pending, this.#early];
  }

  takeAll(): number[] {
    const all = this.#pending.map((read) => read.readId).concat(this.#early);
    this.#pending = [];
    this.#early = [];
    return all;
  }
}
