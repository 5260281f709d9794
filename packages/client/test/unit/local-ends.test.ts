/** What is left of calls that ended here, and of a client that is closed. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client, connect } from '../../src/client.ts';
import { openHttp } from '../../src/http-socket.ts';
import { environmentOf, VirtualClock, VirtualNode } from '../virtual-nodes.ts';

describe('A node that takes nothing in, and is the only one', () => {
  it('is sent no more than a bounded number of bytes that nobody waits for (REACH-9)', async () => {
    const clock = new VirtualClock();
    const node = new VirtualNode(clock, 'a');
    const environment = environmentOf(clock, [node]);
    let mostUnsent = 0;
    let lost = 0;
    const client = new Client(
      { endpoints: [node.url], timeoutMs: 200 },
      {
        ...environment,
        openSocket: (url, events) => {
          const socket = environment.openSocket(url, events);
          let unsentBytes = 0;
          return {
            send: (text) => {
              if (node.isSilent) unsentBytes += text.length;
              mostUnsent = Math.max(mostUnsent, unsentBytes);
              socket.send(text);
            },
            close: () => {
              if (unsentBytes > 0) lost += 1;
              socket.close();
            },
            get unsentBytes() {
              return unsentBytes;
            },
          };
        },
      },
    );
    await clock.settled(client.call('lock_status', { name: 'x' }));
    node.isSilent = true;
    const value = 'x'.repeat(60_000);
    for (let step = 0; step < 60; step++) {
      for (let count = 0; count < 10; count++) client.cache.set('a', value).catch(() => undefined);
      await clock.pass(100);
    }
    assert.ok(mostUnsent < 28 * 1024 * 1024, `${String(mostUnsent)} bytes`);
    assert.equal(lost, 1, 'and its connection was lost for it');
    await client.close();
  });

  it('keeps the connection over which much is sent that is waited for (REACH-9)', async () => {
    const clock = new VirtualClock();
    const node = new VirtualNode(clock, 'a');
    const environment = environmentOf(clock, [node]);
    let unsentBytes = 0;
    const client = new Client(
      { endpoints: [node.url] },
      {
        ...environment,
        openSocket: (url, events) => ({
          ...environment.openSocket(url, events),
          get unsentBytes() {
            return unsentBytes;
          },
        }),
      },
    );
    await clock.settled(client.call('lock_status', { name: 'x' }));
    node.handle = () => undefined;
    const value = 'x'.repeat(60_000);
    for (let count = 0; count < 400; count++) client.cache.set('a', value).catch(() => undefined);
    unsentBytes = 400 * 60_000;
    await clock.pass(5000);
    assert.equal(node.triedAtMs.length, 1);
    await client.close();
  });
});

describe('Over plain HTTP', () => {
  /** A node of which a test says how `/livez` is answered; other requests are never answered. */
  const begin = (livez: () => Response) => {
    const clock = new VirtualClock();
    const asked: string[] = [];
    let open = 0;
    const greeting = { cluster_id: 'c', node_id: 'n', leader: 'n', members: [] };
    const fetchAny = (url: string, init: RequestInit = {}): Promise<Response> => {
      const { pathname } = new URL(url);
      asked.push(pathname);
      if (pathname === '/cluster/status') return Promise.resolve(Response.json(greeting));
      if (pathname === '/livez') return Promise.resolve(livez());
      open += 1;
      return new Promise((_resolve, reject) => {
        init.signal?.addEventListener('abort', () => {
          open -= 1;
          reject(init.signal?.reason as Error);
        });
      });
    };
    const client = new Client(
      { endpoints: ['http://n:1'], transport: 'http', timeoutMs: 1000, cache: false },
      {
        clock,
        newId: () => 'id',
        openSocket: () => assert.fail('no WebSocket is tried'),
        openHttp: (url, events) => openHttp(url, events, fetchAny),
      },
    );
    return { clock, client, asked, openRequests: () => open };
  };

  it('a request ends with its call, however that ends (CONNECTION-2)', async () => {
    const { clock, client, asked, openRequests } = begin(() => new Response('{}'));
    const late = assert.rejects(client.call('lock_status', { name: 'a' }), {
      code: 'deadline_exceeded',
    });
    const controller = new AbortController();
    const { signal } = controller;
    const left = assert.rejects(client.call('queue_push', { key: 'a', payload: 1 }, { signal }), {
      code: 'cancelled',
    });
    await clock.pass(300);
    assert.equal(openRequests(), 2);
    controller.abort();
    await left;
    assert.equal(openRequests(), 1);
    await clock.settled(late);
    assert.equal(openRequests(), 0);
    assert.equal(asked.filter((path) => path === '/cluster/status').length, 1, 'it is not left');
    await client.close();
  });

  for (const [what, livez, isLeft] of [
    ['stays one that says that it is alive', () => new Response('{}'), false],
    ...[403, 404].map(
      (status) =>
        [
          `stays one whose proxy answers for it with ${String(status)}`,
          () => new Response('x', { status }),
          false,
        ] as const,
    ),
    [
      'is left where what stands before it says that it is not there',
      () => new Response('x', { status: 502 }),
      true,
    ],
  ] as const)
    it(`a node ${what}`, async () => {
      const { clock, client, asked } = begin(livez);
      const asking = client.call('lock_status', { name: 'a' }, { timeoutMs: 10_000 });
      const ended = assert.rejects(asking, { code: 'connection_lost' });
      await clock.pass(5000);
      assert.ok(asked.includes('/livez'));
      const greeted = asked.filter((path) => path === '/cluster/status').length;
      assert.equal(greeted > 1, isLeft, `asked who it is ${String(greeted)} times`);
      await client.close();
      await ended;
    });
});

describe('A client that is closed', () => {
  it('waits for the end of a session that has begun already (CLOSE-1)', async () => {
    const clock = new VirtualClock();
    const node = new VirtualNode(clock, 'a');
    const client = new Client({ endpoints: [node.url] }, environmentOf(clock, [node]));
    const session = await clock.settled(client.session());
    let isEnded = false;
    node.handle = (asked) => {
      if (asked.operation === 'end_session')
        clock.after(500, () => {
          isEnded = true;
          node.serve(asked);
        });
      else node.serve(asked);
    };
    const ending = session.end().then(
      () => 'ended',
      () => 'cut off',
    );
    await clock.pass(10);
    await clock.settled(client.close());
    assert.equal(await ending, 'ended');
    assert.equal(isEnded, true);
    assert.equal(node.askedFor('end_session').length, 1);
  });

  it('keeps nothing of a session that was ended or lost before', async () => {
    const clock = new VirtualClock();
    const node = new VirtualNode(clock, 'a');
    const client = new Client({ endpoints: [node.url] }, environmentOf(clock, [node]));
    const session = await clock.settled(client.session());
    await clock.settled(session.end());
    const lost = await clock.settled(client.session());
    node.push('session_ended', { session_id: lost.id, reason: 'expired' });
    await clock.pass(100);
    assert.equal(lost.state, 'lost');
    await clock.settled(client.close());
    assert.equal(node.askedFor('end_session').length, 1);
  });

  it('takes no longer than it is given, though no node is reached', async () => {
    const clock = new VirtualClock();
    const node = new VirtualNode(clock, 'a');
    const client = new Client({ endpoints: [node.url] }, environmentOf(clock, [node]));
    await clock.settled(client.session());
    node.refuses = true;
    node.dropConnections();
    const closedAtMs = clock.nowMs;
    await clock.settled(client.close({ timeoutMs: 300 }));
    assert.ok(clock.nowMs - closedAtMs <= 320, String(clock.nowMs - closedAtMs));
    await assert.rejects(client.close({ timeoutMs: -1 }), { code: 'invalid_request' });
  });
});

describe('A signal', () => {
  it('ends the first contact at once', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const connecting = connect({ endpoints: ['127.0.0.1:9'], transport: 'stream' }, { signal });
    controller.abort();
    await assert.rejects(connecting, { code: 'cancelled' });
  });

  it('ends the opening of a session', async () => {
    const clock = new VirtualClock();
    const node = new VirtualNode(clock, 'a');
    node.handle = () => undefined;
    const client = new Client({ endpoints: [node.url] }, environmentOf(clock, [node]));
    const controller = new AbortController();
    const opening = client.session({ signal: controller.signal });
    await clock.pass(100);
    controller.abort();
    await assert.rejects(opening, { code: 'cancelled' });
    await client.close();
  });

  it('ends a read of the cache that loads, also while its first answer is awaited', async () => {
    const clock = new VirtualClock();
    const node = new VirtualNode(clock, 'a');
    node.handle = () => undefined;
    const client = new Client({ endpoints: [node.url] }, environmentOf(clock, [node]));
    const controller = new AbortController();
    const fill = (): Promise<number> => assert.fail('nothing is loaded');
    const read = client.cache.get('a', { fill, signal: controller.signal });
    await clock.pass(100);
    controller.abort(new Error('of the caller'));
    await assert.rejects(read, /of the caller/);
    await client.close();
  });
});
