import type { MemberId, Status } from '@holdfast/raft';

/** What a leader whose log all others have says of itself. @param others Voters. @param changed What is said of one of them instead. */
export function statusOf(
  id: string,
  others: readonly string[],
  changed: Readonly<Record<string, Partial<Status['progress'][number]>>> = {},
): Status {
  const voter = (name: string) => ({
    id: name as MemberId,
    address: `${name}:1`,
    role: 'voter' as const,
  });
  return {
    id: id as MemberId,
    role: 'leader',
    term: 1,
    leader: id as MemberId,
    commit: 1,
    applied: 1,
    lastIndex: 1,
    firstIndex: 1,
    membership: { members: [id, ...others].map(voter) },
    membershipIndex: 0,
    ready: true,
    progress: others.map((name) => ({
      id: name as MemberId,
      matchIndex: 1,
      state: 'replicate',
      silentTicks: 0,
      ...changed[name],
    })),
  };
}
