/** What readers are shown of elections. */
import { rowsShown } from '../../kernel/view-bounds.ts';
import type { ResourceName } from '../../kernel/names.ts';
import type { Pool } from '../holds/pool.ts';
import { delayedFor, holderView, waiterViews } from '../holds/views.ts';
import type { ElectionView } from './commands.ts';

export function electionView(
  name: ResourceName,
  pool: Pool | undefined,
  timeMs: number,
  limit: number = rowsShown,
): ElectionView {
  const leader = pool?.firstHold;
  return {
    name,
    leader: leader === undefined ? undefined : holderView(leader, timeMs),
    candidates: pool === undefined ? [] : waiterViews(pool, limit),
    candidateCount: pool?.queue.length ?? 0,
    delayedForMs: pool === undefined ? 0 : delayedFor(pool, timeMs),
  };
}
