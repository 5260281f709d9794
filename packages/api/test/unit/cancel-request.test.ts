/** Acquires that nobody wants any more, by number and without. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { latestFeatureLevel } from '@holdfast/state';
import { startHarness } from '../harness.ts';
import { untilSo } from '../../../checker/src/waits.ts';

describe('an acquire by client id that is cancelled by its number', () => {
  for (const [kind, path, status] of [
    ['lock', '/locks/x/acquire', {}],
    ['semaphore', '/semaphores/x/acquire', { limit: 1 }],
    ['election', '/election/x/campaign', {}],
  ] as const) {
    test(`given ${kind}, then what it was granted is given back, and a late copy is refused`, async (t) => {
      const { request, engine } = startHarness(t);
      const ask = (request_id: number) =>
        request('POST', path, { client_id: 'c', request_id, ...status });
      const cancelRequest = (request_id: number) =>
        request('POST', '/cancel', { client_id: 'c', request_id, kind, name: 'x' });
      assert.equal((await ask(1)).status, 200);
      for (let times = 0; times < 2; times++) {
        const { body } = await cancelRequest(1);
        assert.deepEqual(body, { cancelled: true });
      }
      assert.equal(engine.state.stats().activeSessions, 0);
      assert.deepEqual((await cancelRequest(2)).body, { cancelled: true });
      assert.equal((await ask(2)).body['code'], 'wait_cancelled');
      assert.equal((await ask(3)).status, 200, 'another request is not concerned');
    });
  }

  test('given no room to remember it, then it is no answer: the client goes on (SHARE-3)', async (t) => {
    const { request, engine } = startHarness(t);
    const limits = { ...engine.state.limits, maxRememberedSessionsPerCaller: 1 };
    await engine.submit({ type: 'set_limits', limits }, { identity: 'test' });
    const cancelRequest = (request_id: number) =>
      request('POST', '/cancel', { client_id: 'c', request_id, kind: 'lock', name: 'x' });
    assert.deepEqual((await cancelRequest(1)).body, { cancelled: true });
    assert.equal((await cancelRequest(2)).body['code'], 'overloaded');
    const own = { client_id: 'c', ttl_seconds: 30, request_id: 2 };
    assert.equal((await request('POST', '/locks/x/acquire', own)).body['code'], 'limit_exceeded');
  });

  test('given what only sessions ask for, or nobody who asked, then it is refused', async (t) => {
    const { request } = startHarness(t);
    const body = { request_id: 1, kind: 'barrier', name: 'x' };
    const byClient = await request('POST', '/cancel', { client_id: 'c', ...body });
    assert.equal(byClient.body['code'], 'invalid_request');
    assert.equal((await request('POST', '/cancel', body)).body['code'], 'invalid_request');
  });
});

describe('an acquire in a session that is cancelled by an id of its own', () => {
  const id = (digit: number): string => `0b8f1b76-9d5c-4f0e-9a59-5b7f3b0b7c1${String(digit)}`;
  for (const [kind, path, asked] of [
    ['lock', '/locks/x/acquire', {}],
    ['semaphore', '/semaphores/x/acquire', { limit: 1 }],
    ['election', '/election/x/campaign', {}],
    ['many', '/locks/acquire-many', { resources: [{ kind: 'lock', name: 'x' }] }],
    ['barrier', '/barriers/x/enter', { parties: 2 }],
  ] as const) {
    test(`given ${kind}, then what it was granted is given back, a late copy is refused, and numbers go on`, async (t) => {
      const { request, engine } = startHarness(t);
      const made = await request('POST', '/sessions', { client_id: 'c' });
      const session_id = String(made.body['session_id']);
      const ask = (ids: object) => request('POST', path, { session_id, ...asked, ...ids });
      const cancelRequest = (cancel_id: string) =>
        request('POST', '/cancel', { session_id, cancel_id, kind, name: 'x' });
      assert.equal((await ask({ cancel_id: id(1) })).status, 200);
      for (let times = 0; times < 2; times++)
        assert.deepEqual((await cancelRequest(id(1))).body, { cancelled: true });
      assert.equal(engine.state.stats().heldLocks, 0);
      assert.equal((await request('GET', '/barriers/x/status')).body['member_count'], 0);
      assert.deepEqual((await cancelRequest(id(2))).body, { cancelled: true });
      const late = (await ask({ cancel_id: id(2) })).body;
      assert.equal(late['code'], 'wait_cancelled');
      // Its program numbers as before.
      assert.equal((await ask({ request_id: 2 })).status, 200);
    });
  }

  test('given its answer was forgotten meanwhile, then it is not told that it was cancelled (STATE-REQUEST-6)', async (t) => {
    const { request, engine } = startHarness(t);
    const limits = { ...engine.state.limits, maxResultsPerSession: 2 };
    for (const command of [
      { type: 'set_limits', limits },
      { type: 'raise_feature_level', level: latestFeatureLevel },
    ] as const)
      await engine.submit(command, { identity: 'test' });
    const made = await request('POST', '/sessions', { client_id: 'c' });
    const session_id = String(made.body['session_id']);
    const ask = (name: string, ids: object) =>
      request('POST', `/locks/${name}/acquire`, { session_id, ...ids });
    const cancelRequest = (cancel_id: string) =>
      request('POST', '/cancel', { session_id, cancel_id, kind: 'lock', name: 'x' });
    assert.equal((await ask('x', { cancel_id: id(1) })).status, 200);
    assert.deepEqual((await cancelRequest(id(2))).body, { cancelled: true });
    for (const name of ['a', 'b', 'c']) await ask(name, {});
    const refused = await cancelRequest(id(1));
    assert.deepEqual([refused.status, refused.body['code']], [409, 'request_forgotten']);
    assert.match(String(refused.body['detail']), /not cancelled.*release/);
    const late = await ask('y', { cancel_id: id(2) });
    assert.equal(late.body['code'], 'request_forgotten');
    assert.equal(engine.state.stats().heldLocks, 4);
  });

  test('given a number or a client id beside it, or neither, then it is refused', async (t) => {
    const { request } = startHarness(t);
    const made = await request('POST', '/sessions', { client_id: 'c' });
    const session_id = made.body['session_id'];
    const ids = [
      { session_id, request_id: 1, cancel_id: id(1) },
      { client_id: 'c', cancel_id: id(1) },
      { session_id, cancel_id: 'no-uuid' },
    ];
    for (const wrong of ids) {
      const cancelled = { ...wrong, kind: 'lock', name: 'x' };
      for (const [path, body] of [
        ['/locks/x/acquire', wrong],
        ['/cancel', cancelled],
      ] as const)
        assert.equal((await request('POST', path, body)).body['code'], 'invalid_request');
    }
    const neither = { session_id, kind: 'lock', name: 'x' };
    assert.equal((await request('POST', '/cancel', neither)).body['code'], 'invalid_request');
  });
});

describe('an acquire without a number whose caller hangs up before it is answered', () => {
  test('given that it does not wait, then it is cancelled all the same', async (t) => {
    const harness = startHarness(t);
    const url = await harness.built.app.listen({ host: '127.0.0.1', port: 0 });
    let open = (): void => undefined;
    harness.engine.gate = new Promise((resolve) => {
      open = resolve;
    });
    const hangUp = new AbortController();
    const asked = fetch(`${url}/locks/x/acquire`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_id: 'c' }),
      signal: hangUp.signal,
    });
    const submitted = (type: string): boolean =>
      harness.engine.submitted.some(({ command }) => command.type === type);
    await untilSo(() => submitted('acquire'));
    hangUp.abort();
    await assert.rejects(asked, { name: 'AbortError' });
    await untilSo(() => submitted('abandon'));
    open();
    await untilSo(() => harness.engine.state.stats().totalSessions === 1);
    await untilSo(() => harness.engine.state.stats().activeSessions === 0);
  });
});

describe('a campaign that is told again that it leads', () => {
  test('given how often, then the answer says so', async (t) => {
    const { request, session } = startHarness(t);
    const session_id = await session();
    for (const count of [1, 2, 3]) {
      const { body } = await request('POST', '/election/x/campaign', { session_id });
      assert.equal(body['hold_count'], count);
    }
  });
});
