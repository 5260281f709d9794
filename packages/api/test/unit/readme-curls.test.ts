/** Every curl of the lock-io readme, in its order, with at least the fields shown there and their types. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startHarness } from '../harness.ts';

function assertShape(actual: Readonly<Record<string, unknown>>, shown: object): void {
  for (const [field, value] of Object.entries(shown)) {
    assert.ok(field in actual, `the field ${field} is there`);
    assert.equal(typeof actual[field], typeof value, `the type of ${field}`);
    assert.equal(Array.isArray(actual[field]), Array.isArray(value), `the type of ${field}`);
  }
}

describe('the curls of the lock-io readme', () => {
  test('given a node, when they are sent as printed, then the fields shown come back', async (t) => {
    const { request } = startHarness(t);

    const health = await request('GET', '/health');
    assert.equal(health.status, 200);
    assertShape(health.body, {
      is_leader: false,
      is_ready: true,
      leader: 'lock-node-2:4322',
      service: 'lock.io',
      status: 'healthy',
      timestamp: '2026-01-23T10:24:57.788813+00:00',
      version: '0.1.0',
    });
    assert.equal(health.body['leader'], 'node-1:4322');
    assert.match(String(health.body['timestamp']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00$/);

    const created = await request('POST', '/sessions', {
      client_id: 'test-client-1',
      timeout: 100,
    });
    const sessionId = String(created.body['session_id']);
    assert.deepEqual(created.body, {
      session_id: sessionId,
      client_id: 'test-client-1',
      timeout: 100,
      keepalive_interval: 33,
      timeout_seconds: 100,
      keepalive_interval_seconds: 33,
    });
    assert.match(sessionId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

    const session = await request('GET', `/sessions/${sessionId}`);
    assertShape(session.body, {
      client_id: 'test-client-1',
      created_at: 1769164036.1776488,
      last_keepalive: 1769164036.1776495,
      locks_held: [],
      session_id: sessionId,
      timeout: 100,
    });
    assert.ok(Math.abs(Number(session.body['created_at']) - Date.now() / 1000) < 60, 'in seconds');

    const kept = await request('POST', `/sessions/${sessionId}/keepalive`);
    assert.deepEqual(kept.body, {
      session_id: sessionId,
      success: true,
      timeout: 100,
      timeout_seconds: 100,
    });

    const acquired = await request('POST', `/sessions/${sessionId}/locks/resource-1`);
    assert.equal(acquired.body['acquired'], true);
    assert.equal(acquired.body['fence_token'], 1);
    assert.equal(acquired.body['resource'], 'resource-1');

    const locks = await request('GET', `/sessions/${sessionId}/locks`);
    assert.deepEqual(locks.body['locks'], ['resource-1']);
    assert.equal(locks.body['total_locks'], 1);

    const adminLock = await request('GET', '/admin/locks/resource-1');
    assertShape(adminLock.body, { acquired_at: 1769166404.7297914, locked: true });
    assert.equal(adminLock.body['fence_token'], 1);
    assert.equal(adminLock.body['session_id'], sessionId);

    const released = await request('DELETE', `/sessions/${sessionId}/locks/resource-1`, {
      fence_token: 1,
    });
    assert.equal(released.body['released'], true);
    assert.equal(released.body['fence_token'], 1);
    assert.equal(released.body['resource'], 'resource-1');

    const stats = await request('GET', '/admin/stats');
    assertShape(stats.body, { total_locks: 1, total_session: 3 });
    assert.equal(stats.body['active_sessions'], 1);
    assert.equal(stats.body['expired_sessions'], 0);
    assert.equal(stats.body['fence_counter'], 1);

    const cleanup = await request('POST', '/admin/cleanup');
    assert.deepEqual(cleanup.body, { cleanup: 'completed', count: 0 });

    const ended = await request('DELETE', `/sessions/${sessionId}`);
    assert.deepEqual(ended.body, { deleted: true, session_id: sessionId });
  });
});
