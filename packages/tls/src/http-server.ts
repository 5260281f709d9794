/** The server of HTTP over TLS; Fastify makes the plain one by itself, and takes this one as its `serverFactory`. */
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerSecurity } from './server-security.ts';

const defaultCheckMs = 5000;
/** Of a request whose arrival nobody bounds otherwise. */
const defaultArrivalMs = 30_000;

interface Timeouts {
  readonly keepAliveTimeout?: number | undefined;
  readonly requestTimeout?: number | undefined;
  readonly connectionTimeout?: number | undefined;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * As Fastify makes it, with the same times. No request has for ever to arrive: 0, which is what Fastify gives where nobody has set a
 * time, would be that for Node.
 *
 * @param connectionsCheckingInterval How often it looks for requests that are too slow, in ms.
 */
export const secureServer =
  ({ serverOptions }: ServerSecurity, connectionsCheckingInterval: number = defaultCheckMs) =>
  (handler: Handler, { keepAliveTimeout, requestTimeout, connectionTimeout }: Timeouts): Server => {
    const server = createServer(
      { ...serverOptions, ALPNProtocols: ['http/1.1'], connectionsCheckingInterval },
      handler,
    );
    if (keepAliveTimeout !== undefined) server.keepAliveTimeout = keepAliveTimeout;
    const isSet = requestTimeout !== undefined && requestTimeout > 0;
    server.requestTimeout = isSet ? requestTimeout : defaultArrivalMs;
    server.headersTimeout = server.requestTimeout;
    server.setTimeout(connectionTimeout ?? 0);
    return server;
  };
