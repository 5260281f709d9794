/** Redis servers of the test's own: one, or a cluster of three; gone with the test. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

/** The path of the server, if this machine has one. */
export const redisProgram: string | undefined = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'redis-server'))
  .find((path) => existsSync(path));

const slots = 16_384;

export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'holdfast-queue-redis-'));
  readonly #settings: readonly string[];
  #process: ChildProcess | undefined;

  constructor(port: number, settings: readonly string[]) {
    this.port = port;
    this.#settings = settings;
  }

  get url(): string {
    return `redis://127.0.0.1:${String(this.port)}`;
  }

  static async start(...settings: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), settings);
    await server.start();
    return server;
  }

  /** With the data that its folder has. */
  async start(): Promise<void> {
    const place = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder];
    const child = spawn(redisProgram ?? '', [...place, '--save', '', ...this.#settings], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#process = child;
    const log = createInterface(child.stdout);
    await new Promise<void>((resolve, reject) => {
      log.on('line', (line: string) => {
        if (line.includes('Ready to accept connections')) resolve();
      });
      child.once('exit', () => reject(new Error('redis-server ended while it started.')));
    });
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async ask(...[command = '', ...rest]: readonly string[]): Promise<unknown> {
    const client = new Redis(this.url);
    try {
      return await client.call(command, ...rest);
    } finally {
      client.disconnect();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Three servers, each with a third of the slots. */
export async function startRedisCluster(): Promise<readonly RedisServer[]> {
  const servers: RedisServer[] = [];
  for (let count = 0; count < 3; count++) {
    // The bus listens 10,000 above.
    const port = await freePort(20_000, 50_000);
    const server = new RedisServer(port, ['--cluster-enabled', 'yes', '--appendonly', 'no']);
    await server.start();
    servers.push(server);
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

async function freePort(least = 0, most = 65_535): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    if (port >= least && port <= most) return port;
  }
}
