/** What a node has of the cache in its memory, as far as its caller may read it. */
import type {
  CacheLine,
  CacheLinesAnswer,
  CacheLinesBody,
  PendingInvalidation,
  SharerDelay,
} from '@holdfast/protocol';
import type { OperationContext, Outcome } from './context.ts';
import { readablePage } from './readable-pages.ts';

const defaultLimit = 100;

export async function cacheLines(
  { prefix = '', after, limit = defaultLimit }: CacheLinesBody,
  context: OperationContext,
): Promise<Outcome<CacheLinesAnswer>> {
  const { engine, nodeId: node, control } = context.service;
  const { caller } = context;
  const listing = engine.listCache();
  const { rows: lines, nextAfter } = await readablePage<CacheLine>(
    {
      kind: 'cache',
      verb: 'cache_read',
      nameOf: ({ key }) => key,
      read: async (asked) => listing.linesOf(asked),
    },
    { prefix, limit, ...(after === undefined ? {} : { after }) },
    context,
  ); // LIST-3
  const isShown = (key: string): boolean =>
    key.startsWith(prefix) && (control?.mayRead(caller, 'cache', key, 'cache_read') ?? true);
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
    next_after: nextAfter,
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
