/** What whoever asks shows to a cluster with TLS and authentication. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, HoldfastError } from '@holdfast/client';
import type { Client } from '@holdfast/client';
import type { LocalCluster } from '@holdfast/server';

interface Pair {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Nothing in it: without TLS, and without a key. */
export interface Shown {
  readonly tls?: Pair;
  readonly apiKey?: string;
}

type Fetch = (
  url: string,
  init: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  },
) => Promise<Response>;

/** As `fetch`, which cannot show a certificate. */
export function fetchAs(shown: { readonly tls?: Partial<Pair>; readonly apiKey?: string }): Fetch {
  const { tls, apiKey } = shown;
  if (tls === undefined) return (url, init) => fetch(url, init);
  return async (url, { method = 'GET', headers = {}, body }) => {
    const key = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const asked = request(url, {
      ...tls,
      method,
      headers: { ...headers, ...key, ...length },
      agent: false,
    });
    asked.end(body);
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    return new Response(await text(answer), { status: answer.statusCode ?? 0 });
  };
}

const levelDeadlineMs = 20_000;

/** What the cases ask for, and no administration of the cluster. */
const rules = [
  { verb: 'read' },
  { verb: 'acquire' },
  { verb: 'manage' },
  // To release by force.
  { verb: 'admin', kind: 'lock' },
] as const;

/** Turns authentication on. @returns What an identity shows whose rules permit the cases. */
export async function keysIn({ urls, security }: LocalCluster): Promise<Shown> {
  if (security === undefined) throw new Error('The cluster has no TLS.');
  const { authority, client } = security;
  const tls = {
    ca: readFileSync(authority, 'utf8'),
    cert: readFileSync(client.certificate, 'utf8'),
    key: readFileSync(client.key, 'utf8'),
  };
  const first = await connect({ endpoints: urls, tls });
  const adminKey = await firstKey(first);
  await first.close();
  const administrator = await connect({ endpoints: urls, tls, apiKey: adminKey });
  await administrator.call('auth_enable', {});
  for (const rule of rules)
    await administrator.call('auth_grant', { role: 'conformance', ...rule });
  const made = await administrator.call('auth_create_key', {
    identity: 'conformance',
    roles: ['conformance'],
  });
  await administrator.close();
  return { tls, apiKey: made.key };
}

/** The leader raises the feature level a moment after the members have met: there are keys from then on. */
async function firstKey(client: Client): Promise<string> {
  const deadlineMs = performance.now() + levelDeadlineMs;
  for (;;) {
    try {
      const body = { identity: 'root', roles: ['admin'] };
      return (await client.call('auth_create_key', body)).key;
    } catch (error) {
      const isEarly = error instanceof HoldfastError && error.code === 'not_supported_yet';
      if (!isEarly || performance.now() > deadlineMs) throw error;
    }
    await pause(20);
  }
}
