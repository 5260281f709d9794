/** The primitives beside locks and semaphores, over HTTP as their users call them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertProblem, startHarness } from '../harness.ts';
import type { Harness } from '../harness.ts';
import { untilSo } from '../../../checker/src/waits.ts';

/** Resolves when so many callers wait on the node. */
async function untilWaiting({ built }: Harness, count: number): Promise<void> {
  await untilSo(() => built.service.waiting.count >= count);
}

describe('an election', () => {
  test('given two candidates, then one leads, proclaims and resigns, and the other follows it', async (t) => {
    const harness = startHarness(t);
    const { request, session } = harness;
    const a = await session({ client_id: 'ann' });
    const b = await session({ client_id: 'ben' });
    const won = await request('POST', '/election/e/campaign', { session_id: a, value: 'at a' });
    assert.equal(won.body['elected'], true);
    assertProblem(
      await request('POST', '/election/e/campaign', { session_id: b }),
      409,
      'not_elected',
    );
    const second = request('POST', '/election/e/campaign', { session_id: b, wait_seconds: 5 });
    await untilWaiting(harness, 1);
    const { fence_token } = won.body;
    const told = { session_id: a, fence_token, value: { url: 'http://a' } };
    assert.equal((await request('POST', '/election/e/proclaim', told)).body['proclaimed'], true);
    const seen = await request('GET', '/election/e/leader');
    const leader = seen.body['leader'] as Record<string, unknown>;
    assert.deepEqual([leader['client_id'], leader['value']], ['ann', { url: 'http://a' }]);
    assert.equal((seen.body['candidates'] as object[]).length, 1);
    const waits = await request('GET', `/sessions/${b}/waits`);
    assert.deepEqual(waits.body['waits'], [
      { kind: 'election', resource: 'e', position: 1, ahead: [] },
    ]);
    await request('POST', '/election/e/resign', { session_id: a });
    assert.ok(Number((await second).body['fence_token']) > Number(fence_token));
    assertProblem(await request('POST', '/election/e/proclaim', told), 403, 'not_holder');
  });

  test('given a candidate by client id, then its leadership is renewed and given back by its token', async (t) => {
    const { request } = startHarness(t);
    const who = { client_id: 'ann' };
    const won = await request('POST', '/election/e/campaign', { ...who, ttl_seconds: 5 });
    const { fence_token } = won.body;
    const renewed = await request('POST', '/election/e/renew', { ...who, fence_token });
    assert.deepEqual(renewed.body, { renewed: true, resource: 'e', fence_token, ttl_seconds: 5 });
    assertProblem(
      await request('POST', '/election/e/renew', { client_id: 'eve', fence_token }),
      403,
      'not_holder',
    );
    await request('POST', '/election/e/resign', { ...who, fence_token });
    assert.equal((await request('GET', '/election/e/leader')).body['leader'], null);
  });
});

describe('several at once', () => {
  test('given all free, then each has its token; given one that is held, then none is taken', async (t) => {
    const { request, session, acquire } = startHarness(t);
    const a = await session();
    const b = await session();
    await acquire(b, 'y');
    const resources = [
      { name: 'x' },
      { name: 'y', mode: 'shared' },
      { kind: 'semaphore', name: 's', permits: 2, limit: 3 },
    ];
    const body = { session_id: a, resources };
    assertProblem(await request('POST', '/locks/acquire-many', body), 409, 'lock_held');
    assert.equal((await request('GET', '/locks/x/status')).body['locked'], false);
    await request('DELETE', `/sessions/${b}/locks/y`);
    const { holds } = (await request('POST', '/locks/acquire-many', body)).body;
    assert.deepEqual(
      (holds as Record<string, unknown>[]).map(({ kind, resource, mode, permits }) => [
        kind,
        resource,
        mode ?? permits,
      ]),
      [
        ['lock', 'x', 'exclusive'],
        ['lock', 'y', 'shared'],
        ['semaphore', 's', 2],
      ],
    );
    const twice = { session_id: a, resources: [{ name: 'x' }, { name: 'x' }] };
    assertProblem(await request('POST', '/locks/acquire-many', twice), 400, 'invalid_request');
  });
});

describe('what an acquire may ask for', () => {
  test('given metadata, priority and a longest time, then the status shows them', async (t) => {
    const harness = startHarness(t);
    const { request, session, engine } = harness;
    const a = await session();
    const b = await session();
    const metadata = { pid: 7, why: 'report' };
    const body = { session_id: a, max_hold_seconds: 30, metadata };
    const { fence_token } = (await request('POST', '/locks/x/acquire', body)).body;
    const next = request('POST', '/locks/x/acquire', {
      session_id: b,
      wait_seconds: 60,
      priority: 3,
    });
    await untilWaiting(harness, 1);
    const { holders, waiters } = (await request('GET', '/locks/x/status')).body;
    assert.deepEqual((holders as { metadata: unknown }[])[0]?.metadata, metadata);
    assert.equal((holders as { ends_in_seconds: unknown }[])[0]?.ends_in_seconds, 30);
    assert.equal((waiters as { priority: unknown }[])[0]?.priority, 3);
    engine.advance(30_000);
    assert.equal((await next).body['acquired'], true);
    const checked = await request('POST', '/locks/x/check', { fence_token });
    assert.equal(checked.body['end_reason'], 'max_hold');
    const late = await request('POST', '/locks/x/release', { session_id: a, fence_token });
    assert.equal(late.body['end_reason'], 'max_hold');
  });

  test('given metadata of more than 1024 bytes, then it is refused', async (t) => {
    const { request, session } = startHarness(t);
    const body = { session_id: await session(), metadata: 'x'.repeat(1025) };
    assertProblem(await request('POST', '/locks/x/acquire', body), 400, 'invalid_request');
  });

  test('given an exclusive hold, then it is downgraded, and a reader comes in', async (t) => {
    const { request, session, acquire } = startHarness(t);
    const a = await session();
    const b = await session();
    const fence_token = await acquire(a, 'x');
    const downgraded = await request('POST', '/locks/x/downgrade', { session_id: a, fence_token });
    assert.deepEqual(downgraded.body, {
      downgraded: true,
      resource: 'x',
      fence_token,
      mode: 'shared',
    });
    const reader = { session_id: b, mode: 'shared' };
    assert.equal((await request('POST', '/locks/x/acquire', reader)).status, 200);
  });
});

describe('a barrier', () => {
  test('given all parties, then all go on together, and leave together', async (t) => {
    const harness = startHarness(t);
    const { request, session } = harness;
    const a = await session();
    const b = await session();
    const enter = (session_id: string) =>
      request('POST', '/barriers/m/enter', { session_id, parties: 2, wait_seconds: 5 });
    const first = enter(a);
    await untilWaiting(harness, 1);
    assert.equal((await enter(b)).body['open'], true);
    assert.equal((await first).body['open'], true);
    const leave = (session_id: string) =>
      request('POST', '/barriers/m/leave', { session_id, wait_seconds: 5 });
    const left = leave(a);
    await untilWaiting(harness, 1);
    assert.equal((await request('GET', '/barriers/m/status')).body['open'], true);
    assert.equal((await leave(b)).body['over'], true);
    assert.equal((await left).body['over'], true);
    assertProblem(await leave(a), 409, 'not_entered');
  });

  test('given nobody else in time, then wait_timeout, and the session is out again', async (t) => {
    const { request, session } = startHarness(t);
    const body = { session_id: await session(), parties: 2, wait_seconds: 0.01 };
    assertProblem(await request('POST', '/barriers/m/enter', body), 409, 'wait_timeout');
    const status = await request('GET', '/barriers/m/status');
    assert.deepEqual(status.body['members'], []);
    const staying = { ...body, wait_seconds: 0 };
    assert.equal((await request('POST', '/barriers/m/enter', staying)).body['open'], false);
    assert.equal(
      ((await request('GET', '/barriers/m/status')).body['members'] as object[]).length,
      1,
    );
  });

  test('given that its session ends while it waits, then it is told so', async (t) => {
    const harness = startHarness(t);
    const session_id = await harness.session();
    const entering = harness.request('POST', '/barriers/m/enter', {
      session_id,
      parties: 2,
      wait_seconds: 5,
    });
    await untilWaiting(harness, 1);
    harness.engine.expire(session_id);
    assertProblem(await entering, 410, 'session_expired');
  });
});

describe('a latch', () => {
  test('given waiters, then they go on when the count comes to 0', async (t) => {
    const harness = startHarness(t);
    const { request } = harness;
    assert.equal((await request('GET', '/latches/l')).body['count'], null);
    await request('POST', '/latches/l', { count: 2 });
    const waiting = request('GET', '/latches/l/wait?wait_seconds=5');
    await untilWaiting(harness, 1);
    assert.equal((await request('POST', '/latches/l/count-down', {})).body['count'], 1);
    await request('POST', '/latches/l/count-down', {});
    assert.deepEqual((await waiting).body, { resource: 'l', count: 0, open: true });
    assert.equal((await request('GET', '/latches/l/wait')).body['open'], true);
    assert.equal((await request('DELETE', '/latches/l')).body['deleted'], true);
  });

  test('given a wait that is too short, or a latch that is deleted, then the wait ends with that', async (t) => {
    const harness = startHarness(t);
    const { request } = harness;
    await request('POST', '/latches/l', { count: 1 });
    assertProblem(await request('GET', '/latches/l/wait?wait_seconds=0.01'), 409, 'wait_timeout');
    const waiting = request('GET', '/latches/l/wait?wait_seconds=5');
    await untilWaiting(harness, 1);
    await request('DELETE', '/latches/l');
    assertProblem(await waiting, 404, 'latch_not_found');
  });
});

describe('locks by owner alone', () => {
  test('given the owner, then it acquires, keeps and releases without a session or token', async (t) => {
    const { request } = startHarness(t);
    const body = { name: 'resA', mode: 'exclusive', owner: 'client1' };
    const taken = await request('POST', '/lock/acquire', body);
    assert.equal(taken.status, 200);
    assert.equal(
      (await request('POST', '/lock/acquire', body)).body['fence_token'],
      taken.body['fence_token'],
    );
    assertProblem(
      await request('POST', '/lock/acquire', { ...body, owner: 'client2' }),
      409,
      'lock_held',
    );
    const release = { name: 'resA', owner: 'client1' };
    assertProblem(
      await request('POST', '/lock/release', { ...release, owner: 'client2' }),
      403,
      'not_holder',
    );
    assert.equal((await request('POST', '/lock/release', release)).body['released'], true);
    assertProblem(await request('POST', '/lock/release', release), 404, 'lock_not_found');
  });
});

describe('any operation by its name', () => {
  test('given its body, then it answers as on the stream; given another name, then route_not_found', async (t) => {
    const { request } = startHarness(t);
    const made = await request('POST', '/operations/create_session', { client_id: 'ann' });
    assert.equal(made.body['client_id'], 'ann');
    assertProblem(await request('POST', '/operations/nothing', {}), 404, 'route_not_found');
    assertProblem(
      await request('POST', '/operations/acquire', { name: 7 }),
      400,
      'invalid_request',
    );
  });
});
