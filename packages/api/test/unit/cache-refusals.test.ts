/** Bad input about the cache: it is refused on every interface with the same code and field, and changes nothing. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ServiceError } from '@grpc/grpc-js';
import { groups } from '@holdfast/contract';
import { cacheRefusals, heldName, keptKey, staleToken } from '../cache-refusals.ts';
import { asGrpc } from '../samples.ts';
import { StreamClient } from '../stream-client.ts';
import { rpcOf } from '../ways.ts';
import { decodedDetails } from './grpc/error-details.ts';
import { startGrpcHarness } from './grpc/grpc-client.ts';

const operations = new Map(
  groups.flatMap(({ operations: all }) => all.map((one) => [one.name, one] as const)),
);

describe('bad input about the cache', () => {
  test('is refused alike over HTTP, gRPC and the stream, and changes nothing', async (t) => {
    const harness = await startGrpcHarness(t, { limits: { maxBodyBytes: 200_000 } });
    const { request, engine } = harness;
    const url = await harness.built.app.listen({ host: '127.0.0.1', port: 0 });
    const stream = await StreamClient.open(url);
    t.after(() => stream.hangUp());
    const shown = async (): Promise<unknown> => {
      const kept = await request('GET', `/cache/get?k=${keptKey}`);
      const { keys, bytes } = (await request('GET', '/cache/stats')).body;
      return [kept.body['value'], kept.body['version'], keys, bytes];
    };
    await request('POST', '/cache/set', { key: keptKey, value: 1 });
    const held = await request('POST', '/lock/acquire', {
      name: heldName,
      owner: 'me',
      ttl_seconds: 600,
    });
    const token = Number(held.body['fence_token']);
    assert.ok(token > 0, held.text);
    const before = await shown();
    const wrong: string[] = [];
    for (const refusal of cacheRefusals) {
      const declared = operations.get(refusal.operation);
      assert.ok(declared !== undefined);
      const body = JSON.parse(
        JSON.stringify(refusal.body, (_name, value: unknown) =>
          value === staleToken ? token + 1 : value,
        ),
      ) as Readonly<Record<string, unknown>>;
      const [{ method, path } = assert.fail()] = declared.http;
      const query = new URLSearchParams(Object.entries(body) as [string, string][]).toString();
      const answer =
        method === 'GET'
          ? await request('GET', `${path}?${query}`)
          : await request(method, path, body);
      const streamed = await stream.call(refusal.operation, body);
      const answers: Record<string, readonly unknown[]> = {
        http: [answer.body['code'], answer.body['field']],
        stream: [streamed.failed ? streamed.body['code'] : 'done', streamed.body['field']],
      };
      if (refusal.isUntyped !== true)
        answers['grpc'] = await harness.call(rpcOf(declared) ?? '', asGrpc(declared, body)).then(
          () => ['done', undefined],
          (error: unknown) => {
            const { reason, metadata } = decodedDetails(error as ServiceError).info;
            return [reason, metadata['field']];
          },
        );
      const about = `${refusal.operation} ${JSON.stringify(refusal.body).slice(0, 90)}`;
      for (const [where, [code, field]] of Object.entries(answers)) {
        const isField = refusal.field === undefined || refusal.field === field;
        if (code !== refusal.code || !isField)
          wrong.push(`${where} ${about}: ${String(code)} of ${String(field)}`);
      }
      if (!answer.type.includes('problem+json')) wrong.push(`${about} is told as ${answer.type}`);
      if (JSON.stringify(await shown()) !== JSON.stringify(before))
        wrong.push(`${about} changed something`);
    }
    assert.deepEqual(wrong, []);
    assert.deepEqual(harness.logged, []);
    assert.equal(engine.waiterCount, 0);
    // With what is right it is written, over the same connection.
    const right = { key: keptKey, value: 2, if_held: { resource: heldName, fence_token: token } };
    assert.equal((await stream.call('cache_set', right)).failed, false);
  });
});
