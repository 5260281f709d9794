import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { holdfast, startOneNode } from './support/holdfast.ts';
import type { Ended } from './support/holdfast.ts';

describe('holdfast cache', () => {
  let node: Awaited<ReturnType<typeof startOneNode>>;
  before(async () => {
    node = await startOneNode();
  });
  after(() => node.close());

  const cache = (...words: readonly string[]): Promise<Ended> =>
    holdfast(node.url, ['cache', ...words]).ended;

  it('given a value, when it is set, got and deleted, then each tells what is there', async () => {
    const set = await cache('set', 'user/1', '{"name":"Ada"}', '--ttl', '60', '--json');
    const { version } = JSON.parse(set.stdout) as { version: number };
    const got = await cache('get', 'user/1');
    assert.match(got.stdout, /^value +\{"name":"Ada"\}$/m);
    assert.match(got.stdout, new RegExp(`^version +${String(version)}$`, 'm'));
    assert.match((await cache('stats')).stdout, /^modified_lines +1$/m);
    const refused = await cache('set', 'user/1', 'x', '--if-version', '0');
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /version_mismatch/);
    const deleted = await cache('delete', 'user/1', '--if-version', String(version));
    assert.match(deleted.stdout, /^deleted +true$/m);
    assert.equal((await cache('get', 'user/1')).status, 3);
    assert.match((await cache('stats')).stdout, /^keys +0$/m);
  });

  it('given what is none, when it is used, then nothing is done and the status is 2', async () => {
    for (const words of [
      ['set', 'k', 'v', '--ttl', 'long'],
      ['set', 'k', 'v', '--if-version', 'x'],
      ['set', 'k', 'v', '--if-held', 'lock'],
      ['delete', 'k', '--fence-token', '1'],
    ])
      assert.equal((await cache(...words)).status, 2, words.join(' '));
  });
});
