/**
 * Reads of the cluster as an operator does them: over HTTP, from one named node. The answers are our own
 * and typed by the protocol; what is used of them is checked here.
 */
import type { ClusterStatusAnswer, StatsAnswer } from '@holdfast/protocol';

const answerWithinMs = 5000;

async function get(url: string, path: string): Promise<object> {
  const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(answerWithinMs) });
  const body: unknown = await response.json();
  if (!response.ok || typeof body !== 'object' || body === null) {
    throw new Error(`${url}${path} answered ${String(response.status)}: ${JSON.stringify(body)}`);
  }
  return body;
}

/** The node's view of the cluster. */
export async function readClusterStatus(
  url: string,
): Promise<
  Pick<ClusterStatusAnswer, 'leader' | 'applied_index' | 'commit_index' | 'is_ready' | 'term'>
> {
  const status = await get(url, '/cluster/status');
  if (
    !('leader' in status && (status.leader === null || typeof status.leader === 'string')) ||
    !('applied_index' in status && typeof status.applied_index === 'number') ||
    !('commit_index' in status && typeof status.commit_index === 'number') ||
    !('is_ready' in status && typeof status.is_ready === 'boolean') ||
    !('term' in status && typeof status.term === 'number')
  ) {
    throw new Error(`${url} answered a cluster status that is none: ${JSON.stringify(status)}`);
  }
  const { leader, applied_index, commit_index, is_ready, term } = status;
  return { leader, applied_index, commit_index, is_ready, term };
}

/** @param consistency `stale` reads what this very node has applied. */
export async function readStats(
  url: string,
  consistency: 'linearizable' | 'stale' = 'linearizable',
): Promise<Pick<StatsAnswer, 'fence_counter' | 'active_sessions' | 'total_locks'>> {
  const stats = await get(url, `/admin/stats?consistency=${consistency}`);
  if (
    !('fence_counter' in stats && typeof stats.fence_counter === 'number') ||
    !('active_sessions' in stats && typeof stats.active_sessions === 'number') ||
    !('total_locks' in stats && typeof stats.total_locks === 'number')
  ) {
    throw new Error(`${url} answered stats that are none: ${JSON.stringify(stats)}`);
  }
  const { fence_counter, active_sessions, total_locks } = stats;
  return { fence_counter, active_sessions, total_locks };
}
