/** Where a snapshot of a replica is taken. ENG-SNAP: snapshots.ts. */
import type { LogIndex, Membership, Raft, Term } from '@holdfast/raft';
import { membersUnknown } from './backup-refusals.ts';

export interface SnapshotPoint {
  readonly index: LogIndex;
  readonly term: Term;
  readonly membership: Membership;
}

/**
 * What a snapshot of the state as of this index says of the log. Undefined: none can be taken there.
 *
 * @throws HoldfastError where it is for a backup, and waiting for it would not help (ENG-SNAP-7).
 */
export function snapshotPoint(
  raft: Raft,
  index: LogIndex,
  isForBackup = false,
): SnapshotPoint | undefined {
  const term = raft.termAt(index);
  if (term === undefined) return undefined;
  const membership = raft.membershipAt(index);
  // ENG-SNAP-7
  if (membership.members.some(({ role }) => role === 'voter')) return { index, term, membership };
  if (isForBackup) throw membersUnknown();
  return undefined;
}
