/** Every operation, on every interface, for every kind of caller, beside a naive reading of the rules (DENY-1, DENY-2). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { operations } from '@holdfast/contract';
import type { Operation } from '@holdfast/contract';
import { startHarness } from '../harness.ts';
import { accessOf, kinds, naively, Principals, verdictOf } from '../principals.ts';
import { sampleOf } from '../samples.ts';
import { StreamClient } from '../stream-client.ts';
import { byEachPath, isOnGrpc, isRelayed, isStreamed, overGrpc, overPaths } from '../ways.ts';
import { overRelay, pathOf, Streams } from '../ways.ts';
import type { Ask } from '../ways.ts';
import { startGrpcHarness } from './grpc/grpc-client.ts';

/** What would change for all that follow, where it is admitted. */
const changesAll: ReadonlySet<string> = new Set(['auth_disable']);

async function eachAnswersAsTheRulesSay(
  asked: readonly Operation[],
  principals: Principals,
  ask: Ask,
): Promise<void> {
  // Those with the same rules one after the other: to change rules for each takes most of the time.
  const inOrder = Object.values(Object.groupBy(asked, accessOf)).flatMap((some) => some ?? []);
  assert.equal(inOrder.length, asked.length);
  for (const declared of inOrder) {
    await principals.standBefore(declared);
    for (const kind of kinds) {
      const expected = naively(declared, kind);
      if (expected === 'admitted' && changesAll.has(declared.name)) continue;
      const code = await ask(declared, sampleOf(declared), principals.key(kind));
      const told = `${declared.name} ${pathOf(declared)} for ${kind}: ${String(code)}`;
      assert.equal(verdictOf(code), expected, told);
    }
  }
}

/** Wrong keys are shown here more often than anybody may. */
const limits = { maxWrongKeysPerSecondPerAddress: 0 };

describe('an operation is admitted as the rules say', () => {
  test('by its path, also where that goes on telling, to each kind of caller', async (t) => {
    const harness = startHarness(t, { limits }, false);
    const principals = await Principals.of(harness.engine);
    const asked = operations.flatMap(byEachPath);
    for (const name of ['watch', 'observe', 'snapshot', 'metrics'])
      assert.ok(
        asked.some((declared) => declared.name === name),
        name,
      );
    const paths = asked.map(pathOf);
    for (const second of ['GET /election/{name}', 'DELETE /cluster/members', 'GET /watch'])
      assert.ok(paths.includes(second), second);
    assert.equal(new Set(paths).size, operations.flatMap(({ http }) => http).length);
    const url = await harness.built.app.listen({ host: '127.0.0.1', port: 0 });
    await eachAnswersAsTheRulesSay(asked, principals, overPaths(harness, url));
  });

  test('by the relay of HTTP, to each kind of caller', async (t) => {
    const harness = startHarness(t, { limits }, false);
    const principals = await Principals.of(harness.engine);
    const asked = operations.filter(isRelayed);
    assert.ok(asked.length > 50);
    await eachAnswersAsTheRulesSay(asked, principals, overRelay(harness));
  });

  test('on the client stream, also what only that has, to each kind of caller', async (t) => {
    const harness = startHarness(t, { limits }, false);
    const principals = await Principals.of(harness.engine);
    const streams = await Streams.of(harness, t);
    const asked = operations.filter(isStreamed);
    for (const name of ['watch', 'unwatch', 'cache_keep', 'cache_dropped'])
      assert.ok(
        asked.some((declared) => declared.name === name),
        name,
      );
    await eachAnswersAsTheRulesSay(asked, principals, streams.ask);
    const told = (await streams.with(undefined)).pushes;
    for (const [, body] of told) assert.deepEqual(body['members'], []);
    assert.ok(told.length > 0, 'it is told that there is a node, and not which others there are');
  });

  test('on gRPC, also in calls with many messages, to each kind of caller', async (t) => {
    const harness = await startGrpcHarness(t, { limits }, false);
    const principals = await Principals.of(harness.engine);
    const asked = operations.filter(isOnGrpc);
    assert.equal(asked.filter(({ kind }) => kind === 'stream').length, 4);
    await eachAnswersAsTheRulesSay(asked, principals, overGrpc(harness));
  });
});

describe('a stream', () => {
  test('is told nothing of a session of another identity, whatever it names (VISIBLE-1)', async (t) => {
    const { engine, built, request } = startHarness(t);
    const principals = await Principals.of(engine);
    const declared = operations.find(({ name }) => name === 'create_session');
    assert.ok(declared);
    await principals.standBefore(declared);
    const owner = principals.headers('the rule');
    const { body } = await request('POST', '/sessions', {}, owner);
    const session_id = String(body['session_id']);
    const url = await built.app.listen({ host: '127.0.0.1', port: 0 });
    const spy = await StreamClient.open(url);
    t.after(() => spy.hangUp());
    await spy.call('hello', { api_key: principals.key('other rule') });
    const refused = await spy.call('keepalive', { session_id });
    assert.equal(refused.body['code'], 'session_not_found');
    // While a request is unanswered, the session that it names is followed.
    await principals.grant([
      { role: 'other-rule', rule: { verb: 'acquire', kind: 'lock' } },
      { role: 'the-rule', rule: { verb: 'acquire', kind: 'session' } },
    ]);
    const gate = Promise.withResolvers<void>();
    engine.gate = gate.promise;
    const wanted = spy.call('acquire', { session_id, name: 'other/1' });
    await spy.call('ping', {});
    engine.gate = undefined;
    await request('DELETE', `/sessions/${session_id}`, undefined, owner);
    gate.resolve();
    await wanted;
    await spy.call('ping', {});
    assert.deepEqual(
      spy.pushes.filter(([kind]) => kind !== 'cluster'),
      [],
    );
  });

  test('ends where its key cannot be judged yet, so that its client says hello again (DENY-5)', async (t) => {
    const { engine, built } = startHarness(t);
    const principals = await Principals.of(engine);
    Object.defineProperty(engine, 'revision', { value: -1 });
    const url = await built.app.listen({ host: '127.0.0.1', port: 0 });
    const early = await StreamClient.open(url);
    const key = principals.key('no rule') ?? '';
    void early.call('hello', { api_key: `${key.slice(0, -2)}__` }).catch(() => undefined);
    assert.equal((await early.closed).code, 1013);
  });

  test('ends when its key is revoked (DENY-4)', async (t) => {
    const { engine, built } = startHarness(t);
    const principals = await Principals.of(engine);
    const url = await built.app.listen({ host: '127.0.0.1', port: 0 });
    const client = await StreamClient.open(url);
    const key = principals.key('no rule') ?? '';
    const hello = await client.call('hello', { api_key: key });
    assert.deepEqual(hello.body, { identity: 'no-rule' });
    const again = await client.call('hello', { api_key: key });
    assert.equal(again.body['code'], 'invalid_request');
    await principals.change({ type: 'auth_revoke_key', id: key.split('_')[1] ?? '' });
    assert.equal((await client.closed).code, 1008);
  });
});
