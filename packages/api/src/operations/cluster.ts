/** The cluster and the health of this node. */
import { readPeerAddress } from '@holdfast/protocol';
import type {
  AddMemberAnswer,
  AddMemberBody,
  CleanupAnswer,
  ClusterMachinesAnswer,
  ClusterStatusAnswer,
  Consistency,
  HealthAnswer,
  LeaderAnswer,
  ProbeAnswer,
  PromoteMemberAnswer,
  PromoteMemberBody,
  RemoveMemberAnswer,
  RemoveMemberBody,
  StatsAnswer,
  TransferAnswer,
  TransferBody,
} from '@holdfast/protocol';
import type { ClusterStatus, PayloadStatistics } from '@holdfast/engine';
import type { Stats } from '@holdfast/state';
import { RequestError } from '../request-error.ts';
import { callOptions } from './context.ts';
import type { OperationContext, Outcome } from './context.ts';

// The operations that only look at this node answer at once; all are called alike.

export function health(_body: object, { service }: OperationContext): HealthAnswer {
  const status = service.engine.status();
  return {
    insecure: service.isInsecure,
    is_leader: status.leader === status.nodeId,
    is_ready: status.ready,
    leader: addressOf(status),
    leader_id: status.leader,
    node_id: service.nodeId,
    service: 'holdfast',
    status: status.ready ? 'healthy' : 'unavailable',
    timestamp: new Date(service.now()).toISOString().replace('Z', '+00:00'),
    version: service.version,
    warnings: warningsOf(status, service.engine.stats().storage.payloads),
  };
}

/** A node that listens for no peers has no address for them: it is named by where clients reach it. */
function addressOf({
  leaderAddress,
  leaderClientUrl,
}: Pick<ClusterStatus, 'leaderAddress' | 'leaderClientUrl'>): string | null {
  if (leaderAddress !== null && leaderAddress !== '') return leaderAddress;
  return leaderClientUrl === null ? null : (URL.parse(leaderClientUrl)?.host ?? null);
}

function warningsOf(
  { isRemoved }: Pick<ClusterStatus, 'isRemoved'>,
  { missing, isTransferWaiting }: PayloadStatistics,
): readonly string[] {
  const warnings: string[] = [];
  if (isRemoved)
    warnings.push(
      'This node was removed from the cluster and serves nobody any more. Stop it; its machine can come back under a new id and with an empty folder.',
    );
  if (missing > 0)
    warnings.push(
      `${String(missing)} payloads of messages are missing on the disk of this node; they are fetched from other members.`,
    );
  if (isTransferWaiting)
    warnings.push(
      'This node cannot take the snapshot of the leader: members that may have the payloads it names cannot be asked.',
    );
  return warnings;
}

/** The process answers; whether it can serve is `readiness`. */
export function liveness(): ProbeAnswer {
  return { status: 'ok' };
}

export function readiness(_body: object, { service }: OperationContext): ProbeAnswer {
  const { ready, isRemoved } = service.engine.status();
  if (ready) return { status: 'ok' };
  return { status: isRemoved ? 'removed' : 'unavailable' };
}

export function leader(_body: object, { service }: OperationContext): Outcome<LeaderAnswer> {
  const status = service.engine.status();
  if (status.leader === null) {
    return new RequestError(
      'not_leader',
      'This node knows no leader at the moment. The request was not executed. Retry, or see GET /cluster/status.',
      { node_id: service.nodeId, term: status.term },
    );
  }
  return {
    leader: status.leader,
    address: status.leaderAddress,
    url: status.leaderClientUrl === '' ? null : status.leaderClientUrl,
    term: status.term,
    is_leader: status.leader === status.nodeId,
  };
}

export function clusterStatus(_body: object, { service }: OperationContext): ClusterStatusAnswer {
  const status = service.engine.status();
  return {
    cluster_id: status.clusterId,
    node_id: status.nodeId,
    version: service.version,
    insecure: service.isInsecure,
    role: status.role,
    is_leader: status.leader === status.nodeId,
    is_ready: status.ready,
    removed: status.isRemoved,
    term: status.term,
    leader: status.leader,
    leader_address: status.leaderAddress,
    leader_url: status.leaderClientUrl === '' ? null : status.leaderClientUrl,
    commit_index: status.commitIndex,
    applied_index: status.appliedIndex,
    last_index: status.lastIndex,
    first_index: status.firstIndex,
    feature_level: status.featureLevel,
    supported_feature_level: status.supportedFeatureLevel,
    members: status.members.map((member) => ({
      node_id: member.id,
      address: member.address,
      role: member.role,
      url: member.clientUrl,
      is_leader: member.id === status.leader,
      connected: member.connected,
      supported_feature_level: member.supportedFeatureLevel,
      match_index: member.matchIndex,
    })),
  };
}

export async function clusterMachines(
  _body: object,
  { service }: OperationContext,
): Promise<ClusterMachinesAnswer> {
  return { node_id: service.nodeId, machines: await service.machines.all() };
}

export async function addMember(
  body: AddMemberBody,
  context: OperationContext,
): Promise<AddMemberAnswer | RequestError> {
  const read = readPeerAddress(body.address);
  if (!read.ok)
    return new RequestError(
      'invalid_request',
      `"address" ${read.problem}; given: "${body.address}".`,
    );
  const address = read.value;
  await context.service.engine.addMember(body.node_id, address, callOptions(context));
  return { added: true, node_id: body.node_id, address };
}

export async function promoteMember(
  body: PromoteMemberBody,
  context: OperationContext,
): Promise<PromoteMemberAnswer> {
  await context.service.engine.promoteMember(body.node_id, callOptions(context));
  return { promoted: true, node_id: body.node_id };
}

export async function removeMember(
  body: RemoveMemberBody,
  context: OperationContext,
): Promise<RemoveMemberAnswer> {
  await context.service.engine.removeMember(body.node_id, callOptions(context));
  return { removed: true, node_id: body.node_id };
}

export async function transfer(
  body: TransferBody,
  context: OperationContext,
): Promise<TransferAnswer> {
  const newLeader = await context.service.engine.transferLeadership(
    body.node_id ?? null,
    callOptions(context),
  );
  return { transferred: true, leader: newLeader };
}

export async function stats(
  body: { readonly consistency?: Consistency },
  context: OperationContext,
): Promise<StatsAnswer> {
  const consistency = body.consistency ?? 'linearizable';
  const { stats, revision } = await readStats(consistency, context);
  return {
    active_sessions: stats.activeSessions,
    expired_sessions: stats.expiredSessions,
    fence_counter: stats.fenceCounter,
    total_locks: stats.heldLocks,
    total_session: stats.totalSessions,
    waiters: stats.waiters,
    consistency,
    revision,
  };
}

async function readStats(
  consistency: Consistency,
  context: OperationContext,
): Promise<{ readonly stats: Stats; readonly revision: number }> {
  const result = await context.service.engine.query(
    { type: 'stats' },
    consistency,
    callOptions(context),
  );
  return { stats: result.stats, revision: result.revision };
}

/** Sessions expire by themselves; this only tells how many did since the last time somebody asked here. */
export async function cleanup(_body: object, context: OperationContext): Promise<CleanupAnswer> {
  const { service } = context;
  const { stats } = await readStats('linearizable', context);
  const { expiredSessions } = stats;
  const expired = Math.max(0, expiredSessions - service.expiredAtCleanup);
  service.expiredAtCleanup = expiredSessions;
  return { cleanup: 'completed', count: expired };
}
