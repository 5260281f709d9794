/**
 * The HTTP side of a lease node.
 *
 * LEASE-HTTP-1: a request that has not arrived in time is cut off, headers and body alike, with TLS and without, and a
 *     connection that says nothing.
 */
import fastify from 'fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isUtf8 } from 'node:buffer';
import type { Server } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { HoldfastError, toProblem } from '@holdfast/protocol';
import { hostProblem } from '@holdfast/protocol/host-header';
import { Connections, secureServer } from '@holdfast/tls';
import type { OwnHosts, ServerSecurity, TlsLog } from '@holdfast/tls';
import type { LeaseHost } from '../node/host.ts';
import { AddressLimits } from './address-limits.ts';
import { isKey } from './credentials.ts';
import { addDashboard, isPageFile } from './dashboard.ts';
import { pageProblem } from './foreign-pages.ts';
import { ownerOf } from './lease-owner.ts';
import { KnownMethods } from './methods.ts';
import { CountedRequests, metricsType } from './metrics.ts';
import { openApiOfLeaseNode } from './openapi.ts';
import { operationsOf, read } from './operations.ts';
import { resourceName, wantedLeases } from './schemas.ts';
import type { SideBySide } from './side-by-side.ts';
import { LeaseStreams } from './streams.ts';

const maxBodyBytes = 16 * 1024;
const defaultConnections = 10_000;
const defaultConnectionsPerAddress = 5000;
/** Half of all places (wait-queues.ts). */
const defaultWaitsPerAddress = 25_000;
/** Of a request, its body included. Answers may take longer: acquires wait. */
const defaultArrivalMs = 30_000;
/** As on other nodes (`checkEveryMs` of the api). */
const checkEveryMs = (arrivalMs: number): number =>
  Math.max(50, Math.min(5000, Math.floor(arrivalMs / 4)));
/** What a probe asks for without credentials. */
const probes: ReadonlySet<string> = new Set(['/health', '/livez', '/readyz']);
/** Longer than what the longest name takes when every byte of it is percent-encoded. */
const longestPathField = 16_384;

export interface ApplicationOptions {
  readonly host: LeaseHost;
  readonly sideBySide: SideBySide;
  /** Asked for as `Authorization: Bearer …`; undefined: nothing is asked for. */
  readonly apiKey: string | undefined;
  readonly security?: ServerSecurity | undefined;
  /** Other machines reach it without TLS and authentication. */
  readonly isInsecure?: boolean | undefined;
  /** HOST-2, where no key is asked for; undefined: nothing is asked of the host. */
  readonly ownHosts?: OwnHosts | undefined;
  /** LEASE-HTTP-1. */
  readonly requestArrivalMs?: number | undefined;
  readonly maxConnections?: number | undefined;
  /** 0: not limited. */
  readonly maxConnectionsPerAddress?: number | undefined;
  /** Acquires and waits of one address; 0: not limited. */
  readonly maxRequestsPerSecondPerAddress?: number | undefined;
  /** Of requests; 0: not limited. */
  readonly maxRequestBytesPerSecondPerAddress?: number | undefined;
  /** 0: not limited. */
  readonly maxWaitsPerAddress?: number | undefined;
  readonly log: Pick<TlsLog, 'warn'>;
  readonly onError: (error: unknown) => void;
}

export function createApplication({
  host,
  sideBySide,
  apiKey,
  security,
  isInsecure = false,
  ownHosts,
  requestArrivalMs = defaultArrivalMs,
  maxConnections = defaultConnections,
  maxConnectionsPerAddress = defaultConnectionsPerAddress,
  maxRequestsPerSecondPerAddress = 0,
  maxRequestBytesPerSecondPerAddress = 0,
  maxWaitsPerAddress = defaultWaitsPerAddress,
  log,
  onError,
}: ApplicationOptions): FastifyInstance {
  const requests = new CountedRequests();
  const problemOf = (error: unknown): HoldfastError => {
    const problem = problemFrom(error, onError);
    requests.ended(problem);
    return problem;
  };
  const options = {
    bodyLimit: maxBodyBytes,
    // LEASE-HTTP-1
    requestTimeout: requestArrivalMs,
    http: {
      connectionsCheckingInterval: checkEveryMs(requestArrivalMs),
      headersTimeout: requestArrivalMs,
    },
    forceCloseConnections: true,
    // A path that cannot be decoded.
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void => {
      sendProblem(reply, problemOf(error));
    },
    routerOptions: { maxParamLength: longestPathField },
  } as const;
  const app: FastifyInstance = fastify({
    ...options,
    ...(security === undefined
      ? {}
      : { serverFactory: secureServer(security, checkEveryMs(requestArrivalMs)) }),
  });
  const endHandshakes = security?.secure(app.server as Server as TlsServer, 'http');
  const connections = Connections.ofHttp(app.server, {
    port: 'http',
    most: maxConnections,
    mostPerAddress: maxConnectionsPerAddress,
    log,
  });
  const operations = operationsOf(host);
  const limits = new AddressLimits(
    {
      requestsPerSecond: maxRequestsPerSecondPerAddress,
      requestBytesPerSecond: maxRequestBytesPerSecondPerAddress,
      waits: maxWaitsPerAddress,
    },
    () => performance.now(),
  );
  takeUtf8Alone(app, (from, bytes) => limits.spend(from, bytes));
  const tellsApart = security?.asksForCertificates === true;
  app.setErrorHandler((error, _request, reply) => {
    sendProblem(reply, problemOf(error));
  });
  const known = new KnownMethods();
  app.addHook('onRoute', known.add);
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    const methods = known.of(path);
    if (methods === undefined) {
      const text = `There is no ${request.method} ${path} on a lease node. See GET /openapi.json.`;
      return sendProblem(reply, new HoldfastError('route_not_found', text));
    }
    const allow = methods.join(', ');
    reply.header('allow', allow);
    if (request.method === 'OPTIONS') return reply.code(204).send();
    const text = `${path} has no ${request.method}. It has ${allow}.`;
    const details = { method: request.method, allowed: methods };
    return sendProblem(reply, new HoldfastError('method_not_allowed', text, details));
  });
  app.addHook('onRequest', async (request) => {
    const problem = hostProblem(request.raw.rawHeaders);
    if (problem !== undefined) throw new HoldfastError('invalid_request', problem);
    const foreign = pageProblem(request.raw, { apiKey, ownHosts });
    if (foreign !== undefined) throw new HoldfastError('forbidden', foreign);
    if (apiKey === undefined || probes.has(request.url) || isPageFile(request.url)) return;
    if (!isKey(request.headers.authorization ?? '', `Bearer ${apiKey}`))
      throw new HoldfastError(
        'unauthorized',
        'This node requires its API key: send "Authorization: Bearer KEY".',
      );
  });
  for (const [name, operation] of operations) {
    app.post(`/${name}`, (request, reply) => {
      const gone = goneOf(reply);
      const { socket } = request.raw;
      const owner = tellsApart ? ownerOf(socket) : undefined;
      return limits.run(name, socket.remoteAddress, (from) =>
        operation(request.body, gone, { owner, from }),
      );
    });
  }
  const streams = new LeaseStreams({
    operations,
    limits,
    apiKey,
    ownHosts,
    problemOf,
  });
  app.server.on('upgrade', (request, socket, head) => {
    socket.once('close', connections.busy(request.socket));
    streams.upgrade(request, socket, head, tellsApart ? ownerOf(request.socket) : undefined);
  });
  app.addHook('preClose', () => {
    endHandshakes?.();
    return streams.close();
  });
  app.get<{ Params: { resource: string } }>('/status/:resource', (request, reply) => {
    reply.send(host.status(read(resourceName, request.params.resource, 'resource')));
  });
  app.get<{ Querystring: { after?: string | string[] } }>('/tokens', (request, reply) => {
    const { after = '' } = request.query;
    reply.send(host.tokens(String(after)));
  });
  app.get('/set', (_request, reply) => {
    reply.send(host.ofSet());
  });
  app.get('/overview', (request, reply) =>
    host.overview(read(wantedLeases, request.query, 'query'), goneOf(reply)),
  );
  app.get('/nodes', (request) => sideBySide.look(read(wantedLeases, request.query, 'query')));
  addDashboard(app);
  app.get('/said', (_request, reply) => {
    reply.send(host.said());
  });
  app.get('/livez', (_request, reply) => {
    reply.send({ status: 'ok' });
  });
  app.get('/readyz', (_request, reply) => {
    reply.code(host.voting ? 200 : 503).send({ status: host.voting ? 'ok' : 'unavailable' });
  });
  app.addHook('onResponse', async (request, reply) => {
    requests.answered(request.method, request.routeOptions.url ?? 'unknown', reply.statusCode);
  });
  app.get('/metrics', (_request, reply) => {
    reply.type(metricsType).send(requests.text(host.voting));
  });
  app.get('/openapi.json', (_request, reply) => {
    reply.send(openApiOfLeaseNode([...operations.keys()]));
  });
  app.get('/health', (_request, reply) => {
    const exposed = isInsecure ? { insecure: true } : {};
    if (host.voting) reply.send({ status: 'healthy', voting: true, ...exposed });
    else {
      const { waits_ms } = host.status('');
      reply.code(503).send({ status: 'recovering', voting: false, waits_ms, ...exposed });
    }
  });
  return app;
}

/** Aborted when the caller has gone, or has its answer. */
function goneOf(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return gone.signal;
}

/** Two names that are not UTF-8 would be read as the same one. */
function takeUtf8Alone(
  app: FastifyInstance,
  spend: (from: string | undefined, bytes: number) => void,
): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    spend(request.socket.remoteAddress, body.length);
    if (isUtf8(body as Buffer)) {
      void parse(request, body.toString(), done);
      return;
    }
    const text = 'The body is not UTF-8. Nothing was done. Send JSON in UTF-8.';
    done(new HoldfastError('invalid_request', text));
  });
}

function problemFrom(error: unknown, onError: (error: unknown) => void): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const { statusCode, code, message } = error as {
    readonly statusCode?: number;
    readonly code?: string;
    readonly message?: string;
  };
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new HoldfastError(
      'unsupported_media_type',
      'The body must be JSON, and be sent with the header "Content-Type: application/json".',
    );
  if (statusCode !== undefined && statusCode < 500)
    return new HoldfastError('invalid_request', message ?? 'The request is not valid.');
  onError(error);
  return new HoldfastError(
    'internal',
    'The node had an internal error and logged it. The request may have been executed.',
  );
}

function sendProblem(reply: FastifyReply, error: HoldfastError): FastifyReply {
  const problem = toProblem(error);
  // Our clients ask again after pauses that grow; others are told when it makes sense.
  if (problem.status === 429 || problem.status === 503) {
    const seconds = error.details['retry_after_seconds'];
    reply.header('retry-after', typeof seconds === 'number' ? String(seconds) : '1');
  }
  return reply.code(problem.status).type('application/problem+json').send(problem);
}
