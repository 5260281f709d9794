/** Lists over HTTP: what is on a page, how many there are, and how large an answer may become. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HoldDigest } from '@holdfast/protocol';
import { assertProblem, startHarness } from '../harness.ts';

describe('pages', () => {
  test('given a session with many holds, then its pages have each once, and the digest is that of the client', async (t) => {
    const { request, session, acquire } = startHarness(t);
    const own = await session();
    const digest = new HoldDigest();
    for (let index = 0; index < 25; index++) {
      digest.add(await acquire(own, `lock-${String(index)}`));
    }
    const taken = await request('POST', '/semaphores/s/acquire', { session_id: own, limit: 1 });
    digest.add(Number(taken.body['fence_token']));
    const names: unknown[] = [];
    let after = '';
    for (let pages = 0; pages < 3; pages++) {
      const { body } = await request('GET', `/sessions/${own}/locks?limit=10${after}`);
      assert.equal(body['total_locks'], 25);
      assert.equal(body['total_holds'], 26);
      assert.equal(body['digest'], digest.text);
      names.push(...(body['locks'] as string[]));
      after = `&after=${String(body['next_after'])}`;
    }
    assert.equal(after, '&after=null');
    assert.deepEqual(
      names,
      Array.from({ length: 25 }, (_, index) => `lock-${String(index)}`),
    );
    const counts = await request('GET', `/sessions/${own}/locks?limit=0`);
    assert.deepEqual(
      [counts.body['total_holds'], counts.body['locks'], counts.body['next_after']],
      [26, [], null],
    );
    const refused = await request('GET', `/sessions/${own}/locks?limit=1001`);
    assertProblem(refused, 400, 'invalid_request');
  });

  test('given a digest of tokens above 2^32, then all their bits count', () => {
    const digests = [1, 2 ** 32 + 1, 2 ** 40 + 1, 2 ** 52 + 1].map((token) => {
      const digest = new HoldDigest();
      digest.add(token);
      return digest.text;
    });
    assert.equal(new Set(digests).size, 4);
  });

  test('given more locks than the session itself shows, then it tells how many there are', async (t) => {
    const { request, session, acquire } = startHarness(t);
    const own = await session();
    for (let index = 0; index < 120; index++) await acquire(own, `lock-${String(index)}`);
    const { body } = await request('GET', `/sessions/${own}`);
    assert.equal((body['locks_held'] as string[]).length, 100);
    assert.equal(body['lock_count'], 120);
  });

  test('given many readers with large metadata, then a status stays far below what a gRPC client takes', async (t) => {
    const { request, session } = startHarness(t);
    for (let index = 0; index < 90; index++) {
      const session_id = await session({ client_id: `${String(index)}${'ü'.repeat(250)}` });
      const metadata = 'm'.repeat(1000);
      for (const name of ['x', 'y', 'z'])
        await request('POST', `/locks/${name}/acquire`, { session_id, mode: 'shared', metadata });
    }
    const status = await request('GET', '/locks/x/status?show=1000');
    assert.equal(status.body['holder_count'], 90);
    assert.ok(Buffer.byteLength(JSON.stringify(status.body)) < 2 * 1024 * 1024);
    const shown = (status.body['holders'] as { fence_token: number }[]).at(-1)?.fence_token;
    const asked = await request('GET', `/locks/x/status?show=1&fence_token=${String(shown)}`);
    assert.deepEqual(
      (asked.body['holders'] as { fence_token: number }[]).map((holder) => holder.fence_token),
      [shown],
    );
  });
});
