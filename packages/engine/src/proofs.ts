/**
 * Reads that wait for a proof of leadership, and then for their index to be applied.
 *
 * ENG-PROOF-1: a read is answered only when the core has proven leadership for it and the state has
 *     reached the index that was committed then.
 * ENG-PROOF-2: each is answered: what is asked of a node that has stopped is refused at once.
 * ENG-PROOF-3: one that has not come in `longestProofMs` is refused, and forgotten: while nothing is applied for a disk or an audit,
 *     those who asked, whose own time is over long before, are not kept.
 */
import type { LogIndex } from '@holdfast/raft';
import { CallDeadlines } from './call-deadlines.ts';
import type { TimedCall } from './call-deadlines.ts';
import type { Clock } from './clock.ts';

export const longestProofMs = 60_000;

interface ProvenRead {
  readonly index: LogIndex;
  readonly proof: Proof;
}

interface Proof {
  readonly resolve: () => void;
  readonly reject: () => void;
  readonly timed: TimedCall;
}

export class Proofs {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #deadlines: CallDeadlines;
  readonly #asked = new Map<number, Proof>();
  /** Proven, waiting for their index to be applied. */
  readonly #proven = new Map<number, ProvenRead>();
  #nextReadId = 1;
  #isOver = false;

  constructor(clock: Pick<Clock, 'now' | 'after' | 'endOfTurn'>) {
    this.#clock = clock;
    this.#deadlines = new CallDeadlines(clock);
  }

  /** @param request Asks the core to prove leadership for the read of this id. */
  ask(request: (readId: number) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isOver) {
        reject(new Error('This node has stopped.')); // ENG-PROOF-2
        return;
      }
      const readId = this.#nextReadId++;
      const timed = this.#deadlines.add(this.#clock.now() + longestProofMs, () => {
        this.#asked.delete(readId);
        this.#proven.delete(readId);
        reject(new Error('The proof did not come in time.')); // ENG-PROOF-3
      });
      this.#asked.set(readId, { resolve, reject, timed });
      request(readId);
    });
  }

  proven(readId: number, index: LogIndex): void {
    const proof = this.#asked.get(readId);
    this.#asked.delete(readId);
    if (proof !== undefined) this.#proven.set(readId, { index, proof });
  }

  failed(readId: number): void {
    this.#reject(this.#asked.get(readId));
    this.#asked.delete(readId);
  }

  #reject(proof: Proof | undefined): void {
    if (proof === undefined) return;
    this.#deadlines.end(proof.timed);
    proof.reject();
  }

  /** ENG-PROOF-1. */
  appliedTo(index: LogIndex): void {
    for (const [readId, read] of this.#proven) {
      if (read.index > index) continue;
      this.#proven.delete(readId);
      this.#deadlines.end(read.proof.timed);
      read.proof.resolve();
    }
  }

  /** This node no longer leads. Those that the core has not answered yet, it answers itself. */
  rejectProven(): void {
    for (const { proof } of this.#proven.values()) this.#reject(proof);
    this.#proven.clear();
  }

  /** This node has stopped. ENG-PROOF-2 */
  end(): void {
    this.#isOver = true;
    this.rejectProven();
    for (const proof of this.#asked.values()) this.#reject(proof);
    this.#asked.clear();
  }
}
