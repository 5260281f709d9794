/** `holdfast queue stats` */
import type { Command } from 'commander';
import type { QueueStats, QueueStatsAnswer } from '@holdfast/protocol';
import { noteMore, printTable } from '../output.ts';
import type { Output } from '../output.ts';
import { PagedTable } from '../paged-table.ts';
import { printable } from '../printable.ts';
import type { Environment } from '../environment.ts';
import { countOf, withClient } from '../with-client.ts';
import { agesAndRatesOf, ownersTogether } from './queue-owners.ts';
import type { ToldOwner } from './queue-owners.ts';

interface StatsOptions {
  readonly prefix: string;
  readonly limit?: string;
}

const countHeads = ['depth', 'ready', 'in flight', 'delayed', 'blocked'];
const rateHeads = ['oldest', 'pushed/s', 'delivered/s', 'acknowledged/s'];
const list = { name: 'queues', heads: ['queue', ...countHeads, 'dead', ...rateHeads] };
const ownerHeads = ['owner', 'partitions', ...countHeads, ...rateHeads];
const queuesOnAPage = 1000;

type Numbers = QueueStats | ToldOwner;

const countsOf = (stats: Numbers): readonly string[] =>
  [stats.depth, stats.ready, stats.in_flight, stats.delayed, stats.blocked].map(String);

const rowOf = (stats: QueueStats): readonly string[] => [
  stats.queue,
  ...countsOf(stats),
  String(stats.dead_letters),
  ...agesAndRatesOf(stats),
];

/** In JSON owners stand beside the queues. */
function printOwners(output: Output, owners: readonly ToldOwner[]): void {
  if (output.json || owners.length === 0) return;
  output.write('\n');
  const rows = owners.map((owner) => [
    owner.node_id,
    String(owner.partitions),
    ...countsOf(owner),
    ...agesAndRatesOf(owner),
  ]);
  printTable(output, {}, ownerHeads, rows);
}

export function addQueueStats(queue: Command, at: () => Environment): void {
  queue
    .command('stats [name]')
    .description(
      'Shows queues, and the nodes that own them, in numbers; all of them without a name.',
    )
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
    printOwners(output, owners);
  });
}

async function statsOfAll(environment: Environment, options: StatsOptions): Promise<void> {
  const { prefix } = options;
  const limit =
    options.limit === undefined ? Number.POSITIVE_INFINITY : countOf('--limit', options.limit);
  const table = new PagedTable(environment.output, list);
  await withClient(environment, async (client) => {
    let owners: readonly ToldOwner[] = [];
    let after: string | null | undefined;
    while (after !== null && table.count < limit) {
      const page: QueueStatsAnswer = await client.call('queue_stats', {
        prefix,
        limit: Math.min(queuesOnAPage, limit - table.count),
        ...(after === undefined ? {} : { after }),
      });
      table.page(page.queues, rowOf);
      owners = ownersTogether(owners, page.owners);
      after = page.next_after;
    }
    table.end({ owners, next_after: after ?? null });
    printOwners(environment.output, owners);
    if (after !== null) noteMore(environment.output, limit);
  });
}
