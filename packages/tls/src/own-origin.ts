/**
 * Pages of other web origins. A browser sends requests for any page to any node that it reaches, and tells the origin of the page;
 * programs tell none.
 *
 * ORIGIN-1: a request that tells an origin is answered only where that is the node itself, the `Host` of the request, or one that the
 *     node was told to allow. Without this any page that a person looks at could take and release locks on a node that this person
 *     reaches. Over TLS a page of the same host without TLS is foreign, too: whoever is on the way can have written it.
 */
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';

/** @returns The origin of the page, where it is not the node itself (ORIGIN-1). */
export function foreignOrigin({
  headers: { origin, host },
  socket,
}: Pick<IncomingMessage, 'headers' | 'socket'>): string | undefined {
  if (origin === undefined) return undefined;
  const own = URL.parse(origin);
  const isOfSameScheme = !(socket instanceof TLSSocket) || own?.protocol === 'https:';
  return host !== undefined && own?.host === host && isOfSameScheme ? undefined : origin;
}
