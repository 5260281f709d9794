/** Queues in numbers, of each and of each owner. */
import type {
  Consistency,
  QueueOwner,
  QueueStats,
  QueueStatsAnswer,
  QueueStatsBody,
} from '@holdfast/protocol';
import { addPartition, addPartitions, emptyPartition } from '@holdfast/state';
import type { PartitionSum, QueueCounts, QueuePartition, QueueRow } from '@holdfast/state';
import { callOptions } from './context.ts';
import type { OperationContext, Outcome } from './context.ts';
import { readablePage } from './readable-pages.ts';
import type { AskedPage, Readable } from './readable-pages.ts';

const queuesOnAPage = 100;

export async function queueStats(
  body: QueueStatsBody,
  context: OperationContext,
): Promise<Outcome<QueueStatsAnswer>> {
  const { consistency = 'linearizable' } = body;
  const { rows, nextAfter, partitions, revision } = await found(body, consistency, context);
  return {
    queues: rows.map(statsOf),
    owners: ownerStats(context.service.queues.owners(), partitions),
    next_after: nextAfter,
    consistency,
    revision,
  };
}

interface FoundQueues {
  readonly rows: readonly QueueRow[];
  readonly nextAfter: string | null;
  /** Of the queues that are shown, together. */
  readonly partitions: readonly QueuePartition[];
  /** Of the latest read; 0 where the log was not read. */
  readonly revision: number;
}

type FoundRows = Pick<FoundQueues, 'rows' | 'nextAfter'>;

/** LIST-3. */
async function found(
  { queue, prefix = '', after, limit = queuesOnAPage }: QueueStatsBody,
  consistency: Consistency,
  context: OperationContext,
): Promise<FoundQueues> {
  const { queues: store, control } = context.service;
  const sums: PartitionSum[] = [];
  let revision = 0;
  const one = async (name: string): Promise<FoundRows> => {
    const query = { type: 'queue', name } as const;
    const { view, revision: read } = await store.query(query, consistency, callOptions(context));
    revision = read;
    addPartitions(sums, view?.partitions ?? []);
    return { rows: view === undefined ? [] : [view], nextAfter: null };
  };
  if (queue !== undefined) {
    const mayRead = control?.mayRead(context.caller, 'queue', queue) ?? true;
    const rows = mayRead ? await one(queue) : { rows: [], nextAfter: null };
    return { ...rows, partitions: sums, revision };
  }
  const page = async (wanted: AskedPage): Promise<FoundRows> => {
    const query = { type: 'queues', wanted } as const;
    const answer = await store.query(query, consistency, callOptions(context));
    ({ revision } = answer);
    addPartitions(sums, answer.page.partitions);
    return { rows: answer.page.queues, nextAfter: answer.page.nextAfter ?? null };
  };
  const read: Readable<QueueRow>['read'] = (wanted, name) =>
    name === undefined ? page(wanted) : one(name);
  const asked = { prefix, limit, ...(after === undefined ? {} : { after }) };
  const readable = { kind: 'queue', nameOf: ({ name }: QueueRow) => name, read };
  const rows = await readablePage(readable, asked, context);
  return { ...rows, partitions: sums, revision };
}

function statsOf(view: QueueRow): QueueStats {
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
    oldest_age_seconds: secondsOf(view.oldestAgeMs),
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

const secondsOf = (ageMs: number | undefined): number | null =>
  ageMs === undefined ? null : ageMs / 1000;

type Counted = Pick<QueueOwner, 'depth' | 'ready' | 'in_flight' | 'delayed' | 'blocked'>;

const countsOf = (counts: QueueCounts): Counted => ({
  depth: counts.depth,
  ready: counts.ready,
  in_flight: counts.inFlight,
  delayed: counts.delayed,
  blocked: counts.blocked,
});

/**
 * @param owners Of each partition; one without an owner is in nobody's numbers.
 * @param found Of each partition; none where nothing was found.
 */
function ownerStats(owners: readonly string[], found: readonly QueuePartition[]): QueueOwner[] {
  const nodes = [...new Set(owners)].filter((node) => node !== '').toSorted();
  return nodes.map((node) => {
    const total = emptyPartition();
    let partitions = 0;
    for (const [partition, owner] of owners.entries()) {
      if (owner !== node) continue;
      partitions += 1;
      const more = found[partition];
      if (more !== undefined) addPartition(total, more);
    }
    return {
      ...countsOf(total),
      node_id: node,
      partitions,
      oldest_age_seconds: secondsOf(total.oldestAgeMs),
      rates: total.rates,
    };
  });
}
