/**
 * When a node may vote that has not voted yet with the file it has: the file is new, or another one was lost
 * or damaged. It asks the others in rounds; what was heard in one round says nothing in the next.
 *
 * VOTER-RECOVERY-1: who may have lost a file waits until the longest ttl plus the drift buffer have passed since its start,
 *     so that every lease it may have granted has ended on every clock. Only then it asks for the largest
 *     tokens of a majority of the others: any token that is held was made known to one of them before.
 *     How long that is a lost file cannot tell, and its node's settings may be others by now: it is the longest that
 *     this node is set to, or that any other has ever been set to and tells. A lease that is held was granted by one
 *     of that majority as well, which had written down before that it grants leases so long (TTL-1, TTL-2 of
 *     host.ts).
 * VOTER-RECOVERY-2: a new cluster begins by agreement. Who hears in two rounds, one behind the other, that none of the same
 *     files has voted (so that there was a moment at which none had) writes down the files of all, its own
 *     too (their `bootstrap_set`), and has those write down the same that have nothing yet: once in the life of a file,
 *     before it votes. When all have the same they vote at once: whoever had voted
 *     before, with a file that was lost since, had the others write down that one, and they write no second
 *     list.
 * VOTER-RECOVERY-3: a node whose very file stands among the bootstrap set of one that votes has lost nothing since they were
 *     written, and nobody had voted then.
 * VOTER-RECOVERY-4: where all others have written down a bootstrap set, and none of them has voted when the wait is over, nothing
 *     was ever held: the agreement failed, over a file that was lost on the way to it.
 *
 * All of this is within one set (SET-1): what a node of another set says is not heard (rejoin.ts), and those that
 * begin have to say the same of the set before theirs (SET-6). A file that has voted, and was written before sets
 * stood in files, adopts the one that its node is told:
 *
 * SET-7: when all others have been told the same one, and the files of a majority that have voted stand in one bootstrap
 *     set of just that size. So the set is the one that began, or one in which a minority was replaced; where
 *     the lists say otherwise, or nothing, nobody knows which set voted.
 *
 * Beyond all of this: a majority of files lost at once takes the tokens with it, and nobody left can tell.
 */
import type { QuorumTokensAnswer } from '@holdfast/protocol';

export interface RecoveryOptions {
  /** How many other members there are. */
  readonly others: number;
  /** The id of the set before; empty: there was none. */
  readonly after: string;
  /** SET-7: the file has voted. */
  readonly adopts?: boolean;
  readonly startedAtMs: number;
  readonly longestTtlMs: number;
  readonly driftBufferMs: number;
  /** The random number of this node's file. */
  readonly fileId: number;
  /** As this file has them; empty: none yet. */
  readonly bootstrapSet: readonly number[];
}

/** What a node says of itself. */
export type NodeStatement = Pick<
  QuorumTokensAnswer,
  'voting' | 'fresh' | 'file_id' | 'bootstrap_set' | 'longest_lease_ms' | 'after'
>;

interface Heard extends NodeStatement {
  readonly isWhole: boolean;
}

export class Recovery {
  readonly #options: RecoveryOptions;
  #bootstrapSet: readonly number[];
  readonly #others: number;
  /** Of this round, by file: a node that is named twice counts once, and this very one is none of the others. */
  readonly #heard = new Map<number, Heard>();
  #beganAfterTheWait = false;
  #roundBeganMs = 0;
  /** Ttl and drift buffer, as far as this node knows by now. */
  #longestLeaseMs: number;
  /** The files of the round before, where none of them had voted. */
  #freshBefore: readonly number[] = [];

  constructor(options: RecoveryOptions) {
    this.#options = options;
    this.#others = options.others;
    this.#bootstrapSet = options.bootstrapSet;
    this.#longestLeaseMs = options.longestTtlMs + options.driftBufferMs;
  }

  /** SET-7: what it waits for is that it knows its set. */
  get adopts(): boolean {
    return this.#options.adopts === true;
  }

  /** @returns whether it is time to ask for their tokens as well (VOTER-RECOVERY-1). */
  beginRound(nowMs: number): boolean {
    this.#freshBefore = this.isBeginning ? this.#files : [];
    this.#heard.clear();
    this.#roundBeganMs = nowMs;
    this.#beganAfterTheWait = this.waitMs(nowMs) === 0;
    return this.#beganAfterTheWait;
  }

  /** @param isWhole All pages of its tokens were asked for in this round, and adopted. */
  heard(said: NodeStatement, isWhole: boolean): void {
    if (said.file_id === this.#options.fileId) return;
    this.#heard.set(said.file_id, { ...said, isWhole });
    this.#longestLeaseMs = Math.max(this.#longestLeaseMs, said.longest_lease_ms ?? 0);
    // What was asked for in this round may have been asked for too early (VOTER-RECOVERY-1).
    this.#beganAfterTheWait &&= this.waitMs(this.#roundBeganMs) === 0;
  }

  /** The ms for which it has to wait at least, where it may have lost a file. */
  waitMs(nowMs: number): number {
    if (this.adopts) return 0; // Nothing of it was lost.
    return Math.max(0, this.#options.startedAtMs + this.#longestLeaseMs - nowMs);
  }

  /** The others were there in this round, and none of them has voted: they may agree soon. */
  get isBeginning(): boolean {
    const { after } = this.#options;
    if (this.adopts || !this.areAllHeard) return false;
    return [...this.#heard.values()].every((said) => said.fresh && said.after === after); // SET-6
  }

  /** VOTER-RECOVERY-2: what is to be written down now; undefined: nothing. Tell with `found` that it is on disk. */
  get bootstrapSetToWrite(): readonly number[] | undefined {
    if (this.#bootstrapSet.length > 0 || !this.isBeginning) return undefined;
    return same(this.#files, this.#freshBefore) ? this.#files : undefined;
  }

  /** Of all that were heard in this round, and its own; in order. */
  get #files(): readonly number[] {
    return [this.#options.fileId, ...this.#heard.keys()].toSorted((one, other) => one - other);
  }

  /** All others answered in this round, each from a file of its own. */
  get areAllHeard(): boolean {
    return this.#others > 0 && this.#heard.size === this.#others;
  }

  /** The others are there, one of them votes, and too few of them do: what they knew is gone. */
  get isBeyond(): boolean {
    if (this.adopts) return false;
    const others = [...this.#heard.values()];
    const isAll = this.#beganAfterTheWait && others.length === this.#others;
    return isAll && this.missing > 0 && others.some(({ voting }) => voting);
  }

  found(bootstrapSet: readonly number[]): void {
    this.#bootstrapSet = bootstrapSet;
  }

  mayVote(): boolean {
    const others = [...this.#heard.values()];
    const { fileId } = this.#options;
    if (this.adopts) return this.#mayAdopt(others);
    if (others.some(({ voting, bootstrap_set: set }) => voting && set.includes(fileId)))
      return true; // VOTER-RECOVERY-3
    if (this.isBeginning && this.#bootstrapSet.length > 0) {
      if (others.every(({ bootstrap_set: set }) => same(set, this.#bootstrapSet))) return true; // VOTER-RECOVERY-2
      if (this.#beganAfterTheWait && others.every(({ bootstrap_set: set }) => set.length > 0))
        return true; // VOTER-RECOVERY-4
    }
    return this.#beganAfterTheWait && this.#others > 0 && this.missing === 0; // VOTER-RECOVERY-1
  }

  /** SET-7. */
  #mayAdopt(others: readonly Heard[]): boolean {
    if (!this.areAllHeard) return false;
    const voted = [...this.#heard].flatMap(([file, { fresh }]) => (fresh ? [] : [file]));
    voted.push(this.#options.fileId);
    const lists = [this.#bootstrapSet, ...others.map(({ bootstrap_set: set }) => set)];
    const size = this.#others + 1;
    return (
      lists.every((list) => list.length === 0 || list.length === size) &&
      lists.some((list) => voted.filter((file) => list.includes(file)).length * 2 > size)
    );
  }

  /** All that what it says from now on depends on, as plain data, times as what is left of them: for whoever compares states. */
  image(nowMs: number): unknown {
    return [
      this.#bootstrapSet,
      [...this.#heard].toSorted(([one], [other]) => one - other),
      this.#beganAfterTheWait,
      this.waitMs(nowMs),
      this.waitMs(this.#roundBeganMs) === 0,
      this.#longestLeaseMs,
      this.#freshBefore,
    ];
  }

  /** VOTER-RECOVERY-1: others whose tokens are needed still. What one that is recovering itself has adopted is not what it granted. */
  get missing(): number {
    const majority = Math.floor(this.#others / 2) + 1;
    const whole = [...this.#heard.values()].filter(({ voting, isWhole }) => voting && isWhole);
    return Math.max(0, majority - whole.length);
  }
}

const same = (one: readonly number[], other: readonly number[]): boolean =>
  one.length === other.length && one.every((file, place) => file === other[place]);
