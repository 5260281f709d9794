/** Reads the configuration: flag before environment before file before default. */
import { readCallerLimits, readStateLimits } from './limit-settings.ts';
import type { CallerLimits, ConfiguredLimits } from './limit-settings.ts';
import { readFileSync } from 'node:fs';
import { formatHostPort, hostPortOf, isWildcardHost } from '@holdfast/protocol';
import type { HostPort } from '@holdfast/protocol';
import { parse } from 'yaml';
import type { AuditConfiguration } from '../audit/node-audit.ts';
import { readAudit } from './audit-settings.ts';
import { hasClientUrl } from './addresses.ts';
import type { Peer } from './addresses.ts';
import { exposed, exposureProblem } from './exposure.ts';
import { flagOf, settings, variableOf } from './settings.ts';
import type { Setting } from './settings.ts';
import { queueContradictions, readQueueRedis } from './queue-settings.ts';
import type { QueueRedis } from './queue-settings.ts';
import { readTls, tlsContradictions } from './tls.ts';
import type { TlsConfiguration } from './tls.ts';
import { explainWrongValue } from './wrong-value.ts';

export interface Configuration {
  readonly clusterId: string;
  readonly nodeId: string;
  /** Null: a single node that no other can join. */
  readonly peerListen: HostPort | null;
  readonly peerAdvertise: string;
  readonly peers: readonly Peer[];
  readonly join: boolean;
  /** An IPv6 address without brackets. */
  readonly httpHost: string;
  readonly httpPort: number;
  /** Empty: `http.host` and `http.port` tell. */
  readonly httpAdvertise: string;
  readonly allowedOrigins: readonly string[];
  /** Null: gRPC is not served. */
  readonly grpc: {
    readonly host: string;
    readonly port: number;
    readonly health: boolean;
    readonly reflection: boolean;
  } | null;
  /** Where metrics are served as well. Null: nowhere. */
  readonly metricsListen: HostPort | null;
  /** Null: none. */
  readonly tls: TlsConfiguration | null;
  /** What others reach without TLS and authentication, because `security.insecure` says so (EXPOSED-1). */
  readonly exposed: readonly string[];
  /** Until authentication is on in the cluster, nobody but this machine is answered. */
  readonly requiresAuthentication: boolean;
  readonly folder: string;
  readonly snapshotLogBytes: number;
  readonly heartbeatMs: number;
  readonly electionTimeoutMinMs: number;
  readonly electionTimeoutMaxMs: number;
  readonly defaultTtlSeconds: number;
  readonly maxTtlSeconds: number;
  readonly maxWaitSeconds: number;
  readonly maxStreamsPerCaller: number;
  readonly maxGrpcCallsPerCaller: number;
  readonly callerLimits: CallerLimits;
  readonly maxBackups: number;
  readonly maxBackupsPerCaller: number;
  readonly minBackupBytesPerSecond: number;
  readonly stateLimits: ConfiguredLimits;
  readonly queueRedis: QueueRedis;
  readonly audit: AuditConfiguration;
  readonly maxEventsKept: number;
  readonly maxBodyBytes: number;
  readonly maxStreams: number;
  readonly maxGrpcCalls: number;
  readonly logLevel: string;
  readonly logFormat: 'auto' | 'json' | 'text';
}

export interface ConfigurationSources {
  readonly file?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** By flag name without dashes in front, e.g. `http-port`. */
  readonly flags?: Readonly<Record<string, unknown>>;
}

/** The configuration cannot be used; the message names every problem and where it comes from. */
export class ConfigurationError extends Error {
  override readonly name: string = 'ConfigurationError';
}

/** @throws ConfigurationError */
export function loadConfiguration(sources: ConfigurationSources): Configuration {
  const problems: string[] = [];
  const fromFile =
    sources.file === undefined ? new Map<string, unknown>() : readFile(sources.file, problems);
  findUnknownVariables(sources.environment ?? {}, problems);
  const values = new Map<string, unknown>();
  for (const setting of settings) {
    const { value, origin, text } = find(setting, sources, fromFile);
    const parsed = setting.schema.safeParse(value);
    if (parsed.success) values.set(setting.key, parsed.data);
    else
      problems.push(
        `${origin}: ${explainWrongValue(setting.schema, parsed.error.issues)} (given: ${shown(text ?? value)})`,
      );
  }
  refuse(problems);
  refuse(tlsContradictions((key) => values.get(key)));
  const configuration = assemble((key) => values.get(key));
  refuse([
    ...findContradictions(configuration),
    ...queueContradictions(configuration.queueRedis),
    ...findExposed(configuration, values.get('security.insecure') === true),
  ]);
  return configuration;
}

/** What was given, without the user and password that an address may have. */
const shown = (given: unknown): string =>
  JSON.stringify(given, (_key, part: unknown) =>
    typeof part === 'string' && /:\/\/.*@/s.test(part) ? part.replace(/:\/\/.*@/s, '://…@') : part,
  );

function refuse(problems: readonly string[]): void {
  if (problems.length > 0)
    throw new ConfigurationError(`The configuration cannot be used:\n  ${problems.join('\n  ')}`);
}

/** What orchestrators tell every container of services beside it, by the name of the service: `holdfast-grpc`, say. */
const injected = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)$/;
const injectedAddress = /^(?:tcp|udp|sctp):\/\//;

/** A misspelt variable is refused like a misspelt key; those of other commands begin otherwise. */
function findUnknownVariables(
  environment: Readonly<Record<string, string | undefined>>,
  problems: string[],
): void {
  const known = settings.map(variableOf);
  const sections = new Set(settings.map(({ key }) => key.slice(0, key.indexOf('.')).toUpperCase()));
  for (const name of Object.keys(environment)) {
    const section = /^HOLDFAST_([A-Z]+)_/.exec(name)?.[1];
    if (injected.test(name)) continue;
    if (section !== undefined && sections.has(section) && !known.includes(name))
      problems.push(`there is no setting "${name}"; did you mean "${nearest(name, known)}"?`);
  }
}

function find(
  setting: Setting,
  sources: ConfigurationSources,
  fromFile: ReadonlyMap<string, unknown>,
): { readonly value: unknown; readonly origin: string; readonly text?: unknown } {
  const flag = flagOf(setting);
  const given = sources.flags?.[flag];
  if (given !== undefined)
    return {
      value: typeof given === 'string' ? readText(setting, given) : given,
      origin: `--${flag}`,
      text: given,
    };
  const variable = variableOf(setting);
  const text = sources.environment?.[variable];
  const isInjected = variable.endsWith('_PORT') && injectedAddress.test(text ?? '');
  if (text !== undefined && !isInjected)
    return { value: readText(setting, text), origin: variable, text };
  if (fromFile.has(setting.key))
    return { value: fromFile.get(setting.key), origin: `${sources.file ?? ''}: ${setting.key}` };
  return { value: setting.default, origin: setting.key };
}

/** A flag or a variable is text; its type is that of the default. */
function readText(setting: Setting, text: string): unknown {
  if (Array.isArray(setting.default))
    return text === '' ? [] : text.split(',').map((part) => part.trim());
  if (typeof setting.default === 'number') return text.trim() === '' ? text : Number(text);
  if (typeof setting.default === 'boolean')
    return text === 'true' ? true : text === 'false' ? false : text;
  return text;
}

function readFile(path: string, problems: string[]): ReadonlyMap<string, unknown> {
  let parsed: unknown;
  try {
    parsed = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigurationError(
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  const found = new Map<string, unknown>();
  if (parsed === null) return found;
  if (typeof parsed !== 'object' || Array.isArray(parsed))
    throw new ConfigurationError(`${path} must have sections like "cluster:" at its top.`);
  const known = new Set(settings.map((setting) => setting.key));
  for (const [section, content] of Object.entries(parsed as Record<string, unknown>)) {
    if (typeof content !== 'object' || content === null || Array.isArray(content)) {
      problems.push(`${path}: "${section}" must be a section with settings in it`);
      continue;
    }
    for (const [key, value] of Object.entries(content)) {
      const full = `${section}.${key}`;
      if (known.has(full)) found.set(full, value);
      else
        problems.push(
          `${path}: there is no setting "${full}"; did you mean "${nearest(full, [...known])}"?`,
        );
    }
  }
  return found;
}

function nearest(word: string, candidates: readonly string[]): string {
  const distances = candidates.map(
    (candidate) => [editDistance(word, candidate), candidate] as const,
  );
  return distances.sort((a, b) => a[0] - b[0])[0]?.[1] ?? '';
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

function assemble(value: (key: string) => unknown): Configuration {
  // Each was checked by its schema just now; the casts only name its type.
  const text = (key: string): string => value(key) as string;
  const number = (key: string): number => value(key) as number;
  const peerListen = value('cluster.listen') as HostPort | null;
  const electionTimeoutMinMs = number('consensus.election_timeout_ms');
  const reached = {
    peerListen,
    httpHost: text('http.host'),
    grpc:
      value('grpc.enabled') === true
        ? {
            host: text('grpc.host'),
            port: number('grpc.port'),
            health: value('grpc.health') === true,
            reflection: value('grpc.reflection') === true,
          }
        : null,
    metricsListen: value('metrics.listen') as HostPort | null,
    tls: readTls(value),
    requiresAuthentication: value('security.authentication') === 'required',
  };
  return {
    ...reached,
    exposed: exposed(reached),
    clusterId: text('cluster.cluster_id'),
    nodeId: text('cluster.node_id'),
    peerAdvertise:
      text('cluster.advertise') ||
      (peerListen === null ? '' : formatHostPort(peerListen.host, peerListen.port)),
    peers: value('cluster.peers') as readonly Peer[],
    join: value('cluster.join') === true,
    httpPort: number('http.port'),
    httpAdvertise: text('http.advertise'),
    allowedOrigins: value('http.allowed_origins') as readonly string[],
    folder: text('storage.folder'),
    snapshotLogBytes: number('storage.snapshot_log_bytes'),
    heartbeatMs: number('consensus.heartbeat_interval_ms'),
    electionTimeoutMinMs,
    electionTimeoutMaxMs: number('consensus.election_timeout_max_ms') || 2 * electionTimeoutMinMs,
    defaultTtlSeconds: number('locks.default_ttl_seconds'),
    maxTtlSeconds: number('locks.max_ttl_seconds'),
    maxWaitSeconds: number('locks.max_wait_time_seconds'),
    maxStreamsPerCaller: number('limits.max_streams_per_caller'),
    maxGrpcCallsPerCaller: number('limits.max_grpc_calls_per_caller'),
    callerLimits: readCallerLimits(number),
    maxBackups: number('limits.max_backups'),
    maxBackupsPerCaller: number('limits.max_backups_per_caller'),
    minBackupBytesPerSecond: number('limits.min_backup_bytes_per_second'),
    stateLimits: readStateLimits(number),
    queueRedis: readQueueRedis(value),
    audit: readAudit(value),
    maxEventsKept: number('limits.max_events_kept'),
    maxBodyBytes: number('limits.max_body_bytes'),
    maxStreams: number('limits.max_streams'),
    maxGrpcCalls: number('limits.max_grpc_calls'),
    logLevel: text('log.level'),
    logFormat: value('log.format') as Configuration['logFormat'],
  };
}

/** What is right by itself and wrong together. */
function findContradictions(configuration: Configuration): readonly string[] {
  const { nodeId, peers, peerListen, peerAdvertise, heartbeatMs } = configuration;
  const { electionTimeoutMinMs: minMs, electionTimeoutMaxMs: maxMs } = configuration;
  const problems: string[] = [];
  if (minMs < 2 * heartbeatMs || maxMs <= minMs) {
    problems.push(
      `the election timeout (${String(minMs)} to ${String(maxMs)} ms) must be a range and at least twice the heartbeat (${String(heartbeatMs)} ms)`,
    );
  }
  if (configuration.defaultTtlSeconds > configuration.maxTtlSeconds)
    problems.push('locks.default_ttl_seconds is longer than locks.max_ttl_seconds');
  if (peers.length > 0 && peerListen === null)
    problems.push('cluster.peers is set, so cluster.listen must say where they reach this node');
  if (configuration.join && peers.length === 0)
    problems.push('cluster.join is set, so cluster.peers must name nodes of the running cluster');
  if (configuration.tls !== null && configuration.httpAdvertise.startsWith('http:'))
    problems.push(
      `http.advertise is ${configuration.httpAdvertise}, and this node speaks TLS: write it with https://`,
    );
  const ids = [nodeId, ...peers.map((other) => other.id)];
  const addresses = [peerAdvertise, ...peers.map((other) => other.address)];
  for (const [what, values] of [
    ['node id', ids],
    ['address', addresses],
  ] as const) {
    const twice = values.find((value, position) => values.indexOf(value) !== position);
    if (twice !== undefined)
      problems.push(
        `the ${what} "${twice}" is there twice; cluster.peers names the other nodes only, each once`,
      );
  }
  return peerListen === null ? problems : [...problems, ...findUnreachable(configuration)];
}

/** EXPOSED-1. */
function findExposed(
  { exposed: found, tls }: Configuration,
  isInsecure: boolean,
): readonly string[] {
  return found.length === 0 || isInsecure ? [] : [exposureProblem(found, tls !== null)];
}

/** What others pass on must lead them to this node (CONFIG-ADDR-1 of `addresses.ts`). */
function findUnreachable(configuration: Configuration): readonly string[] {
  const { peerAdvertise, httpHost } = configuration;
  const problems: string[] = [];
  if (isWildcardHost(hostPortOf(peerAdvertise)?.host ?? ''))
    problems.push(
      `cluster.listen is ${peerAdvertise}, so cluster.advertise must say which host:port peers use`,
    );
  if (!hasClientUrl(configuration))
    problems.push(
      `http.host is ${httpHost}, so http.advertise must say which URL clients use: http://NAME-OF-THIS-MACHINE:${String(configuration.httpPort)}, say`,
    );
  return problems;
}
