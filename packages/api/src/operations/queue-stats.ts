/** Queues in numbers, of each and of each owner. */
import type { QueueOwner, QueueStats, QueueStatsAnswer, QueueStatsBody } from '@holdfast/protocol';
import type { QueueCounts, QueueView } from '@holdfast/state';
import { callOptions } from './context.ts';
import type { OperationContext, Outcome } from './context.ts';

export async function queueStats(
  { queue, consistency = 'linearizable' }: QueueStatsBody,
  context: OperationContext,
): Promise<Outcome<QueueStatsAnswer>> {
  const { queues: store } = context.service;
  const which = queue === undefined ? {} : { name: queue };
  const query = { type: 'queues', ...which } as const;
  const result = await store.query(query, consistency, callOptions(context));
  const { service, caller } = context;
  const queues = result.queues.filter(
    ({ name }) => service.control?.mayRead(caller, 'queue', name) ?? true,
  );
  return { queues: queues.map(statsOf), owners: ownerStats(store.owners(), queues) };
}

function statsOf(view: QueueView): QueueStats {
  const { counts, settings, rates } = view;
  return {
    ...countsOf(counts),
    queue: view.name,
    order: settings.order,
    on_dead: settings.onDead,
    max_deliveries: settings.maxDeliveries,
    dead_letters: view.dead,
    blocked_keys: view.blockedKeys,
    bytes: view.bytes,
    oldest_age_seconds: view.oldestAgeMs === undefined ? null : view.oldestAgeMs / 1000,
    rates: {
      pushed: rates.pushed.perSecond,
      delivered: rates.delivered.perSecond,
      acknowledged: rates.acknowledged.perSecond,
      dead: rates.dead.perSecond,
    },
    totals: {
      pushed: rates.pushed.total,
      delivered: rates.delivered.total,
      acknowledged: rates.acknowledged.total,
      dead: rates.dead.total,
    },
  };
}

const countsOf = (counts: QueueCounts): Omit<QueueOwner, 'node_id' | 'partitions'> => ({
  depth: counts.depth,
  ready: counts.ready,
  in_flight: counts.inFlight,
  delayed: counts.delayed,
  blocked: counts.blocked,
});

/** @param owners Of each partition; one without an owner is in nobody's numbers. */
function ownerStats(owners: readonly string[], queues: readonly QueueView[]): QueueOwner[] {
  const nodes = [...new Set(owners)].filter((node) => node !== '').toSorted();
  return nodes.map((node) => {
    const total = { depth: 0, ready: 0, inFlight: 0, delayed: 0, blocked: 0 };
    let partitions = 0;
    for (const [partition, owner] of owners.entries()) {
      if (owner !== node) continue;
      partitions += 1;
      for (const view of queues) {
        const counts = view.partitions[partition];
        if (counts === undefined) continue;
        total.depth += counts.depth;
        total.ready += counts.ready;
        total.inFlight += counts.inFlight;
        total.delayed += counts.delayed;
        total.blocked += counts.blocked;
      }
    }
    return { ...countsOf(total), node_id: node, partitions };
  });
}
