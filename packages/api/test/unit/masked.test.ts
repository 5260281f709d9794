/** What a refusal tells of others, on every interface (MASK-1, MASK-2). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { secured } from '../secured-api.ts';
import type { Secured } from '../secured-api.ts';
import { StreamClient } from '../stream-client.ts';
import { refusal, startGrpcHarness } from './grpc/grpc-client.ts';
import type { GrpcHarness } from './grpc/grpc-client.ts';

type Headers = Readonly<Record<string, string>>;
type World = Secured & GrpcHarness;
type Ask = (operation: 'acquire' | 'campaign', body: object) => Promise<string>;

const worldOf = async (t: TestContext): Promise<World> => secured(t, {}, await startGrpcHarness(t));

async function sessionOf(world: World, client_id: string, headers: Headers): Promise<string> {
  const { body } = await world.request('POST', '/sessions', { client_id }, headers);
  return String(body['session_id']);
}

/** The whole of a refusal as text, by each interface. */
async function interfaces(t: TestContext, world: World, headers: Headers): Promise<Ask[]> {
  const { request } = world;
  const url = await world.built.app.listen({ host: '127.0.0.1', port: 0 });
  const stream = await StreamClient.open(url);
  t.after(() => stream.hangUp());
  await stream.call('hello', { api_key: headers['authorization']?.slice('Bearer '.length) });
  const rpcs = { acquire: 'Locks.Acquire', campaign: 'Elections.Campaign' };
  return [
    async (operation, body) => {
      const { name, ...rest } = body as { readonly name: string };
      const path = `/${operation === 'acquire' ? 'locks' : 'elections'}/${encodeURIComponent(name)}`;
      return (await request('POST', `${path}/${operation}`, rest, headers)).text;
    },
    async (operation, body) =>
      (await request('POST', `/operations/${operation}`, body, headers)).text,
    async (operation, body) => JSON.stringify((await stream.call(operation, body)).body),
    async (operation, body) => {
      const refused = await refusal(world.call(rpcs[operation], body, { metadata: headers }));
      return JSON.stringify([refused.message, refused.metadata.getMap()]);
    },
  ];
}

async function waitersOf({ engine }: World, count: number): Promise<void> {
  while (engine.waiterCount < count) await new Promise((resolve) => setImmediate(resolve));
}

describe('given authentication', () => {
  test('a refusal for a deadlock names nobody that waits for what its caller may not read', async (t) => {
    const world = await worldOf(t);
    const { request, root, identity } = world;
    const worker = await identity(
      'worker',
      { verb: 'acquire', kind: 'lock', prefix: 'mine/' },
      { verb: 'acquire', kind: 'lock', prefix: 'shared/' },
      { verb: 'read', kind: 'lock', prefix: 'mine/' },
    );
    const own = await sessionOf(world, 'own-client', worker);
    const [bob, carol] = [
      await sessionOf(world, 'client-bob', root),
      await sessionOf(world, 'client-carol', root),
    ];
    const acquire = (name: string, session_id: string, headers: Headers, wait_seconds = 0) =>
      request(
        'POST',
        `/locks/${encodeURIComponent(name)}/acquire`,
        { session_id, wait_seconds },
        headers,
      );
    await acquire('mine/a', own, worker);
    await acquire('shared/b', bob, root);
    await acquire('hidden/c', carol, root);
    void acquire('hidden/c', bob, root, 60);
    await waitersOf(world, 1);
    void acquire('mine/a', carol, root, 60);
    await waitersOf(world, 2);
    const body = { name: 'shared/b', session_id: own, wait_seconds: 60 };
    const asks = await interfaces(t, world, worker);
    for (const [index, ask] of asks.entries()) {
      const text = await ask('acquire', body);
      assert.match(text, /deadlock/, String(index));
      assert.match(text, /own-client → \(another client\) → client-carol → own-client/);
      assert.doesNotMatch(text, /client-bob|hidden/, String(index));
    }
    await request('POST', '/auth/roles/of-worker/grant', { verb: 'read', kind: 'lock' }, root);
    for (const ask of asks) {
      const told = await ask('acquire', body);
      assert.match(told, /own-client → client-bob → client-carol/, 'who may read is told');
    }
  });

  test('who may acquire and not read is told that something is held, and not by whom', async (t) => {
    const world = await worldOf(t);
    const { request, root, identity } = world;
    const owner = await sessionOf(world, 'client-bob', root);
    const held = await request('POST', '/locks/x/acquire', { session_id: owner }, root);
    const led = await request('POST', '/elections/x/campaign', { session_id: owner }, root);
    const tokens = [held, led].map(({ body }) => Number(body['fence_token']));
    assert.ok(tokens.every((token) => token > 0));
    const rules = ['lock', 'election'].map((kind) => ({ verb: 'acquire', kind }));
    const worker = await identity('worker', ...rules, {
      verb: 'read',
      kind: 'lock',
      name: 'other',
    });
    const own = await sessionOf(world, 'own-client', worker);
    const asks = await interfaces(t, world, worker);
    const ofToken = new RegExp(String.raw`token\D{0,4}(${tokens.join('|')})\b`);
    for (const [index, ask] of asks.entries())
      for (const operation of ['acquire', 'campaign'] as const) {
        const text = await ask(operation, { name: 'x', session_id: own });
        assert.match(text, operation === 'acquire' ? /lock_held/ : /not_elected/);
        assert.doesNotMatch(text, /client-bob/, String(index));
        assert.doesNotMatch(text, ofToken, String(index));
        const waiting = ask(operation, { name: 'x', session_id: own, wait_seconds: 1 });
        await waitersOf(world, 1);
        world.engine.advance(1001);
        const waited = await waiting;
        assert.match(waited, /wait_timeout/);
        assert.doesNotMatch(waited, /client-bob/, String(index));
        assert.doesNotMatch(waited, ofToken, String(index));
      }
    const released = await request('POST', '/locks/x/release', { session_id: own }, worker);
    assert.equal(released.body['code'], 'not_holder', released.text);
    assert.doesNotMatch(released.text, /client-bob/);
    for (const kind of ['lock', 'election'])
      await request('POST', '/auth/roles/of-worker/grant', { verb: 'read', kind }, root);
    for (const ask of asks) {
      assert.match(await ask('acquire', { name: 'x', session_id: own }), /client-bob/);
      assert.match(await ask('campaign', { name: 'x', session_id: own }), /client-bob/);
    }
  });
});
