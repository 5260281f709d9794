/** Which voters a quorum has, as options and variables give them. */
import type { Command } from 'commander';
import type { Quorum } from '@holdfast/quorum-client';
import { HoldfastError } from '@holdfast/protocol';
import { givenEndpoints } from '../endpoints.ts';
import { certificatesForConnections } from '../certificates.ts';
import { UsageError } from '../failure.ts';
import { countOf, secondsOf } from '../with-client.ts';
import { apiKeyOf } from './api-key.ts';
import type { ApiKeyOptions } from './api-key.ts';
import { reaches } from './reach.ts';
import { questionsToNodes } from './ask-nodes.ts';
import type { Questions } from './ask-nodes.ts';
import type { RedisServers, ServersOptions } from './redis-servers.ts';

/** Where `holdfast quorum-cluster` starts its nodes. */
export const usualPorts: readonly number[] = [5001, 5002, 5003];
export const usualNodes: readonly string[] = usualPorts.map(
  (port) => `http://127.0.0.1:${String(port)}`,
);
const nodesVariable = 'HOLDFAST_QUORUM_NODES';
const defaultDriftBufferMs = 500;
const longestName = 256;
/** What the clocks of two machines are allowed to differ by, at the least. */
const smallestDriftShare = 0.02;

/** As the command line gives them. */
export interface NodesOptions extends ApiKeyOptions {
  readonly nodes?: string;
  readonly reach?: string;
}

/** As the command line gives them. */
export interface QuorumCommandOptions extends NodesOptions, ServersOptions {
  readonly driftBuffer?: string;
}

export interface ChosenQuorum {
  readonly quorum: Quorum;
  readonly questions: Questions;
  readonly driftBufferMs: number;
}

export function addNodesOption(command: Command): Command {
  return command
    .option(
      '--nodes <list>',
      `all lease nodes of the quorum: 3, 5 or 7 URLs, separated by commas (${nodesVariable}; default ${usualNodes.join(',')})`,
    )
    .option(
      '--reach <list>',
      'NAME=URL, separated by commas: where nodes are reached that are not to be reached by their names',
    );
}

export function addEpochOption(command: Command): Command {
  return command.option(
    '--epoch <number>',
    'number of the configuration, the same on all nodes and clients',
    '1',
  );
}

/**
 * The nodes given by the option, else by the variable, else those of `holdfast quorum-cluster`.
 *
 * @throws UsageError naming what is no URL, or a number of nodes that is none of a quorum.
 */
export function nodesOf(
  { nodes }: NodesOptions,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): readonly string[] {
  const given = givenEndpoints(nodes?.split(','), environment[nodesVariable]) ?? usualNodes;
  if (![3, 5, 7].includes(given.length))
    throw new UsageError(
      `A quorum has 3, 5 or 7 nodes; given: ${String(given.length)} (${given.join(', ')}). Name all of them with --nodes or ${nodesVariable}.`,
    );
  if (new Set(given).size < given.length)
    throw new UsageError(`A node is named twice, and each counts once: ${given.join(', ')}.`);
  return given;
}

/**
 * From options to a quorum: the one place where its voters are chosen.
 *
 * @param ttlMs Of its leases.
 * @param clientId Shown as the holder.
 * @param servers Redis servers in the place of lease nodes.
 * @throws UsageError
 */
export async function quorumOf(
  options: QuorumCommandOptions,
  ttlMs: number,
  clientId: string,
  servers?: RedisServers,
): Promise<ChosenQuorum> {
  const nodes = servers === undefined ? nodesOf(options) : [];
  const epoch = countOf('--epoch', options.epoch);
  const apiKey = apiKeyOf(options);
  const reach = reaches(options.reach);
  const tls = certificatesForConnections();
  const driftBufferSeconds = secondsOf('--drift-buffer', options.driftBuffer);
  const driftBufferMs =
    driftBufferSeconds === undefined
      ? Math.max(defaultDriftBufferMs, ttlMs * smallestDriftShare)
      : driftBufferSeconds * 1000;
  // Read where a lock is taken: a look at nodes needs none of its files (START-1).
  const { Quorum } = await import('@holdfast/quorum-client');
  try {
    const quorum = new Quorum({
      ...(servers === undefined
        ? {
            nodes,
            reach,
            epoch,
            ...(apiKey === undefined ? {} : { apiKey }),
            ...(tls === undefined ? {} : { tls }),
          }
        : { voters: servers.voters }),
      ttlMs,
      driftBufferMs,
      clientId,
    });
    const questions = servers?.questions ?? questionsToNodes(nodes, apiKey, epoch, reach);
    return { quorum, questions, driftBufferMs };
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    const votersOption = servers === undefined ? '--nodes' : '--voters';
    throw new UsageError(`${error.message} See ${votersOption}, --ttl and --drift-buffer.`, {
      cause: error,
    });
  }
}

/**
 * What no voter takes is not even asked for.
 *
 * @param what In a sentence: "A lock".
 * @throws UsageError
 */
export function checkName(what: string, name: string): void {
  if (name === '') throw new UsageError(`${what} needs a name; given: "".`);
  if (name.length > longestName)
    throw new UsageError(
      `${what} has a name of at most ${String(longestName)} characters; given: ${String(name.length)}.`,
    );
}

/**
 * `--endpoint` stands behind every command; it names nodes of another kind.
 *
 * @throws UsageError
 */
export function refuseEndpoints(command: Command): void {
  const { endpoint, voters } = command.optsWithGlobals();
  if (endpoint === undefined) return;
  const own =
    voters !== undefined || command.name() === 'admit'
      ? 'servers of its own: name all of them with --voters redis://...,redis://...,redis://...'
      : 'nodes of its own: name all of them with --nodes URL,URL,URL';
  throw new UsageError(`--endpoint names nodes of a cluster. A quorum has ${own}.`);
}
