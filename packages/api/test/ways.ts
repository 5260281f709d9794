/** Every way to ask for an operation, so that a test asks the same over all of them. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { groups } from '@holdfast/contract';
import type { Operation } from '@holdfast/contract';
import { bearer } from './principals.ts';
import type { Harness } from './harness.ts';
import { asGrpc } from './samples.ts';
import { StreamClient } from './stream-client.ts';
import { codeOf } from './unit/grpc/grpc-client.ts';
import type { GrpcHarness } from './unit/grpc/grpc-client.ts';

type Body = Readonly<Record<string, unknown>>;
/** @returns The code of its refusal; undefined where there was none. */
export type Ask = (
  declared: Operation,
  body: Body,
  key: string | undefined,
) => Promise<string | undefined>;

/** As it is asked by each of its paths, which `overPaths` asks by: aliases and older ways to write a path are ways of their own. */
export const byEachPath = (declared: Operation): readonly Operation[] =>
  declared.http.map((binding) => ({ ...declared, http: [binding] }));
export const pathOf = ({ http: [first] }: Operation): string =>
  first === undefined ? '' : `${first.method} ${first.path}`;
export const isRelayed = (declared: Operation): boolean =>
  declared.kind === 'unary' && declared.onStream;
export const isStreamed = (declared: Operation): boolean =>
  isRelayed(declared) || declared.kind === 'control' || declared.name === 'watch';
export const isOnGrpc = (declared: Operation): boolean => rpcOf(declared) !== undefined;

export function rpcOf(declared: Operation): string | undefined {
  const { service } = groups.find(({ operations }) => operations.includes(declared)) ?? {};
  const method = 'grpc' in declared ? declared.grpc?.method : undefined;
  return service === undefined || method === undefined ? undefined : `${service}.${method}`;
}

interface Sent {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly body: Body | undefined;
}

/** As it is sent by its first path (`byEachPath`). */
function byPath(declared: Operation, body: Body): Sent {
  const [http] = declared.http;
  assert.ok(http !== undefined, declared.name);
  const rest = new Map(Object.entries(body));
  const path = http.path.replaceAll(/\{([a-z_]+)\}/g, (_match, field: string) => {
    const value = rest.get(field);
    rest.delete(field);
    return encodeURIComponent(typeof value === 'string' ? value : 'x');
  });
  if (http.method !== 'GET')
    return { method: http.method, url: path, body: Object.fromEntries(rest) };
  const query = new URLSearchParams(
    [...rest].map(([name, value]): [string, string] => [name, String(value)]),
  );
  return {
    method: 'GET',
    url: rest.size > 0 ? `${path}?${query.toString()}` : path,
    body: undefined,
  };
}

/** By its own path; what goes on telling over a real connection, which is closed once it is known that it tells. */
export function overPaths({ request }: Harness, url: string): Ask {
  return async (declared, body, key) => {
    const sent = byPath(declared, body);
    if (declared.kind !== 'stream') {
      const answer = await request(sent.method, sent.url, sent.body, bearer(key));
      return answer.body['code'] as string | undefined;
    }
    const leaving = new AbortController();
    const answer = await fetch(url + sent.url, { headers: bearer(key), signal: leaving.signal });
    const isTelling = answer.headers.get('content-type')?.startsWith('text/event-stream');
    const told = isTelling === true ? {} : ((await answer.json()) as Body);
    leaving.abort();
    return told['code'] as string | undefined;
  };
}

export const overRelay =
  ({ request }: Harness): Ask =>
  async (declared, body, key) => {
    const answer = await request('POST', `/operations/${declared.name}`, body, bearer(key));
    return answer.body['code'] as string | undefined;
  };

export class Streams {
  readonly url: string;
  readonly #test: TestContext;
  readonly #clients = new Map<string | undefined, StreamClient>();

  private constructor(url: string, test: TestContext) {
    this.url = url;
    this.#test = test;
  }

  static async of({ built }: Harness, test: TestContext): Promise<Streams> {
    return new Streams(await built.app.listen({ host: '127.0.0.1', port: 0 }), test);
  }

  async with(key: string | undefined): Promise<StreamClient> {
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    const client = await StreamClient.open(this.url);
    this.#test.after(() => client.hangUp());
    this.#clients.set(key, client);
    if (key !== undefined) await client.call('hello', { api_key: key });
    return client;
  }

  readonly ask: Ask = async (declared, body, key) => {
    const client = await this.with(key);
    const answer = await client.call(declared.name, body);
    return answer.body['code'] as string | undefined;
  };
}

/** Of what goes on telling the first message is awaited: it is there, or a refusal. */
export const overGrpc =
  (harness: GrpcHarness): Ask =>
  async (declared, body, key) => {
    const rpc = rpcOf(declared) ?? '';
    const sent = asGrpc(declared, body);
    const metadata = bearer(key);
    if (declared.kind === 'unary')
      return harness.call(rpc, sent, { metadata }).then(
        () => undefined,
        (error: unknown) => codeOf(error),
      );
    const isBothWays = declared.kind === 'stream' && declared.direction === 'both';
    const both = isBothWays ? harness.duplex(rpc, metadata) : undefined;
    both?.call.write(sent);
    const reading = both ?? harness.read(rpc, sent, metadata);
    const told = await reading.next();
    if (told === undefined) return codeOf(await reading.failure());
    reading.call.cancel();
    return undefined;
  };
