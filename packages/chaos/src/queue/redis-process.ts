/** The Redis of a run: every write synced before it is answered, so that a kill loses nothing. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { clearAtEnd } from '../leftovers.ts';
import { freePorts } from '../cluster/free-ports.ts';

/** The path of the server, if this machine has one. */
export const redisProgram: string | undefined = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'redis-server'))
  .find((path) => existsSync(path));

export class RedisServerProcess {
  readonly url: string;
  readonly #arguments: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(folder: string, port: number) {
    this.url = `redis://127.0.0.1:${String(port)}`;
    const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
    const durable = ['--appendonly', 'yes', '--appendfsync', 'always'];
    this.#arguments = [...place, ...durable, '--maxmemory-policy', 'noeviction'];
  }

  static async start(parent: string): Promise<RedisServerProcess> {
    const folder = join(parent, 'redis');
    mkdirSync(folder, { recursive: true });
    const [port = 0] = await freePorts(1);
    const redis = new RedisServerProcess(folder, port);
    await redis.start();
    return redis;
  }

  /** With what its folder has. */
  async start(): Promise<void> {
    const child = spawn(redisProgram ?? 'redis-server', this.#arguments, {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#child = child;
    const forget = clearAtEnd(() => child.kill('SIGKILL'));
    child.once('exit', forget);
    await new Promise<void>((resolve, reject) => {
      createInterface(child.stdout).on('line', (line) => {
        if (line.includes('Ready to accept connections')) resolve();
      });
      child.once('error', reject);
      child.once('exit', () => reject(new Error('redis-server ended while it started.')));
    });
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  standStill(): void {
    this.#child?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child?.kill('SIGCONT');
  }
}
