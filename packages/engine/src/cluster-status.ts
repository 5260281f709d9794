/** What a node says of its cluster, for people and for clients that look for the leader. */
import type { MemberId, Status } from '@holdfast/raft';
import type { FeatureLevels } from './feature-levels.ts';
import type { ClusterStatus } from './types.ts';

export interface StatusContext {
  readonly clusterId: string;
  readonly closing: boolean;
  readonly isRemoved: boolean;
  readonly clientUrls: ReadonlyMap<string, string>;
  readonly isConnected: (peer: MemberId) => boolean;
  readonly addressOf: (peer: MemberId) => string | undefined;
  readonly levels: FeatureLevels;
  readonly supportedBy: (peer: MemberId) => number | undefined;
}

export function describeCluster(raft: Status, context: StatusContext): ClusterStatus {
  const { leader } = raft;
  const leaderMember = raft.membership.members.find((member) => member.id === leader);
  const known = leader !== null && (leader !== raft.id || raft.ready);
  return {
    clusterId: context.clusterId,
    nodeId: raft.id,
    role: raft.role,
    term: raft.term,
    leader,
    leaderAddress:
      leader === null ? null : (context.addressOf(leader) ?? leaderMember?.address ?? null),
    leaderClientUrl: leader === null ? null : (context.clientUrls.get(leader) ?? null),
    ready: known && !context.closing,
    isRemoved: context.isRemoved,
    commitIndex: raft.commit,
    appliedIndex: raft.applied,
    lastIndex: raft.lastIndex,
    firstIndex: raft.firstIndex,
    featureLevel: context.levels.inForce,
    supportedFeatureLevel: context.levels.supported,
    members: raft.membership.members.map((member) => ({
      id: member.id,
      address: context.addressOf(member.id) ?? member.address,
      role: member.role,
      clientUrl: context.clientUrls.get(member.id) ?? '',
      matchIndex:
        member.id === raft.id
          ? raft.lastIndex
          : (raft.progress.find((progress) => progress.id === member.id)?.matchIndex ?? null),
      connected: member.id === raft.id || context.isConnected(member.id),
      supportedFeatureLevel:
        member.id === raft.id ? context.levels.supported : (context.supportedBy(member.id) ?? null),
    })),
  };
}
