/** What belongs to another identity: it is told like what was never there, on every interface (OWNER-1). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { groups, operations } from '@holdfast/contract';
import type { Operation, UnaryOperation } from '@holdfast/contract';
import { Principals } from '../principals.ts';
import { asGrpc, sampleOf } from '../samples.ts';
import { StreamClient } from '../stream-client.ts';
import { refusal, startGrpcHarness } from './grpc/grpc-client.ts';
import type { GrpcHarness } from './grpc/grpc-client.ts';

type Body = Readonly<Record<string, unknown>>;

/** One who owns something, and another one who may ask for everything of its kind. */
class World {
  readonly harness: GrpcHarness;
  readonly principals: Principals;
  readonly #spy: StreamClient;

  private constructor(harness: GrpcHarness, principals: Principals, spy: StreamClient) {
    this.harness = harness;
    this.principals = principals;
    this.#spy = spy;
  }

  static async of(t: TestContext): Promise<World> {
    const harness = await startGrpcHarness(t, {}, false);
    const principals = await Principals.of(harness.engine);
    // Each may do everything but what is for operators.
    const verbs = ['read', 'acquire', 'manage', 'push', 'consume', 'cache_read', 'cache_write'];
    await principals.grant(
      ['the-rule', 'other-rule'].flatMap((role) =>
        verbs.map((verb) => ({ role, rule: { verb: verb as 'read' } })),
      ),
    );
    const url = await harness.built.app.listen({ host: '127.0.0.1', port: 0 });
    const spy = await StreamClient.open(url);
    t.after(() => spy.hangUp());
    await spy.call('hello', { api_key: principals.key('the rule') });
    return new World(harness, principals, spy);
  }

  async byOwner(operation: string, body: object): Promise<Body> {
    const headers = this.principals.headers('other rule');
    const answer = await this.harness.request('POST', `/operations/${operation}`, body, headers);
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
  }

  session = async (fields: object = {}): Promise<string> =>
    String((await this.byOwner('create_session', fields))['session_id']);

  /** What the other one is told of it: over the relay, the stream and gRPC. */
  async told(declared: UnaryOperation, body: Body): Promise<readonly string[]> {
    const headers = this.principals.headers('the rule');
    const url = `/operations/${declared.name}`;
    const relayed = await this.harness.request('POST', url, body, headers);
    const streamed = await this.#spy.call(declared.name, body);
    const service = groups.find((group) => group.operations.includes(declared))?.service ?? '';
    const rpc = `${service}.${declared.grpc?.method ?? ''}`;
    const called = await this.harness
      .call(rpc, asGrpc(declared, body), { metadata: headers })
      .then(JSON.stringify, (error: unknown) => {
        const { details, metadata } = error as Awaited<ReturnType<typeof refusal>>;
        return JSON.stringify({ code: metadata.get('holdfast-code')[0], details });
      });
    return [relayed.text, JSON.stringify(streamed.body), called];
  }
}

const without =
  (...names: readonly string[]) =>
  (text: string): string =>
    names
      .reduce((rest, name) => rest.replaceAll(name, 'NAME'), text)
      .replaceAll(/"revision":\d+/g, '');

const named = (field: string): readonly UnaryOperation[] =>
  operations.filter(
    (declared): declared is UnaryOperation =>
      declared.kind === 'unary' && declared.onStream && field in declared.request.fields,
  );

/** Fields that one of several ways to ask needs. */
const besides: Readonly<Record<string, object>> = { cancel_request: { request_id: 17 } };

test('the session of another identity is told like none, by every operation that names one', async (t) => {
  const world = await World.of(t);
  const foreign = await world.session();
  const absent = `${foreign.slice(0, -4)}0000`;
  const asked = named('session_id');
  assert.ok(asked.length > 15, String(asked.length));
  for (const declared of asked) {
    const told = async (session_id: string): Promise<readonly string[]> => {
      const body = { ...sampleOf(declared), ...besides[declared.name], session_id };
      return (await world.told(declared, body)).map(without(session_id));
    };
    const ofForeign = await told(foreign);
    assert.deepEqual(ofForeign, await told(absent), declared.name);
    for (const text of ofForeign) assert.match(text, /"code":"session_not_found"/, declared.name);
  }
});

test('a call with many messages tells the session of another identity like none', async (t) => {
  const world = await World.of(t);
  const { harness, principals } = world;
  const foreign = await world.session();
  const headers = principals.headers('the rule');
  const keepalives = harness.duplex('Sessions.KeepaliveStream', headers);
  keepalives.call.write({ session_id: foreign });
  const lost = await keepalives.next();
  assert.deepEqual(lost, { lost: { session_id: foreign, reason: 'SESSION_END_NOT_FOUND' } });
  const campaign = harness.read(
    'Elections.CampaignStream',
    { name: 'e', session_id: foreign },
    headers,
  );
  const refused = await campaign.failure();
  assert.equal(refused.metadata.get('holdfast-code')[0], 'session_not_found');
  // Its end is told to nobody else, though it was named on the call.
  await world.byOwner('end_session', { session_id: foreign });
  keepalives.call.end();
  assert.equal(await keepalives.next(), undefined);
});

test('what another identity holds for a client id is told like none to whoever names that client id', async (t) => {
  const world = await World.of(t);
  const terms = { client_id: 'shared', ttl_seconds: 30, request_id: 1 };
  await world.byOwner('acquire', { name: 'held', ...terms });
  await world.byOwner('campaign', { name: 'held', ...terms });
  await world.byOwner('acquire_permits', { name: 'held', limit: 1, ...terms });
  const gives = ['release', 'renew', 'downgrade', 'resign', 'proclaim', 'renew_leadership'];
  const asked = operations.filter(
    (declared): declared is UnaryOperation =>
      declared.kind === 'unary' &&
      [...gives, 'release_permits', 'renew_permits'].includes(declared.name),
  );
  assert.equal(asked.length, 8);
  for (const declared of asked)
    for (const more of [{}, { fence_token: 1 }]) {
      const told = async (client_id: string): Promise<readonly string[]> => {
        const { session_id: _none, ...sample } = sampleOf(declared);
        const body = { ...sample, ...more, name: 'held', client_id };
        // Whoever may read who holds it is told so in any case.
        return (await world.told(declared, body)).map(without('shared', 'nobody'));
      };
      const ofForeign = await told('shared');
      assert.deepEqual(ofForeign, await told('nobody'), declared.name);
      const refused = 'fence_token' in more ? /"code":"\w*not_\w+"/ : /"code":"/;
      for (const text of ofForeign) assert.match(text, refused, declared.name);
    }
  assert.equal(world.harness.engine.state.stats().heldLocks, 1);
});

describe('the receipt of another identity', () => {
  const settles = ['queue_ack', 'queue_nack', 'queue_extend'] as const;
  const declaredOf = (name: string): UnaryOperation => {
    const found = named('receipt').find((declared) => declared.name === name);
    assert.ok(found !== undefined, name);
    return found;
  };

  test('there are no other operations that name one', () => {
    const names = named('receipt').map((declared: Operation) => declared.name);
    assert.deepEqual(names, settles);
  });

  for (const name of settles)
    test(`is told like one that is stale: ${name}`, async (t) => {
      const world = await World.of(t);
      await world.byOwner('queue_push', { queue: 'q', key: 'k', payload: 'theirs' });
      const popped = await world.byOwner('queue_pop', { queue: 'q', visibility_seconds: 60 });
      const [delivered] = popped['messages'] as readonly { readonly receipt: string }[];
      assert.ok(delivered !== undefined);
      const { receipt } = delivered;
      const [id, delivery, token] = receipt.split('.');
      // What becomes of a message whoever may consume its queue may know; whose delivery it is they may not.
      const none = `${String(id)}.${String(delivery)}.${String(Number(token) + 1)}`;
      const told = async (one: string): Promise<readonly string[]> => {
        const body = { ...sampleOf(declaredOf(name)), queue: 'q', receipt: one };
        const texts = await world.told(declaredOf(name), body);
        return texts.map((text) => text.replaceAll(/"fence_token":\d+/g, ''));
      };
      const ofForeign = await told(receipt);
      assert.deepEqual(ofForeign, await told(none));
      for (const text of ofForeign) assert.match(text, /"code":"stale_receipt"/);
      const own = { ...sampleOf(declaredOf(name)), queue: 'q', receipt };
      await world.byOwner(name, own);
    });
});
