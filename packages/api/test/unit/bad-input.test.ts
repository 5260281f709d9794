/**
 * Every operation of queues and the cache, with every field wrong in every way that its declaration knows, over every
 * interface: it is refused with a stable code and the name of the field, nothing is done, and the connection goes on.
 */
import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { ServiceError } from '@grpc/grpc-js';
import { groups } from '@holdfast/contract';
import type { HttpBinding, Operation } from '@holdfast/contract';
import { badInputsOf } from '../bad-input.ts';
import type { BadInput } from '../bad-input.ts';
import { asGrpc } from '../samples.ts';
import { isOnGrpc, isRelayed, isStreamed, rpcOf } from '../ways.ts';
import { StreamClient } from '../stream-client.ts';
import { decodedDetails } from './grpc/error-details.ts';
import { startGrpcHarness } from './grpc/grpc-client.ts';
import type { GrpcHarness } from './grpc/grpc-client.ts';

/** What a refusal tells. */
interface Told {
  readonly code: unknown;
  readonly field: unknown;
}
type Ask = (declared: Operation, bad: BadInput) => Promise<Told>;

const operations = groups
  .filter(({ name }) => name === 'queues' || name === 'cache')
  .flatMap((group): readonly Operation[] => group.operations);

/** One connection of HTTP for all requests. */
class OneConnection {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #url: string;
  /** Of its end here; another one for every connection that was opened. */
  readonly ports = new Set<number | undefined>();

  constructor(url: string, t: TestContext) {
    this.#url = url;
    t.after(() => this.#agent.destroy());
  }

  async ask(method: string, path: string, text?: string): Promise<Told> {
    // Node sends the body of a DELETE without its length.
    const headers =
      text === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const asked = request(`${this.#url}${path}`, { method, headers, agent: this.#agent });
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      asked.on('response', resolve).on('error', reject);
      asked.end(text);
    });
    this.ports.add(answer.socket.localPort);
    let told = '';
    for await (const chunk of answer) told += String(chunk);
    const problem = JSON.parse(told) as Readonly<Record<string, unknown>>;
    return {
      code: problem['code'] ?? `status ${String(answer.statusCode)}`,
      field: problem['field'],
    };
  }

  /** In the query of a GET, and in the body of anything else. */
  readonly byPath =
    ({ method, path }: HttpBinding): Ask =>
    (_declared, { body }) => {
      if (method !== 'GET') return this.ask(method, path, JSON.stringify(body));
      const fields = Object.entries(body).map(([name, value]): [string, string] => [
        name,
        String(value),
      ]);
      return this.ask('GET', `${path}?${new URLSearchParams(fields).toString()}`);
    };

  readonly byRelay: Ask = ({ name }, { body }) =>
    this.ask('POST', `/operations/${name}`, JSON.stringify(body));
}

/** In a query everything is text. */
function isOfQuery({ body, field, kind }: BadInput): boolean {
  const value = body[field];
  if (kind === 'type') return typeof value === 'string';
  return typeof value !== 'object';
}

/** A message of gRPC says numbers and texts, and knows no field that is unknown or missing; nor do whole numbers say what is below 0. */
const isOfGrpc = ({ kind }: BadInput): boolean => kind === 'value' || kind === 'large';

const overStream =
  (client: StreamClient): Ask =>
  async ({ name }, { body }) => {
    const { failed, body: told } = await client.call(name, body);
    return { code: failed ? told['code'] : 'done', field: told['field'] };
  };

const overGrpc =
  (harness: GrpcHarness): Ask =>
  async (declared, { body }) => {
    try {
      await harness.call(rpcOf(declared) ?? '', asGrpc(declared, body));
      return { code: 'done', field: undefined };
    } catch (error) {
      const { reason, metadata } = decodedDetails(error as ServiceError).info;
      return { code: reason, field: metadata['field'] };
    }
  };

describe('bad input about queues and the cache', () => {
  test('is refused over every interface with its code and its field, and does nothing', async (t) => {
    // Larger than a value: that is refused as such, and not the body that has it.
    const harness = await startGrpcHarness(t, { limits: { maxBodyBytes: 200_000 } });
    const url = await harness.built.app.listen({ host: '127.0.0.1', port: 0 });
    const http = new OneConnection(url, t);
    const stream = await StreamClient.open(url);
    t.after(() => stream.hangUp());
    const wrong: string[] = [];
    let asked = 0;
    const ask = async (where: string, way: Ask, declared: Operation, bad: BadInput) => {
      asked += 1;
      const told = await way(declared, bad);
      if (told.code === bad.code && told.field === bad.field) return;
      const expected = `${bad.code} of ${bad.field}`;
      wrong.push(
        `${where} ${declared.name}: "${bad.field}" ${bad.what}: ${String(told.code)} of ${String(told.field)}, not ${expected}`,
      );
    };
    for (const declared of operations) {
      const all = badInputsOf(declared);
      assert.ok(all.length > 0, declared.name);
      // All at once: a connection is asked for the next before it has answered the one before.
      await Promise.all(
        all.flatMap((bad) => {
          const asks = declared.http
            .filter(({ method }) => method !== 'GET' || isOfQuery(bad))
            .map((path) => ask(`${path.method} ${path.path}`, http.byPath(path), declared, bad));
          // It looks at them as the stream does.
          if (isRelayed(declared) && bad.kind === 'shape')
            asks.push(ask('relay', http.byRelay, declared, bad));
          if (isStreamed(declared)) asks.push(ask('stream', overStream(stream), declared, bad));
          if (isOnGrpc(declared) && isOfGrpc(bad))
            asks.push(ask('gRPC', overGrpc(harness), declared, bad));
          return asks;
        }),
      );
    }
    assert.deepEqual(wrong, []);
    assert.ok(asked > 800, String(asked));

    assert.deepEqual(harness.engine.submitted, []);
    assert.deepEqual(harness.logged, []);
    // Every connection goes on.
    assert.equal(http.ports.size, 1);
    assert.equal((await http.ask('POST', '/queue/pop', '{}')).code, 'status 200');
    assert.equal((await stream.call('queue_pop', {})).failed, false);
    assert.equal((await harness.call('Queues.Pop', {}))['queue'], 'default');
    assert.equal(http.ports.size, 1);
  });

  test('that is no object, or no JSON, is refused alike', async (t) => {
    const harness = await startGrpcHarness(t);
    const url = await harness.built.app.listen({ host: '127.0.0.1', port: 0 });
    const http = new OneConnection(url, t);
    const stream = await StreamClient.open(url);
    t.after(() => stream.hangUp());
    for (const declared of operations) {
      for (const body of [[], null, 7, 'x']) {
        const text = JSON.stringify(body);
        const about = `${declared.name} ${text}`;
        for (const { method, path } of declared.http)
          if (method !== 'GET')
            assert.equal((await http.ask(method, path, text)).code, 'invalid_request', about);
        if (!isStreamed(declared)) continue;
        const { failed, body: told } = await stream.call(declared.name, body);
        assert.deepEqual([failed, told['code']], [true, 'invalid_request'], about);
      }
    }
    assert.equal((await stream.call('queue_pop', {})).failed, false);
    assert.equal(http.ports.size, 1);
    for (const { method, path } of operations.flatMap((declared) => declared.http))
      if (method !== 'GET')
        assert.equal((await http.ask(method, path, '{"a":')).code, 'invalid_json', path);
    assert.deepEqual(harness.logged, []);
  });

  test('of numbers that JSON does not have is refused over gRPC', async (t) => {
    const harness = await startGrpcHarness(t);
    const numbers = ['delay_seconds', 'visibility_seconds', 'wait_seconds', 'ttl_seconds'];
    const wrong: string[] = [];
    let asked = 0;
    for (const declared of operations.filter(isOnGrpc))
      for (const bad of badInputsOf(declared).filter(
        ({ field, what }) => numbers.includes(field) && what === 'is below the least',
      ))
        for (const value of [Number.NaN, Infinity, -Infinity]) {
          asked += 1;
          const told = await overGrpc(harness)(declared, {
            ...bad,
            body: { ...bad.body, [bad.field]: value },
          });
          if (told.code !== 'invalid_request' || told.field !== bad.field)
            wrong.push(`${declared.name} ${bad.field} ${String(value)}: ${String(told.code)}`);
        }
    assert.deepEqual(wrong, []);
    assert.ok(asked >= 12, String(asked));
    assert.deepEqual(harness.logged, []);
  });
});
