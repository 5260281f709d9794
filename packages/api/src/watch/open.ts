/** Begins a watch, whatever it is told through. */
import type { WatchBody } from '@holdfast/protocol';
import { Refused } from '../refused.ts';
import type { OperationContext, Outcome } from '../operations/context.ts';
import { compacted, positionOf, wantsOf } from '../operations/events.ts';
import { Watcher } from './watcher.ts';
import type { WatcherEnds } from './watcher.ts';

/** @returns `compacted` where events after the given position are no longer kept. */
export function openWatch(
  body: WatchBody,
  { service }: OperationContext,
  ends: Pick<WatcherEnds, 'take'> & { readonly compacted: (problem: Refused) => void },
): Outcome<Watcher> {
  const { feed, endOfTurn } = service;
  const after = body.after === undefined ? feed.position : positionOf(body.after);
  if (after instanceof Refused) return after;
  if (feed.read(after, () => false, 1) === 'compacted') return compacted(after);
  return new Watcher(
    feed,
    after,
    wantsOf(body),
    { take: ends.take, compacted: (position) => ends.compacted(compacted(position)) },
    endOfTurn,
  );
}
