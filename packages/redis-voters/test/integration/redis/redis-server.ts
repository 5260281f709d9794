/** Redis servers of the test's own: on free ports of the loopback, in temporary folders, gone with the test. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { createClient } from '@redis/client';

/** What a voter must be set to. */
export const durable: readonly string[] = ['--appendonly', 'yes', '--appendfsync', 'always'];
/** Loses everything when it ends. */
export const forgetful: readonly string[] = ['--appendonly', 'no'];

/** The path of the server, if this machine has one. */
export const redisProgram: string | undefined = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'redis-server'))
  .find((path) => existsSync(path));
// Whoever asks for what tests need is not to have them skipped.
if (redisProgram === undefined)
  assert.equal(process.env['REQUIRE_PROGRAMS'], undefined, 'There is no redis-server.');

export class RedisServer implements AsyncDisposable {
  readonly url: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'holdfast-redis-'));
  readonly port: number;
  readonly #settings: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, settings: readonly string[]) {
    this.port = port;
    this.#settings = settings;
    this.url = `redis://127.0.0.1:${String(port)}`;
  }

  /** @param ports Between which its own is; any when absent. */
  static async start(
    settings: readonly string[],
    ports: readonly [least: number, most: number] = anyPort,
  ): Promise<RedisServer> {
    const server = new RedisServer(await freePort(ports), settings);
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

  standStill(): void {
    this.#process?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#process?.kill('SIGCONT');
  }

  /** One command, through a connection of its own. */
  async ask(...command: readonly string[]): Promise<unknown> {
    const client = createClient({ url: this.url, RESP: 2 });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await client.sendCommand(command);
    } finally {
      client.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const anyPort = [0, 65_535] as const;

async function freePort([least, most]: readonly [number, number]): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    if (port >= least && port <= most) return port;
  }
}
