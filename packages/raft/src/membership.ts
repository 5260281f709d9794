/**
 * Who is a member, by the newest entry in the log, committed or not (thesis section 4.1), one change
 * at a time.
 *
 * RAFT-MEMBER-1: two majorities of neighbouring memberships share a voter, because a change adds or removes at
 *     most one voter and is proposed only when the one before it is committed, and only after an
 *     entry of the leader's own term is (Ongaro's correction of 2015).
 * RAFT-MEMBER-2: a change of the voters is proposed only while a majority of those who would vote then can be
 *     reached: from the moment it is in the log it counts, and without them it would stop the cluster.
 * RAFT-MEMBER-3: a voter whose removal is in its log, and not committed as far as it knows, still campaigns (thesis
 *     4.2.2): it may be the only one that has the entry, and without it nobody could be elected.
 */
import type { Image } from './image.ts';
import { invariant } from './invariant.ts';
import type { LogIndex, Member, MemberId, Membership, MembershipChange } from './types.ts';

const formatVersion = 1;

export function encodeMembership(membership: Membership): Uint8Array {
  return new TextEncoder().encode(
    JSON.stringify({ version: formatVersion, members: membership.members }),
  );
}

export function decodeMembership(data: Uint8Array): Membership {
  const parsed = JSON.parse(new TextDecoder().decode(data)) as {
    version?: unknown;
    members?: unknown;
  };
  invariant(
    parsed.version === formatVersion && Array.isArray(parsed.members),
    `a membership entry has format version ${String(parsed.version)}; run the version of Holdfast that wrote it, or newer`,
  );
  return { members: parsed.members as readonly Member[] };
}

interface Step {
  readonly index: LogIndex;
  readonly membership: Membership;
}

export class MembershipLog {
  /** In order of index; the first is the base (snapshot or start). */
  #history: readonly Step[];
  /** Kept, for they are read many times for each entry. */
  #current: Membership;
  #currentIndex: LogIndex;
  #voters: readonly MemberId[];

  constructor(index: LogIndex, membership: Membership) {
    this.#history = [{ index, membership }];
    this.#current = membership;
    this.#currentIndex = index;
    this.#voters = voterIds(membership);
  }

  get current(): Membership {
    return this.#current;
  }

  get currentIndex(): LogIndex {
    return this.#currentIndex;
  }

  /** Of the current one. */
  get voters(): readonly MemberId[] {
    return this.#voters;
  }

  /** As of this index, which is not before that of the base. */
  at(index: LogIndex): Membership {
    const step = this.#history.findLast((candidate) => candidate.index <= index);
    invariant(step !== undefined, `the membership at ${String(index)} is forgotten`);
    return step.membership;
  }

  append(index: LogIndex, membership: Membership): void {
    this.#become([...this.#history, { index, membership }]);
  }

  truncateFrom(index: LogIndex): void {
    this.#become(this.#history.filter((step, position) => position === 0 || step.index < index));
  }

  /** Keeps what `at` needs for this index and later ones. */
  forgetBefore(index: LogIndex): void {
    const keep = this.#history.findLastIndex((step) => step.index <= index);
    if (keep > 0) this.#become(this.#history.slice(keep));
  }

  /** A snapshot replaces the log. */
  reset(index: LogIndex, membership: Membership): void {
    this.#become([{ index, membership }]);
  }

  image(): Image {
    return this.#history.map(({ index, membership }) => [index, imageOfMembership(membership)]);
  }

  #become(history: readonly Step[]): void {
    const newest = history.at(-1);
    invariant(newest !== undefined, 'the membership history is empty');
    this.#history = history;
    this.#currentIndex = newest.index;
    if (newest.membership === this.#current) return;
    this.#current = newest.membership;
    this.#voters = voterIds(newest.membership);
  }
}

export const voterIds = (membership: Membership): MemberId[] =>
  membership.members.filter((member) => member.role === 'voter').map((member) => member.id);

export const imageOfMembership = ({ members }: Membership): Image =>
  members.map(({ id, address, role }) => [id, address, role]);

/** The membership after a change, or why it cannot be. */
export function changed(
  membership: Membership,
  change: MembershipChange,
):
  | { readonly ok: true; readonly membership: Membership }
  | { readonly ok: false; readonly detail: string } {
  const { members } = membership;
  const member = members.find((candidate) => candidate.id === change.id);
  switch (change.type) {
    case 'add_learner': {
      if (member !== undefined) return { ok: false, detail: `"${change.id}" is a member already` };
      const added: Member = { id: change.id, address: change.address, role: 'learner' };
      return { ok: true, membership: sorted([...members, added]) };
    }
    case 'promote':
      if (member?.role !== 'learner')
        return { ok: false, detail: `"${change.id}" is not a learner` };
      return {
        ok: true,
        membership: sorted(
          members.map((other) => (other === member ? { ...other, role: 'voter' } : other)),
        ),
      };
    case 'remove':
      if (member === undefined) return { ok: false, detail: `"${change.id}" is not a member` };
      if (member.role === 'voter' && voterIds(membership).length === 1) {
        return { ok: false, detail: `"${change.id}" is the last voter` };
      }
      return { ok: true, membership: sorted(members.filter((other) => other !== member)) };
  }
}

const sorted = (members: readonly Member[]): Membership => ({
  members: members.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
});
