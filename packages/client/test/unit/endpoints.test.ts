import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { connect, HoldfastError, Quorum } from '@holdfast/client';
import type { ClientWarning } from '@holdfast/client';
import { redisVoters } from '@holdfast/client/redis';
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
    it(`passes by a leader whose address is "${url}", and says so once (F7)`, async () => {
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
        warnings.map(({ kind, nodeId, address }) => [kind, nodeId, address]),
        [['address_refused', 'b', url]],
      );
      assert.match(warnings[0]?.message ?? '', /Member "b" is not asked directly/);
    });

  it('takes an address that is not known yet for none', async () => {
    node.greeting = {
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
