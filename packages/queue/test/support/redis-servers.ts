/** A Redis cluster of the test's own, and connections that are there. */
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { after, before } from 'node:test';
import {
  forgetful,
  RedisServer,
} from '../../../redis-voters/test/integration/redis/redis-server.ts';
import { untilSo } from '../../../checker/src/waits.ts';
import { RedisConnection } from '../../src/redis/connection.ts';

const slots = 16_384;
/** Whether this machine has ::1. */
export const hasIpv6: boolean = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .some(({ address }) => address === '::1');
/** The bus of a server listens 10,000 above its port. */
export const belowTheBus = [20_000, 50_000] as const;

/** Three servers, each with a third of the slots. */
export async function startRedisCluster(
  keeping: readonly string[] = forgetful,
): Promise<readonly RedisServer[]> {
  const servers: RedisServer[] = [];
  for (let count = 0; count < 3; count++) {
    const settings = ['--cluster-enabled', 'yes', ...keeping];
    servers.push(await RedisServer.start(settings, belowTheBus));
  }
  const [first] = servers;
  for (const [at, server] of servers.entries()) {
    const from = Math.floor((at * slots) / 3);
    const to = Math.floor(((at + 1) * slots) / 3) - 1;
    await server.ask('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to));
    if (server !== first) await server.ask('CLUSTER', 'MEET', '127.0.0.1', String(first?.port));
  }
  const isOk = async (server: RedisServer): Promise<boolean> => {
    const info = String(await server.ask('CLUSTER', 'INFO'));
    return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3');
  };
  const areOk = async () => (await Promise.all(servers.map(isOk))).every(Boolean);
  await untilSo(areOk, { what: 'the servers are a cluster', longestMs: 30_000, pauseMs: 50 });
  return servers;
}

/** As `redis-cli --cluster reshard` does it. @param during Called when some keys have moved and some have not. */
export async function moveSlot(
  servers: readonly RedisServer[],
  key: string,
  during: () => Promise<void>,
): Promise<{ readonly from: RedisServer; readonly to: RedisServer }> {
  const [first] = servers;
  const slot = String(await first?.ask('CLUSTER', 'KEYSLOT', key));
  const keysOf = async (server: RedisServer, count: number): Promise<readonly string[]> =>
    ((await server.ask('CLUSTER', 'GETKEYSINSLOT', slot, String(count))) as unknown[]).map(String);
  const counts = await Promise.all(servers.map(async (one) => (await keysOf(one, 100)).length));
  const from = servers[counts.findIndex((count) => count > 0)];
  const to = servers.find((server) => server !== from);
  if (from === undefined || to === undefined) throw new Error(`Slot ${slot} has no keys.`);
  const [fromId, toId] = [await from.ask('CLUSTER', 'MYID'), await to.ask('CLUSTER', 'MYID')];
  await to.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(fromId));
  await from.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(toId));
  for (let moved = 0; ; moved++) {
    const [next] = await keysOf(from, 1);
    if (next === undefined) break;
    await from.ask('MIGRATE', '127.0.0.1', String(to.port), next, '0', '5000');
    if (moved === 1) await during();
  }
  for (const server of [to, from, ...servers])
    await server.ask('CLUSTER', 'SETSLOT', slot, 'NODE', String(toId));
  return { from, to };
}

export async function connected(connection: { readonly isConnected: boolean }): Promise<void> {
  const isConnected = () => connection.isConnected;
  await untilSo(isConnected, { what: 'there is a connection', longestMs: 10_000, pauseMs: 10 });
}

interface OwnRedis {
  readonly server: RedisServer;
  readonly connection: RedisConnection;
}

/** Of the suite that calls it: a server, from its first test to its last. */
export function ownRedis(): () => OwnRedis {
  let own: OwnRedis | undefined;
  before(async () => {
    const server = await RedisServer.start(forgetful);
    const address = { urls: [server.url], isCluster: false };
    own = { server, connection: new RedisConnection(address, 'test:', () => undefined) };
    await connected(own.connection);
  });
  after(async () => {
    own?.connection.close();
    await own?.server[Symbol.asyncDispose]();
  });
  return () => own ?? assert.fail('No test of the suite has begun.');
}
