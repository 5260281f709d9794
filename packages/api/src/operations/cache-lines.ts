/** What a node has of the cache in its memory, as far as its caller may read it. */
import type {
  CacheLine,
  CacheLinesAnswer,
  CacheLinesBody,
  PendingInvalidation,
  SharerDelay,
} from '@holdfast/protocol';
import type { OperationContext, Outcome } from './context.ts';

const defaultLimit = 100;

export function cacheLines(
  { prefix = '', from = 0, limit = defaultLimit }: CacheLinesBody,
  context: OperationContext,
): Outcome<CacheLinesAnswer> {
  const { engine, nodeId: node, control } = context.service;
  const { caller } = context;
  const isShown = (key: string): boolean =>
    key.startsWith(prefix) && (control?.mayRead(caller, 'cache', key, 'cache_read') ?? true);
  const listing = engine.listCache(from);
  const lines: CacheLine[] = [];
  let looked = 0;
  for (const line of listing.lines) {
    if (lines.length >= limit) break;
    looked += 1;
    if (isShown(line.key)) lines.push(line);
  }
  const isMore = listing.isCut || looked < listing.lines.length;
  const told = namesFor(context);
  const pending = listing.pending
    .filter(({ key }) => isShown(key))
    .map(({ key, sharer, of, waitedMs }): PendingInvalidation => {
      return { key, of, sharer: told(of, sharer), waited_seconds: waitedMs / 1000 };
    });
  const { delays, clientDelays } = engine.stats().cache;
  const delaysOf = (of: 'node' | 'client', some: typeof delays): SharerDelay[] =>
    some.map(({ name, ms, count, lapsed }) => {
      return { of, sharer: told(of, name), seconds: ms / 1000, count, lapsed };
    });
  return {
    node,
    lines,
    next_from: isMore ? from + looked : null,
    pending,
    delays: [...delaysOf('node', delays), ...delaysOf('client', clientDelays)],
  };
}

/** Who the clients are is told to administrators alone: identities and addresses of others. */
function namesFor({
  service: { control },
  caller,
}: OperationContext): (of: 'node' | 'client', name: string) => string {
  const isTold = control?.mayRead(caller, 'session', '', 'admin') ?? true;
  return (of, name) => (of === 'node' || isTold ? name : 'a client');
}
