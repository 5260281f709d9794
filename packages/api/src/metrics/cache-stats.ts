/** Statistics of the cache: of this node's memory and, while it leads, of everybody's. */
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
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

/** Lines of this node by what it has of their keys. */
export function addCacheLines(read: () => CacheStatistics, registers: Registry[]): void {
  // oxlint-disable-next-line no-new -- a metric registers itself.
  new Gauge({
    name: 'holdfast_cache_lines_by_state',
    help: 'Keys that this node has in its memory, by state: modified, exclusive, shared, and invalid where the lease has run out.',
    registers,
    labelNames: ['state'],
    collect() {
      for (const [state, lines] of Object.entries(read().linesByState)) this.set({ state }, lines);
    },
  });
}

/** Who had writes of the cache wait: nodes by name on the leader; the clients of a node together, for there may be many. */
export function addCacheDelays(read: () => CacheStatistics, registers: Registry[]): void {
  const metricsOf = {
    holdfast_cache_sharer_delay_seconds_total: [
      'How long it took those to drop keys that took more than 0.1 s: nodes, as the leader saw them; clients, as their node did.',
      'ms',
    ],
    holdfast_cache_sharer_lapses_total: [
      'Keys that those did not drop until their lease had run out: nodes, as the leader saw them; clients, as their node did.',
      'lapsed',
    ],
  } as const;
  for (const [name, [help, part]] of Object.entries(metricsOf))
    // oxlint-disable-next-line no-new -- a metric registers itself.
    new Counter({
      name,
      help,
      registers,
      labelNames: ['sharer'],
      collect() {
        this.reset();
        const { delays, clientDelays } = read();
        const scale = part === 'ms' ? 1000 : 1;
        for (const delay of delays) this.inc({ sharer: delay.name }, delay[part] / scale);
        const ofClients = clientDelays.reduce((sum, delay) => sum + delay[part], 0);
        if (ofClients > 0) this.inc({ sharer: 'clients' }, ofClients / scale);
      },
    });
}
