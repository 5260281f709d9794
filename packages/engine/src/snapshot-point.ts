/** Where a snapshot of a replica is taken. ENG-SNAP: snapshots.ts. */
import type { LogIndex, Raft } from '@holdfast/raft';
import type { SnapshotPoint } from '@holdfast/storage';
import { membersUnknown } from './backup-refusals.ts';

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
