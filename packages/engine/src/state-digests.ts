/**
 * Compares the state of the members while they run.
 *
 * Every member takes its snapshots at the same entries of the log, and the same state gives the same
 * bytes: states of one index must have one hash on all members (as etcd compares hashes of its
 * key space in the corruption check). Each member tells the others the hash of what it saved, restored or found on its disk.
 *
 * DIGEST-1: a member stops when a majority of the voters has one hash at an index and it has another:
 *     its state is wrong, and what it would answer or grant as leader cannot be trusted.
 * DIGEST-2: where hashes differ and no majority agrees, nobody stops: it is told as an error, once every
 *     member had the time to tell.
 * DIGEST-3: only hashes of one format of the state are compared.
 */
import type { LogIndex, MemberId } from '@holdfast/raft';

/** Indexes that are remembered; older ones are forgotten first. */
const maxIndexes = 32;

export interface StateDigest {
  readonly index: LogIndex;
  readonly hash: string;
  /** Version of the state's snapshot format. */
  readonly formatVersion: number;
}

export type DigestVerdict =
  | { readonly type: 'equal_or_unknown' }
  | { readonly type: 'differs'; readonly index: LogIndex; readonly others: readonly MemberId[] }
  | { readonly type: 'wrong_here'; readonly index: LogIndex; readonly others: readonly MemberId[] };

export class StateDigests {
  readonly #self: MemberId;
  /** By index and format: hashes by member. */
  readonly #known = new Map<string, Map<MemberId, string>>();

  constructor(self: MemberId) {
    this.#self = self;
  }

  /** What follows from all that is known of an index. */
  judge(digest: StateDigest, voters: readonly MemberId[]): DigestVerdict {
    const hashes = this.#known.get(keyOf(digest));
    return hashes === undefined
      ? { type: 'equal_or_unknown' }
      : this.#judge(digest.index, hashes, voters);
  }

  /** Notes what a member (or this node) has, and says what follows from all that is known. */
  note(from: MemberId, digest: StateDigest, voters: readonly MemberId[]): DigestVerdict {
    const key = keyOf(digest);
    let hashes = this.#known.get(key);
    if (hashes === undefined) {
      hashes = new Map();
      this.#known.set(key, hashes);
      if (this.#known.size > maxIndexes) this.#forgetOldest();
    }
    hashes.set(from, digest.hash);
    return this.#judge(digest.index, hashes, voters);
  }

  #forgetOldest(): void {
    for (const key of this.#known.keys()) {
      this.#known.delete(key);
      return;
    }
  }

  #judge(
    index: LogIndex,
    hashes: ReadonlyMap<MemberId, string>,
    voters: readonly MemberId[],
  ): DigestVerdict {
    const own = hashes.get(this.#self);
    if (own === undefined) return { type: 'equal_or_unknown' };
    const byHash = new Map<string, MemberId[]>();
    for (const [member, hash] of hashes) {
      if (hash === own || !voters.includes(member)) continue;
      const members = byHash.get(hash);
      if (members === undefined) byHash.set(hash, [member]);
      else members.push(member);
    }
    const others = [...byHash.values()].toSorted((a, b) => b.length - a.length)[0];
    if (others === undefined) return { type: 'equal_or_unknown' };
    const type = others.length * 2 > voters.length ? 'wrong_here' : 'differs'; // DIGEST-1, DIGEST-2
    return { type, index, others };
  }
}

/** DIGEST-3. */
const keyOf = ({ index, formatVersion }: StateDigest): string =>
  `${String(index)} ${String(formatVersion)}`;
