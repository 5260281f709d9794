/**
 * Reads that wait for a proof of leadership, and then for their index to be applied.
 *
 * ENG-PROOF-1: a read is answered only when the core has proven leadership for it and the state has
 *     reached the index that was committed then.
 * ENG-PROOF-2: each is answered: what is asked of a node that has stopped is refused at once.
 */
import type { LogIndex } from '@holdfast/raft';

interface ProvenRead {
  readonly index: LogIndex;
  readonly proof: Proof;
}

interface Proof {
  readonly resolve: () => void;
  readonly reject: () => void;
}

export class Proofs {
  readonly #asked = new Map<number, Proof>();
  /** Proven, waiting for their index to be applied. */
  #proven: ProvenRead[] = [];
  #nextReadId = 1;
  #isOver = false;

  /** @param request Asks the core to prove leadership for the read of this id. */
  ask(request: (readId: number) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isOver) {
        reject(new Error('This node has stopped.')); // ENG-PROOF-2
        return;
      }
      const readId = this.#nextReadId++;
      this.#asked.set(readId, { resolve, reject });
      request(readId);
    });
  }

  proven(readId: number, index: LogIndex): void {
    const proof = this.#asked.get(readId);
    this.#asked.delete(readId);
    if (proof !== undefined) this.#proven.push({ index, proof });
  }

  failed(readId: number): void {
    this.#asked.get(readId)?.reject();
    this.#asked.delete(readId);
  }

  /** ENG-PROOF-1. */
  appliedTo(index: LogIndex): void {
    if (this.#proven.length === 0) return;
    const waiting: ProvenRead[] = [];
    for (const read of this.#proven) {
      if (read.index <= index) read.proof.resolve();
      else waiting.push(read);
    }
    this.#proven = waiting;
  }

  /** This node no longer leads. Those that the core has not answered yet, it answers itself. */
  rejectProven(): void {
    for (const read of this.#proven) read.proof.reject();
    this.#proven = [];
  }

  /** This node has stopped. ENG-PROOF-2 */
  end(): void {
    this.#isOver = true;
    this.rejectProven();
    for (const proof of this.#asked.values()) proof.reject();
    this.#asked.clear();
  }
}
