/** What all statuses have in common. What is told of a name that nobody uses: absent.test.ts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { operations } from '@holdfast/contract';
import { assertProblem, startHarness } from '../harness.ts';

const kinds = ['locks', 'semaphores', 'elections', 'barriers', 'latches'] as const;

describe('The status', () => {
  test('of any kind tells its waiters, how current it is and as of which revision', async (t) => {
    const { engine, request } = startHarness(t);
    await request('POST', '/semaphores/x', { limit: 2 });
    await request('POST', '/latches/x', { count: 2 });
    for (const kind of kinds) {
      const { body } = await request(
        'GET',
        `/${kind}/x/status?consistency=stale`.replace('elections/x/status', 'elections/x'),
      );
      assert.equal(body['waiter_count'], 0, kind);
      assert.equal(body['consistency'], 'stale', kind);
      assert.equal(body['revision'], engine.state.index, kind);
    }
  });

  test('of a session and of what it has tells how current it is', async (t) => {
    const { engine, session, request } = startHarness(t);
    const id = await session();
    for (const path of [
      `/sessions/${id}`,
      `/sessions/${id}/locks`,
      `/sessions/${id}/waits`,
      '/locks',
      '/admin/stats',
    ]) {
      const { body } = await request('GET', path);
      assert.equal(body['consistency'], 'linearizable', path);
      assert.equal(body['revision'], engine.state.index, path);
    }
  });

  test('of queues and of the cache tells how current it is', async (t) => {
    const { engine, session, request } = startHarness(t);
    await session();
    await request('POST', '/queue/push', { payload: 1 });
    for (const path of [
      '/queue/stats',
      '/queue/stats?queue=default',
      '/queue/dead',
      '/queue/blocked',
      '/cache/stats',
    ])
      for (const consistency of ['linearizable', 'stale']) {
        const mark = path.includes('?') ? '&' : '?';
        const { body } = await request('GET', `${path}${mark}consistency=${consistency}`);
        assert.equal(body['consistency'], consistency, path);
        assert.equal(body['revision'], engine.state.index, path);
      }
  });

  test('is told with both by all that may be asked for a consistency', () => {
    for (const declared of operations) {
      if (declared.kind !== 'unary' || !('consistency' in declared.request.fields)) continue;
      const told = Object.keys(declared.answer.fields);
      assert.ok(told.includes('consistency') && told.includes('revision'), declared.name);
    }
  });

  test('counts those who wait', async (t) => {
    const { engine, session, request } = startHarness(t);
    const [a, b] = [await session(), await session()];
    await request('POST', '/elections/x/campaign', { session_id: a });
    const waits = request('POST', '/elections/x/campaign', { session_id: b, wait_seconds: 5 });
    await request('POST', '/barriers/x/enter', { session_id: a, parties: 2 });
    await request('POST', '/latches/x', { count: 1 });
    const opens = request('GET', '/latches/x/wait?wait_seconds=5');
    while (engine.state.stats().waiters === 0) await new Promise(setImmediate);
    for (const path of ['/elections/x', '/barriers/x', '/latches/x'])
      assert.equal((await request('GET', path)).body['waiter_count'], 1, path);
    await request('POST', '/latches/x/count-down');
    assert.equal((await opens).body['open'], true);
    await request('POST', '/elections/x/resign', { session_id: a });
    assert.equal((await waits).body['elected'], true);
    await request('POST', '/barriers/x/enter', { session_id: b, parties: 2 });
    assert.equal((await request('GET', '/barriers/x')).body['waiter_count'], 0);
  });
});

describe('A session', () => {
  test('may be given its timeout with the unit in the name, and is told so', async (t) => {
    const { request } = startHarness(t);
    const made = await request('POST', '/sessions', { timeout_seconds: 9 });
    assert.deepEqual(
      ['timeout', 'timeout_seconds', 'keepalive_interval', 'keepalive_interval_seconds'].map(
        (field) => made.body[field],
      ),
      [9, 9, 3, 3],
    );
    const id = String(made.body['session_id']);
    assert.equal((await request('GET', `/sessions/${id}`)).body['timeout_seconds'], 9);
    assert.equal((await request('POST', `/sessions/${id}/keepalive`)).body['timeout_seconds'], 9);
    const both = await request('POST', '/sessions', { timeout: 9, timeout_seconds: 10 });
    assertProblem(both, 400, 'invalid_request');
    assert.equal(both.body['field'], 'timeout_seconds');
    assert.equal(
      (await request('POST', '/sessions', { timeout: 9, timeout_seconds: 9 })).status,
      200,
    );
  });

  test('is needed for some operations: a client id is refused with that', async (t) => {
    const { request } = startHarness(t);
    const asked = [
      ['/barriers/x/enter', { client_id: 'c', parties: 2 }],
      ['/barriers/x/leave', { client_id: 'c' }],
      ['/locks/acquire-many', { client_id: 'c', ttl_seconds: 5, resources: [{ name: 'x' }] }],
    ] as const;
    for (const [path, body] of asked) {
      const refused = await request('POST', path, { session_id: 's', ...body });
      assertProblem(refused, 400, 'invalid_request');
      assert.match(String(refused.body['detail']), /needs a session.*POST \/sessions/);
    }
  });
});

test('the end of a hold is told of its own resource alone', async (t) => {
  const { engine, session, acquire, request } = startHarness(t);
  await engine.submit({ type: 'raise_feature_level', level: 2 }, { identity: 'holdfast' });
  const id = await session();
  const fence_token = await acquire(id, 'x');
  await request('POST', '/admin/locks/x/force-release', {});
  const reasonAt = async (name: string): Promise<unknown> =>
    (await request('POST', `/locks/${name}/check`, { fence_token })).body['end_reason'];
  assert.equal(await reasonAt('x'), 'forced');
  assert.equal(await reasonAt('y'), null);
  const late = await request('POST', '/locks/y/release', { session_id: id, fence_token });
  assert.equal(late.body['end_reason'], undefined);
});

test('a single node tells its leader: where clients reach it', async (t) => {
  const { engine, request } = startHarness(t);
  const { body } = await request('GET', '/health');
  assert.deepEqual([body['leader'], body['leader_id']], ['node-1:4322', 'node-1']);
  const status = engine.status();
  // Of one that listens for no peers the engine tells an empty address.
  for (const leaderAddress of ['', null]) {
    engine.status = () => ({ ...status, leaderAddress });
    const single = (await request('GET', '/health')).body;
    assert.deepEqual([single['leader'], single['leader_id']], ['node-1.test:5000', 'node-1']);
  }
});

describe('A list', () => {
  const pages = ['sessions', ...kinds] as const;

  test('of each kind has rows as its statuses are, by pages, prefix and client', async (t) => {
    const { session, request } = startHarness(t);
    const session_id = await session({ client_id: 'ann' });
    for (const name of ['a/1', 'a/2', 'b']) {
      const path = encodeURIComponent(name);
      await request('POST', `/locks/${path}/acquire`, { session_id });
      await request('POST', `/semaphores/${path}`, { limit: 2 });
      await request('POST', `/elections/${path}/campaign`, { session_id });
      await request('POST', `/barriers/${path}/enter`, { session_id, parties: 2 });
      await request('POST', `/latches/${path}`, { count: 2 });
    }
    for (const kind of kinds) {
      const rowsOf = async (query: string): Promise<readonly Record<string, unknown>[]> =>
        (await request('GET', `/${kind}?${query}`)).body[kind] as Record<string, unknown>[];
      const rows = await rowsOf('prefix=a/');
      assert.deepEqual(
        rows.map(({ resource }) => resource),
        ['a/1', 'a/2'],
        kind,
      );
      assert.deepEqual(rows[0], (await request('GET', `/${kind}/a%2F1`)).body, kind);
      const first = (await request('GET', `/${kind}?limit=1`)).body;
      assert.equal(first['next_after'], 'a/1', kind);
      assert.equal((await rowsOf('after=a/1&limit=1'))[0]?.['resource'], 'a/2', kind);
    }
    const sessions = (await request('GET', '/sessions?client_id=ann')).body['sessions'];
    assert.deepEqual(
      (sessions as Record<string, unknown>[]).map(({ client_id, lock_count, implicit }) => [
        client_id,
        lock_count,
        implicit,
      ]),
      [['ann', 3, false]],
    );
    assert.deepEqual((await request('GET', '/locks?client_id=eve')).body['locks'], []);
    assert.deepEqual(
      (await request('GET', '/election')).body,
      (await request('GET', '/elections')).body,
    );
  });

  test('of nothing is an empty page', async (t) => {
    const { request } = startHarness(t);
    for (const kind of pages) {
      const { body } = await request('GET', `/${kind}`);
      assert.deepEqual([body[kind], body['next_after']], [[], null], kind);
    }
  });
});
