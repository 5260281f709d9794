/** What the HTTP interface does when it is asked properly. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { forceInPartsLevel } from '@holdfast/state';
import type { Command, ResourceName, SessionId } from '@holdfast/state';
import { assertProblem, startHarness } from '../harness.ts';

describe('sessions', () => {
  test('given nothing but POST, then a session with the configured timeout', async (t) => {
    const { request } = startHarness(t, { limits: { defaultSessionTimeoutSeconds: 45 } });
    const { body } = await request('POST', '/sessions');
    assert.equal(body['timeout'], 45);
    assert.equal(body['keepalive_interval'], 15);
    assert.match(String(body['client_id']), /^client-/);
  });

  test('given a request id, when it is repeated, then the same session; another client gets another', async (t) => {
    const { engine, request } = startHarness(t);
    const body = { client_id: 'c', request_id: 'once' };
    const first = await request('POST', '/sessions', body);
    const second = await request('POST', '/sessions', body);
    const other = await request('POST', '/sessions', { ...body, client_id: 'd' });
    assert.deepEqual(second.body, first.body);
    assert.notEqual(other.body['session_id'], first.body['session_id']);
    assert.equal(engine.state.stats().totalSessions, 2);
  });

  test('given a content type and no body, then it is a body without fields', async (t) => {
    const { request } = startHarness(t);
    const headers = { 'content-type': 'application/json' };
    assert.equal((await request('POST', '/sessions', undefined, headers)).status, 200);
  });

  test('given a request id of a session that ended, then session_expired', async (t) => {
    const { engine, request, session } = startHarness(t);
    const body = { client_id: 'c', request_id: 'once' };
    engine.expire(await session(body));
    assertProblem(await request('POST', '/sessions', body), 410, 'session_expired');
  });
});

describe('locks by session', () => {
  test('given a name with slashes and other letters, then it is that name', async (t) => {
    const { request, session } = startHarness(t);
    const own = await session();
    const name = 'zeit/größe/💾?&%';
    const path = encodeURIComponent(name);
    const acquired = await request('POST', `/sessions/${own}/locks/${path}`);
    assert.equal(acquired.body['resource'], name);
    const status = await request('GET', `/locks/${path}/status`);
    assert.equal(status.body['locked'], true);
  });

  test('given a name of 256 characters beyond the first plane, then it is accepted', async (t) => {
    const { request, session } = startHarness(t);
    const path = encodeURIComponent('💾'.repeat(256));
    assert.equal((await request('POST', `/sessions/${await session()}/locks/${path}`)).status, 200);
  });

  test('given a numbered acquire, when it is repeated, then the idempotent response and one hold', async (t) => {
    const { request, session, engine } = startHarness(t);
    const url = `/sessions/${await session()}/locks/a`;
    const first = await request('POST', url, { request_id: 1 });
    const second = await request('POST', url, { request_id: 1 });
    const third = await request('POST', url, { request_id: 2 });
    assert.deepEqual(second.body, first.body);
    assert.equal(third.body['hold_count'], 2);
    assert.equal(third.body['fence_token'], first.body['fence_token']);
    assert.equal(engine.state.stats().fenceCounter, 1);
    assertProblem(await request('DELETE', url, { request_id: 1 }), 409, 'request_reused');
  });

  test('given two readers, then both hold; a writer that waits is first when they leave', async (t) => {
    const { engine, request, session } = startHarness(t);
    const [a, b, c] = [await session(), await session(), await session({ client_id: 'writer' })];
    await request('POST', `/sessions/${a}/locks/x`, { mode: 'shared' });
    await request('POST', `/sessions/${b}/locks/x`, { mode: 'shared' });
    const waiting = request('POST', `/sessions/${c}/locks/x`, { wait_seconds: 5 });
    while (engine.waiterCount === 0) await turn();

    const status = await request('GET', '/locks/x/status');
    assert.equal(status.body['mode'], 'shared');
    assert.equal((status.body['holders'] as unknown[]).length, 2);
    const [waiter] = status.body['waiters'] as readonly Record<string, unknown>[];
    assert.deepEqual([waiter?.['client_id'], waiter?.['position']], ['writer', 1]);

    await request('DELETE', `/sessions/${a}/locks/x`);
    await request('DELETE', `/sessions/${b}/locks/x`);
    assert.equal((await waiting).body['fence_token'], 3);
  });

  test('given a wait that runs out, then wait_timeout and nobody waits', async (t) => {
    const { engine, request, session, acquire } = startHarness(t);
    await acquire(await session({ client_id: 'holder' }), 'x');
    const waiting = request('POST', `/sessions/${await session()}/locks/x`, { wait_seconds: 5 });
    while (engine.waiterCount === 0) await turn();
    engine.advance(5000);
    assertProblem(await waiting, 409, 'wait_timeout');
    assert.equal(engine.state.stats().waiters, 0);
  });

  test('given a holder that expired with a lock delay, then lock_delayed and when it opens', async (t) => {
    const { engine, request, session, acquire } = startHarness(t);
    const holder = await session({ lock_delay_seconds: 10 });
    await acquire(holder, 'x');
    engine.expire(holder);
    assertProblem(
      await request('POST', `/sessions/${await session()}/locks/x`),
      409,
      'lock_delayed',
    );
    const { body } = await request('GET', '/locks/x/status');
    assert.ok(Math.abs(Number(body['delayed_until']) - (Date.now() / 1000 + 10)) < 2);
  });
});

describe('locks by client id', () => {
  test('given client id and ttl, then a hold of its own that can be renewed and released by its token', async (t) => {
    const { engine, request } = startHarness(t);
    const acquired = await request('POST', '/locks/x/acquire', { client_id: 'c', ttl_seconds: 7 });
    assert.equal(acquired.body['ttl_seconds'], 7);
    const held = { client_id: 'c', fence_token: acquired.body['fence_token'] };
    const renewed = await request('POST', '/locks/x/renew', held);
    assert.deepEqual(renewed.body, {
      renewed: true,
      resource: 'x',
      fence_token: 1,
      ttl_seconds: 7,
    });
    const released = await request('POST', '/locks/x/release', held);
    assert.equal(released.body['released'], true);
    assert.equal(engine.state.stats().activeSessions, 0, 'its session ended with it');
    assertProblem(await request('POST', '/locks/x/renew', held), 404, 'lock_not_found');
  });

  test('given a numbered acquire, when it is repeated, then the same hold; without a number another', async (t) => {
    const { request } = startHarness(t);
    const body = { client_id: 'c', request_id: 5 };
    const first = await request('POST', '/locks/x/acquire', body);
    assert.deepEqual((await request('POST', '/locks/x/acquire', body)).body, first.body);
    assertProblem(await request('POST', '/locks/x/acquire', { client_id: 'c' }), 409, 'lock_held');
  });

  test('given no ttl, then the configured default', async (t) => {
    const { request } = startHarness(t);
    const { body } = await request('POST', '/locks/x/acquire', { client_id: 'c' });
    assert.equal(body['ttl_seconds'], 30);
  });
});

describe('fence tokens', () => {
  test('given a token, when a third party checks it, then whether it holds now', async (t) => {
    const { request, session, acquire } = startHarness(t);
    const own = await session();
    const token = await acquire(own, 'x');
    const check = (fence_token: number): Promise<unknown> =>
      request('POST', '/locks/x/check', { fence_token }).then(({ body }) => body);
    const answer = {
      resource: 'x',
      fence_token: token,
      current_fence_token: token,
      end_reason: null,
    };
    assert.deepEqual(await check(token), { valid: true, ...answer });
    assert.deepEqual(await check(token + 1), { valid: false, ...answer, fence_token: token + 1 });
    await request('DELETE', `/sessions/${own}/locks/x`);
    assert.deepEqual(await check(token), { valid: false, ...answer, current_fence_token: null });
  });
});

describe('reads', () => {
  test('given a cluster without a leader, then a stale read answers and says so; a proven one does not', async (t) => {
    const { engine, request, session, acquire } = startHarness(t);
    const own = await session();
    await acquire(own, 'x');
    engine.failWith = new HoldfastError('no_quorum', 'No majority.');
    for (const path of [
      `/sessions/${own}`,
      '/locks/x/status',
      '/locks',
      '/admin/stats',
      '/admin/locks/x',
    ]) {
      assertProblem(await request('GET', path), 503, 'no_quorum');
      const stale = await request('GET', `${path}?consistency=stale`);
      assert.equal(stale.status, 200, path);
      if (path !== '/locks') assert.equal(stale.body['consistency'], 'stale', path);
    }
  });

  test('given many locks, then they come in pages, in order, by prefix', async (t) => {
    const { request, session, acquire } = startHarness(t);
    const own = await session();
    for (const name of ['b/2', 'a/1', 'b/1', 'b/3']) await acquire(own, name);
    const first = await request('GET', '/locks?prefix=b%2F&limit=2');
    const names = (body: typeof first.body): unknown[] =>
      (body['locks'] as { resource: string }[]).map((lock) => lock.resource);
    assert.deepEqual(names(first.body), ['b/1', 'b/2']);
    assert.equal(first.body['next_after'], 'b/2');
    const second = await request('GET', '/locks?prefix=b%2F&limit=2&after=b%2F2');
    assert.deepEqual(names(second.body), ['b/3']);
    assert.equal(second.body['next_after'], null);
  });

  test('given a lock that nobody holds, then the admin sees it open', async (t) => {
    const { request } = startHarness(t);
    const { status, body } = await request('GET', '/admin/locks/free');
    assert.equal(status, 200);
    assert.equal(body['locked'], false);
    assert.equal(body['fence_token'], null);
  });
});

describe('operators', () => {
  test('given a held lock, when it is taken by force, then it is free; once more finds nothing', async (t) => {
    const { engine, request, session, acquire } = startHarness(t);
    await acquire(await session(), 'x');
    const body = { reason: 'its holder is stuck' };
    const forced = await request('POST', '/admin/locks/x/force-release', body);
    assert.deepEqual(forced.body, { released: true, resource: 'x', count: 1 });
    const again = await request('POST', '/admin/locks/x/force-release');
    assert.deepEqual(again.body, { released: false, resource: 'x', count: 0 });
    assert.deepEqual(engine.submitted[2]?.command, { type: 'force_release', name: 'x', ...body });
  });

  test('given more holders than one entry ends, when they are taken by force, then all are, in parts', async (t) => {
    const { engine, request } = startHarness(t);
    const hold = (number: number): readonly Command[] => {
      const sessionId = `session-${String(number)}` as SessionId;
      const own = { sessionId, clientId: 'c', timeoutMs: 60_000, lockDelayMs: 0, createdAtMs: 0 };
      const wanted = { name: 'p' as ResourceName, permits: 1, limit: 5000, waitMs: 0 };
      return [
        { type: 'create_session', ...own },
        { type: 'acquire_permits', sessionId, requestId: 1, acquiredAtMs: 0, ...wanted },
      ];
    };
    const commands: readonly Command[] = [
      { type: 'raise_feature_level', level: forceInPartsLevel },
      {
        type: 'set_limits',
        limits: { ...engine.state.limits, maxSessions: 5000, maxHoldsPerResource: 5000 },
      },
      ...Array.from({ length: 1001 }, (_, number) => hold(number)).flat(),
    ];
    engine.state.apply({
      index: engine.state.index + 1,
      time: engine.state.time,
      commands: commands.map((command) => ({ identity: 'anonymous', command })),
    });
    const body = { name: 'p', kind: 'semaphore' };
    const forced = await request('POST', '/operations/force_release', body);
    assert.deepEqual(forced.body, { released: true, resource: 'p', count: 1001 });
    const parts = engine.submitted.map(({ command }) => 'count' in command && command.count);
    assert.deepEqual(parts, [1000, 1000]);
  });

  test('given sessions that expired, then a cleanup counts each of them once', async (t) => {
    const { engine, request, session } = startHarness(t);
    engine.expire(await session());
    engine.expire(await session());
    assert.equal((await request('POST', '/admin/cleanup')).body['count'], 2);
    assert.equal((await request('POST', '/admin/cleanup')).body['count'], 0);
  });

  test('given no leader, then health and readiness say so with 503, liveness does not', async (t) => {
    const { engine, request } = startHarness(t);
    engine.leader = null;
    const health = await request('GET', '/health');
    assert.equal(health.status, 503);
    assert.deepEqual([health.body['leader'], health.body['status']], [null, 'unavailable']);
    assert.equal((await request('GET', '/readyz')).status, 503);
    assert.equal((await request('GET', '/livez')).status, 200);
    assertProblem(await request('GET', '/leader'), 503, 'not_leader');
  });

  test('given a node that was removed, then health, readiness and status say so', async (t) => {
    const { engine, request } = startHarness(t);
    engine.leader = null;
    engine.isRemoved = true;
    const ready = await request('GET', '/readyz');
    assert.deepEqual([ready.status, ready.body['status']], [503, 'removed']);
    const health = await request('GET', '/health');
    assert.equal(health.status, 503);
    assert.match(String(health.body['warnings']), /^This node was removed from the cluster/);
    assert.equal((await request('GET', '/cluster/status')).body['removed'], true);
  });

  test('given a cluster, then its status, its leader, and changes of its members', async (t) => {
    const { engine, request } = startHarness(t);
    const leader = await request('GET', '/leader');
    assert.deepEqual(leader.body, {
      leader: 'node-1',
      address: 'node-1:4322',
      url: 'http://node-1.test:5000',
      term: 3,
      is_leader: true,
    });
    await request('POST', '/cluster/members', { node_id: 'node-3', address: '10.0.0.3:7000' });
    const status = await request('GET', '/cluster/status');
    assert.equal((status.body['members'] as unknown[]).length, 3);
    await request('DELETE', '/cluster/members', { node_id: 'node-3' });
    const added = await request('POST', '/cluster/members', {
      node_id: 'node-4',
      address: '[2001:DB8::0]:7000',
    });
    assert.equal(added.body['address'], '[2001:db8::]:7000');
    assert.equal(engine.members.at(-1)?.address, '[2001:db8::]:7000');
    await request('DELETE', '/cluster/members', { node_id: 'node-4' });
    assert.equal(engine.members.length, 2);
    const moved = await request('POST', '/cluster/transfer');
    assert.deepEqual(moved.body, { transferred: true, leader: 'node-2' });
    const back = await request('POST', '/cluster/transfer', { node_id: 'node-1' });
    assert.equal(back.body['leader'], 'node-1');
  });

  test('given a backup, then its bytes are what the hash in its header names, and its file is named', async (t) => {
    const { engine, built, session } = startHarness(t);
    await session();
    const { rawPayload, headers } = await built.app.inject({
      method: 'GET',
      url: '/cluster/snapshot',
    });
    const index = String(engine.state.index);
    assert.equal(headers['content-type'], 'application/octet-stream');
    assert.equal(headers['content-length'], String(rawPayload.byteLength));
    assert.equal(
      headers['content-disposition'],
      `attachment; filename="holdfast-test-${index}.snapshot"`,
    );
    assert.equal(headers['holdfast-snapshot-index'], index);
    assert.equal(
      headers['holdfast-snapshot-hash'],
      createHash('sha256').update(rawPayload).digest('hex'),
    );
    const state = rawPayload.subarray(rawPayload.indexOf('\n') + 1);
    assert.deepEqual(state, Buffer.concat([...engine.state.snapshot()]));
    while (engine.backupsClosed === 0) await new Promise((resolve) => setImmediate(resolve));
  });

  test('given a node that cannot make a backup, then a problem, and the place is free again', async (t) => {
    const { engine, request } = startHarness(t);
    engine.failWith = new HoldfastError(
      'shutting_down',
      'This node is shutting down. Use another node.',
    );
    for (let attempt = 0; attempt < 6; attempt++) {
      const answer = await request('GET', '/cluster/snapshot');
      assert.equal(answer.body['code'], 'shutting_down');
    }
  });

  test('given work done, then the stats tell it under the names that were promised', async (t) => {
    const { request, session, acquire } = startHarness(t);
    const own = await session();
    await acquire(own, 'x');
    const other = await session();
    await request('POST', `/sessions/${other}/locks/x`);
    const { text, type } = await request('GET', '/metrics');
    assert.match(type, /^text\/plain/);
    for (const line of [
      'lock_acquisitions_total{outcome="granted"} 1',
      'lock_acquisitions_total{outcome="lock_held"} 1',
      'lock_acquisition_duration_seconds_count 1',
      'active_locks_gauge 1',
      'leader_elections_total 7',
      'consensus_commit_latency_seconds_count 4',
    ]) {
      assert.ok(text.split('\n').includes(line), line);
    }
    assert.match(text, /process_cpu_seconds_total/);
    assert.match(text, /^holdfast_event_loop_longest_turn_seconds [0-9.]+$/m);
  });
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
