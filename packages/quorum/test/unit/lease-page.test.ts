/** The page of lease nodes, and what it asks for, over HTTP. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setIdOf } from '@holdfast/protocol';
import type { QuorumNodesAnswer, QuorumOverviewAnswer } from '@holdfast/protocol';
import { ask, LeaseNodes, nameOf, ownSet } from './support/lease-nodes.ts';
import type { StartedNode } from './support/lease-nodes.ts';

const apiKey = 'a key';
const headers = { authorization: `Bearer ${apiKey}` };
const wanted = (resource: string) => ({
  resource,
  epoch: ownSet.epoch,
  set: setIdOf(ownSet),
  lease_id: `secret id of ${resource}`,
  client_id: 'worker-1',
  ttl_ms: 60_000,
});

describe('The page of the lease nodes', () => {
  let nodes: LeaseNodes;
  beforeEach(() => {
    nodes = new LeaseNodes();
  });
  afterEach(() => nodes.end());

  async function three(): Promise<readonly [StartedNode, StartedNode, StartedNode]> {
    const options = { apiKey, longestTtlMs: 60_000 };
    const all = [
      await nodes.start('a', options),
      await nodes.start('b', options),
      await nodes.start('c', options),
    ] as const;
    await Promise.all(all.map(({ votes }) => votes));
    return all;
  }

  it('is served without a key, under a policy that lets nothing else in; programs get JSON', async () => {
    const a = await nodes.start('a', { apiKey });
    const page = await fetch(`${a.url}/`, { headers: { accept: 'text/html' } });
    const text = await page.text();
    assert.equal(page.status, 200);
    assert.match(text, /src="dashboard\/lease-nodes\.[jt]s"/);
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.match(page.headers.get('vary') ?? '', /accept/);
    const scripts = [...text.matchAll(/href="(dashboard\/[\w.-]+)"/g)].map(([, path]) => path);
    assert.ok(scripts.length > 5, text);
    for (const path of scripts) {
      const file = await fetch(`${a.url}/${String(path)}`);
      assert.equal(file.status, 200, path);
      await file.arrayBuffer();
    }
    assert.doesNotMatch(text, /cluster\.[jt]s/, 'only what it imports is asked for');
    const { status, body } = await ask(a.url, '/');
    assert.deepEqual([status, body['service']], [200, 'holdfast lease node']);
    assert.equal((await ask(a.url, '/dashboard/none.js')).body['code'], 'route_not_found');
    assert.equal((await ask(a.url, '/dashboard/..%2fstart.ts')).body['code'], 'route_not_found');
  });

  it('asks with a key for what it shows', async () => {
    const a = await nodes.start('a', { apiKey });
    for (const path of ['/nodes', '/overview', '/nodes?prefix=a', '/?nodes'])
      assert.equal((await ask(a.url, path)).status, path.startsWith('/?') ? 200 : 401, path);
  });

  it('shows all nodes as each tells of itself, one that is gone as gone', async () => {
    const [a, b, c] = await three();
    for (const { url } of [a, b]) await ask(url, '/acquire', wanted('reports/daily'), { headers });
    await c.close();
    const { status, body } = await ask(a.url, '/nodes', undefined, { headers });
    assert.equal(status, 200);
    const told = body as unknown as QuorumNodesAnswer;
    assert.deepEqual(
      told.nodes.map(({ name, told: own }) => [name, own?.voting, own?.leases]),
      [
        [nameOf('a'), true, 1],
        [nameOf('b'), true, 1],
        [nameOf('c'), undefined, undefined],
      ],
    );
    const [lease] = told.leases;
    assert.deepEqual(lease?.on, [nameOf('a'), nameOf('b')]);
    assert.equal(lease?.majority, true);
    assert.ok((lease?.remaining_ms ?? 0) > 30_000);
    // Whoever knows an id can act for its client.
    assert.doesNotMatch(JSON.stringify(body), /secret/);
  });

  it('says of a node that waits for its votes, and of none that it grants', async () => {
    const a = await nodes.start('a', { apiKey });
    const { body } = await ask(a.url, '/overview', undefined, { headers });
    const own = body as unknown as QuorumOverviewAnswer;
    assert.deepEqual([own.voting, own.leases, own.more], [false, 0, false]);
    assert.equal(own.name, nameOf('a'));
  });

  it('refuses what is no name', async () => {
    const a = await nodes.start('a', { apiKey });
    for (const query of [`prefix=${'x'.repeat(257)}`, 'after=1&after=2'])
      assert.equal(
        (await ask(a.url, `/nodes?${query}`, undefined, { headers })).status,
        400,
        query,
      );
  });
});
