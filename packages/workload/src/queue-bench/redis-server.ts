/** One Redis for a benchmark: on a free port of the loopback, every write fsynced before it is answered. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePorts } from '../free-ports.ts';

export interface StartedRedis {
  readonly url: string;
  close(): Promise<void>;
}

/** Undefined where this machine has no Redis. */
export async function startRedis(parent: string): Promise<StartedRedis | undefined> {
  const program = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'redis-server'))
    .find((path) => existsSync(path));
  if (program === undefined) return undefined;
  const folder = join(parent, 'redis');
  await mkdir(folder, { recursive: true });
  const [port] = await freePorts(1);
  const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];
  const child = spawn(program, [...place, ...durable, '--maxmemory-policy', 'noeviction'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await new Promise<void>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      if (line.includes('Ready to accept connections')) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error('redis-server ended while it started.')));
  });
  return {
    url: `redis://127.0.0.1:${String(port)}`,
    async close() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
