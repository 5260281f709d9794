/** HTTP requests with certificates of the caller's, which `fetch` of Node does not take; `requests.browser.ts` is its counterpart. */
import { once } from 'node:events';
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { tlsOptionsOf } from './tls.ts';
import type { TlsSettings } from './tls.ts';

/** As `fetch`, as far as it is used. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** `fetch` itself where there are no certificates to show or to trust. */
export function fetchWith(tls: TlsSettings | undefined): Fetch {
  if (tls === undefined) return (url, init) => fetch(url, init);
  // Its connections are kept apart by what they were made with.
  const agent = new Agent({ keepAlive: true, maxCachedSessions: 0 });
  return (url, init = {}) =>
    url.startsWith('https:') ? ask(url, init, tls, agent) : fetch(url, init);
}

/** Statuses whose answers have no body. */
const empty: ReadonlySet<number> = new Set([101, 204, 205, 304]);

async function ask(
  url: string,
  { method = 'GET', headers, body, signal }: RequestInit,
  tls: TlsSettings,
  agent: Agent,
): Promise<Response> {
  signal?.throwIfAborted();
  const asked = request(url, {
    ...tlsOptionsOf(tls),
    rejectUnauthorized: true, // Whatever NODE_TLS_REJECT_UNAUTHORIZED says: the caller has said whom to trust.
    agent,
    method,
    headers: Object.fromEntries(new Headers(headers)),
    ...(signal ? { signal } : {}),
  });
  // Said by whoever reads the body, too.
  asked.on('error', () => undefined);
  asked.end(typeof body === 'string' ? body : undefined);
  let answer: IncomingMessage;
  try {
    [answer] = (await once(asked, 'response')) as [IncomingMessage];
  } catch (error) {
    signal?.throwIfAborted();
    throw new TypeError('fetch failed', { cause: error });
  }
  const { statusCode: status = 0, statusMessage: statusText = '' } = answer;
  const told = new Headers();
  for (const [name, values] of Object.entries(answer.headersDistinct))
    for (const value of values ?? []) told.append(name, value);
  if (empty.has(status)) answer.resume();
  const content = empty.has(status) ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array>);
  return new Response(content, { status, statusText, headers: told });
}
