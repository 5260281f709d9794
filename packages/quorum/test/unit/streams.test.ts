import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { WebSocket } from 'ws';
import type { ClientOptions } from 'ws';
import { assertEnds } from '../../../checker/src/waits.ts';
import { AddressLimits } from '../../src/http/address-limits.ts';
import type { LeaseOperation } from '../../src/http/operations.ts';
import { LeaseStreams } from '../../src/http/streams.ts';
import type { StreamsOptions } from '../../src/http/streams.ts';
import { Client, told } from './support/frames.ts';

const maxRequests = 10_000;

interface Hanging {
  readonly answer: (answer: object) => void;
  readonly signal: AbortSignal;
}

describe('A stream to a lease node', () => {
  let server: Server;
  let streams: LeaseStreams;
  let hanging: Hanging[];
  let asked: unknown[];
  let logged: unknown[];

  const operations = new Map<string, LeaseOperation>([
    [
      'echo',
      async (body) => {
        asked.push(body);
        return { body };
      },
    ],
    [
      'refuse',
      async () => {
        throw new HoldfastError('wrong_epoch', 'Not here.');
      },
    ],
    [
      'break',
      async () => {
        throw new Error('broken');
      },
    ],
    ['large', async () => ({ text: 'x'.repeat(1024 * 1024) })],
    [
      'hang',
      (_body, signal) => new Promise<object>((answer) => void hanging.push({ answer, signal })),
    ],
  ]);

  async function start(options: Partial<StreamsOptions> = {}): Promise<void> {
    streams = new LeaseStreams({
      operations,
      limits: new AddressLimits(
        { requestsPerSecond: 0, requestBytesPerSecond: 0, waits: 0 },
        () => 0,
      ),
      apiKey: undefined,
      problemOf: (error) => {
        if (error instanceof HoldfastError) return error;
        logged.push(error);
        return new HoldfastError('internal', 'It is logged.');
      },
      ...options,
    });
    server = createServer();
    server.on('upgrade', (request, socket, head) => streams.upgrade(request, socket, head));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }

  const socketTo = (path: string, options: ClientOptions = {}): WebSocket =>
    new WebSocket(
      `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}${path}`,
      options,
    );

  async function connect(options?: ClientOptions): Promise<Client> {
    const client = new Client(socketTo('/stream', options));
    await once(client.socket, 'open');
    return client;
  }

  beforeEach(() => {
    hanging = [];
    asked = [];
    logged = [];
  });
  afterEach(() => {
    streams.close();
    server.close();
  });

  it('answers all of one turn in one frame, whatever the answers are', async () => {
    await start();
    const client = await connect();
    client.send([
      [1, 'echo', { a: 1 }],
      [2, 'nonsense', {}],
      [3, 'refuse'],
      [4, 'break'],
      [0, 'ping'],
    ]);
    const answers = told(await client.next()) as [number, unknown][];
    assert.deepEqual(
      answers.toSorted(([a], [b]) => a - b),
      [
        [0, {}],
        [1, { body: { a: 1 } }],
        [2, 'route_not_found'],
        [3, 'wrong_epoch'],
        [4, 'internal'],
      ],
    );
    assert.deepEqual(logged.map(String), ['Error: broken']);
    await client.settle();
  });

  it('answers later what takes longer, and other requests meanwhile', async () => {
    await start();
    const client = await connect();
    client.send([[1, 'hang']]);
    client.send([[2, 'echo', 'b']]);
    assert.deepEqual(await client.next(), [[2, { body: 'b' }]]);
    hanging[0]?.answer({ late: true });
    assert.deepEqual(await client.next(), [[1, { late: true }]]);
  });

  it('refuses a request whose number is in use, and the first is answered', async () => {
    await start();
    const client = await connect();
    client.send([
      [1, 'hang'],
      [1, 'echo'],
    ]);
    assert.deepEqual(told(await client.next()), [[1, 'limit_exceeded']]);
    hanging[0]?.answer({});
    assert.deepEqual(await client.next(), [[1, {}]]);
    client.send([[1, 'echo', 'again']]);
    assert.deepEqual(await client.next(), [[1, { body: 'again' }]]);
  });

  it('refuses what is one too many, until others are cancelled (LEASE-STREAM-1)', async () => {
    await start();
    const client = await connect();
    const ids = Array.from({ length: maxRequests }, (_, index) => index + 1);
    client.send(ids.map((id) => [id, 'hang']));
    client.send([[maxRequests + 1, 'echo']]);
    const refused = (await client.next()) as readonly [[number, null, object]];
    assert.deepEqual(told(refused), [[maxRequests + 1, 'limit_exceeded']]);
    const limit = { limit: 'max_requests_per_stream', value: maxRequests, scope: 'node' };
    assert.partialDeepStrictEqual(refused[0][2], limit);
    client.send(ids.map((id) => [id, 'cancel']));
    client.send(ids.map((id) => [maxRequests + id, 'hang']));
    await client.settle();
    assert.equal(hanging.length, 2 * maxRequests);
    assert.deepEqual(
      [0, maxRequests - 1, maxRequests].map((index) => hanging[index]?.signal.aborted),
      [true, true, false],
    );
  });

  it('tells nothing of a request that was cancelled, also not to one that has its number (LEASE-STREAM-1)', async () => {
    await start();
    const client = await connect();
    client.send([[1, 'hang']]);
    client.send([[1, 'cancel']]);
    client.send([[1, 'hang']]);
    await client.settle();
    hanging[0]?.answer({ of: 'the first' });
    await client.settle();
    client.send([[1, 'echo']]);
    assert.deepEqual(told(await client.next()), [[1, 'limit_exceeded']], 'the second stands');
    hanging[1]?.answer({ of: 'the second' });
    assert.deepEqual(await client.next(), [[1, { of: 'the second' }]]);
  });

  it('cancels nothing where nothing has that number', async () => {
    await start();
    const client = await connect();
    client.send([[7, 'cancel']]);
    await client.settle();
  });

  it('that ends cancels its requests', async () => {
    await start();
    const client = await connect();
    client.send([
      [1, 'hang'],
      [2, 'hang'],
    ]);
    await client.settle();
    const gone = hanging.map(({ signal }) => once(signal, 'abort'));
    client.socket.terminate();
    await Promise.all(gone);
    for (const { answer } of hanging) answer({});
    await (await connect()).settle();
  });

  for (const garbage of ['nonsense', '{}', '[1]', '[[-1,"echo"]]', '[["1","echo"]]', '[[1]]'])
    it(`is closed where a frame is no array of requests: ${garbage}`, async () => {
      await start();
      const client = await connect();
      client.socket.send(garbage);
      assert.equal(await assertEnds(client.closed), 1007);
    });

  describe('whatever is sent on it (LEASE-STREAM-3)', () => {
    const deep = '['.repeat(30_000) + ']'.repeat(30_000);
    for (const frame of [
      `[[1,"echo",${deep}]]`,
      `[[1,"nonsense",${deep}]]`,
      `[[1,"echo",{},${deep}]]`,
      `[[1,${deep}]]`,
      `[[${deep},"echo"]]`,
      `[[0,"authorize",${deep}]]`,
      `[[1,"cancel",${deep}]]`,
      deep,
    ])
      it(`costs others nothing: ${frame.slice(0, 24)}…`, async () => {
        await start();
        const other = await connect();
        const client = await connect();
        client.socket.send(frame);
        await other.settle();
      });

    it('has at most so many requests in a frame, which are answered, and is closed where there are more', async () => {
      await start();
      const client = await connect();
      client.send(Array.from({ length: 20_000 }, () => [0, 'ping']));
      assert.equal(((await client.next()) as unknown[]).length, 20_000);
      client.socket.send(`[${Array(20_001).fill('[0,""]').join(',')}]`);
      assert.equal(await assertEnds(client.closed), 1009);
    });

    it('is closed where it is not UTF-8', async () => {
      await start();
      const client = await connect();
      client.socket.send(
        Buffer.from([...Buffer.from('[[1,"echo","'), 0xff, ...Buffer.from('"]]')]),
      );
      assert.equal(await assertEnds(client.closed), 1007);
      assert.deepEqual(asked, []);
    });

    it('ends it alone where the node itself fails, and is logged', async () => {
      await start({
        limits: {
          spend: () => undefined,
          run: () => {
            throw new Error('broken');
          },
        },
      });
      const client = await connect();
      const other = await connect();
      client.send([[1, 'echo']]);
      assert.equal(await assertEnds(client.closed), 1011);
      assert.deepEqual(logged.map(String), ['Error: broken']);
      await other.settle();
    });
  });

  it('is cut off where a frame is larger than a node reads', async () => {
    await start();
    const client = await connect();
    client.send([[1, 'echo', 'x'.repeat(1024 * 1024)]]);
    assert.equal(await assertEnds(client.closed), 1009);
  });

  it('is cut off where the client does not read what it asked for', async () => {
    await start();
    const client = await connect();
    client.send([[1, 'hang']]);
    await client.settle();
    const gone = once(hanging[0]?.signal as AbortSignal, 'abort');
    client.socket.pause();
    client.send(Array.from({ length: 24 }, (_, index) => [index + 2, 'large']));
    client.send([[1000, 'hang']]);
    while (hanging.length < 2) await new Promise((resolve) => setImmediate(resolve));
    hanging[1]?.answer({});
    await gone;
  });

  it('is only at its address', async () => {
    await start();
    const socket = socketTo('/elsewhere');
    const [, response] = (await once(socket, 'unexpected-response')) as [
      unknown,
      { statusCode: number },
    ];
    assert.equal(response.statusCode, 404);
    socket.on('error', () => undefined).terminate();
  });

  it('is cut off where the client does not answer the heartbeat', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    await start();
    const client = await connect();
    const dead = await connect({ autoPong: false });
    t.mock.timers.tick(15_000);
    await client.settle(); // It has answered.
    await client.settle(); // Its answer was heard.
    t.mock.timers.tick(15_000);
    assert.equal(await dead.closed, 1006);
    await client.settle();
  });

  describe('to a node that asks for a key', () => {
    const apiKey = 'a key of the node';

    it('answers who has shown it, as long as the stream lasts', async (t) => {
      t.mock.timers.enable({ apis: ['setTimeout'] });
      await start({ apiKey });
      const client = await connect();
      client.send([
        [0, 'authorize', apiKey],
        [1, 'echo', 'a'],
      ]);
      assert.deepEqual(await client.next(), [[1, { body: 'a' }]]);
      t.mock.timers.tick(60_000);
      client.send([[0, 'authorize', 'another']]);
      client.send([[2, 'echo', 'b']]);
      assert.deepEqual(await client.next(), [[2, { body: 'b' }]]);
    });

    for (const key of [undefined, '', 'another', 7, null])
      it(`refuses who shows ${JSON.stringify(key) ?? 'none'}, and closes its stream (LEASE-STREAM-2)`, async () => {
        await start({ apiKey });
        const client = await connect();
        if (key !== undefined) client.send([[0, 'authorize', key]]);
        client.send([
          [1, 'echo'],
          [2, 'nonsense'],
        ]);
        assert.deepEqual(told(await client.next()), [
          [1, 'unauthorized'],
          [2, 'unauthorized'],
        ]);
        assert.equal(await assertEnds(client.closed), 1008);
        assert.deepEqual(asked, []);
      });

    it('counts what is sent against an address once the key was shown, and the frame with it (LEASE-STREAM-2)', async () => {
      const spent: number[] = [];
      await start({
        apiKey,
        limits: {
          spend: (_address, byteLength) => void spent.push(byteLength),
          run: (_name, _address, act) => act('here'),
        },
      });
      const stranger = await connect();
      stranger.send([[0, 'authorize', 'another']]);
      stranger.socket.send(`[[0,"ping"]${' '.repeat(1000)}]`);
      await stranger.next();
      stranger.send([[1, 'cancel']]);
      assert.equal(await stranger.closed, 1008);
      assert.deepEqual(spent, []);
      const client = await connect();
      const frames = [`[[0,"authorize","${apiKey}"],[1,"echo"]]`, '[[2,"echo"]]'];
      for (const frame of frames) {
        client.socket.send(frame);
        await client.next();
      }
      const lengths = frames.map(({ length }) => length);
      assert.deepEqual(spent, lengths);
    });

    for (const key of [undefined, 'another'])
      it(`cuts off after 5 s who shows ${key ?? 'none'} (LEASE-STREAM-2)`, async (t) => {
        t.mock.timers.enable({ apis: ['setTimeout'] });
        await start({ apiKey });
        const client = await connect();
        if (key !== undefined) client.send([[0, 'authorize', key]]);
        await client.settle();
        t.mock.timers.tick(4999);
        await client.settle();
        t.mock.timers.tick(1);
        assert.equal(await assertEnds(client.closed), 1006);
      });

    it('cuts off who says nothing, after a time of its own (LEASE-STREAM-2)', async () => {
      await start({ apiKey, authorizeWithinMs: 20 });
      assert.equal(await (await connect()).closed, 1006);
    });
  });
});
