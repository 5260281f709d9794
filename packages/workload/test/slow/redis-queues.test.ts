/** Queues in Redis through real nodes: every interface, one server and a cluster of three, and an owner that is killed. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import type { ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { connect } from '@holdfast/client';
import type { Client } from '@holdfast/client';
import { HoldfastError } from '@holdfast/protocol';
import { untilSo } from '../../../checker/src/waits.ts';
import { startRedisCluster } from '../../../queue/test/support/redis-servers.ts';
import {
  RedisServer,
  durable,
  redisProgram,
} from '../../../redis-voters/test/integration/redis/redis-server.ts';
import { threeNodes } from '../integration/support/cluster.ts';
import type { TestCluster } from '../integration/support/cluster.ts';
import { outliveTheirNode } from '../integration/support/messages-in-flight.ts';

const skip = redisProgram === undefined ? 'no redis-server on this machine' : false;
const run = promisify(execFile);
const cli = fileURLToPath(new URL('../../../cli/src/main.ts', import.meta.url));
const protoFolder = fileURLToPath(new URL('../../../../proto', import.meta.url));

interface Message {
  readonly id: number;
  readonly key: string;
  readonly payload: unknown;
  readonly delivery: number;
  readonly receipt: string | null;
}

/** Over HTTP, as it is answered. */
async function http(url: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  return (await response.json()) as Record<string, unknown>;
}

const messagesIn = (answer: object): readonly Message[] =>
  'messages' in answer ? (answer.messages as readonly Message[]) : [];

/** Of a node, as any program on Node has it. */
function grpcClient(address: string): (method: string, body: object) => Promise<object> {
  const files = ['holdfast/v1/queues.proto'];
  const settings = { keepCase: true, longs: Number, enums: String, includeDirs: [protoFolder] };
  const loaded = loadPackageDefinition(loadSync(files, settings));
  let found: unknown = loaded;
  for (const part of ['holdfast', 'v1', 'Queues']) found = (found as Record<string, unknown>)[part];
  const client = new (found as ServiceClientConstructor)(address, credentials.createInsecure());
  after(() => client.close());
  return (method, body) =>
    new Promise((resolve, reject) => {
      const call = client[method] as (
        body: object,
        done: (error: Error | null, answer: object) => void,
      ) => void;
      call.call(client, body, (error, answer) => {
        if (error === null) resolve(answer);
        else reject(error);
      });
    });
}

const holdfast = async (url: string, ...words: readonly string[]): Promise<string> =>
  (await run(process.execPath, ['--conditions=source', cli, '--endpoint', url, ...words])).stdout;

interface Stage {
  readonly nodes: TestCluster;
  readonly client: Client;
}

async function stage(redisUrls: readonly string[], isCluster: boolean): Promise<Stage> {
  const nodes = await threeNodes({
    HOLDFAST_QUEUES_STORE: 'redis',
    HOLDFAST_QUEUES_REDIS_URLS: redisUrls.join(','),
    HOLDFAST_QUEUES_REDIS_CLUSTER: String(isCluster),
  });
  const client = await connect({ endpoints: nodes.cluster.urls });
  const isOwned = async (): Promise<boolean> => {
    const { owners } = await client.call('queue_stats', {});
    return owners.reduce((sum, { partitions }) => sum + partitions, 0) === 64;
  };
  await untilSo(() => isOwned().catch(() => false), {
    what: 'every partition has an owner',
    longestMs: 30_000,
    pauseMs: 100,
  });
  return { nodes, client };
}

/** What is pushed over one interface is delivered over another, in the order of its key. */
async function goesOverAllInterfaces({ nodes, client }: Stage, queue: string): Promise<void> {
  const [first, second, third] = nodes.cluster.nodes;
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  const grpc = grpcClient(second.grpcAddress);
  await http(first.url, '/queue/push', { queue, key: 'a', payload: { by: 'http' } });
  await grpc('Push', { queue, key: 'a', payload: { stringValue: 'grpc' } });
  await client.queue(queue).push('a', 'stream');
  await holdfast(third.url, 'queue', 'push', 'a', 'command line', '--queue', queue);

  const popped = await http(third.url, `/queue/pop?queue=${queue}&visibility_seconds=30`);
  const [one] = messagesIn(popped);
  assert.deepEqual([one?.payload, one?.key, one?.delivery], [{ by: 'http' }, 'a', 1]);
  const none = await http(second.url, `/queue/pop?queue=${queue}&visibility_seconds=30`);
  assert.deepEqual(messagesIn(none), [], 'one message of a key at a time');
  await http(first.url, '/queue/ack', { queue, receipt: one?.receipt });
  const again = await http(second.url, '/queue/ack', { queue, receipt: one?.receipt });
  assert.equal(again['code'], 'stale_receipt', JSON.stringify(again));

  const [two] = messagesIn(await grpc('Pop', { queue, visibility_seconds: 30 }));
  assert.match(JSON.stringify(two?.payload), /grpc/);
  await grpc('Ack', { queue, receipt: two?.receipt });
  const stop = new AbortController();
  for await (const message of client.queue(queue).consume({ signal: stop.signal })) {
    assert.equal(message.payload, 'stream');
    await message.ack();
    break;
  }
  assert.match(await holdfast(first.url, 'queue', 'pop', '--queue', queue), /command line/);
  const { queues } = await client.call('queue_stats', { queue });
  assert.deepEqual([queues[0]?.depth, queues[0]?.totals.acknowledged], [0, 4]);
}

describe('Queues in one Redis, through real nodes', { skip, timeout: 180_000 }, () => {
  let redis: RedisServer;
  let staged: Stage;
  before(async () => {
    redis = await RedisServer.start(durable);
    staged = await stage([redis.url], false);
  });
  after(async () => {
    await staged.client.close();
    await staged.nodes[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });

  it('go over HTTP, gRPC, the stream and the command line, on any node', () =>
    goesOverAllInterfaces(staged, 'all'));

  it('are refused while Redis is down, and have what they had when it is back', async () => {
    const { client } = staged;
    const queue = client.queue('down');
    await queue.push('a', 'before');
    await redis.kill();
    await assert.rejects(
      queue.push('a', 'meanwhile', { dedupId: 'meanwhile' }),
      (error) => error instanceof HoldfastError,
    );
    await redis.start();
    const isBack = (): Promise<boolean> =>
      queue.push('a', 'meanwhile', { dedupId: 'meanwhile' }).then(
        () => true,
        () => false,
      );
    await untilSo(isBack, { what: 'Redis is back', longestMs: 20_000, pauseMs: 100 });
    const { queues } = await client.call('queue_stats', { queue: 'down' });
    assert.equal(queues[0]?.depth, 2);
  });

  it('given messages in flight, when their owner is killed, then each is delivered once within its visibility and none is lost', async () => {
    const { client, nodes } = staged;
    let victim = '';
    await outliveTheirNode(client, 'owners', async (owners) => {
      const owner = owners.find(({ in_flight: count }) => count > 0);
      assert.ok(owner !== undefined);
      victim = owner.node_id;
      await nodes.cluster.kill(victim, 'SIGKILL');
      return owner.in_flight;
    });
    await nodes.cluster.restart(victim);
  });
});

describe(
  'Queues in a Redis Cluster of three, through real nodes',
  { skip, timeout: 180_000 },
  () => {
    let servers: readonly RedisServer[];
    let staged: Stage;
    before(async () => {
      servers = await startRedisCluster();
      staged = await stage(
        servers.map(({ url }) => url),
        true,
      );
    });
    after(async () => {
      await staged.client.close();
      await staged.nodes[Symbol.asyncDispose]();
      for (const server of servers) await server[Symbol.asyncDispose]();
    });

    it('go over all interfaces, whichever server has their slot', async () => {
      for (const queue of ['red', 'green', 'blue']) await goesOverAllInterfaces(staged, queue);
      const keys = await Promise.all(servers.map((server) => server.ask('DBSIZE')));
      assert.ok(keys.filter((count) => Number(count) > 0).length >= 2, keys.join());
    });
  },
);
