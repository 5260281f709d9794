/** Locks by which nodes own partitions of queues are no client's (ACCESS-3). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startHarness } from '../harness.ts';
import type { Answer } from '../harness.ts';

const name = 'holdfast/queue/partition/1';

function assertReserved(answer: Answer): void {
  assert.equal(answer.status, 400, answer.text);
  assert.equal(answer.body['code'], 'invalid_request');
  assert.equal(answer.body['reserved_prefix'], 'holdfast/queue/');
  assert.match(answer.text, /partition\/1.*is reserved.*Nothing was done/);
}

describe('a reserved name of a lock', () => {
  test('is refused to clients, however they ask, and nothing is submitted', async (t) => {
    const { request, session, engine } = startHarness(t);
    const session_id = await session();
    const before = engine.submitted.length;
    const path = encodeURIComponent(name);
    const many = (...resources: readonly object[]) =>
      request('POST', '/locks/acquire-many', { session_id, resources });
    assertReserved(await request('POST', `/sessions/${session_id}/locks/${path}`));
    assertReserved(await request('POST', '/operations/acquire', { session_id, name }));
    assertReserved(await many({ kind: 'lock', name: 'a' }, { kind: 'lock', name }));
    const simple = { client_id: 'c', ttl_seconds: 5 };
    assertReserved(await request('POST', `/locks/${path}/acquire`, simple));
    assert.equal(engine.submitted.length, before);
  });

  test('is looked at, and its release forced; names beside it are free, and so are other kinds', async (t) => {
    const { request, session, acquire } = startHarness(t);
    const session_id = await session();
    await acquire(session_id, 'holdfast/queue');
    await acquire(session_id, 'my/holdfast/queue/1');
    const resources = [{ kind: 'semaphore', name, limit: 1 }];
    const many = await request('POST', '/locks/acquire-many', { session_id, resources });
    assert.equal(many.status, 200, many.text);
    const path = `/locks/${encodeURIComponent(name)}`;
    assert.equal((await request('GET', `${path}/status`)).status, 200);
    const forced = await request('POST', '/operations/force_release', { name });
    assert.notEqual(forced.body['code'], 'invalid_request', forced.text);
  });
});
