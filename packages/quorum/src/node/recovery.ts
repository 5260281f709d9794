/**
 * When a node may vote.
 *
 * V1: a node whose file was lost or damaged does not vote until the longest ttl plus the drift buffer has
 *     passed, so that every lease it may have granted has ended on every clock, and it has adopted the
 *     largest tokens of a majority of the others: any token that was held is known to one of them.
 * V2: where all others say that they have never voted either, the cluster is new: nothing was granted yet.
 *     The first that finds it so votes, and writes down which files it saw.
 * V3: a node whose very file stood among those that a voter saw so has lost nothing since.
 *
 * Beyond all of this: a majority of files lost at once takes the tokens with it, and nobody left can tell.
 */
import type { QuorumTokensAnswer } from '@holdfast/protocol';

export interface RecoveryOptions {
  readonly startedAtMs: number;
  readonly longestTtlMs: number;
  readonly driftBufferMs: number;
  /** The random number of this node's file. */
  readonly fileId: number;
  /** Another file was put aside for this one: it may have voted. */
  readonly damaged?: boolean;
}

export class Recovery {
  readonly #options: RecoveryOptions;
  readonly #adopted = new Set<string>();
  /** File ids of those that have never voted. */
  readonly #fresh = new Map<string, number>();
  /** Under which name each file was heard of first. */
  readonly #names = new Map<number, string>();
  #others = 0;
  #founded = false;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** How many other nodes there are; what was heard before counts no more. */
  setOthers(others: number): void {
    this.#others = others;
    this.#adopted.clear();
    this.#fresh.clear();
    this.#names.clear();
  }

  /** @param complete All pages of its tokens have been adopted. */
  heard(
    other: string,
    answer: Pick<QuorumTokensAnswer, 'voting' | 'fresh' | 'file_id' | 'founders'>,
    complete: boolean,
  ): void {
    const { file_id: file } = answer;
    // A node that is named twice counts once, and this very one is none of the others.
    if (file === this.#options.fileId || (this.#names.get(file) ?? other) !== other) return;
    this.#names.set(file, other);
    if (answer.fresh) this.#fresh.set(other, file);
    else this.#fresh.delete(other);
    if (!answer.voting) return;
    if (answer.founders.includes(this.#options.fileId)) this.#founded = true;
    // What one that is recovering itself has adopted is not what it granted.
    if (complete) this.#adopted.add(other);
  }

  /** The ms for which it has to wait at least; 0 when time has passed. */
  waitMs(nowMs: number): number {
    const { startedAtMs, longestTtlMs, driftBufferMs } = this.#options;
    return Math.max(0, startedAtMs + longestTtlMs + driftBufferMs - nowMs);
  }

  /** Others whose tokens are still needed. */
  get missing(): number {
    const majority = Math.floor(this.#others / 2) + 1;
    return Math.max(0, majority - this.#adopted.size);
  }

  /** Files that had never voted when this node found that all others had not. */
  get founders(): readonly number[] {
    return this.#isNew() ? [...this.#fresh.values()] : [];
  }

  mayVote(nowMs: number): boolean {
    if (this.#others === 0) return false;
    if (this.#founded) return true; // V3
    if (this.#isNew() && this.#options.damaged !== true) return true; // V2
    // Who may have granted something while all others were new waits as well.
    if (this.#isNew() && this.waitMs(nowMs) === 0) return true;
    return this.waitMs(nowMs) === 0 && this.missing === 0; // V1
  }

  #isNew(): boolean {
    return this.#others > 0 && this.#fresh.size === this.#others;
  }
}
