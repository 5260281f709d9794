/** The cache over HTTP: the curls of the seed as printed, conditions, and what is refused. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startHarness } from '../harness.ts';
import type { MemoryEngine } from '../memory-engine.ts';
import { secured } from '../secured-api.ts';

/** What a node lists that has lines of these keys. */
function linesOf(keys: readonly string[]): MemoryEngine['listing']['linesOf'] {
  return ({ prefix, after = '', limit }) => {
    const left = keys.filter((key) => key.startsWith(prefix) && key > after).toSorted();
    const rows = left
      .slice(0, limit)
      .map((key) => ({ key, version: key.length, state: 'shared' }) as const);
    return { rows, nextAfter: left.length > limit ? (rows.at(-1)?.key ?? null) : null };
  };
}

describe('the cache over HTTP', () => {
  test('given a node, when the curls of the seed are sent as printed, then the value comes back', async (t) => {
    const { request } = startHarness(t);
    const set = await request('POST', '/cache/set', '{"key":"k1","value":"v1"}');
    assert.equal(set.status, 200, set.text);
    const got = await request('GET', '/cache/get?k=k1');
    assert.equal(got.body['value'], 'v1');
    assert.equal(got.body['found'], true);
    assert.equal(got.body['version'], set.body['version']);
    assert.equal(got.body['expires_in_seconds'], null);
  });

  test('given no value, when it is read, then that is an answer; a delete tells whether there was one', async (t) => {
    const { request } = startHarness(t);
    const { status, body } = await request('GET', '/cache/get?k=nothing');
    assert.deepEqual(
      [status, body['found'], body['value'], body['version']],
      [200, false, null, 0],
    );
    await request('POST', '/cache/set', { key: 'a b', value: null });
    assert.equal((await request('GET', '/cache/get?k=a%20b')).body['found'], true);
    assert.equal((await request('DELETE', '/cache?k=a%20b')).body['deleted'], true);
    assert.equal((await request('DELETE', '/cache', { k: 'a b' })).body['deleted'], false);
    assert.deepEqual((await request('GET', '/cache/stats')).body['keys'], 0);
  });

  test('given lines of a node, then their counts by state are told in numbers', async (t) => {
    const { request, engine } = startHarness(t);
    const stats = engine.stats.bind(engine);
    const linesByState = { modified: 1, exclusive: 2, shared: 3, invalid: 4 };
    engine.stats = () => ({ ...stats(), cache: { ...stats().cache, lines: 10, linesByState } });
    const { body } = await request('GET', '/cache/stats');
    assert.deepEqual(
      ['lines', 'modified_lines', 'exclusive_lines', 'shared_lines', 'invalid_lines'].map(
        (name) => body[name],
      ),
      [10, 1, 2, 3, 4],
    );
    const { text } = await request('GET', '/metrics');
    assert.match(text, /^holdfast_cache_lines_by_state\{.*state="shared".*\} 3$/m);
  });

  test('given lines of a node, then they are listed by pages in the order of keys, with what is to be dropped', async (t) => {
    const { request, engine } = startHarness(t);
    engine.listing = {
      linesOf: linesOf(['a/1', 'b/1', 'a/2', 'a/3']),
      pending: [
        { key: 'a/1', sharer: 'node-2', of: 'node', waitedMs: 250 },
        { key: 'b/1', sharer: 'ada at 10.0.0.3 #7', of: 'client', waitedMs: 50 },
      ],
    };
    const page = async (query: string): Promise<readonly unknown[]> => {
      const { status, body } = await request('GET', `/cache/lines?${query}`);
      assert.equal(status, 200);
      const lines = body['lines'] as readonly { readonly key: string }[];
      return [...lines.map(({ key }) => key), body['next_after']];
    };
    assert.deepEqual(await page('limit=3'), ['a/1', 'a/2', 'a/3', 'a/3']);
    assert.deepEqual(await page('limit=3&after=a/3'), ['b/1', null]);
    assert.deepEqual(await page('limit=2&prefix=a/'), ['a/1', 'a/2', 'a/2']);
    assert.deepEqual(await page('limit=2&prefix=a/&after=a/2'), ['a/3', null]);
    assert.deepEqual(await page('limit=2&after=a/1/gone'), ['a/2', 'a/3', 'a/3']);
    assert.deepEqual(await page('prefix=z/'), [null]);
    const { body } = await request('GET', '/cache/lines?prefix=b/');
    assert.deepEqual(body['pending'], [
      { key: 'b/1', of: 'client', sharer: 'ada at 10.0.0.3 #7', waited_seconds: 0.05 },
    ]);
    assert.equal((await request('GET', '/cache/lines?limit=1001')).status, 400);
  });

  test('given lines of keys that others may read, then a page tells nothing of them, not even how many there are (LIST-3)', async (t) => {
    const { request, identity, engine } = await secured(t);
    const mine = ['m/1', 'm/2', 'm/3', 'n', 'z/1'];
    const others = Array.from({ length: 3000 }, (_, at) => `a/${String(at)}`);
    const ann = await identity(
      'ann',
      { verb: 'cache_read', kind: 'cache', prefix: 'm/' },
      { verb: 'cache_read', kind: 'cache', name: 'n' },
      { verb: 'cache_read', kind: 'cache', prefix: 'z/' },
      { verb: 'read', kind: 'cache', prefix: 'a/' },
    );
    const answers: (readonly string[])[] = [];
    for (const keys of [mine, [...others, ...mine, 'm', 'n/1', 'zz']]) {
      engine.listing = {
        linesOf: linesOf(keys),
        pending: keys.map((key) => ({ key, sharer: 'node-2', of: 'node', waitedMs: 250 })),
      };
      for (const limit of [1, 2, 100]) {
        const told: string[] = [];
        const shown: string[] = [];
        for (let after: string | null = ''; after !== null;) {
          const query = `limit=${String(limit)}${after === '' ? '' : `&after=${after}`}`;
          const page = await request('GET', `/cache/lines?${query}`, undefined, ann);
          assert.equal(page.status, 200, page.text);
          told.push(page.text);
          for (const { key } of page.body['lines'] as readonly { readonly key: string }[])
            shown.push(key);
          after = page.body['next_after'] as string | null;
        }
        assert.deepEqual(shown, mine);
        answers.push(told);
      }
    }
    assert.deepEqual(answers.slice(3), answers.slice(0, 3), 'the same with lines of others');
  });

  test('given a version, when another one is demanded, then nothing is changed and the version is told', async (t) => {
    const { request } = startHarness(t);
    const first = await request('POST', '/cache/set', { key: 'k', value: 1, if_version: 0 });
    const { version } = first.body;
    const again = await request('POST', '/cache/set', { key: 'k', value: 2, if_version: 0 });
    assert.deepEqual([again.status, again.body['code']], [409, 'version_mismatch']);
    assert.equal(again.body['version'], version);
    const deleted = await request('DELETE', `/cache?k=k&if_version=${String(Number(version) + 1)}`);
    assert.equal(deleted.body['code'], 'version_mismatch');
    const right = await request('POST', '/cache/set', { key: 'k', value: 2, if_version: version });
    assert.equal(right.status, 200, right.text);
  });

  test('given a hold that is over, when a write names it, then it is refused', async (t) => {
    const { request } = startHarness(t);
    const held = await request('POST', '/locks/reports/acquire', {
      client_id: 'a',
      ttl_seconds: 30,
    });
    const if_held = { resource: 'reports', fence_token: held.body['fence_token'] };
    const write = { key: 'k', value: 1, if_held };
    assert.equal((await request('POST', '/cache/set', write)).status, 200);
    await request('POST', '/locks/reports/release', {
      client_id: 'a',
      fence_token: if_held.fence_token,
    });
    const late = await request('POST', '/cache/set', write);
    assert.deepEqual([late.status, late.body['code']], [409, 'hold_not_current']);
    assert.equal(late.body['current_fence_token'], null);
  });

  test('given a ttl, when it has passed, then the value is gone', async (t) => {
    const { request, engine } = startHarness(t);
    await request('POST', '/cache/set', { key: 'k', value: 1, ttl_seconds: 0.5 });
    assert.equal((await request('GET', '/cache/get?k=k')).body['expires_in_seconds'], 0.5);
    engine.advance(500);
    assert.equal((await request('GET', '/cache/get?k=k')).body['found'], false);
  });

  test('given what is none, when it is sent, then it is refused and nothing is changed', async (t) => {
    const { request } = startHarness(t);
    for (const body of [
      {},
      { key: 'k' },
      { key: '', value: 1 },
      { key: 'k'.repeat(257), value: 1 },
      { key: 'k', value: 1, ttl_seconds: 0 },
      { key: 'k', value: 1, ttl_seconds: -1 },
      { key: 'k', value: 1, ttl_seconds: 86_401 },
      { key: 'k', value: 1, if_version: -1 },
      { key: 'k', value: 1, if_held: { resource: 'x' } },
      { key: 'k', value: 1, if_held: { resource: 'x', fence_token: 0 } },
      { key: 'k', value: 'x'.repeat(65_535) },
    ]) {
      const { status, body: problem } = await request('POST', '/cache/set', body);
      assert.ok(status === 400 || status === 413, JSON.stringify(body).slice(0, 80));
      assert.ok(['invalid_request', 'body_too_large'].includes(String(problem['code'])));
    }
    assert.equal((await request('GET', '/cache/get')).status, 400);
    assert.equal((await request('DELETE', '/cache')).status, 400);
    assert.equal((await request('GET', '/cache/stats')).body['keys'], 0);
  });
});
