/** What whoever asks shows to a cluster with TLS and authentication: a certificate, and a key. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { Agent } from 'node:https';
import { text } from 'node:stream/consumers';

export interface ShownCredentials {
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  readonly apiKey: string;
}

export interface ShownFiles {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

export type AskUrl = (
  url: string,
  init: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly signal: AbortSignal;
  },
) => Promise<Response>;

/** As `fetch`, which cannot show a certificate. @param agent Has that, and keeps connections: a handshake for each request is too much work. */
export const askBy =
  (agent: Agent, apiKey: string): AskUrl =>
  async (url, { method = 'GET', headers = {}, body, signal }) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const asked = request(url, {
      agent,
      method,
      headers: { ...headers, ...length, authorization: `Bearer ${apiKey}` },
      signal,
    });
    asked.end(body);
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    // Where it is ended while its body is read, whoever reads that is told.
    asked.on('error', () => undefined);
    return new Response(await text(answer), { status: answer.statusCode ?? 0 });
  };

const names = {
  authority: 'CHAOS_AUTHORITY',
  certificate: 'CHAOS_CERTIFICATE',
  key: 'CHAOS_CERTIFICATE_KEY',
  apiKey: 'CHAOS_API_KEY',
} as const;

/** What the process of a client is started with, so that it shows that. */
export const environmentFor = (
  { authority, certificate, key }: ShownFiles,
  apiKey: string,
): Readonly<Record<string, string>> => ({
  [names.authority]: authority,
  [names.certificate]: certificate,
  [names.key]: key,
  [names.apiKey]: apiKey,
});

/** Nothing, where the cluster has neither TLS nor keys. */
export function shownByEnvironment(): ShownCredentials | Readonly<Record<string, never>> {
  const { env } = process;
  const { [names.apiKey]: apiKey, [names.authority]: authority } = env;
  const { [names.certificate]: certificate, [names.key]: key } = env;
  if (!apiKey || !authority || !certificate || !key) return {};
  return shownFrom({ authority, certificate, key }, apiKey);
}

export const shownFrom = (files: ShownFiles, apiKey: string): ShownCredentials => ({
  tls: {
    ca: readFileSync(files.authority, 'utf8'),
    cert: readFileSync(files.certificate, 'utf8'),
    key: readFileSync(files.key, 'utf8'),
  },
  apiKey,
});
