/** A Redis cluster of the test's own, and connections that are there. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  forgetful,
  RedisServer,
} from '../../../redis-voters/test/integration/redis/redis-server.ts';

const slots = 16_384;
/** The bus of a server listens 10,000 above its port. */
const belowTheBus = [20_000, 50_000] as const;

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
  for (const deadline = performance.now() + 30_000; ; await sleep(50)) {
    if ((await Promise.all(servers.map(isOk))).every(Boolean)) return servers;
    if (performance.now() > deadline) throw new Error('The Redis servers are no cluster in time.');
  }
}

export async function connected(connection: { readonly isConnected: boolean }): Promise<void> {
  for (const deadline = performance.now() + 10_000; !connection.isConnected; await sleep(10))
    if (performance.now() > deadline) throw new Error('There is no connection in time.');
}
