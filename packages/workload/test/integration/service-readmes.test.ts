/**
 * Every `curl` of the distributed-sync readme about leaders and locks, as printed there but for its ports,
 * and every path of the SYS-001 readme, called as a script would: by client id, without a session.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertEnds } from '../../../checker/src/waits.ts';
import { curl } from './support/curl.ts';
import { threeNodes } from './support/cluster.ts';
import { lookedForMessages, wokenWithinMs } from './support/waiting-pops.ts';
import type { TestCluster } from './support/cluster.ts';

type Answer = Readonly<Record<string, unknown>>;

let nodes: TestCluster;

before(async () => {
  nodes = await threeNodes();
});
after(async () => {
  await nodes[Symbol.asyncDispose]();
});

/** `http://localhost:8002` is the second node. */
async function asPrinted(command: string): Promise<Answer> {
  const { urls } = nodes.cluster;
  const placed = command.replaceAll(
    /http:\/\/localhost:800([123])/g,
    (_whole, number: string) => urls[Number(number) - 1] ?? '',
  );
  return (await curl(placed)) as Answer;
}

const post = (path: string, body: object, node = 1): Promise<Answer> =>
  asPrinted(
    `curl -X POST http://localhost:800${String(node)}${path} -H "Content-Type: application/json" -d '${JSON.stringify(body)}'`,
  );
const read = (path: string, node = 1): Promise<Answer> =>
  asPrinted(`curl 'http://localhost:800${String(node)}${path}'`);

describe('The curls of the distributed-sync readme', () => {
  it('tell the same leader on every node', async () => {
    const leaders = [];
    for (const node of [1, 2, 3])
      leaders.push((await asPrinted(`curl http://localhost:800${String(node)}/leader`))['leader']);
    assert.equal(new Set(leaders).size, 1);
    assert.equal(leaders[0], await nodes.cluster.leader());
  });

  it('acquire and release a lock by its owner', async () => {
    const taken = await asPrinted(
      `curl -X POST http://localhost:8001/lock/acquire -H "Content-Type: application/json" -d '{"name":"resA","mode":"exclusive","owner":"client1"}'`,
    );
    assert.equal(taken['acquired'], true);
    const other = { name: 'resA', mode: 'exclusive', owner: 'client2' };
    assert.equal((await post('/lock/acquire', other, 2))['code'], 'lock_held');
    const given = await asPrinted(
      `curl -X POST http://localhost:8001/lock/release -H "Content-Type: application/json" -d '{"name":"resA","owner":"client1"}'`,
    );
    assert.equal(given['released'], true);
    assert.equal((await post('/lock/acquire', other, 3))['acquired'], true);
  });
});

describe('The queue of the distributed-sync readme', () => {
  it('takes on one node what was pushed on another', async () => {
    const pushed = await asPrinted(
      `curl -X POST http://localhost:8001/queue/push -H "Content-Type: application/json" -d '{"key":"user:123","payload":"hello"}'`,
    );
    assert.equal(pushed['queue'], 'default');
    const popped = await asPrinted('curl http://localhost:8002/queue/pop');
    const [message] = popped['messages'] as readonly Answer[];
    assert.equal(message?.['key'], 'user:123');
    assert.equal(message['payload'], 'hello');
    assert.deepEqual((await read('/queue/pop', 3))['messages'], []);
  });

  it('tells a consumer that waits on any node at once, and redelivers what is not acknowledged', async () => {
    const url = nodes.cluster.urls[2] ?? '';
    const waiting = read('/queue/pop?wait_seconds=20&visibility_seconds=0.5', 3);
    await lookedForMessages(url);
    await post('/queue/push', { key: 'a', payload: 1 }, 1);
    const soon = { longestMs: wokenWithinMs, what: 'a consumer on another node has the message' };
    const [first] = (await assertEnds(waiting, soon))['messages'] as readonly Answer[];
    assert.equal(first?.['delivery'], 1);
    const again = await read('/queue/pop?wait_seconds=20&visibility_seconds=30', 2);
    const [second] = again['messages'] as readonly Answer[];
    assert.equal(second?.['delivery'], 2);
    assert.equal(
      (await post('/queue/ack', { receipt: first['receipt'] }, 2))['code'],
      'stale_receipt',
    );
    assert.equal(
      (await post('/queue/ack', { receipt: second['receipt'] }, 3))['acknowledged'],
      true,
    );
  });

  it('tells owners, each with its share of the partitions', async () => {
    const { owners } = await read('/queue/stats', 2);
    const shares = (owners as readonly { partitions: number }[]).map(
      ({ partitions }) => partitions,
    );
    assert.equal(shares.length, 3);
    assert.equal(
      shares.reduce((sum, share) => sum + share, 0),
      64,
    );
    for (const share of shares) assert.ok(share >= 10, String(shares));
  });
});

describe('The cache of the distributed-sync readme', () => {
  it('answers on one node what was set on another', async () => {
    const set = await asPrinted(
      `curl -X POST http://localhost:8003/cache/set -H "Content-Type: application/json" -d '{"key":"k1","value":"v1"}'`,
    );
    const got = await asPrinted('curl http://localhost:8002/cache/get?k=k1');
    assert.equal(got['value'], 'v1');
    assert.equal(got['version'], set['version']);
  });
});

describe('The paths of the SYS-001 readme', () => {
  const who = { client_id: 'worker-1' };

  it('acquire, renew, show and release a lock', async () => {
    const { fence_token } = await post('/locks/report/acquire', { ...who, ttl_seconds: 30 });
    assert.equal((await post('/locks/report/renew', { ...who, fence_token }, 2))['renewed'], true);
    assert.equal((await read('/locks/report/status', 3))['locked'], true);
    const released = await post('/locks/report/release', { ...who, fence_token }, 2);
    assert.equal(released['released'], true);
  });

  it('acquire, show and release a permit of a semaphore', async () => {
    const asked = { ...who, permits: 1, limit: 2, ttl_seconds: 30 };
    const { fence_token } = await post('/semaphores/exports/acquire', asked);
    assert.equal((await read('/semaphores/exports/status', 2))['free'], 1);
    const released = await post('/semaphores/exports/release', { ...who, fence_token }, 3);
    assert.equal(released['released'], true);
  });

  it('campaign, tell the leader and resign', async () => {
    const { fence_token } = await post('/election/scheduler/campaign', { ...who, value: 'here' });
    const { leader } = await read('/election/scheduler/leader', 2);
    assert.equal((leader as Answer)['client_id'], 'worker-1');
    const resigned = await post('/election/scheduler/resign', { ...who, fence_token }, 3);
    assert.equal(resigned['resigned'], true);
  });

  it('tell health, stats and the state of the cluster', async () => {
    assert.equal((await read('/health'))['status'], 'healthy');
    assert.equal((await read('/cluster/status', 2))['leader'], await nodes.cluster.leader());
    const metrics = await fetch(`${nodes.cluster.urls[0] ?? ''}/metrics`);
    assert.match(await metrics.text(), /lock_acquisitions_total/);
  });
});
