/** Puts the api package together: operations, HTTP, streams, gRPC, stats; and takes it down again in order. */
import type { AddressInfo, Server } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { Connections, OwnHosts, answerAndClose, isLoopback } from '@holdfast/tls';
import type { FastifyInstance } from 'fastify';
import { systemClock } from '@holdfast/engine/parts';
import { ReplicatedQueues } from '@holdfast/queue';
import { formatHostPort, hostOnThisMachine, streamPath, toProblem } from '@holdfast/protocol';
import { sharesOf } from './callers.ts';
import type { GrpcServer } from './grpc/server.ts';
import { createHttpApplication } from './http/application.ts';
import type { HttpParts } from './http/application.ts';
import { listenForMetrics } from './http/metrics-application.ts';
import type { MetricsListener } from './http/metrics-application.ts';
import { refusedUnread } from './http/origins.ts';
import { rawProblem } from './http/problems.ts';
import { watchLongestTurn } from './metrics/longest-turn.ts';
import { createMetrics } from './metrics/metrics.ts';
import { GivenBack } from './pipeline/given-back.ts';
import { Rates } from './pipeline/rates.ts';
import { RefusedChanges } from './pipeline/refused-changes.ts';
import { WrongKeys } from './pipeline/wrong-keys.ts';
import { recordRefusedConnection, recordUnread, recordWrongProof } from './pipeline/auditing.ts';
import type { OperationContext, Service } from './operations/context.ts';
import { WaitingCallers } from './operations/waiting.ts';
import { AccessControl } from './pipeline/access-control.ts';
import { callerFrom } from './pipeline/caller.ts';
import { KeyUses } from './pipeline/key-uses.ts';
import { defaultApiLimits } from './limits.ts';
import type { Api, ApiOptions, GrpcAddress } from './options.ts';
import { RequestError } from './request-error.ts';
import { StreamServer } from './stream/server.ts';
import { ClientStreams } from './stream/streams.ts';
import { RequestTurns } from './turns/request-turns.ts';
import { Machines } from './operations/machines.ts';
import { PopRoom } from './operations/pop-room.ts';
import { QueueWaiters } from './operations/queue-waiters.ts';
import { EventFeed } from './watch/feed.ts';

/** What is in flight when the node stops has this long. */
const closeDeadlineMs = 3000;
/** The api without its port: what `startApi` listens with, and tests inject requests into. */
export interface BuiltApi {
  readonly app: FastifyInstance;
  readonly service: Service;
  readonly context: OperationContext;
  readonly http: HttpParts;
  readonly close: () => Promise<void>;
}

export function buildApi(options: ApiOptions): BuiltApi {
  const { engine, log, allowedOrigins = [], clock = systemClock } = options;
  const waiting = new WaitingCallers();
  const longestTurn = watchLongestTurn(clock);
  const metrics = createMetrics({
    engine,
    stream: () => streams.stats,
    waiting: () => waiting.count,
    queues: () => service.queues,
    waitingPops: () => service.queueWaiters.count,
    longestTurnSeconds: () => longestTurn.seconds(),
    version: options.version,
    diskSpace: options.diskSpace,
    lostLogLines: options.lostLogLines,
    certificateEndsMs: options.certificateEndsMs,
    auditing: options.auditing,
  });
  const limits = { ...defaultApiLimits, ...options.limits };
  const feed = new EventFeed(engine, limits.maxEventsKept);
  const keyUses = new KeyUses(engine, clock);
  const control = new AccessControl({
    engine,
    isRequired: options.requiresAuthentication ?? false,
    hasOwnRule: options.authorize !== undefined,
    clock,
    onKeyUsed: (keyId) => keyUses.used(keyId),
    wrongKeys:
      limits.maxWrongKeysPerSecondPerAddress === 0
        ? undefined
        : new WrongKeys(limits.maxWrongKeysPerSecondPerAddress, () => clock.now()),
    onWrongProof: (refused, address, keyId) =>
      recordWrongProof(options.auditing, refused, address, keyId),
  });
  const queues = options.queues ?? new ReplicatedQueues(engine, feed);
  const service: Service = {
    engine,
    nodeId: options.nodeId,
    version: options.version,
    log,
    logLevel: options.logLevel ?? { level: 'info' },
    isInsecure: options.isInsecure ?? false,
    limits,
    control,
    authorize: options.authorize,
    audit: options.audit,
    auditing: options.auditing,
    tracing: options.tracing,
    hasOtherQueues: options.queues !== undefined,
    waiting,
    shares: sharesOf(limits),
    rates: Rates.of(limits, () => clock.now()),
    givenBack: new GivenBack(() => clock.now()),
    refusedChanges:
      limits.maxRefusedChangesPerSecondPerCaller === 0
        ? undefined
        : new RefusedChanges(limits.maxRefusedChangesPerSecondPerCaller, () => clock.now()),
    feed,
    queues,
    queueWaiters: new QueueWaiters(queues, (delayMs, callback) => clock.after(delayMs, callback)),
    popRoom: new PopRoom((delayMs, callback) => clock.after(delayMs, callback)),
    machines: new Machines({
      engine,
      clock,
      version: options.version,
      diskSpace: options.diskSpace,
      longestTurnSeconds: () => longestTurn.seconds(),
    }),
    after: (delayMs, callback) => clock.after(delayMs, callback),
    endOfTurn: (callback) => clock.endOfTurn(callback),
    now: () => clock.wallNow(),
    onAcquire: (outcome, seconds, mayWait) => metrics.onAcquire(outcome, seconds, mayWait),
    expiredAtCleanup: 0,
  };
  const context: OperationContext = { service, caller: callerFrom(undefined) };
  const turns = new RequestTurns(clock, (error) =>
    log.error({ err: error }, 'A request that waited for its turn failed with an internal error.'),
  );
  const streams = new ClientStreams(context, clock, log, turns);
  const ownHosts = ownHostsOf(options);
  const server = new StreamServer(streams, context, ownHosts);
  let stopping = false;
  const http = {
    context,
    turns,
    metrics,
    allowedOrigins,
    ownHosts,
    log,
    isStopping: () => stopping,
    security: options.security,
  };
  const app = createHttpApplication(http);
  const endHandshakes = options.security?.secure(app.server as Server as TlsServer, 'http');
  const forgetRefused = options.security?.onRefused((refused) =>
    recordRefusedConnection(options.auditing, refused),
  );
  const connections = Connections.ofHttp(app.server, {
    port: 'http',
    most: limits.maxConnections,
    mostPerAddress: limits.maxConnectionsPerAddress,
    log,
  });
  app.server.on('upgrade', (request, socket, head: Buffer) => {
    socket.once('close', connections.busy(request.socket));
    const [path] = (request.url ?? '').split('?');
    const refused =
      path === streamPath
        ? refusedUnread(request, allowedOrigins)
        : new RequestError(
            'route_not_found',
            `There are no streams at this path. Open them at ${streamPath}.`,
          );
    if (refused === undefined) server.upgrade(request, socket, head);
    else {
      const from = callerFrom(request.socket.remoteAddress);
      if (path === streamPath) recordUnread(options.auditing, from, 'stream', refused);
      answerAndClose(socket, rawProblem(toProblem(refused).status, refused));
    }
  });

  const takeDown = async (): Promise<void> => {
    const deadlineMs = clock.now() + closeDeadlineMs;
    stopping = true;
    streams.stop();
    waiting.stop();
    const streamsClosed = streams.close(deadlineMs);
    endHandshakes?.();
    const cutOff = setTimeout(() => app.server.closeAllConnections(), closeDeadlineMs);
    await Promise.all([app.close(), streamsClosed]);
    clearTimeout(cutOff);
    metrics.close();
    longestTurn.close();
    feed.close();
    control.close();
    keyUses.close();
    forgetRefused?.();
  };
  let closed: Promise<void> | undefined;
  return { app, service, context, http, close: () => (closed ??= takeDown()) };
}

/** HOST-2. Undefined where everybody who reaches the port from elsewhere may do everything anyway. */
function ownHostsOf({
  host,
  ownHosts = [],
  allowedOrigins = [],
  isInsecure = false,
}: ApiOptions): OwnHosts | undefined {
  if (isInsecure && !isLoopback(host)) return undefined;
  return new OwnHosts({
    known: [host, ...ownHosts, ...allowedOrigins],
    remedy: (asked) =>
      `show an API key (where authentication is on), or add "http://${asked}" to the allowed origins (http.allowed_origins)`,
  });
}

/**
 * Starts to serve HTTP, client streams and, where it has an address, gRPC.
 *
 * @throws Error where an address cannot be bound; the message names it.
 */
export async function startApi(options: ApiOptions): Promise<Api> {
  const built = buildApi(options);
  let url: string;
  try {
    await built.app.listen({ host: options.host, port: options.port });
    const { port } = built.app.server.address() as AddressInfo;
    const scheme = options.security === undefined ? 'http' : 'https';
    url = `${scheme}://${formatHostPort(hostOnThisMachine(options.host), port)}`;
  } catch (error) {
    await built.close();
    throw new Error(
      `HTTP cannot listen on ${formatHostPort(options.host, options.port)}: the port may be in use. Choose another port.`,
      { cause: error },
    );
  }
  let metrics: MetricsListener | undefined;
  try {
    const { grpc: grpcListen, metricsListen } = options;
    metrics = metricsListen && (await listenForMetrics(metricsListen, built.http));
    const grpc = grpcListen && (await startGrpc(grpcListen, built, options));
    let closed: Promise<unknown> | undefined;
    return {
      url,
      grpcAddress: grpc?.address,
      metricsUrl: metrics?.url,
      async close() {
        // Waits and streams of gRPC end with those of HTTP, which is the first that this does.
        closed ??= Promise.all([built.close(), grpc?.close(closeDeadlineMs), metrics?.close()]);
        await closed;
      },
    };
  } catch (error) {
    await Promise.all([built.close(), metrics?.close()]);
    throw error;
  }
}

/** Its libraries are read only where it is served: commands of the command line start without them. */
async function startGrpc(
  address: GrpcAddress,
  { context, http: { turns } }: BuiltApi,
  { log, security }: ApiOptions,
): Promise<GrpcServer> {
  const { startGrpcServer } = await import('./grpc/server.ts');
  return startGrpcServer(address, { context, log, turns }, security);
}
