/**
 * What a node knows of its own removal. Whoever is removed is sent nothing more of the log, and so its own log mostly does not
 * have it: members that know of it say so (REMOVED-1 of `removal-notices.ts`).
 *
 * REMOVED-2: a notice counts only from a member by the own log, while no leader is known, and while the own log does not know better: it
 *     names the index of a membership that is not committed here, and as soon as that index is, the own log counts. So a member
 *     whose log lags says nothing that counts, and a node that joins, whose log does not name it, takes no notice.
 * REMOVED-3: a node that was told so goes on to campaign until so many voters have said it that the others, itself too, are no
 *     majority: then it could not be elected anyhow. So one member alone, where it is wrong, keeps nobody from leading.
 *
 * REMOVED-4: by its own log alone a node was removed only where that has named it before, and is committed: the log of one that
 *     joins begins with the members of long ago.
 *
 * REMOVED-6: a removed node logs it once, as soon as a notice counts: when that comes, or, where a leader was known then, when there is none any
 *     more. One that asks for no votes is not told again.
 *
 * Nothing is recorded: after a restart it is told again.
 */
import { voterIds } from '@holdfast/raft';
import type { LogIndex, MemberId, Status } from '@holdfast/raft';
import type { EngineLog } from './types.ts';

type Settled = Pick<Status, 'membership' | 'membershipIndex' | 'commit'>;
type Known = Settled & Pick<Status, 'id' | 'leader'>;

export interface RemovalParts {
  readonly log: EngineLog;
  readonly status: () => Known;
  /** The own log has named this node (REMOVED-4). */
  readonly wasNamed: () => boolean;
}

export class Removal {
  readonly #parts: RemovalParts;
  /** The index that each has named. */
  readonly #told = new Map<MemberId, LogIndex>();
  #isLogged = false;

  constructor(parts: RemovalParts) {
    this.#parts = parts;
  }

  /** A member has said so. */
  onNotice(from: MemberId, index: LogIndex): void {
    const status = this.#parts.status();
    const { id, commit, membershipIndex } = status;
    if (!names(status, from) || index <= commit) return; // REMOVED-2
    // Its removal is in its own log, and not committed there: what others have committed is that one, or later.
    if (!names(status, id) && (membershipIndex <= commit || index < membershipIndex)) return;
    this.#told.set(from, index);
    this.#say(status);
  }

  onStatus(status: Known): void {
    if (this.#told.size > 0) this.#say(status);
  }

  /** REMOVED-6. */
  #say(status: Known): void {
    const [by] = this.#counting(status);
    if (by === undefined || this.#isLogged) return;
    this.#isLogged = true;
    const members = status.membership.members.map((member) => member.id);
    this.#parts.log.error(
      { by, index: this.#told.get(by), members },
      `This node was removed from the cluster: member "${by}" has committed members without it. ` +
        `It serves nobody any more. Stop it, and delete its folder before its machine is used again; ` +
        `to bring the machine back, add it under a new id and with an empty folder.`,
    );
  }

  /** Members have said so, or the own log does. */
  get isKnown(): boolean {
    const status = this.#parts.status();
    const { id, membership, membershipIndex, commit } = status;
    if (this.#counting(status).length > 0) return true;
    const isOwn = membership.members.length > 0 && membershipIndex <= commit;
    return isOwn && !names(status, id) && this.#parts.wasNamed(); // REMOVED-4
  }

  /** REMOVED-3. */
  get cannotBeElected(): boolean {
    if (this.#told.size === 0) return false;
    const status = this.#parts.status();
    const voters = voterIds(status.membership);
    const refusing = this.#counting(status).filter((id) => voters.includes(id));
    return voters.length - refusing.length < Math.floor(voters.length / 2) + 1;
  }

  /** REMOVED-2. */
  #counting(status: Known): readonly MemberId[] {
    for (const [from, index] of this.#told)
      if (index <= status.commit || !names(status, from)) this.#told.delete(from);
    if (this.#told.size === 0) this.#isLogged = false;
    return status.leader === null ? [...this.#told.keys()] : [];
  }
}

/** The index of the committed membership where it does not name this one, which may have been a member before. */
export function removedAt(
  { membership, membershipIndex, commit }: Settled,
  id: MemberId,
): LogIndex | undefined {
  const isSettled = membership.members.length > 0 && membershipIndex <= commit;
  return isSettled && !membership.members.some((member) => member.id === id)
    ? membershipIndex
    : undefined;
}

const names = ({ membership }: Settled, id: MemberId): boolean =>
  membership.members.some((member) => member.id === id);
