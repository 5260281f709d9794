/** Metrics on a port of their own, for who must reach them and nothing else. */
import type { Server as TlsServer } from 'node:tls';
import type { AddressInfo, Server } from 'node:net';
import { fastify } from 'fastify';
import { formatHostPort, hostOnThisMachine } from '@holdfast/protocol';
import type { HostPort } from '@holdfast/protocol';
import { Connections, secureServer } from '@holdfast/tls';
import { addDocument, authenticateRequests } from './application.ts';
import { checkEveryMs } from '../limits.ts';
import type { HttpParts } from './application.ts';
import { RequestError } from '../request-error.ts';
import { ambiguousHost } from './origins.ts';
import { answerBrokenRequest, errorHandler, sendProblem } from './problems.ts';
import { routes } from './routes.ts';

const requestArrivalMs = 10_000;
const maxConnections = 100;

const onlyMetrics = new RequestError(
  'route_not_found',
  'This port serves GET /metrics alone. Use the port of the API for anything else.',
);

export interface MetricsListener {
  /** For this machine, e.g. `http://127.0.0.1:9090`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves `/metrics` as the port of clients does: over TLS where that is set, to who may read it.
 *
 * @throws Error where the address cannot be bound; the message names it.
 */
export async function listenForMetrics(
  { host, port }: HostPort,
  parts: HttpParts,
): Promise<MetricsListener> {
  const { security } = parts;
  const { limits } = parts.context.service;
  const app = fastify({
    logger: false,
    requestTimeout: requestArrivalMs,
    http: { connectionsCheckingInterval: checkEveryMs(limits), headersTimeout: requestArrivalMs },
    forceCloseConnections: true,
    clientErrorHandler: answerBrokenRequest,
    ...(security === undefined
      ? {}
      : { serverFactory: secureServer(security, checkEveryMs(limits)) }),
  });
  Connections.ofHttp(app.server, {
    port: 'metrics',
    most: maxConnections,
    mostPerAddress: maxConnections / 2,
    log: parts.log,
  });
  app.setErrorHandler(errorHandler(parts.log));
  app.addHook('onRequest', async (request, reply) => {
    const refused = ambiguousHost(request.raw);
    return refused === undefined ? undefined : sendProblem(reply, refused);
  });
  authenticateRequests(app, parts);
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, onlyMetrics));
  for (const route of routes)
    if (route.kind === 'document' && route.document.name === 'metrics')
      addDocument(app, route, parts);
  const endHandshakes = security?.secure(app.server as Server as TlsServer, 'http');
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw new Error(
      `Metrics cannot be served on ${formatHostPort(host, port)}: the port may be in use. Choose another one with metrics.listen.`,
      { cause: error },
    );
  }
  const bound = (app.server.address() as AddressInfo).port;
  const scheme = security === undefined ? 'http' : 'https';
  return {
    url: `${scheme}://${formatHostPort(hostOnThisMachine(host), bound)}`,
    async close() {
      endHandshakes?.();
      await app.close();
    },
  };
}
