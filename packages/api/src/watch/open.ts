/** Begins a watch, whatever it is told through. */
import type { WatchBody } from '@holdfast/protocol';
import { RequestError } from '../request-error.ts';
import type { OperationContext, Outcome } from '../operations/context.ts';
import { compacted, startOf, wantsOf } from '../operations/events.ts';
import { Watcher } from './watcher.ts';
import type { WatcherEnds } from './watcher.ts';

/**
 * @returns `compacted` where events after the given position are no longer kept, `future_position` where the cluster has
 *   not come to it.
 */
export async function openWatch(
  body: WatchBody,
  context: OperationContext,
  ends: Pick<WatcherEnds, 'take'> & { readonly compacted: (refused: RequestError) => void },
): Promise<Outcome<Watcher>> {
  const { feed, endOfTurn } = context.service;
  const after = body.after === undefined ? feed.position : await startOf(body.after, context);
  if (after instanceof RequestError) return after;
  if (feed.read(after, () => false, 1) === 'compacted') return compacted(after);
  return new Watcher(
    feed,
    after,
    wantsOf(body, context),
    { take: ends.take, compacted: (position) => ends.compacted(compacted(position)) },
    endOfTurn,
  );
}
