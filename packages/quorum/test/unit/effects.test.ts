/** Codes of lease nodes that say that nothing was done: over HTTP, with real files. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setIdOf } from '@holdfast/protocol';
import { ask, LeaseNodes, ownSet } from './support/lease-nodes.ts';
import type { StartedNode } from './support/lease-nodes.ts';

const longestTtlMs = 60_000;
const ours = { resource: 'r', epoch: ownSet.epoch, set: setIdOf(ownSet) };
const otherSet = setIdOf({ epoch: ownSet.epoch, members: ownSet.members.slice(1) });

describe('A lease node that refuses with a code that says that nothing was done', () => {
  let nodes: LeaseNodes;
  beforeEach(() => {
    nodes = new LeaseNodes();
  });
  afterEach(() => nodes.end());

  const start = (name: string): Promise<StartedNode> =>
    nodes.start(name, { longestTtlMs, driftBufferMs: 40 });

  /** All that can be asked of a lease, where `held` is held. */
  const requests = (of: typeof ours, held: string) =>
    [
      ['/acquire', { ...of, resource: 'free', lease_id: 'l2', client_id: 'c', ttl_ms: 1000 }],
      ['/renew', { ...of, lease_id: held, ttl_ms: 50_000 }],
      ['/confirm', { ...of, lease_id: held, token: 99 }],
      ['/release', { ...of, lease_id: held }],
      ['/wait', { ...of, waiter_id: 'w', timeout_ms: 10 }],
    ] as const;

  async function seen({ url }: StartedNode): Promise<object> {
    const [held, free, tokens] = await Promise.all([
      ask(url, '/status/r'),
      ask(url, '/status/free'),
      ask(url, '/tokens'),
    ]);
    const { remaining_ms: _remaining, ...lease } = held.body;
    return [lease, free.body['held'], tokens.body['tokens']];
  }

  it('keeps its leases and tokens as they were (wrong_epoch, another_set)', async () => {
    const all = [await start('a'), await start('b'), await start('c')] as const;
    await Promise.all(all.map(({ votes }) => votes));
    const [a] = all;
    const held = { ...ours, lease_id: 'l1', client_id: 'c', ttl_ms: 30_000 };
    assert.equal((await ask(a.url, '/acquire', held)).body['status'], 'GRANTED');
    const before = await seen(a);
    for (const [code, of] of [
      ['wrong_epoch', { ...ours, epoch: ours.epoch + 1 }],
      ['another_set', { ...ours, set: otherSet }],
    ] as const)
      for (const [path, body] of requests(of, 'l1')) {
        const answer = await ask(a.url, path, body);
        assert.deepEqual([answer.status, answer.body['code']], [409, code], path);
        assert.deepEqual(await seen(a), before, path);
      }
  });

  it('has granted nothing when it votes (not_voting)', async () => {
    const a = await start('a');
    for (const [path, body] of requests(ours, 'l1')) {
      const answer = await ask(a.url, path, body);
      assert.deepEqual([answer.status, answer.body['code']], [503, 'not_voting'], path);
    }
    const rest = [await start('b'), await start('c')];
    await Promise.all([a, ...rest].map(({ votes }) => votes));
    const [lease, isFreeHeld, tokens] = (await seen(a)) as [{ held: boolean }, boolean, unknown];
    assert.deepEqual([lease.held, isFreeHeld, tokens], [false, false, []]);
  });
});
