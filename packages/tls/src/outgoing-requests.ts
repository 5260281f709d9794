/** HTTP requests of a node to another one: it shows its certificate, and trusts its authorities alone (TLS-7 of `member-sockets.ts`). */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { Readable } from 'node:stream';
import type { Certificates } from './certificates.ts';
import { contextOptionsOf } from './server-security.ts';
import type { LowestVersion } from './server-security.ts';

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** As `fetch`, as far as nodes use it. */
export const fetchWith =
  (certificates: Certificates, lowestVersion: LowestVersion): Fetch =>
  async (url, { method = 'GET', headers, body, signal } = {}) => {
    if (!url.startsWith('https:')) throw new TypeError(`${url} is without TLS, and is not asked.`);
    signal?.throwIfAborted();
    const asked = request(url, {
      ...contextOptionsOf(certificates.current, lowestVersion),
      rejectUnauthorized: true, // TLS-7
      agent: false,
      method,
      headers: Object.fromEntries(new Headers(headers)),
      ...(signal ? { signal } : {}),
    });
    // Said by whoever reads the body, too.
    asked.on('error', () => undefined);
    asked.end(typeof body === 'string' ? body : undefined);
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    return new Response(Readable.toWeb(answer) as ReadableStream<Uint8Array>, {
      status: answer.statusCode ?? 0,
    });
  };
