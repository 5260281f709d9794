import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { connect, HoldfastError } from '@holdfast/client';
import { Quorum } from '@holdfast/quorum-client';
import type { ClientWarning } from '@holdfast/client';
import { redisVoters } from '@holdfast/redis-voters';
import { Client } from '../../src/client.ts';
import { FakePeer } from '../fake-peer.ts';
import { clusterOf, environmentOf, VirtualClock, VirtualNode } from '../virtual-nodes.ts';

const refusal = (part: string) => (error: unknown) =>
  error instanceof HoldfastError &&
  error.code === 'invalid_request' &&
  error.message.includes(part);
const wrong: readonly string[] = [
  'localhost',
  '',
  'http://a b',
  'http://',
  'ws://a:1',
  '::1:8080',
  'a:b:c',
  'http://a:99999',
  'http://a/?x',
];

describe('connect', () => {
  for (const endpoint of wrong)
    it(`rejects for the endpoint ${JSON.stringify(endpoint)}, naming it`, async () => {
      await assert.rejects(
        connect({ endpoints: ['http://127.0.0.1:9', endpoint] }),
        refusal(JSON.stringify(endpoint)),
      );
    });

  it('rejects for no endpoints, and for what programs without types give', async () => {
    for (const endpoints of [[], undefined, 'http://127.0.0.1:9', [undefined], [7], [{}]]) {
      const options = { endpoints } as unknown as Parameters<typeof connect>[0];
      await assert.rejects(connect(options), refusal(''), JSON.stringify(endpoints));
    }
  });

  it('takes host:port for http, and slashes at the end for nothing', async () => {
    const peer = await FakePeer.start();
    try {
      for (const endpoint of [peer.url, `${peer.url}///`, peer.url.replace('http://', '')]) {
        const client = await connect({ endpoints: [endpoint] });
        await client.close();
      }
    } finally {
      await peer.close();
    }
  });

  it('asks nothing without a probe: what is asked for first is the first request', async () => {
    const peer = await FakePeer.start();
    try {
      const client = await connect({ endpoints: [peer.url] }, { probe: false });
      await client.call('lock_status', { name: 'x' });
      await client.close();
      const asked = peer.received.map(({ operation }) => operation);
      assert.deepEqual(asked, ['lock_status']);
    } finally {
      await peer.close();
    }
  });

  it('names a password nowhere', async () => {
    await assert.rejects(
      connect({ endpoints: ['http://me:secret@a:1'] }),
      (error) => refusal('…@a:1')(error) && !String(error).includes('secret'),
    );
  });
});

describe('A client', () => {
  let clock: VirtualClock;
  let node: VirtualNode;
  let warnings: ClientWarning[];
  let client: Client;
  beforeEach(() => {
    clock = new VirtualClock();
    node = new VirtualNode(clock, 'a');
    warnings = [];
    client = new Client(
      { endpoints: [node.url], onWarning: (warning) => warnings.push(warning) },
      environmentOf(clock, [node]),
    );
  });
  afterEach(() => client.close());

  for (const url of [...wrong.filter((one) => one !== ''), 'http://0.0.0.0:8080', 'http://[::]:80'])
    it(`passes by a leader whose address is "${url}", and says so once (ROUTE-7)`, async () => {
      const greeting = { ...clusterOf(node, node, [node]), leader: 'b' };
      node.greeting = {
        ...greeting,
        members: [
          { node_id: 'a', url: node.url },
          { node_id: 'b', url },
        ],
      };
      for (let round = 0; round < 3; round++) {
        const asked = client.call('list_locks', { limit: 1 });
        await clock.pass(500);
        await asked;
        node.dropConnections();
        await clock.pass(500);
      }
      assert.deepEqual(
        warnings.map((warning) => ({ ...warning, message: '' })),
        [{ kind: 'address_refused', nodeId: 'b', address: url, message: '' }],
      );
      assert.match(warnings[0]?.message ?? '', /Member "b" is not contacted directly/);
    });

  it('takes an address that is not known yet for none', async () => {
    node.greeting = {
      cluster_id: 'virtual',
      node_id: 'a',
      leader: 'b',
      members: [
        { node_id: 'a', url: node.url },
        { node_id: 'b', url: '' },
      ],
    };
    const asked = client.call('list_locks', { limit: 1 });
    await clock.pass(500);
    await asked;
    assert.deepEqual(warnings, []);
  });

  it('asks nothing of a node of another cluster, and says so once (REACH-8)', async () => {
    const foreign = new VirtualNode(clock, 'b');
    foreign.greeting = { ...clusterOf(foreign, foreign, []), cluster_id: 'foreign' };
    node.greeting = clusterOf(node, foreign, [node, foreign]);
    const other = new Client(
      { endpoints: [node.url, foreign.url], onWarning: (warning) => warnings.push(warning) },
      environmentOf(clock, [node, foreign]),
    );
    const session = await clock.settled(other.session({ timeoutSeconds: 3 }));
    const hold = await clock.settled(session.lock('a'));
    await clock.pass(20_000);
    hold.assertHeld();
    node.refuses = true;
    node.dropConnections();
    await clock.pass(20_000);
    assert.equal(session.state, 'lost');
    assert.deepEqual(foreign.asked, []);
    assert.equal(foreign.triedAtMs.length, 1, 'it is tried no more');
    assert.deepEqual(warnings, [
      {
        kind: 'other_cluster',
        nodeId: 'b',
        address: foreign.url,
        clusterId: 'virtual',
        otherClusterId: 'foreign',
        message: warnings[0]?.message,
      },
    ]);
    node.refuses = false;
    await clock.settled(other.call('list_locks', { limit: 1 }));
    await other.close();
  });

  it('leaves a node that turns out to be of another cluster (REACH-8)', async () => {
    await clock.settled(client.call('list_locks', { limit: 1 }));
    node.push('cluster', { ...clusterOf(node, node, []), cluster_id: 'foreign' });
    await clock.pass(100);
    assert.equal(node.connections, 0);
    assert.equal(warnings[0]?.kind, 'other_cluster');
  });

  it('sends nothing to what does not say which cluster it is of (REACH-8)', async () => {
    const foreign = new VirtualNode(clock, 'b');
    foreign.greeting = undefined;
    const other = new Client(
      { endpoints: [foreign.url, node.url] },
      environmentOf(clock, [node, foreign]),
    );
    for (const greeting of [undefined, { node_id: 'b', leader: 'b', members: [] }]) {
      foreign.greeting = greeting;
      await clock.settled(other.call('list_locks', { limit: 1 }));
      node.dropConnections();
      await clock.pass(100);
    }
    assert.ok(foreign.triedAtMs.length >= 2);
    assert.deepEqual(foreign.asked, []);
    await other.close();
  });

  it('lives on though its platform throws for an address', async () => {
    const environment = environmentOf(clock, [node]);
    const other = new Client(
      { endpoints: ['http://blocked:1', node.url] },
      {
        ...environment,
        openSocket: (url, events) => {
          if (url.includes('blocked')) throw new Error('This page may not ask it.');
          return environment.openSocket(url, events);
        },
      },
    );
    const asked = other.call('list_locks', { limit: 1 });
    await clock.pass(2000);
    assert.deepEqual(await asked, {});
  });
});

describe('A quorum', () => {
  for (const node of [...wrong, 'http://a:1/path'])
    it(`is not made of ${JSON.stringify(node)}`, () => {
      assert.throws(
        () => new Quorum({ nodes: ['http://a:1', 'b:1', node] }),
        refusal(JSON.stringify(node)),
      );
    });

  it('counts one node once, however its address is written', () => {
    assert.throws(
      () => new Quorum({ nodes: ['http://[::1]:1', '[0:0::1]:1/', 'b:1'] }),
      refusal('named twice'),
    );
  });
});

describe('Redis voters', () => {
  const createClient = (): never => assert.fail('connects to nothing');

  it('are not made of what is no address, and name a password nowhere', () => {
    for (const url of ['', 'localhost', 'http://a:1', 'redis://', 'redis://a b', 'redis://a:x'])
      assert.throws(() => redisVoters([url], { createClient }), refusal(JSON.stringify(url)), url);
    assert.throws(
      () => redisVoters(['redis://me:secret@a:x'], { createClient }),
      (error) => refusal('redis://…@a:x')(error) && !String(error).includes('secret'),
    );
    assert.equal(redisVoters(['redis://me:secret@a:1'], { createClient })[0]?.name, 'redis://a:1');
  });
});
