/**
 * What is refused of a request before anything else of it is read: a host that two may read differently, and pages of other origins
 * (ORIGIN-1).
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hostProblem } from '@holdfast/protocol/host-header';
import { foreignOrigin } from '@holdfast/tls';
import type { OwnHosts } from '@holdfast/tls';
import type { Caller } from '../pipeline/caller.ts';
import { RequestError } from '../request-error.ts';
import { allowedForSeconds, allowedHeaders, methodsOf } from './methods.ts';

/** HOST-1. */
export function ambiguousHost(request: IncomingMessage): RequestError | undefined {
  const problem = hostProblem(request.rawHeaders);
  return problem === undefined
    ? undefined
    : new RequestError('invalid_request', problem, { field: 'host' });
}

/** Of a request to the port of clients, whatever its path is. */
export const refusedUnread = (
  request: IncomingMessage,
  allowedOrigins: readonly string[],
): RequestError | undefined => ambiguousHost(request) ?? originProblem(request, allowedOrigins);

/** HOST-2, once it is known who asks. @param ownHosts Undefined: nothing is asked of the host. */
export function foreignHost(
  request: IncomingMessage,
  caller: Caller,
  ownHosts: OwnHosts | undefined,
): RequestError | undefined {
  const problem = caller.proof === 'none' ? ownHosts?.problem(request) : undefined;
  return problem === undefined
    ? undefined
    : new RequestError('forbidden', problem, { field: 'host' });
}

function originProblem(
  request: IncomingMessage,
  allowedOrigins: readonly string[],
): RequestError | undefined {
  const origin = foreignOrigin(request);
  if (origin === undefined || allowedOrigins.includes(origin)) return undefined;
  return new RequestError(
    'forbidden',
    `The origin ${JSON.stringify(origin)} is not allowed on this node. Add it to the allowed origins (http.allowed_origins).`,
    { origin },
  );
}

/** A page of an allowed origin may read the answers, too; before it asks, its browser asks whether it may. */
export function tellOrigin(
  { headers: { origin }, method, url }: FastifyRequest,
  reply: FastifyReply,
  allowedOrigins: readonly string[],
): void {
  if (allowedOrigins.length > 0) reply.header('vary', 'origin');
  if (origin === undefined || !allowedOrigins.includes(origin)) return;
  reply.header('access-control-allow-origin', origin);
  const methods = method === 'OPTIONS' ? methodsOf(url) : undefined;
  if (methods === undefined) return;
  reply.headers({
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': allowedHeaders,
    'access-control-max-age': String(allowedForSeconds),
  });
}

/**
 * The same for a GET that changes something: browsers send no origin with what a page embeds, and tell the
 * site instead.
 */
export function foreignSite(request: IncomingMessage): RequestError | undefined {
  const site = request.headers['sec-fetch-site'];
  if (site !== 'cross-site' && site !== 'same-site') return undefined;
  return new RequestError(
    'forbidden',
    'Pages of other sites may not use this path by a GET. Use a POST, and add the origin to the allowed ones.',
    { site },
  );
}
