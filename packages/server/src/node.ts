/**
 * One node: engine and api, put together and taken down in the right order. Both are read when a node starts:
 * whoever imports this package for a local cluster, or for its settings, waits for neither.
 */
import { once } from 'node:events';
import { statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Api, ApiOptions } from '@holdfast/api';
import type { Engine } from '@holdfast/engine';
import type { QueueStore } from '@holdfast/queue';
import type { OutgoingCertificates } from '@holdfast/tls';
import type { Logger } from 'pino';
import { toldClientUrl } from './configuration/addresses.ts';
import type { Configuration } from './configuration/load.ts';
import type { NodeAudit } from './audit/node-audit.ts';
import type { NodeSecurity } from './security.ts';
import type { NodeTracing } from './tracing/open-telemetry.ts';
import { stopInOrder } from './stopping.ts';
import { version } from './version.ts';

/** No setting: a few ms of work, by measurement; all that a session may hold ends within a second. */
const maxWorkPerEntry = 1000;

const handOverMs = 1000;
/** Longer than its writers need (AUDIT-FILE-5). */
const auditStopMs = 2500;

export interface RunningNode {
  readonly url: string;
  /** `host:port` of gRPC; undefined where it is switched off. */
  readonly grpcAddress: string | undefined;
  /** Where metrics are served beside `url`; undefined where nowhere else. */
  readonly metricsUrl: string | undefined;
  readonly nodeId: string;
  readonly engine: Engine;
  /** Reads the certificates again now; undefined where there is no TLS. */
  readonly reload: (() => Promise<void>) | undefined;
  /** Hands leadership over while clients are still served, then stops. */
  close(): Promise<void>;
}

export interface NodeOptions {
  readonly log: Logger;
  /** Lines of the log that could not be written; absent where nobody counts them. */
  readonly lostLogLines?: () => number;
  /** Called once when the node must not go on (failed disk, broken invariant). */
  readonly onFatal: (error: Error) => void;
  /** Where spans go; closed with the node. Nowhere where absent. */
  readonly tracing?: NodeTracing | undefined;
  /** Tests only: every commit of the log takes this much longer. */
  readonly writeDelayMs?: number;
  /** Tests only: it supports no more than this, as the program of an older release. */
  readonly supportedFeatureLevel?: number;
}

/** @throws Error with what to do when the folder, the addresses or the peers do not fit. */
export async function startNode(
  configuration: Configuration,
  options: NodeOptions,
): Promise<RunningNode> {
  const { log } = options;
  const httpPort = configuration.httpPort || (await freePort(configuration.httpHost));
  const opened: OpenedParts = { security: await securityOf(configuration, log) };
  try {
    return await startSecured(configuration, options, httpPort, opened);
  } catch (error) {
    await closeOpened(opened, log).catch((failure: unknown) => {
      log.warn({ error: String(failure) }, 'Not all of the node that does not start was closed.');
    });
    throw error;
  }
}

/** What a node that starts has opened so far. */
interface OpenedParts {
  readonly security: NodeSecurity | undefined;
  /** AUDIT-NODE-8. */
  audit?: NodeAudit;
  engine?: Engine;
  queues?: QueueStore | undefined;
}

type Closable = {
  readonly [Part in keyof OpenedParts]: Pick<NonNullable<OpenedParts[Part]>, 'close'> | undefined;
};

/**
 * It does not start: what is left open would keep the process, its peers and its files busy. Whatever one part does, the
 * others are closed (STOP-1).
 *
 * @throws Error as `stopInOrder`.
 */
export async function closeOpened(
  { security, audit, engine, queues }: Closable,
  log: Pick<Logger, 'info' | 'error'>,
): Promise<void> {
  await stopInOrder(
    [
      { what: 'queues', end: () => queues?.close() },
      { what: 'engine', end: () => engine?.close() },
      { what: 'audit', end: () => audit?.close(), keptMs: auditStopMs }, // AUDIT-NODE-8
      { what: 'certificates', end: async () => security?.close() },
    ],
    log,
  );
}

async function startSecured(
  configuration: Configuration,
  options: NodeOptions,
  httpPort: number,
  opened: OpenedParts,
): Promise<RunningNode> {
  const { nodeId, peers, peerListen, peerAdvertise } = configuration;
  const { log } = options;
  const { security } = opened;
  const { createRaftEngine } = await import('@holdfast/engine');
  // Before it is a member: to read all of it takes a tenth of a second in one turn, and its peers would wait.
  await import('@holdfast/api');
  const { NodeAudit } = await import('./audit/node-audit.ts');
  const { takeRecoveryKey } = await import('./recovery-key.ts');
  // AUDIT-NODE-7
  const openAuditSink = (): NodeAudit =>
    (opened.audit = new NodeAudit({
      ...configuration.audit,
      folder: configuration.folder,
      clusterId: configuration.clusterId,
      nodeId,
      log,
      onFatal: options.onFatal,
    }));
  const engine = (opened.engine = await createRaftEngine({
    clusterId: configuration.clusterId,
    nodeId,
    folder: configuration.folder,
    peerListen,
    peerAdvertise,
    peerSockets: security?.peers,
    initialMembers: configuration.join ? peers : [{ id: nodeId, address: peerAdvertise }, ...peers],
    join: configuration.join,
    clientUrl: toldClientUrl(configuration, httpPort),
    heartbeatMs: configuration.heartbeatMs,
    electionTimeoutMinMs: configuration.electionTimeoutMinMs,
    electionTimeoutMaxMs: configuration.electionTimeoutMaxMs,
    stateLimits: { ...configuration.stateLimits, maxWorkPerEntry },
    snapshotLogBytes: configuration.snapshotLogBytes,
    log,
    onFatal: options.onFatal,
    openAuditSink,
    tracing: options.tracing,
    ...(options.writeDelayMs === undefined ? {} : { writeDelayMs: options.writeDelayMs }),
    ...(options.supportedFeatureLevel === undefined
      ? {}
      : { supportedFeatureLevel: options.supportedFeatureLevel }),
  }));
  const { audit } = opened;
  if (audit === undefined) throw new Error('The engine has opened no audit.');
  audit.attach(engine);
  const redis = await redisCertificatesOf(configuration, log);
  const queues = (opened.queues = await openQueueStore(configuration, redis, engine, log));
  const { tracing } = options;
  const { lostLogLines } = options;
  const parts = { engine, queues, audit, tracing, lostLogLines };
  const api = await serve(configuration, httpPort, parts, log, security);
  const endRecovery = takeRecoveryKey(configuration.folder, engine, log);
  return {
    url: api.url,
    grpcAddress: api.grpcAddress,
    metricsUrl: api.metricsUrl,
    nodeId,
    engine,
    reload:
      security === undefined && redis === undefined
        ? undefined
        : async () => void (await Promise.all([security?.reload(), redis?.reload()])),
    close() {
      endRecovery();
      return stopInOrder(
        [
          { what: 'hand-over of leadership', end: () => handOver(engine, log) },
          { what: 'api', end: () => api.close() },
          { what: 'queues', end: () => queues?.close() },
          { what: 'engine', end: () => engine.close() },
          { what: 'audit', end: () => audit.close(), keptMs: auditStopMs }, // STOP-2
          { what: 'tracing', end: () => tracing?.close() },
          { what: 'certificates', end: async () => security?.close() },
        ],
        log,
      );
    },
  };
}

/** Undefined: queues are in the replicated state. */
async function openQueueStore(
  configuration: Configuration,
  certificates: OutgoingCertificates | undefined,
  engine: Engine,
  log: Logger,
): Promise<QueueStore | undefined> {
  const { queueRedis } = configuration;
  if (queueRedis === null) return undefined;
  const { openRedisStore } = await import('@holdfast/queue/redis');
  const { systemClock } = await import('@holdfast/engine/parts');
  const { prefix, urls, isCluster } = queueRedis;
  return openRedisStore({
    address: { urls, isCluster, certificates },
    prefix,
    limits: configuration.stateLimits,
    engine,
    clock: systemClock,
    log,
  });
}

/** Of the connections to the Redis that keeps the queues. @throws CertificateError */
async function redisCertificatesOf(
  { queueRedis }: Configuration,
  log: Logger,
): Promise<OutgoingCertificates | undefined> {
  const files = queueRedis?.files;
  if (files === undefined || files === null) return undefined;
  const { OutgoingCertificates } = await import('@holdfast/tls');
  return OutgoingCertificates.open({ files, log, use: 'the Redis of queues' });
}

/** Its package is read only where there is TLS. @throws CertificateError */
async function securityOf({ tls }: Configuration, log: Logger): Promise<NodeSecurity | undefined> {
  if (tls === null) return undefined;
  const { openSecurity } = await import('./security.ts');
  return openSecurity(tls, log);
}

interface ServedParts {
  readonly engine: Engine;
  readonly queues: QueueStore | undefined;
  readonly audit: NodeAudit;
  readonly tracing: NodeTracing | undefined;
  readonly lostLogLines: NodeOptions['lostLogLines'];
}

async function serve(
  configuration: Configuration,
  httpPort: number,
  { engine, queues, audit, tracing, lostLogLines }: ServedParts,
  log: Logger,
  security: NodeSecurity | undefined,
): Promise<Api> {
  const options: ApiOptions = {
    engine,
    ...(queues === undefined ? {} : { queues }),
    host: configuration.httpHost,
    port: httpPort,
    nodeId: configuration.nodeId,
    version,
    allowedOrigins: configuration.allowedOrigins,
    ownHosts: [toldClientUrl(configuration, httpPort), configuration.peerAdvertise],
    security: security?.clients,
    auditing: audit,
    tracing,
    certificateEndsMs: security?.certificateEndsMs,
    diskSpace: () => diskSpaceOf(configuration.folder),
    lostLogLines,
    metricsListen: configuration.metricsListen ?? undefined,
    isInsecure: configuration.exposed.length > 0,
    requiresAuthentication: configuration.requiresAuthentication,
    ...(configuration.grpc === null ? {} : { grpc: configuration.grpc }),
    limits: {
      maxBodyBytes: configuration.maxBodyBytes,
      maxWaitSeconds: configuration.maxWaitSeconds,
      defaultSessionTimeoutSeconds: configuration.defaultTtlSeconds,
      maxSessionTimeoutSeconds: configuration.maxTtlSeconds,
      maxStreams: configuration.maxStreams,
      maxEventsKept: configuration.maxEventsKept,
      maxGrpcCalls: configuration.maxGrpcCalls,
      maxStreamsPerCaller: configuration.maxStreamsPerCaller,
      maxGrpcCallsPerCaller: configuration.maxGrpcCallsPerCaller,
      ...configuration.callerLimits,
      maxBackups: configuration.maxBackups,
      maxBackupsPerCaller: configuration.maxBackupsPerCaller,
      minBackupBytesPerSecond: configuration.minBackupBytesPerSecond,
    },
    log,
    logLevel: log,
  };
  const { recordRefusedConnection, startApi } = await import('@holdfast/api');
  security?.peers.onRefused((refused) => recordRefusedConnection(audit, refused));
  const api = await startApi(options);
  if (api.grpcAddress !== undefined) log.info({ address: api.grpcAddress }, 'Serving gRPC.');
  if (api.metricsUrl !== undefined) log.info({ url: api.metricsUrl }, 'Serving metrics.');
  return api;
}

/**
 * Leadership goes first, while this node still passes calls on: clients see a short pause, no gap. When
 * nobody can take it (the others are stopping too) that must not hold up the stop.
 */
async function handOver(engine: Engine, log: Logger): Promise<void> {
  const { leader, members, nodeId } = engine.status();
  const voters = members.filter((member) => member.role === 'voter');
  const reachable = voters.filter((member) => member.id !== nodeId && member.connected);
  if (leader !== nodeId || reachable.length === 0) return;
  const tooLong = setTimeout(handOverMs, undefined, { ref: false }).then(() => {
    throw new Error(`nobody took it in ${String(handOverMs)} ms`);
  });
  try {
    await Promise.race([engine.transferLeadership(null), tooLong]);
  } catch (error) {
    log.warn({ error: String(error) }, 'Leadership could not be handed over.');
  }
}

/** Of the file system with this folder: what a process without privileges may still use, and all. */
async function diskSpaceOf(folder: string): Promise<{ freeBytes: number; sizeBytes: number }> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
}

/** A port that is free now: peers and clients are told this node's URL before it listens. */
async function freePort(host: string): Promise<number> {
  const server = createServer();
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
