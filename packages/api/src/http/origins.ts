/**
 * Pages of other web origins may not use this node: without this, any page that a person looks at
 * could take and release locks on a node that listens on that person's machine. Browsers tell the
 * page's origin; programs send none.
 */
import type { IncomingMessage } from 'node:http';
import { Refused } from '../refused.ts';

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
