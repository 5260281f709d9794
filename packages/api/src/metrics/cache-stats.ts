/** Statistics of the cache: of this node's memory and, while it leads, of everybody's. */
import type { CacheStatistics } from '@holdfast/engine';

type Add = (name: string, help: string, value: () => number) => void;

export function addCacheStats(
  read: () => CacheStatistics,
  { gauge, counter }: { readonly gauge: Add; readonly counter: Add },
): void {
  counter(
    'holdfast_cache_hits_total',
    'Reads of the cache that this node answered from its memory.',
    () => read().hits,
  );
  counter(
    'holdfast_cache_misses_total',
    'Reads of the cache that this node asked the leader for.',
    () => read().misses,
  );
  gauge('holdfast_cache_lines', 'Keys that this node has in its memory.', () => read().lines);
  gauge('holdfast_cache_line_bytes', 'What those take.', () => read().lineBytes);
  counter(
    'holdfast_cache_invalidations_total',
    'Keys that this node was told to drop.',
    () => read().invalidations,
  );
  counter(
    'holdfast_cache_drops_total',
    'How often this node dropped all keys: its lease ran out, or the leader changed or was not reached.',
    () => read().drops,
  );
  gauge(
    'holdfast_cache_clients',
    'Clients of this node that may have keys in their own memory.',
    () => read().clients,
  );
  gauge(
    'holdfast_cache_pending_invalidations',
    'Keys that clients of this node, and on the leader nodes, were told to drop and have not acknowledged yet.',
    () => read().pendingInvalidations,
  );
  gauge(
    'holdfast_cache_pending_writes',
    'Writes that wait until nobody has their key any more, on the leader.',
    () => read().pendingWrites,
  );
  gauge(
    'holdfast_cache_sharers',
    'Memories of nodes that may have keys, on the leader.',
    () => read().sharers,
  );
  gauge(
    'holdfast_cache_shared_keys',
    'Keys that some may have, on the leader.',
    () => read().sharedKeys,
  );
  counter(
    'holdfast_cache_writes_delayed_total',
    'Writes that waited until nobody had their key any more, on the leader.',
    () => read().writesDelayed,
  );
  counter(
    'holdfast_cache_write_delay_seconds_total',
    'How long those waited, in all: a node that is dead holds a write up until its lease has run out.',
    () => read().delayMs / 1000,
  );
}
