/** A Redis cluster of the test's own, and connections that are there. */
import { networkInterfaces } from 'node:os';
import {
  forgetful,
  RedisServer,
} from '../../../redis-voters/test/integration/redis/redis-server.ts';
import { untilSo } from '../../../checker/src/waits.ts';

const slots = 16_384;
/** Whether this machine has ::1. */
export const hasIpv6: boolean = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .some(({ address }) => address === '::1');
/** The bus of a server listens 10,000 above its port. */
export const belowTheBus = [20_000, 50_000] as const;

/** Three servers, each with a third of the slots. */
export async function startRedisCluster(): Promise<readonly RedisServer[]> {
  const servers: RedisServer[] = [];
  for (let count = 0; count < 3; count++) {
    const settings = ['--cluster-enabled', 'yes', ...forgetful];
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

export async function connected(connection: { readonly isConnected: boolean }): Promise<void> {
  const isConnected = () => connection.isConnected;
  await untilSo(isConnected, { what: 'there is a connection', longestMs: 10_000, pauseMs: 10 });
}
