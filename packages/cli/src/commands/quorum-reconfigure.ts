/** `holdfast quorum reconfigure`: closes the set of a quorum, and begins the one that follows. */
import type { Command } from 'commander';
import { setOfNodes, textOfSet } from '@holdfast/protocol';
import { askUrl } from '../certificates.ts';
import { UsageError } from '../failure.ts';
import { printTable } from '../output.ts';
import { printable } from '../printable.ts';
import type { Environment } from '../environment.ts';
import { addApiKeyOption, apiKeyOf } from '../quorum/api-key.ts';
import { reaches } from '../quorum/reach.ts';
import { addServersOptions, redisDriver, serverUrlsOf } from '../quorum/redis-servers.ts';
import { addEpochOption, addNodesOption, nodesOf, refuseEndpoints } from '../quorum/voters.ts';
import type { NodesOptions } from '../quorum/voters.ts';
import { countOf, secondsOf } from '../with-client.ts';

interface ReconfigureOptions extends NodesOptions {
  readonly to: string;
  readonly epoch: string;
  readonly patience: string;
  readonly insteadOfAnother?: true;
  readonly voters?: string;
  readonly allowLossOnRestart?: true;
  readonly longestTtl: string;
}

export function addQuorumReconfigure(quorum: Command, at: () => Environment): void {
  const reconfigure = quorum
    .command('reconfigure')
    .description('Replaces the present set of nodes or Redis servers by another one.')
    .requiredOption('--to <list>', 'all nodes (or servers) of the set that follows: 3, 5 or 7 URLs')
    .option(
      '--instead-of-another',
      'where a change to another set was begun and will never be finished: this one in its place',
    )
    .option('--longest-ttl <seconds>', 'of Redis servers: longest ttl that any client uses', '60')
    .option(
      '--patience <seconds>',
      'how long leases may take to end, and the new set to begin',
      '120',
    );
  addApiKeyOption(addEpochOption(addServersOptions(addNodesOption(reconfigure))))
    .addHelpText(
      'after',
      `
--nodes (or --voters, for Redis servers) and --epoch name the set that is; the one that follows has the next epoch.
Nodes that are new are started with --join before. All of the new set have to run, and a majority of the old one.

Nothing is granted from the moment at which a majority of the old set is closed until its leases have ended
and the new set has begun. Then start clients with the new --nodes and --epoch; those with the old ones are
refused. Where this command ends in between, repeat it with the same sets: it goes on where it was.

Exit status 0 when a majority of the new set votes, 5 when too few nodes were there.

Example:
  holdfast quorum reconfigure --nodes a:5001,b:5001,c:5001 --epoch 1 --to a:5001,b:5001,d:5001`,
    )
    .action(async (options: ReconfigureOptions, command: Command) => {
      refuseEndpoints(command);
      const servers = serverUrlsOf(options);
      if (servers === undefined) await reconfigureNodes(at(), options);
      else await reconfigureServers(at(), servers, options);
    });
}

async function reconfigureServers(
  { output }: Environment,
  servers: readonly string[],
  options: ReconfigureOptions,
): Promise<void> {
  const seconds = secondsOf('--longest-ttl', options.longestTtl) ?? 0;
  if (seconds < 1)
    throw new UsageError(`--longest-ttl takes 1 second or more; given: "${options.longestTtl}".`);
  const to = serverUrlsOf({ voters: options.to }) ?? [];
  const epoch = countOf('--epoch', options.epoch) ?? 1;
  const { reconfigureRedisServers } = await import('@holdfast/redis-voters');
  if (!output.json)
    output.write(
      `About ${String(Math.ceil(seconds * 1.02))} s, or more where a longer ttl was allowed ...\n`,
    );
  const states = await reconfigureRedisServers(servers, {
    createClient: await redisDriver(),
    epoch,
    to,
    longestTtlMs: seconds * 1000,
    allowLossOnRestart: options.allowLossOnRestart === true,
    insteadOfAnother: options.insteadOfAnother === true,
  });
  const rows = states.map(({ name, state }) => [name, state]);
  printTable(output, { epoch: epoch + 1, servers: states }, ['SERVER', 'STATE'], rows);
}

async function reconfigureNodes(
  { output }: Environment,
  options: ReconfigureOptions,
): Promise<void> {
  const epoch = countOf('--epoch', options.epoch) ?? 1;
  const from = setOfNodes(epoch, nodesOf(options));
  const to = setOfNodes(epoch + 1, nodesOf({ nodes: options.to }));
  const at = new Map(Object.entries(reaches(options.reach)));
  const { askOfSet, changeSet } = await import('@holdfast/quorum');
  const voting = await changeSet({
    from,
    to,
    insteadOfAnother: options.insteadOfAnother === true,
    ask: askOfSet((member) => at.get(member) ?? member, apiKeyOf(options), askUrl),
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    now: () => performance.now(),
    tell: (line) => {
      if (!output.json) output.write(`${printable(line)}\n`);
    },
    patienceMs: (secondsOf('--patience', options.patience) ?? 120) * 1000,
  });
  output.write(
    output.json
      ? `${JSON.stringify({ epoch: to.epoch, members: to.members, voting })}\n`
      : `${String(voting.length)} of ${String(to.members.length)} vote in the set of ${textOfSet(to)}.\nStart clients and nodes with --epoch ${String(to.epoch)} and these nodes.\n`,
  );
}
