/**
 * Pages of other web origins may not use this node: without this, any page that a person looks at
 * could take and release locks on a node that listens on that person's machine. Browsers tell the
 * page's origin; programs send none.
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Refused } from '../refused.ts';
import { allowedForSeconds, allowedHeaders, methodsOf } from './methods.ts';

export function foreignOrigin(
  request: IncomingMessage,
  allowedOrigins: readonly string[],
): Refused | undefined {
  const { origin, host } = request.headers;
  if (origin === undefined || allowedOrigins.includes(origin)) return undefined;
  if (host !== undefined && URL.parse(origin)?.host === host) return undefined;
  return new Refused(
    'forbidden',
    `Pages of ${JSON.stringify(origin)} may not use this node. Add the origin to the allowed ones.`,
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
