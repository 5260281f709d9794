/** Every operation, on every interface, for every kind of caller, beside a naive reading of the rules (DENY-1, DENY-2). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { groups, operations } from '@holdfast/contract';
import type { Operation, UnaryOperation } from '@holdfast/contract';
import type { AccessCommand } from '@holdfast/state';
import { newKey } from '../../src/pipeline/api-keys.ts';
import type { MemoryEngine } from '../memory-engine.ts';
import { startHarness } from '../harness.ts';
import { grpcSampleOf, sampleOf } from '../samples.ts';
import { StreamClient } from '../stream-client.ts';
import { codeOf, startGrpcHarness } from './grpc/grpc-client.ts';

type Rule = Extract<AccessCommand, { type: 'auth_grant' }>['rule'];
const kinds = ['none', 'wrong', 'revoked', 'expired', 'no rule', 'other rule', 'the rule'] as const;
type Kind = (typeof kinds)[number];
const ofProof: ReadonlySet<Kind> = new Set(['wrong', 'revoked', 'expired']);

class Principals {
  readonly #engine: MemoryEngine;
  readonly #keys = new Map<Kind, string>();
  #rules: { readonly role: string; readonly rule: Rule }[] = [];
  #rulesOf = '';

  constructor(engine: MemoryEngine) {
    this.#engine = engine;
  }

  async change(command: AccessCommand): Promise<void> {
    const result = await this.#engine.submit(command, { identity: 'holdfast' });
    assert.ok(result.ok, JSON.stringify(result));
  }

  async #key(kind: Kind, more: { readonly expiresAtMs?: number } = {}): Promise<string> {
    const { id, text, hash } = newKey();
    const identity = kind.replace(' ', '-');
    await this.change({ type: 'auth_create_key', id, identity, hash, createdAtMs: 1, ...more });
    this.#keys.set(kind, text);
    return id;
  }

  static async of(engine: MemoryEngine): Promise<Principals> {
    const all = new Principals(engine);
    const { id, hash } = newKey();
    const admin = { identity: 'root', roles: ['admin'], createdAtMs: 1 };
    await all.change({ type: 'auth_create_key', id, hash, ...admin });
    for (const kind of ['no rule', 'other rule', 'the rule'] as const) await all.#key(kind);
    await all.#key('expired', { expiresAtMs: 2 });
    await all.change({ type: 'auth_revoke_key', id: await all.#key('revoked') });
    all.#keys.set('wrong', newKey().text);
    await all.change({ type: 'auth_enable' });
    return all;
  }

  key(kind: Kind): string | undefined {
    return this.#keys.get(kind);
  }

  /** The rules that make the difference for this operation. */
  async standBefore(declared: Operation): Promise<void> {
    const { access } = declared;
    if (this.#rulesOf === accessOf(declared)) return;
    this.#rulesOf = accessOf(declared);
    for (const { role, rule } of this.#rules)
      await this.change({ type: 'auth_withdraw', role, rule });
    const { verb, resource } = access;
    const kind = resource === 'event' ? {} : { kind: resource };
    this.#rules = [
      { role: 'the-rule', rule: { verb, ...kind } },
      // Of the same verb on another kind, and of another verb.
      { role: 'other-rule', rule: { verb, kind: 'another' } },
      { role: 'other-rule', rule: { verb: verb === 'push' ? 'manage' : 'push', ...kind } },
    ];
    // What is seen of events are those of every kind.
    if (resource === 'event') this.#rules.splice(1, 1);
    for (const { role, rule } of this.#rules) {
      await this.change({ type: 'auth_grant', role, rule });
      await this.change({ type: 'auth_bind', identity: role, role });
    }
  }
}

const accessOf = ({ access }: Operation): string => `${access.verb} ${access.resource}`;

/** As it stands in the documents. */
function naively({ access }: Operation, kind: Kind): 'unauthorized' | 'forbidden' | 'admitted' {
  if (kind === 'wrong' || kind === 'revoked' || kind === 'expired') return 'unauthorized';
  if (access.open === true) return 'admitted';
  if (kind === 'none') return 'unauthorized';
  if (kind === 'no rule') return 'forbidden';
  if (kind === 'the rule') return 'admitted';
  const forAnyRule =
    access.resource === 'session' || (access.resource === 'cluster' && access.verb === 'read');
  return forAnyRule ? 'admitted' : 'forbidden';
}

/** What would change for all that follow, where it is admitted. */
const changesAll: ReadonlySet<string> = new Set(['auth_disable']);
const isUnary = (declared: Operation): declared is UnaryOperation => declared.kind === 'unary';

type Ask = (declared: Operation, key: string | undefined) => Promise<string | undefined>;

async function eachAnswersAsTheRulesSay(
  asked: readonly Operation[],
  principals: Principals,
  ask: Ask,
): Promise<void> {
  // Those with the same rules one after the other: to change rules for each takes most of the time.
  const inOrder = Object.values(Object.groupBy(asked, accessOf)).flatMap((some) => some ?? []);
  assert.equal(inOrder.length, asked.length);
  for (const [index, declared] of inOrder.entries()) {
    await principals.standBefore(declared);
    for (const kind of kinds) {
      // A proof that does not hold is refused before anything is known of the operation.
      if (ofProof.has(kind) && index % 8 !== 0) continue;
      const expected = naively(declared, kind);
      if (expected === 'admitted' && changesAll.has(declared.name)) continue;
      const code = await ask(declared, principals.key(kind));
      const found = code === 'unauthorized' || code === 'forbidden' ? code : 'admitted';
      assert.equal(found, expected, `${declared.name} for ${kind}: ${String(code)}`);
    }
  }
}

const bearer = (key: string | undefined): Readonly<Record<string, string>> =>
  key === undefined ? {} : { authorization: `Bearer ${key}` };

/** Wrong keys are shown here more often than anybody may. */
const limits = { maxWrongKeysPerSecondPerAddress: 0 };

async function overHttp(t: TestContext, byPath: boolean): Promise<void> {
  const { engine, request } = startHarness(t, { limits }, false);
  const principals = await Principals.of(engine);
  const asked = operations.filter((declared) =>
    byPath
      ? declared.http.length > 0 && declared.kind !== 'stream'
      : isUnary(declared) && declared.onStream,
  );
  assert.ok(asked.length > 50);
  await eachAnswersAsTheRulesSay(asked, principals, async (declared, key) => {
    const body = sampleOf(declared);
    const [http] = declared.http;
    if (!byPath || http === undefined) {
      const url = `/operations/${declared.name}`;
      const answer = await request('POST', url, body, bearer(key));
      return answer.body['code'] as string | undefined;
    }
    const rest = new Map(Object.entries(body));
    const url = http.path.replaceAll(/\{([a-z_]+)\}/g, (_match, field: string) => {
      const value = rest.get(field);
      rest.delete(field);
      return encodeURIComponent(typeof value === 'string' ? value : 'x');
    });
    const query = new URLSearchParams(
      [...rest].map(([name, value]): [string, string] => [name, String(value)]),
    );
    const isRead = http.method === 'GET';
    const answer = await request(
      http.method,
      isRead && rest.size > 0 ? `${url}?${query.toString()}` : url,
      isRead ? undefined : Object.fromEntries(rest),
      bearer(key),
    );
    return answer.body['code'] as string | undefined;
  });
}

describe('an operation is admitted as the rules say', () => {
  test('by its path, to each kind of caller', (t) => overHttp(t, true));

  test('by the relay of HTTP, to each kind of caller', (t) => overHttp(t, false));

  test('on the client stream, to each kind of caller', async (t) => {
    const { engine, built } = startHarness(t, { limits });
    const principals = await Principals.of(engine);
    const url = await built.app.listen({ host: '127.0.0.1', port: 0 });
    const asked = operations.filter(
      (declared) => (isUnary(declared) && declared.onStream) || declared.name === 'watch',
    );
    const clients = new Map<string | undefined, StreamClient>();
    const clientWith = async (key: string | undefined): Promise<StreamClient> => {
      const known = clients.get(key);
      if (known !== undefined) return known;
      const client = await StreamClient.open(url);
      t.after(() => client.hangUp());
      clients.set(key, client);
      if (key !== undefined) await client.call('hello', { api_key: key });
      return client;
    };
    await eachAnswersAsTheRulesSay(asked, principals, async (declared, key) => {
      const client = await clientWith(key);
      const { body } = await client.call(declared.name, sampleOf(declared));
      return body['code'] as string | undefined;
    });
    const told = clients.get(undefined)?.pushes ?? [];
    for (const [, body] of told) assert.deepEqual(body['members'], []);
    assert.ok(told.length > 0, 'it is told that there is a node, and not which others there are');
  });

  test('on gRPC, to each kind of caller', async (t) => {
    const harness = await startGrpcHarness(t);
    const principals = await Principals.of(harness.engine);
    const asked = operations.filter((declared) => isUnary(declared) && declared.grpc !== undefined);
    await eachAnswersAsTheRulesSay(asked, principals, async (declared, key) => {
      const service = groups.find((group) => group.operations.includes(declared))?.service ?? '';
      const method = isUnary(declared) ? (declared.grpc?.method ?? '') : '';
      const metadata = bearer(key);
      return harness.call(`${service}.${method}`, grpcSampleOf(declared), { metadata }).then(
        () => undefined,
        (error: unknown) => codeOf(error),
      );
    });
  });
});

/** Fields that one of several ways to ask needs. */
const besides: Readonly<Record<string, object>> = { cancel_request: { request_id: 17 } };

/** What is answered to one's own session may differ; to that of another identity it may not, from one that was never there. */
test('the session of another identity is told like none, by every operation that names one (OWNER-1)', async (t) => {
  const { engine, built, request } = startHarness(t, { limits }, false);
  const principals = await Principals.of(engine);
  const asked = operations.filter(
    (declared): declared is UnaryOperation =>
      isUnary(declared) && declared.onStream && 'session_id' in declared.request.fields,
  );
  assert.ok(asked.length > 15, String(asked.length));
  const [creating] = operations.filter(({ name }) => name === 'create_session');
  assert.ok(creating);
  await principals.standBefore(creating);
  const made = await request('POST', '/sessions', {}, bearer(principals.key('other rule')));
  const foreign = String(made.body['session_id']);
  const absent = `${foreign.slice(0, -4)}0000`;
  const url = await built.app.listen({ host: '127.0.0.1', port: 0 });
  const stream = await StreamClient.open(url);
  t.after(() => stream.hangUp());
  await stream.call('hello', { api_key: principals.key('the rule') });
  for (const declared of asked) {
    await principals.standBefore(declared);
    const told = async (session_id: string): Promise<readonly string[]> => {
      const body = { ...sampleOf(declared), ...besides[declared.name], session_id };
      const headers = bearer(principals.key('the rule'));
      const relayed = await request('POST', `/operations/${declared.name}`, body, headers);
      const streamed = await stream.call(declared.name, body);
      return [relayed.text, JSON.stringify(streamed.body)].map((text) =>
        text.replaceAll(session_id, 'ID').replaceAll(/"revision":\d+/g, ''),
      );
    };
    const [ofForeign, ofAbsent] = [await told(foreign), await told(absent)];
    assert.deepEqual(ofForeign, ofAbsent, declared.name);
    for (const text of ofForeign) assert.match(text, /"code":"session_not_found"/, declared.name);
  }
});

describe('a stream', () => {
  test('is told nothing of a session of another identity, whatever it names (VISIBLE-1)', async (t) => {
    const { engine, built, request } = startHarness(t);
    const principals = await Principals.of(engine);
    const declared = operations.find(({ name }) => name === 'create_session');
    assert.ok(declared);
    await principals.standBefore(declared);
    const owner = bearer(principals.key('the rule'));
    const { body } = await request('POST', '/sessions', {}, owner);
    const session_id = String(body['session_id']);
    const url = await built.app.listen({ host: '127.0.0.1', port: 0 });
    const spy = await StreamClient.open(url);
    t.after(() => spy.hangUp());
    await spy.call('hello', { api_key: principals.key('other rule') });
    const refused = await spy.call('keepalive', { session_id });
    assert.equal(refused.body['code'], 'session_not_found');
    await request('DELETE', `/sessions/${session_id}`, undefined, owner);
    await spy.call('ping', {});
    assert.deepEqual(
      spy.pushes.filter(([kind]) => kind !== 'cluster'),
      [],
    );
  });

  test('ends where its key cannot be judged yet, so that its client says hello again (DENY-5)', async (t) => {
    const { engine, built } = startHarness(t);
    const principals = await Principals.of(engine);
    const status = engine.status();
    engine.status = () => ({ ...status, appliedIndex: 3, commitIndex: 5 });
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
