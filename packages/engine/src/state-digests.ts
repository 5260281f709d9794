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
 * DIGEST-7: each member has a bounded number of hashes here, of which its latest count: what one tells pushes out its own earlier ones,
 *     and never those of another member or of this node.
 */
import type { LogIndex, MemberId } from '@holdfast/raft';

/** Hashes of one member that are remembered; older ones are forgotten first. */
const maxOfMember = 32;

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
  /** By member: hashes by index and format. */
  readonly #known = new Map<MemberId, Map<string, string>>();

  constructor(self: MemberId) {
    this.#self = self;
  }

  /** What follows from all that is known of an index. */
  judge(digest: StateDigest, voters: readonly MemberId[]): DigestVerdict {
    const key = keyOf(digest);
    const own = this.#known.get(this.#self)?.get(key);
    if (own === undefined) return { type: 'equal_or_unknown' };
    const byHash = new Map<string, MemberId[]>();
    for (const [member, hashes] of this.#known) {
      const hash = hashes.get(key);
      if (hash === undefined || hash === own || !voters.includes(member)) continue;
      const members = byHash.get(hash);
      if (members === undefined) byHash.set(hash, [member]);
      else members.push(member);
    }
    const others = [...byHash.values()].toSorted((a, b) => b.length - a.length)[0];
    if (others === undefined) return { type: 'equal_or_unknown' };
    const type = others.length * 2 > voters.length ? 'wrong_here' : 'differs'; // DIGEST-1, DIGEST-2
    return { type, index: digest.index, others };
  }

  /** Notes what a member (or this node) has, and says what follows from all that is known. */
  note(from: MemberId, digest: StateDigest, voters: readonly MemberId[]): DigestVerdict {
    const hashes = this.#of(from, voters);
    const key = keyOf(digest);
    hashes.delete(key);
    hashes.set(key, digest.hash);
    if (hashes.size > maxOfMember)
      for (const oldest of hashes.keys()) {
        hashes.delete(oldest); // DIGEST-7
        break;
      }
    return this.judge(digest, voters);
  }

  #of(member: MemberId, voters: readonly MemberId[]): Map<string, string> {
    const known = this.#known.get(member);
    if (known !== undefined) return known;
    // Who was removed does not come back, and a learner is asked nothing: what they have is told again when it counts (DIGEST-4).
    for (const other of this.#known.keys())
      if (other !== this.#self && !voters.includes(other)) this.#known.delete(other);
    const made = new Map<string, string>();
    this.#known.set(member, made);
    return made;
  }
}

/** DIGEST-3. */
const keyOf = ({ index, formatVersion }: StateDigest): string =>
  `${String(index)} ${String(formatVersion)}`;
