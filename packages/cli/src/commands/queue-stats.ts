/** `holdfast queue stats` */
import type { Command } from 'commander';
import type { QueueOwner, QueueStats, QueueStatsAnswer } from '@holdfast/protocol';
import { noteMore } from '../output.ts';
import { PagedTable } from '../paged-table.ts';
import { printable } from '../printable.ts';
import type { Environment } from '../environment.ts';
import { countOf, withClient } from '../with-client.ts';

interface StatsOptions {
  readonly prefix: string;
  readonly limit?: string;
}

const list = {
  name: 'queues',
  heads: ['queue', 'depth', 'ready', 'in flight', 'delayed', 'blocked', 'dead', 'oldest'],
};
const queuesOnAPage = 1000;

const rowOf = (stats: QueueStats): readonly string[] => [
  stats.queue,
  ...[stats.depth, stats.ready, stats.in_flight, stats.delayed, stats.blocked].map(String),
  String(stats.dead_letters),
  stats.oldest_age_seconds === null ? '-' : `${stats.oldest_age_seconds.toFixed(1)} s`,
];

export function addQueueStats(queue: Command, at: () => Environment): void {
  queue
    .command('stats [name]')
    .description('Shows queues in numbers; all of them without a name.')
    .option('--prefix <text>', 'only queues whose names begin so', '')
    .option('--limit <number>', 'at most so many, in the order of their names (default: all)')
    .addHelpText('after', '\nExample:\n  holdfast queue stats')
    .action(async (name: string | undefined, options: StatsOptions) =>
      name === undefined ? statsOfAll(at(), options) : statsOf(at(), name),
    );
}

async function statsOf(environment: Environment, name: string): Promise<void> {
  const { output } = environment;
  await withClient(environment, async (client) => {
    const { queues, owners } = await client.call('queue_stats', { queue: name });
    if (queues.length === 0 && !output.json) {
      output.write(
        `There is no queue "${printable(name)}". It is made by the first push, or with "holdfast queue configure NAME".\n`,
      );
      return;
    }
    const table = new PagedTable(output, list);
    table.page(queues, rowOf);
    table.end({ owners });
  });
}

async function statsOfAll(environment: Environment, options: StatsOptions): Promise<void> {
  const { prefix } = options;
  const limit =
    options.limit === undefined ? Number.POSITIVE_INFINITY : countOf('--limit', options.limit);
  const table = new PagedTable(environment.output, list);
  await withClient(environment, async (client) => {
    let owners: readonly QueueOwner[] = [];
    let after: string | null | undefined;
    while (after !== null && table.count < limit) {
      const page: QueueStatsAnswer = await client.call('queue_stats', {
        prefix,
        limit: Math.min(queuesOnAPage, limit - table.count),
        ...(after === undefined ? {} : { after }),
      });
      table.page(page.queues, rowOf);
      owners = together(owners, page.owners);
      after = page.next_after;
    }
    table.end({ owners, next_after: after ?? null });
    if (after !== null) noteMore(environment.output, limit);
  });
}

/** Each page tells what the owners have of the queues on it. */
function together(
  before: readonly QueueOwner[],
  page: readonly QueueOwner[],
): readonly QueueOwner[] {
  return page.map((owner) => {
    const sum = before.find(({ node_id }) => node_id === owner.node_id);
    if (sum === undefined) return owner;
    return {
      ...owner,
      depth: owner.depth + sum.depth,
      ready: owner.ready + sum.ready,
      in_flight: owner.in_flight + sum.in_flight,
      delayed: owner.delayed + sum.delayed,
      blocked: owner.blocked + sum.blocked,
    };
  });
}
