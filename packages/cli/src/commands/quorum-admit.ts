/** `holdfast quorum admit`: lets Redis servers vote that are new or have lost their data. */
import type { Command } from 'commander';
import { HoldfastError } from '@holdfast/protocol';
import { AdvisedError, UsageError } from '../failure.ts';
import { printTable } from '../output.ts';
import type { Environment } from '../environment.ts';
import {
  addServersOptions,
  asOptions,
  redisDriver,
  serverUrlsOf,
} from '../quorum/redis-servers.ts';
import type { ServersOptions } from '../quorum/redis-servers.ts';
import { addEpochOption, refuseEndpoints } from '../quorum/voters.ts';
import { countOf, secondsOf } from '../with-client.ts';

interface AdmitOptions extends ServersOptions {
  readonly longestTtl: string;
  readonly newSet?: true;
  readonly floor?: string;
}

export function addQuorumAdmit(quorum: Command, at: () => Environment): void {
  const admit = quorum
    .command('admit')
    .description('Admits Redis servers as voters that are new, or have lost their data.');
  addEpochOption(addServersOptions(admit))
    .option(
      '--longest-ttl <seconds>',
      'longest ttl that any client uses; longer ones are refused, and admitting takes so long',
      '60',
    )
    .option('--new-set', 'no majority has kept its data: the servers are new, or most have lost it')
    .option(
      '--floor <token>',
      'tokens of a new set are larger than it (default: the Unix time in ms)',
    )
    .addHelpText(
      'after',
      `
Name all servers of the set. Those that vote already go on with it, and clients may work meanwhile.

Say --new-set only when it is true: where a majority has kept its data, nothing of the kind is needed,
and where it has not, no client may hold or use anything that was granted before.

Examples:
  holdfast quorum admit --voters redis://a:6379,redis://b:6379,redis://c:6379 --new-set
  holdfast quorum admit --voters redis://a:6379,redis://b:6379,redis://c:6379`,
    )
    .action(async (options: AdmitOptions, command: Command) => {
      refuseEndpoints(command);
      await admitServers(at(), options);
    });
}

async function admitServers({ output }: Environment, options: AdmitOptions): Promise<void> {
  const urls = serverUrlsOf(options);
  if (urls === undefined) throw new UsageError('Name all servers of the set with --voters.');
  const seconds = secondsOf('--longest-ttl', options.longestTtl) ?? 0;
  if (seconds < 1)
    throw new UsageError(`--longest-ttl takes 1 second or more; given: "${options.longestTtl}".`);
  const floorToken = options.floor === undefined ? undefined : countOf('--floor', options.floor);
  const { admitRedisServers } = await import('@holdfast/redis-voters');
  if (!output.json)
    output.write(
      `At most ${String(Math.ceil(seconds * 1.02))} s, or more where a longer ttl was allowed ...\n`,
    );
  const servers = await inOptions(
    admitRedisServers(urls, {
      createClient: await redisDriver(),
      epoch: countOf('--epoch', options.epoch),
      allowLossOnRestart: options.allowLossOnRestart === true,
      longestTtlMs: seconds * 1000,
      isNewSet: options.newSet === true,
      ...(floorToken === undefined ? {} : { floorToken }),
    }),
  );
  const rows = servers.map(({ name, state }) => [name, state]);
  printTable(output, { servers }, ['SERVER', 'STATE'], rows);
}

/** What fails is told by the names of the options. */
async function inOptions<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    const advice =
      error.code === 'no_quorum'
        ? 'Start the servers that do not run, and name all of the set with --voters.'
        : '';
    const message = asOptions(error.message);
    throw new AdvisedError(error.code, message, advice, error.details, { cause: error });
  }
}
