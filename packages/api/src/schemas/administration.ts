/** Bodies and answers of what operators and monitors ask for, over HTTP only. */
import { z } from 'zod';
import type {
  AddMemberAnswer,
  AddMemberBody,
  CleanupAnswer,
  ClusterStatusAnswer,
  Consistency,
  HealthAnswer,
  LeaderAnswer,
  ProbeAnswer,
  RemoveMemberAnswer,
  RemoveMemberBody,
  StatsAnswer,
  TransferAnswer,
  TransferBody,
} from '@holdfast/protocol';
import { agreeing } from './agreeing.ts';
import { consistency, count, nodeId } from './fields.ts';

/** No field at all: what is asked for is in the path. */
export const noFields: z.ZodType<object> = z.strictObject({});

export const healthAnswer: z.ZodType<HealthAnswer> = agreeing<HealthAnswer>()(
  z.strictObject({
    is_leader: z.boolean(),
    is_ready: z.boolean(),
    leader: z.string().nullable().describe('Peer address of the leader; null while none is known.'),
    node_id: z.string(),
    service: z.literal('holdfast'),
    status: z.enum(['healthy', 'unavailable']),
    timestamp: z.string().describe('Wall clock, ISO 8601 with +00:00.'),
    version: z.string(),
  }),
);
export const probeAnswer: z.ZodType<ProbeAnswer> = agreeing<ProbeAnswer>()(
  z.strictObject({ status: z.enum(['ok', 'unavailable']) }),
);
export const leaderAnswer: z.ZodType<LeaderAnswer> = agreeing<LeaderAnswer>()(
  z.strictObject({
    leader: z.string().describe('Node id.'),
    address: z.string().nullable().describe('Peer address, host:port.'),
    url: z.string().nullable().describe('Where clients reach it; null while unknown.'),
    term: count,
    is_leader: z.boolean().describe('The node that answers is the leader.'),
  }),
);
export const clusterStatusAnswer: z.ZodType<ClusterStatusAnswer> = agreeing<ClusterStatusAnswer>()(
  z.strictObject({
    cluster_id: z.string(),
    node_id: z.string(),
    version: z.string(),
    role: z.string(),
    is_leader: z.boolean(),
    is_ready: z.boolean(),
    term: count,
    leader: z.string().nullable(),
    leader_address: z.string().nullable(),
    leader_url: z.string().nullable(),
    commit_index: count,
    applied_index: count,
    last_index: count,
    first_index: count,
    members: z.array(
      z.strictObject({
        node_id: z.string(),
        address: z.string(),
        role: z.enum(['voter', 'learner']),
        url: z.string(),
        is_leader: z.boolean(),
        connected: z.boolean(),
        match_index: count.nullable(),
      }),
    ),
  }),
);
export const addMemberBody: z.ZodType<AddMemberBody> = agreeing<AddMemberBody>()(
  z.strictObject({
    node_id: nodeId,
    address: z
      .string()
      .max(310)
      .regex(/^(?:[^\s:/@[\]]+|\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._~-]+)?\]):[0-9]{1,5}$/)
      .describe('Peer address of the new node: host:port, [::1]:7000 for an IPv6 address.'),
  }),
);
export const addMemberAnswer: z.ZodType<AddMemberAnswer> = agreeing<AddMemberAnswer>()(
  z.strictObject({ added: z.literal(true), node_id: z.string(), address: z.string() }),
);
export const removeMemberBody: z.ZodType<RemoveMemberBody> = agreeing<RemoveMemberBody>()(
  z.strictObject({ node_id: nodeId }),
);
export const removeMemberAnswer: z.ZodType<RemoveMemberAnswer> = agreeing<RemoveMemberAnswer>()(
  z.strictObject({ removed: z.literal(true), node_id: z.string() }),
);
export const transferBody: z.ZodType<TransferBody> = agreeing<TransferBody>()(
  z.strictObject({
    node_id: z.exactOptional(nodeId.describe('Who shall lead; the most up-to-date when absent.')),
  }),
);
export const transferAnswer: z.ZodType<TransferAnswer> = agreeing<TransferAnswer>()(
  z.strictObject({ transferred: z.literal(true), leader: z.string() }),
);
export const statsBody: z.ZodType<{ readonly consistency?: Consistency }> = agreeing<{
  readonly consistency?: Consistency;
}>()(z.strictObject({ consistency: z.exactOptional(consistency) }));
export const statsAnswer: z.ZodType<StatsAnswer> = agreeing<StatsAnswer>()(
  z.strictObject({
    active_sessions: count,
    expired_sessions: count.describe('Sessions that expired since the cluster began.'),
    fence_counter: count,
    total_locks: count.describe('Resources held now.'),
    total_session: count.describe('Sessions ever created.'),
    waiters: count,
    consistency,
  }),
);
export const cleanupAnswer: z.ZodType<CleanupAnswer> = agreeing<CleanupAnswer>()(
  z.strictObject({
    cleanup: z.literal('completed'),
    count: count.describe(
      'Sessions expire by themselves: so many have since the last cleanup asked of this node (since the cluster began, the first time).',
    ),
  }),
);
