import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { holdfast, startOneNode } from './support/holdfast.ts';
import type { Ended } from './support/holdfast.ts';

describe('what operators do on the command line', () => {
  let node: Awaited<ReturnType<typeof startOneNode>>;
  before(async () => {
    node = await startOneNode();
  });
  after(() => node.close());

  const run = (...words: readonly string[]): Promise<Ended> => holdfast(node.url, words).ended;

  it('renews, downgrades and takes away a hold', async () => {
    const { stdout } = await run('lock', 'acquire', 'a', '--json');
    const { fence_token: token } = JSON.parse(stdout) as { readonly fence_token: number };
    const renewed = await run('lock', 'renew', 'a', '--fence-token', String(token));
    assert.match(renewed.stdout, /^renewed +true$/m, renewed.stderr);
    const downgraded = await run('lock', 'downgrade', 'a', '--fence-token', String(token));
    assert.match(downgraded.stdout, /^mode +shared$/m, downgraded.stderr);
    const ended = await run('lock', 'force-release', 'a', '--reason', 'test');
    assert.match(ended.stdout, /^released +true$/m, ended.stderr);
    assert.match((await run('lock', 'status', 'a')).stdout, /is free/);
    const usage = await run('lock', 'acquire', 'a', '--ttl', '0.5');
    assert.equal(usage.status, 2, usage.stderr);
    assert.match(usage.stderr, /--ttl/);
    assert.doesNotMatch(usage.stderr, /ttl_seconds/);
  });

  it('lists the members, and passes on why one is not added, removed or made to lead', async () => {
    assert.match((await run('member', 'list')).stdout, /^node-1 +leader/m);
    const added = await run('member', 'add', 'node-2', 'nowhere');
    assert.equal(added.status, 2, added.stderr);
    assert.match(added.stderr, /ADDRESS/);
    const promoted = await run('member', 'promote', 'node-1');
    assert.match(promoted.stdout, /^promoted +true$/m, promoted.stderr);
    for (const words of [
      ['member', 'promote', 'node-9'],
      ['member', 'remove', 'node-9'],
      ['transfer', 'node-9'],
    ]) {
      const refused = await run(...words, '--json');
      assert.notEqual(refused.status, 0, refused.stdout);
      const told = JSON.parse(refused.stderr) as { readonly error: { readonly code: string } };
      assert.notEqual(told.error.code, 'internal');
    }
  });
});
