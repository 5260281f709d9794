import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { holdfast, startOneNode } from './support/holdfast.ts';
import type { Ended } from './support/holdfast.ts';

describe('holdfast latch', () => {
  let node: Awaited<ReturnType<typeof startOneNode>>;
  before(async () => {
    node = await startOneNode();
  });
  after(() => node.close());

  const latch = (...words: readonly string[]): Promise<Ended> =>
    holdfast(node.url, ['latch', ...words]).ended;

  it('given a latch, when it is counted down to 0, then whoever waits goes on, and it stays open until it is deleted', async () => {
    const created = await latch('create', 'a', '3', '--json');
    assert.deepEqual(JSON.parse(created.stdout), { resource: 'a', count: 3, open: false });
    const waiting = latch('wait', 'a');
    assert.match((await latch('count-down', 'a')).stdout, /^count +2$/m);
    assert.match((await latch('status', 'a')).stdout, /^open +false$/m);
    assert.match((await latch('count-down', 'a', '--by', '2')).stdout, /^open +true$/m);
    assert.equal((await waiting).status, 0);
    assert.equal((await latch('wait', 'a', '--wait', '0')).status, 0);
    assert.match((await latch('delete', 'a')).stdout, /^deleted +true$/m);
    const gone = await latch('status', 'a');
    assert.equal(gone.status, 0);
    assert.match(gone.stdout, /There is no latch "a"[^]*holdfast latch create NAME COUNT/);
  });

  it('given a latch above 0, when the wait runs out, then status 3; another count is refused', async () => {
    await latch('create', 'b', '1');
    const late = await latch('wait', 'b', '--wait', '0.2');
    assert.equal(late.status, 3);
    assert.match(late.stderr, /wait_timeout[^]*holdfast latch status NAME/);
    const other = await latch('create', 'b', '2');
    assert.equal(other.status, 1);
    assert.match(other.stderr, /limit_mismatch[^]*tells its count/);
  });

  it('given a number that is none, when it is used, then nothing is done and the status is 2', async () => {
    for (const words of [
      ['create', 'x', '0'],
      ['create', 'x'],
      ['count-down', 'x', '--by', 'all'],
      ['wait', 'x', '--wait', 'long'],
    ])
      assert.equal((await latch(...words)).status, 2, words.join(' '));
  });
});
