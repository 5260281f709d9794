/** The client stream over real sockets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { startHarness } from '../harness.ts';
import type { Harness } from '../harness.ts';
import type { ApiOptions } from '../../src/options.ts';
import { codeOf, StreamClient } from '../stream-client.ts';
import { untilSo } from '../../../checker/src/waits.ts';

interface Streaming extends Harness {
  readonly url: string;
  readonly client: StreamClient;
}

async function startStreaming(
  t: TestContext,
  options: Partial<ApiOptions> = {},
): Promise<Streaming> {
  const harness = startHarness(t, options);
  const url = await harness.built.app.listen({ host: '127.0.0.1', port: 0 });
  const client = await StreamClient.open(url);
  t.after(() => client.hangUp());
  return { ...harness, url, client };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function sessionOf(client: StreamClient, fields: object = {}): Promise<string> {
  return String((await client.call('create_session', fields)).body['session_id']);
}

describe('requests', () => {
  test('given every operation in use, then each is answered as over HTTP', async (t) => {
    const { client } = await startStreaming(t);
    const session_id = await sessionOf(client, { timeout: 9 });
    const of = async (operation: string, body: object): Promise<Record<string, unknown>> => {
      const { failed, body: answer } = await client.call(operation, body);
      assert.equal(failed, false, `${operation}: ${JSON.stringify(answer)}`);
      return answer;
    };
    assert.equal((await of('keepalive', { session_id }))['timeout'], 9);
    const { fence_token } = await of('acquire', { session_id, name: 'x', request_id: 1 });
    assert.equal((await of('get_session', { session_id }))['timeout'], 9);
    assert.equal((await of('session_locks', { session_id }))['total_locks'], 1);
    assert.equal((await of('lock_status', { name: 'x' }))['locked'], true);
    assert.equal((await of('list_locks', {}))['total_locks'], 1);
    assert.equal((await of('check', { name: 'x', fence_token }))['valid'], true);
    assert.equal((await of('renew', { name: 'x', session_id, fence_token }))['renewed'], true);
    assert.equal((await of('release', { name: 'x', session_id, request_id: 2 }))['released'], true);
    assert.equal((await of('force_release', { name: 'x' }))['released'], false);
    assert.equal((await of('end_session', { session_id }))['deleted'], true);
  });

  test('given a ping, then the node answers by itself', async (t) => {
    const { client } = await startStreaming(t);
    assert.deepEqual(await client.call('ping', null), { failed: false, body: {} });
  });

  test('given a frame of many, then they go in together and come back in one frame', async (t) => {
    const { client, engine } = await startStreaming(t);
    const session_id = await sessionOf(client);
    const before = client.frames.length;
    const calls = Array.from(
      { length: 50 },
      (_, number) =>
        ['acquire', { session_id, name: `n${String(number)}`, request_id: number }] as const,
    );
    const replies = await Promise.all(client.callAll(calls.slice(0, 20)));
    assert.ok(replies.every((reply) => !reply.failed));
    assert.equal(client.frames.length, before + 1);
    assert.equal(engine.state.stats().heldLocks, 20);
  });

  test('given what the caller has been answered, then it may be forgotten', async (t) => {
    const { client, engine } = await startStreaming(t);
    const session_id = await sessionOf(client);
    await client.call('acquire', { session_id, name: 'x', request_id: 1 });
    await client.call('acquire', { session_id, name: 'y', request_id: 2 }, 2);
    assert.equal(engine.submitted.at(-1)?.options.ackedBelow, 2);
    const repeated = await client.call('acquire', { session_id, name: 'x', request_id: 1 });
    assert.equal(codeOf(repeated), 'request_forgotten');
  });

  for (const [given, operation, body, code] of [
    ['an unknown operation', 'steal', {}, 'route_not_found'],
    ['a name that every object has', 'constructor', {}, 'route_not_found'],
    ['an unknown field', 'acquire', { name: 'x', nam: 1 }, 'invalid_request'],
    ['no body', 'acquire', undefined, 'invalid_request'],
    ['a name that is too long', 'lock_status', { name: 'n'.repeat(257) }, 'name_too_long'],
    ['an unknown session', 'keepalive', { session_id: 'nobody' }, 'session_not_found'],
    ['a cancel of nothing', 'cancel', {}, 'invalid_request'],
  ] as const) {
    test(`given ${given}, then ${code}, and the stream goes on`, async (t) => {
      const { client, engine } = await startStreaming(t);
      const before = engine.state.digest();
      assert.equal(codeOf(await client.call(operation, body)), code);
      assert.equal(engine.state.digest(), before);
      assert.equal((await client.call('list_locks', {})).failed, false);
    });
  }

  test('given a wrong fourth element, then invalid_request', async (t) => {
    const { client } = await startStreaming(t);
    assert.equal(codeOf(await client.call('list_locks', {}, -1)), 'invalid_request');
  });

  test('given a defect of the node, then internal, and it is logged', async (t) => {
    const { client, engine, logged } = await startStreaming(t);
    engine.failWith = new TypeError('secret');
    const reply = await client.call('create_session', {});
    assert.equal(codeOf(reply), 'internal');
    assert.ok(!JSON.stringify(reply).includes('secret'));
    assert.equal(logged.length, 1);
  });
});

describe('waiting', () => {
  test('given a waiting acquire, when it is cancelled, then it has left the queue', async (t) => {
    const { client, engine } = await startStreaming(t);
    const holder = await sessionOf(client);
    const session_id = await sessionOf(client);
    await client.call('acquire', { session_id: holder, name: 'x' });
    const waiting = client.call('acquire', {
      session_id,
      name: 'x',
      wait_seconds: 30,
      request_id: 1,
    });
    await untilSo(() => engine.waiterCount === 1);
    const cancel = await client.call('cancel', { request: client.lastId });
    assert.deepEqual(cancel.body, { cancelled: true });
    assert.equal(codeOf(await waiting), 'wait_cancelled');
    assert.equal(engine.state.stats().waiters, 0);
  });

  test('given a cancel that crosses the grant, then what was granted is given back', async (t) => {
    const { client, engine } = await startStreaming(t);
    const session_id = await sessionOf(client);
    const [acquire, cancel] = client.callAll([
      ['acquire', { session_id, name: 'x', wait_seconds: 30, request_id: 1 }],
      ['cancel', { request: client.lastId + 1 }],
    ]);
    assert.equal(codeOf((await acquire) ?? assert.fail()), 'wait_cancelled');
    assert.deepEqual((await cancel)?.body, { cancelled: true });
    assert.equal(engine.state.stats().heldLocks, 0);

    const granted = await client.call('acquire', {
      session_id,
      name: 'x',
      wait_seconds: 30,
      request_id: 2,
    });
    assert.equal(granted.failed, false);
    await client.call('cancel', { request: client.lastId });
    await untilSo(() => engine.state.stats().heldLocks === 0);
  });

  test('given waiters, when their stream is lost, then those that cannot come back leave the queue', async (t) => {
    const { client, engine, url } = await startStreaming(t);
    const holder = await sessionOf(client);
    const session_id = await sessionOf(client);
    await client.call('acquire', { session_id: holder, name: 'x' });
    const lost = await StreamClient.open(url);
    const wait = { session_id, name: 'x', wait_seconds: 30 };
    void lost.callAll([
      ['acquire', wait],
      ['acquire', { ...wait, request_id: 7 }],
    ]);
    await untilSo(() => engine.waiterCount === 2);
    lost.hangUp();
    await untilSo(() => engine.state.stats().waiters === 1);
    const [waiter] = engine.state.show(
      'lock',
      'x' as Parameters<typeof engine.state.show>[1],
    ).waiters;
    assert.equal(waiter?.requestId, 7, 'it gave a number: it finds its place again');
    const again = client.call('acquire', { ...wait, request_id: 7 });
    await client.call('release', { session_id: holder, name: 'x' });
    assert.equal((await again).body['acquired'], true);
  });
});

describe('pushes', () => {
  test('given a new stream, then the cluster first; and again when it changes, not otherwise', async (t) => {
    const { client, engine } = await startStreaming(t);
    assert.deepEqual(await client.pushed('cluster'), {
      cluster_id: 'test',
      node_id: 'node-1',
      leader: 'node-1',
      members: [
        { node_id: 'node-1', url: 'http://node-1.test:5000' },
        { node_id: 'node-2', url: 'http://node-2.test:5000' },
      ],
    });
    engine.tellStatus();
    engine.leader = 'node-2';
    engine.tellStatus();
    assert.equal((await client.pushed('cluster', 2))['leader'], 'node-2');
    assert.equal(client.pushes.length, 2);
  });

  test('given sessions, when they end, then the streams that use them are told, and no others', async (t) => {
    const { client, engine, url } = await startStreaming(t);
    const other = await StreamClient.open(url);
    t.after(() => other.hangUp());
    const session_id = await sessionOf(client);
    engine.expire(session_id);
    assert.deepEqual(await client.pushed('session_ended'), { session_id, reason: 'expired' });
    await other.call('list_locks', {});
    assert.ok(other.pushes.every(([kind]) => kind !== 'session_ended'));
  });
});

describe('bounds', () => {
  for (const [given, frame] of [
    ['text that is no JSON', '[[1,'],
    ['JSON that is no batch', '{"id": 1}'],
    ['a request that is none', '[1]'],
    ['an id of 0, which is that of pushes', '[[0,"list_locks",{}]]'],
    ['an id in quotes', '[["1","list_locks",{}]]'],
  ] as const) {
    test(`given ${given}, then the stream ends with 1002`, async (t) => {
      const { client } = await startStreaming(t);
      client.sendText(frame);
      assert.equal((await client.closed).code, 1002);
    });
  }

  test('given a binary frame, then it is read like text, and answered in binary', async (t) => {
    const { client } = await startStreaming(t);
    const reply = client.call('list_locks', {}, undefined, true);
    assert.equal((await reply).failed, false);
    assert.equal(client.lastWasBinary, true);
  });

  test('given a frame that is too large, then 1009', async (t) => {
    const { client } = await startStreaming(t, { limits: { maxFrameBytes: 1000 } });
    client.sendText(JSON.stringify('x'.repeat(2000)));
    assert.equal((await client.closed).code, 1009);
  });

  test('given too many unanswered requests, then overloaded for those above, and room again later', async (t) => {
    const { client, engine } = await startStreaming(t, { limits: { maxRequestsPerStream: 2 } });
    let open = (): void => undefined;
    engine.gate = new Promise((resolve) => {
      open = resolve;
    });
    const replies = client.callAll([
      ['list_locks', {}],
      ['list_locks', {}],
      ['list_locks', {}],
    ]);
    assert.equal(codeOf((await replies[2]) ?? assert.fail()), 'overloaded');
    // Who holds has room above it, and that has an end as well (STREAM-5).
    const kept = client.callAll([1, 2, 3].map(() => ['keepalive', { session_id: 'none' }]));
    assert.equal(codeOf((await kept[2]) ?? assert.fail()), 'overloaded');
    open();
    for (const one of await Promise.all(kept.slice(0, 2)))
      assert.notEqual(codeOf(one), 'overloaded');
    const [first, second] = await Promise.all(replies);
    assert.deepEqual([first?.failed, second?.failed], [false, false]);
    assert.equal((await client.call('list_locks', {})).failed, false);
  });

  test('given a client that does not read, then its stream is closed, not kept for ever', async (t) => {
    const { client, built, url } = await startStreaming(t, { limits: { maxUnreadBytes: 50_000 } });
    const session_id = await sessionOf(client);
    for (let number = 0; number < 15; number += 1) {
      await client.call('acquire', { session_id, name: `${String(number)}${'n'.repeat(200)}` });
    }
    const slow = await StreamClient.open(url);
    slow.pause();
    const page = Array.from({ length: 50 }, () => ['list_locks', {}] as const);
    const streams = async (): Promise<string | undefined> =>
      /^holdfast_streams (\d+)$/m.exec((await built.app.inject('/metrics')).body)?.[1];
    assert.equal(await streams(), '2');
    while ((await streams()) === '2') {
      void slow.callAll(page);
      await turn();
    }
    assert.equal(await streams(), '1');
    slow.hangUp();
  });

  test('given as many streams as allowed, then one more is refused', async (t) => {
    const { url } = await startStreaming(t, { limits: { maxStreams: 1 } });
    await assert.rejects(StreamClient.open(url), /503/);
  });

  test('given a page of another origin, then it gets no stream', async (t) => {
    const { url } = await startStreaming(t, { allowedOrigins: ['https://console.example'] });
    const open = async (origin: string): Promise<void> => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/stream`, { origin });
      await once(socket, 'open');
      socket.terminate();
    };
    await assert.rejects(open('https://evil.example'), /403/);
    await open('https://console.example');
    await open(url);
  });

  test('given something that is no HTTP, then a problem document and the end', async (t) => {
    const { url } = await startStreaming(t);
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write('LOCK x\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    assert.match(
      text,
      /^HTTP\/1\.1 400 [^]*application\/problem\+json[^]*"code":"invalid_request"/,
    );
  });
});
