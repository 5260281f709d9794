/** Readings as nodes would give them, with what a test is about changed. */
import type { ClusterStatusAnswer, StatsAnswer } from '@holdfast/protocol';
import type { ListedLock } from '../../../src/top/answers.ts';
import type { Reading } from '../../../src/top/watch.ts';

/** 2026-01-02T03:04:05Z */
export const startMs: number = Date.UTC(2026, 0, 2, 3, 4, 5);

export function statusOf(
  nodeId: string,
  changes: Partial<ClusterStatusAnswer> = {},
): ClusterStatusAnswer {
  const leader = changes.leader === undefined ? 'node-1' : changes.leader;
  return {
    cluster_id: 'test',
    node_id: nodeId,
    version: '0',
    insecure: false,
    role: nodeId === leader ? 'leader' : 'follower',
    is_leader: nodeId === leader,
    is_ready: true,
    removed: false,
    term: 3,
    leader,
    leader_address: null,
    leader_url: null,
    commit_index: 1200,
    applied_index: 1200,
    last_index: 1200,
    first_index: 1,
    feature_level: 2,
    supported_feature_level: 2,
    members: ['node-1', 'node-2', 'node-3'].map((id, position) => ({
      node_id: id,
      address: `127.0.0.1:700${String(position)}`,
      role: 'voter' as const,
      url: `http://127.0.0.1:500${String(position)}`,
      is_leader: id === leader,
      connected: true,
      supported_feature_level: 2,
      match_index: 1200 - position,
    })),
    ...changes,
  };
}

export function statsOf(changes: Partial<StatsAnswer> = {}): StatsAnswer {
  return {
    active_sessions: 12,
    expired_sessions: 3,
    fence_counter: 1000,
    total_locks: 40,
    total_session: 100,
    waiters: 7,
    consistency: 'stale',
    revision: 1234,
    ...changes,
  };
}

export function lockOf(
  resource: string,
  holders: readonly string[],
  waiters: readonly string[] = [],
): ListedLock {
  return {
    resource,
    mode: holders.length > 0 ? 'exclusive' : null,
    holders: holders.map((client, position) => ({
      client_id: client,
      fence_token: 10 + position,
      acquired_at: startMs / 1000 - 75,
    })),
    waiters: waiters.map((client) => ({ client_id: client })),
    waiter_count: waiters.length,
  };
}

/** @param second After the first reading. */
export function readingAt(second: number, changes: Partial<Reading> = {}): Reading {
  const at = { monotonicMs: 5000 + second * 1000, wallMs: startMs + second * 1000 };
  const nodes = ['node-1', 'node-2', 'node-3'];
  return {
    at,
    cluster: statusOf('node-1'),
    answers: new Map(nodes.map((id) => [id, statusOf(id)])),
    lastHeard: new Map(nodes.map((id) => [id, at])),
    stats: statsOf(),
    counters: { nodeId: 'node-1', commands: 50_000, commits: 9000, commitSeconds: 9 },
    locks: { locks: [], complete: true },
    ...changes,
  };
}
