/** Semaphores over HTTP. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertProblem, startHarness } from '../harness.ts';

describe('semaphores', () => {
  test('given permits that are free, then they are taken, seen, and given back by their token', async (t) => {
    const { request, session } = startHarness(t);
    const session_id = await session({ client_id: 'ann' });
    const body = { session_id, permits: 2, limit: 3 };
    const taken = await request('POST', '/semaphores/exports/acquire', body);
    assert.equal(taken.status, 200);
    assert.equal(taken.body['permits'], 2);
    const { fence_token } = taken.body;
    const status = await request('GET', '/semaphores/exports/status');
    assert.deepEqual(
      { ...status.body, holders: (status.body['holders'] as object[]).length },
      {
        resource: 'exports',
        limit: 3,
        free: 1,
        persistent: false,
        holder_count: 1,
        waiter_count: 0,
        holders: 1,
        waiters: [],
        consistency: 'linearizable',
        revision: 2,
      },
    );
    const released = await request('POST', '/semaphores/exports/release', {
      session_id,
      fence_token,
    });
    assert.deepEqual(released.body, { released: true, resource: 'exports', fence_token });
    assert.equal((await request('GET', '/semaphores/exports/status')).body['limit'], null);
  });

  test('given more than is free, then no_permits; given more than there are, then limit_exceeded', async (t) => {
    const { request, session } = startHarness(t);
    const session_id = await session();
    const acquire = (body: object) =>
      request('POST', '/semaphores/s/acquire', { session_id, ...body });
    await acquire({ permits: 2, limit: 2 });
    assertProblem(await acquire({}), 409, 'no_permits');
    assertProblem(await acquire({ permits: 3 }), 429, 'limit_exceeded');
    assertProblem(await acquire({ limit: 5 }), 409, 'limit_mismatch');
  });

  test('given a semaphore made by name, then it is persistent, is resized, and deleted when nobody uses it', async (t) => {
    const { request, session } = startHarness(t);
    const session_id = await session();
    assert.equal((await request('POST', '/semaphores/s', { limit: 2 })).body['persistent'], true);
    const taken = await request('POST', '/semaphores/s/acquire', { session_id });
    assert.equal((await request('POST', '/semaphores/s/resize', { limit: 4 })).body['free'], 3);
    assertProblem(await request('DELETE', '/semaphores/s'), 409, 'semaphore_in_use');
    const { fence_token } = taken.body;
    await request('POST', '/semaphores/s/release', { session_id, fence_token });
    const deleted = await request('DELETE', '/semaphores/s');
    assert.deepEqual(deleted.body, { resource: 's', deleted: true });
  });

  test('given a wait, then it ends with the permits that another gives back', async (t) => {
    const { request, session } = startHarness(t);
    const first = await session();
    const second = await session();
    const taken = await request('POST', '/semaphores/s/acquire', { session_id: first, limit: 1 });
    const waiting = request('POST', '/semaphores/s/acquire', {
      session_id: second,
      wait_seconds: 5,
    });
    const { fence_token } = taken.body;
    await request('POST', '/semaphores/s/release', { session_id: first, fence_token });
    const got = await waiting;
    assert.equal(got.status, 200);
    assert.ok(Number(got.body['fence_token']) > Number(fence_token));
  });

  for (const [what, body] of Object.entries({
    'no permit': { permits: 0, limit: 1 },
    'half a permit': { permits: 1.5, limit: 3 },
    'a limit of nothing': { limit: 0 },
    'an unknown field': { limit: 1, size: 3 },
  })) {
    test(`given ${what}, then invalid_request and nothing is made`, async (t) => {
      const { request, session, engine } = startHarness(t);
      const answer = await request('POST', '/semaphores/s/acquire', {
        session_id: await session(),
        ...body,
      });
      assertProblem(answer, 400, 'invalid_request');
      assert.equal(engine.state.stats().fenceCounter, 0);
    });
  }

  test('given nobody who asks, then invalid_request', async (t) => {
    const { request } = startHarness(t);
    assertProblem(
      await request('POST', '/semaphores/s/acquire', { limit: 1 }),
      400,
      'invalid_request',
    );
  });
});
