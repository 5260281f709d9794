/** What a lease node is told, as options give it: the same for one node and for several on this machine. */
import { existsSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import {
  endpointOf,
  formatHostPort,
  hostOf,
  isWildcardHost,
  readHostPort,
} from '@holdfast/protocol';
import type { LeaseNodeOptions } from '@holdfast/quorum';
import { givenEndpoints } from '../endpoints.ts';
import { UsageError } from '../failure.ts';
import { countOf, secondsOf } from '../with-client.ts';
import { addApiKeyOption, apiKeyOf } from './api-key.ts';
import type { ApiKeyOptions } from './api-key.ts';
import { isExposed, nodeTlsOf } from './node-tls.ts';
import type { NodeTlsOptions } from './node-tls.ts';
import { reachOf } from './reach.ts';
import { addEpochOption } from './voters.ts';

const lastPort = 65_535;
const longestTtlSeconds = 86_400;
const defaultDriftBufferMs = 1000;
/** Of the longest ttl: clocks of different machines do not run alike. */
const driftShare = 0.02;

/** As the command line gives them. */
export interface TermsOptions extends ApiKeyOptions {
  readonly maxTtl: string;
  readonly driftBuffer?: string;
  readonly epoch: string;
}

/** As the command line gives them. */
export interface AllowedHostOptions {
  readonly allowedHost?: string;
}

/** As the command line gives them. */
export interface LeaseNodeFlags extends TermsOptions, NodeTlsOptions, AllowedHostOptions {
  readonly port: string;
  readonly db: string;
  readonly peers?: string;
  readonly join?: true;
  readonly advertise?: string;
  readonly reach?: string;
  readonly maxWaiters: string;
  readonly maxConnections: string;
  readonly maxConnectionsPerAddress: string;
  readonly maxRequestsPerSecondPerAddress: string;
  readonly maxRequestBytesPerSecondPerAddress: string;
  readonly maxWaitsPerAddress: string;
  readonly maxLeasesPerAddress: string;
  readonly maxReleasedLeasesPerAddress: string;
}

export type NodeSettings = Omit<LeaseNodeOptions, 'log'> & {
  readonly longestTtlMs: number;
  readonly driftBufferMs: number;
};

/** What all nodes of a quorum are told alike. */
export function addNodeTerms(command: Command): Command {
  command
    .option('--max-ttl <seconds>', 'longest lease that is granted', '60')
    .option(
      '--drift-buffer <seconds>',
      'largest drift buffer of any client: by so much longer than the longest lease a node that lost its file stays without a vote (default: 1, at least 2 % of --max-ttl)',
    );
  return addApiKeyOption(addEpochOption(command));
}

export const addAllowedHost = (command: Command): Command =>
  command.option(
    '--allowed-host <list>',
    'names, without ports, by which a node is asked on its own machine beside its own: those of a proxy there that passes the Host on; several by commas, or the option again',
  );

/** @throws UsageError naming the option. */
export function nodeSettings(options: LeaseNodeFlags): NodeSettings {
  const { db } = options;
  const host = hostOption(options.host);
  const port = portOf(options.port);
  const peers = peersOf(options.peers, host, port);
  const advertise = advertiseOf(options, host, port, peers);
  // Nor made: a new file in the wrong place is a file that was lost, and costs the vote. Looked at before --peers: a
  // mistyped path is no new node.
  if (statSync(dirname(db), { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new UsageError(
      `--db: there is no folder "${dirname(db)}" for the file "${db}". Correct the path, or make the folder first.`,
    );
  if (peers.length > 0 && options.join === true)
    throw new UsageError(
      '--peers names a set, and --join waits to be made a member of one: give one of them.',
    );
  if (peers.length === 0 && options.join !== true && !existsSync(db))
    throw new UsageError(
      `--peers must name all other nodes: there is no file "${db}" yet that could tell them (--db). A node that a set is to take in later is started with --join.`,
    );
  const tls = nodeTlsOf(options);
  const apiKey = apiKeyOf(options);
  const isInsecure = isExposed(options, host, tls, apiKey !== undefined);
  return {
    file: db,
    host,
    port,
    peers,
    ...(advertise === undefined ? {} : { advertise }),
    allowedHosts: allowedHostsOf(options),
    reach: reachOf(options.reach),
    epoch: countOf('--epoch', options.epoch),
    ...nodeTimes(options),
    maxWaiters: countOf('--max-waiters', options.maxWaiters),
    maxConnections: countOf('--max-connections', options.maxConnections),
    maxConnectionsPerAddress: countOf(
      '--max-connections-per-address',
      options.maxConnectionsPerAddress,
    ),
    maxRequestsPerSecondPerAddress: limitOf(
      '--max-requests-per-second-per-address',
      options.maxRequestsPerSecondPerAddress,
    ),
    maxRequestBytesPerSecondPerAddress: limitOf(
      '--max-request-bytes-per-second-per-address',
      options.maxRequestBytesPerSecondPerAddress,
    ),
    maxWaitsPerAddress: limitOf('--max-waits-per-address', options.maxWaitsPerAddress),
    maxLeasesPerAddress: limitOf('--max-leases-per-address', options.maxLeasesPerAddress),
    maxReleasedLeasesPerAddress: limitOf(
      '--max-released-leases-per-address',
      options.maxReleasedLeasesPerAddress,
    ),
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(tls === undefined ? {} : { tls }),
    ...(isInsecure ? { isInsecure } : {}),
  };
}

/** @throws UsageError naming the option. */
export function nodeTimes({ maxTtl, driftBuffer }: Pick<TermsOptions, 'maxTtl' | 'driftBuffer'>): {
  readonly longestTtlMs: number;
  readonly driftBufferMs: number;
} {
  const maxTtlSeconds = secondsOf('--max-ttl', maxTtl) ?? 0;
  if (maxTtlSeconds < 1 || maxTtlSeconds > longestTtlSeconds)
    throw new UsageError(
      `--max-ttl takes 1 to ${String(longestTtlSeconds)} seconds; given: "${maxTtl}".`,
    );
  const longestTtlMs = maxTtlSeconds * 1000;
  const leastMs = longestTtlMs * driftShare;
  const driftBufferSeconds = secondsOf('--drift-buffer', driftBuffer);
  if (driftBufferSeconds !== undefined && driftBufferSeconds * 1000 < leastMs)
    throw new UsageError(
      `--drift-buffer must be at least 2 % of --max-ttl (${String(leastMs / 1000)} s): clocks do not run alike; given: "${String(driftBuffer)}".`,
    );
  const driftBufferMs =
    driftBufferSeconds === undefined
      ? Math.max(defaultDriftBufferMs, leastMs)
      : driftBufferSeconds * 1000;
  return { longestTtlMs, driftBufferMs };
}

/** 0: not limited. @throws UsageError */
const limitOf = (option: string, text: string): number =>
  text.trim() === '0' ? 0 : countOf(option, text);

function portOf(text: string): number {
  const port = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isInteger(port) || port < 0 || port > lastPort)
    throw new UsageError(
      `--port takes a number from 0 (any free one) to ${String(lastPort)}; given: "${text}".`,
    );
  return port;
}

/** The name of this node among the members; undefined: where it listens. */
function advertiseOf(
  { advertise }: LeaseNodeFlags,
  host: string,
  port: number,
  peers: readonly string[],
): string | undefined {
  const [name] = givenEndpoints(advertise === undefined ? undefined : [advertise], undefined) ?? [];
  if (name === undefined && (isWildcardHost(host) || (port === 0 && peers.length > 0)))
    throw new UsageError(
      '--advertise must name this node as the others and the clients name it, such as http://a:5001: --host and --port do not tell.',
    );
  return name;
}

/** A node that took itself for another one could find that all others are new, and vote too early. */
function peersOf(list: string | undefined, host: string, port: number): readonly string[] {
  const peers = givenEndpoints(list?.split(','), undefined) ?? [];
  if (peers.length === 0) return peers;
  if (![2, 4, 6].includes(peers.length) || new Set(peers).size < peers.length)
    throw new UsageError(
      `--peers names all other nodes, each once: 2, 4 or 6 of them; given: "${list ?? ''}".`,
    );
  const endpoints = peers.map(endpointOf);
  const nowhere = endpoints.find((peer) => isWildcardHost(peer.host));
  if (nowhere !== undefined)
    throw new UsageError(
      `--peers names where the other nodes are; ${nowhere.url} means all addresses of a machine.`,
    );
  const itself = endpoints.find((peer) => peer.port === port && isOwnHost(peer.host, host))?.url;
  if (itself !== undefined)
    throw new UsageError(`--peers names the other nodes; ${itself} is this one.`);
  return peers;
}

/** @param listens Where this node does, which may be all addresses of its machine. */
function isOwnHost(host: string, listens: string): boolean {
  if (host === listens || host === 'localhost') return true;
  const listensOnLoopback = listens === 'localhost' || isWildcardHost(listens);
  return listensOnLoopback && ['127.0.0.1', '::1', hostname()].includes(host);
}

/** Exact names: a pattern would allow pages of other sites. @throws UsageError */
export function allowedHostsOf({ allowedHost }: AllowedHostOptions): readonly string[] {
  const names = allowedHost?.split(',').map((name) => name.trim()) ?? [];
  const wrong = names.find(
    (name) =>
      !readHostPort(formatHostPort(name, 1)).ok || isWildcardHost(name) || /[*?]/.test(name),
  );
  if (wrong !== undefined)
    throw new UsageError(
      `--allowed-host takes names of hosts without a port, such as leases.example, and no patterns; given: "${wrong}".`,
    );
  return names;
}

function hostOption(text: string): string {
  if (!readHostPort(formatHostPort(text, 1)).ok)
    throw new UsageError(
      `--host takes an address without a port, such as 127.0.0.1, ::1, or 0.0.0.0 and :: for all; given: "${text}".`,
    );
  return hostOf(text);
}
