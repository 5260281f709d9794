/** What others got wrong: the advisories of etcd of 2026, and what is near to them, each as it would be here. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { operations } from '@holdfast/contract';
import { sampleOf } from '../samples.ts';
import { secured } from '../secured-api.ts';

const secret = 'value-of-somebody';

describe('given authentication', () => {
  test('an operation inside another one is asked about as well: no part of several is taken without a rule', async (t) => {
    const { request, identity, engine } = await secured(t);
    const worker = await identity('worker', { verb: 'acquire', kind: 'lock', name: 'mine' });
    const session = await request('POST', '/sessions', {}, worker);
    const { status, body } = await request(
      'POST',
      '/locks/acquire-many',
      {
        session_id: session.body['session_id'],
        resources: [{ name: 'mine' }, { kind: 'semaphore', name: 'theirs', permits: 1, limit: 1 }],
      },
      worker,
    );
    assert.deepEqual([status, body['code']], [403, 'forbidden']);
    assert.equal(engine.state.stats().heldLocks, 0);
  });

  test('a condition on a hold tells nothing of a lock that its caller may not take, nor of a hold of another identity', async (t) => {
    const { request, identity, root } = await secured(t);
    const owned = await request('POST', '/sessions', {}, root);
    const held = await request(
      'POST',
      `/sessions/${String(owned.body['session_id'])}/locks/theirs`,
      {},
      root,
    );
    const token = Number(held.body['fence_token']);
    assert.ok(token > 0, held.text);
    const mayWrite = { verb: 'cache_write', kind: 'cache', prefix: 'mine/' };
    const writer = await identity('writer', mayWrite);
    const worker = await identity('worker', mayWrite, { verb: 'acquire', kind: 'lock' });
    const answerTo = async (
      headers: Readonly<Record<string, string>>,
      resource: string,
      fence_token: number,
    ): Promise<string> => {
      const if_held = { resource, fence_token };
      const set = { key: 'mine/a', value: 1, if_held };
      const answers = [
        await request('POST', '/cache/set', set, headers),
        await request('POST', '/operations/cache_set', set, headers),
        await request('POST', '/operations/cache_delete', { k: 'mine/a', if_held }, headers),
        await request('DELETE', '/cache', { k: 'mine/a', if_held }, headers),
      ];
      const told = answers.map(({ body }) =>
        JSON.stringify({
          code: body['code'],
          detail: body['detail'],
          current: body['current_fence_token'],
        }).replaceAll(resource, 'NAME'),
      );
      return told.join('\n');
    };
    const [real, absent] = [
      await answerTo(writer, 'theirs', 999),
      await answerTo(writer, 'nobodys', 999),
    ];
    assert.equal(real, absent, 'a lock that is held is told like one that is not there');
    assert.match(real, /"forbidden"/);
    assert.doesNotMatch(real, /invalid_request|hold_not_current/);
    // Who may take it may try, and learns no more of another identity's hold.
    const tried = await answerTo(worker, 'theirs', 999);
    assert.equal(tried, await answerTo(worker, 'nobodys', 999));
    assert.equal(tried.match(/"hold_not_current"/g)?.length, 4, tried);
    assert.ok(!tried.includes(`"current":${String(token)}`), tried);
    const own = await answerTo(root, 'theirs', 999);
    assert.equal(own.match(new RegExp(`"current":${String(token)}`, 'g'))?.length, 4, own);
  });

  test('administration is asked for by nobody without a key: every operation of it', async (t) => {
    const { request } = await secured(t);
    const admin = operations.filter(({ access }) => access.verb === 'admin');
    assert.ok(admin.length > 15);
    for (const declared of admin) {
      const [route] = declared.http;
      if (route === undefined) continue;
      const sample = new Map(Object.entries(sampleOf(declared)));
      const path = route.path.replaceAll(/\{([a-z_]+)\}/g, (_match, field: string) => {
        sample.delete(field);
        return 'x';
      });
      const isRead = route.method === 'GET';
      const sent = Object.fromEntries(sample);
      const { body } = await request(route.method, path, isRead ? undefined : sent);
      assert.equal(body['code'], 'unauthorized', declared.name);
    }
  });

  test('who may read one name is told nothing of those that follow it', async (t) => {
    const { request, identity, root } = await secured(t);
    const reader = await identity('reader', { verb: 'read', kind: 'lock', name: 'b' });
    const session = await request('POST', '/sessions', {}, root);
    for (const name of ['a', 'b', 'b/secret', 'c'])
      await request(
        'POST',
        `/sessions/${String(session.body['session_id'])}/locks/${encodeURIComponent(name)}`,
        {},
        root,
      );
    const { text } = await request('GET', '/locks', undefined, reader);
    assert.match(text, /"b"/);
    assert.doesNotMatch(text, /b\/secret|"a"|"c"/);
    const events = await request('GET', '/events?after=0', undefined, reader);
    assert.doesNotMatch(events.text, /b\/secret|"name":"a"|"name":"c"/);
    assert.equal((await request('GET', '/locks/b%2Fsecret', undefined, reader)).status, 403);
  });

  test('who may write and not read learns no value by writing, by a condition that fails, nor by deleting', async (t) => {
    const { request, identity, root } = await secured(t);
    const writer = await identity('writer', { verb: 'cache_write', kind: 'cache' });
    const put = await request('POST', '/cache/set', { key: 'k', value: { told: secret } }, root);
    assert.equal(put.status, 200, put.text);
    const answers = [
      await request('POST', '/cache/set', { key: 'k', value: 1, if_version: 999_999 }, writer),
      await request('POST', '/cache/set', { key: 'k', value: 1, if_version: 0 }, writer),
      await request('DELETE', '/cache?k=k&if_version=999999', undefined, writer),
      await request('GET', '/cache/get?k=k', undefined, writer),
      await request('POST', '/cache/set', { key: 'k', value: 2 }, writer),
      await request('DELETE', '/cache?k=k', undefined, writer),
    ];
    assert.equal(answers[3]?.status, 403);
    assert.ok(answers.some(({ status }) => status === 200));
    for (const { text } of answers) assert.ok(!text.includes(secret), text);
  });

  test('who may push and not consume learns no payload, and who may acquire learns of no session', async (t) => {
    const { request, identity, root } = await secured(t);
    await request('POST', '/queue/push', { queue: 'q', payload: secret, dedup_id: 'd' }, root);
    const pusher = await identity('pusher', { verb: 'push', kind: 'queue' });
    const again = await request(
      'POST',
      '/queue/push',
      { queue: 'q', payload: 'x', dedup_id: 'd' },
      pusher,
    );
    assert.ok(!again.text.includes(secret), again.text);
    const worker = await identity('worker', { verb: 'acquire', kind: 'lock' });
    const owner = await request('POST', '/sessions', {}, root);
    const id = String(owner.body['session_id']);
    await request('POST', `/sessions/${id}/locks/x`, { metadata: { told: secret } }, root);
    const mine = await request('POST', '/sessions', {}, worker);
    const held = await request(
      'POST',
      `/sessions/${String(mine.body['session_id'])}/locks/x`,
      {},
      worker,
    );
    assert.equal(held.body['code'], 'lock_held');
    assert.ok(!held.text.includes(id), held.text);
  });
});
