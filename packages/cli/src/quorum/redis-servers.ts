/** Redis servers in the place of lease nodes, as options and the variable give them. */
import { createHash, randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { HoldfastError, quoted } from '@holdfast/protocol';
import { readRedisAddress } from '@holdfast/protocol/redis-address';
import type { CreateRedisClient, RedisVoter } from '@holdfast/redis-voters';
import { certificates } from '../certificates.ts';
import { UsageError } from '../failure.ts';
import { countOf } from '../with-client.ts';
import { reasonOf } from './ask-nodes.ts';
import type { LeaseNodeReport, Questions, VoteReport } from './ask-nodes.ts';

const votersVariable = 'HOLDFAST_QUORUM_VOTERS';

/** As the command line gives them. */
export interface ServersOptions {
  readonly nodes?: string;
  readonly voters?: string;
  readonly allowLossOnRestart?: true;
  readonly epoch: string;
}

export interface RedisServers {
  readonly voters: readonly RedisVoter[];
  readonly questions: Questions;
}

export function addServersOptions(command: Command): Command {
  return command
    .option(
      '--voters <list>',
      `Redis servers instead of lease nodes: 3, 5 or 7 URLs like redis://host:port, separated by commas (${votersVariable}, where passwords are not seen by others)`,
    )
    .option(
      '--allow-loss-on-restart',
      'also Redis servers that may lose data when they restart; they do not vote then until they are admitted again',
    );
}

/**
 * Those of the option, else of the variable; undefined: lease nodes are meant.
 *
 * @throws UsageError
 */
export function serverUrlsOf(
  { nodes, voters }: Pick<ServersOptions, 'nodes' | 'voters'>,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): readonly string[] | undefined {
  if (nodes !== undefined && voters !== undefined)
    throw new UsageError('--nodes and --voters name voters of two kinds: give one of them.');
  const list = voters ?? (nodes === undefined ? environment[votersVariable] : undefined);
  if (list === undefined || (voters === undefined && list.trim() === '')) return undefined;
  const urls = list.split(',').map((url) => url.trim());
  for (const url of urls) {
    const read = readRedisAddress(url);
    // A password in it is not told.
    if (!read.ok)
      throw new UsageError(
        `--voters (${votersVariable}) takes URLs like redis://127.0.0.1:6379, separated by commas: ${quoted(url)} ${read.problem}.`,
      );
  }
  if (![3, 5, 7].includes(urls.length) || new Set(urls).size < urls.length)
    throw new UsageError(
      `A quorum has 3, 5 or 7 different voters; --voters (${votersVariable}) names ${String(new Set(urls).size)}.`,
    );
  return urls;
}

/**
 * Loaded only where it is needed: most commands ask no Redis. To `rediss://` it shows and trusts the certificates of
 * this command line; each connection reads them anew.
 */
export async function redisDriver(): Promise<CreateRedisClient> {
  const { createClient } = await import('@redis/client');
  return (settings) => {
    const tls = settings.url.startsWith('rediss:') ? certificates() : undefined;
    return tls === undefined
      ? createClient(settings)
      : createClient({
          ...settings,
          socket: {
            ...settings.socket,
            tls: true,
            minVersion: 'TLSv1.2',
            rejectUnauthorized: true,
            ...tls,
          },
        });
  };
}

/** Undefined: lease nodes are meant. @throws UsageError */
export async function redisServersOf(options: ServersOptions): Promise<RedisServers | undefined> {
  const urls = serverUrlsOf(options);
  if (urls === undefined) return undefined;
  const { redisVoters } = await import('@holdfast/redis-voters');
  const voters = redisVoters(urls, {
    createClient: await redisDriver(),
    epoch: countOf('--epoch', options.epoch),
    allowLossOnRestart: options.allowLossOnRestart === true,
    // Told where it matters, with the reasons of all.
    onRefused: () => undefined,
  });
  return { voters, questions: questionsTo(voters, countOf('--epoch', options.epoch)) };
}

function questionsTo(voters: readonly RedisVoter[], epoch: number): Questions {
  return {
    kind: 'servers',
    count: voters.length,
    status: (resource, withinMs) =>
      Promise.all(voters.map((voter) => statusOf(voter, resource, epoch, withinMs))),
    votes: (resource, ttlMs, withinMs) =>
      Promise.all(voters.map((voter) => voteOf(voter, { resource, ttlMs }, withinMs))),
  };
}

async function statusOf(
  voter: RedisVoter,
  resource: string,
  epoch: number,
  withinMs: number,
): Promise<LeaseNodeReport> {
  const url = voter.name;
  try {
    const seen = await voter.look(resource, AbortSignal.timeout(withinMs));
    const answer = {
      resource,
      voting: true,
      held: seen.clientId !== undefined,
      client_id: seen.clientId ?? null,
      remaining_ms: seen.remainingMs,
      max_token: seen.maxToken,
      waiters: 0, // Who waits only listens: a server does not know what for.
      // What it keeps is of this configuration and votes, or it had refused; a server has no file of ours.
      epoch,
      set: '',
      file_id: createHash('sha256').update(url).digest().readUIntBE(0, 6),
      fresh: false,
      waits_ms: 0,
    };
    return { url, answer };
  } catch (error) {
    return { url, answer: undefined, ...troubleOf(error, withinMs) };
  }
}

/** The renewal of a lease that nobody has passes every check that an acquire does and changes nothing. */
async function voteOf(
  voter: RedisVoter,
  { resource, ttlMs }: { readonly resource: string; readonly ttlMs: number },
  withinMs: number,
): Promise<VoteReport> {
  const url = voter.name;
  const lease = { resource, leaseId: randomUUID() };
  try {
    await voter.renew(lease, ttlMs, AbortSignal.timeout(withinMs));
    return { url, problem: undefined, refusal: undefined };
  } catch (error) {
    return { url, ...troubleOf(error, withinMs) };
  }
}

function troubleOf(
  error: unknown,
  withinMs: number,
): Pick<VoteReport, 'refusal'> & { readonly problem: string } {
  if (error instanceof HoldfastError && error.code !== 'deadline_exceeded') {
    const { code } = error;
    const detail = asOptions(error.message);
    return { problem: `refuses: ${detail.replace(/\.$/, '')}`, refusal: { code, detail } };
  }
  return { problem: `does not answer (${reasonOf(error, withinMs)})`, refusal: undefined };
}

/** What the library calls by the names of its settings has other names on the command line. */
export const asOptions = (message: string): string =>
  message
    .replaceAll('pass allowLossOnRestart', 'give --allow-loss-on-restart')
    .replaceAll('pass isNewSet', 'give --new-set');
