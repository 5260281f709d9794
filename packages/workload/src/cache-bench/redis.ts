/** Reads of Redis beside those of the cache: GET over one connection, and the Map that its client-side caching (CLIENT TRACKING) fills. */
import { spawn, spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';

const value = 'Ada';
const reply = `$${String(value.length)}\r\n${value}\r\n`;
const command = (...parts: readonly string[]): string =>
  `*${String(parts.length)}\r\n${parts.map((part) => `$${String(Buffer.byteLength(part))}\r\n${part}\r\n`).join('')}`;

export interface RedisReads extends AsyncDisposable {
  /** Makes so many reads, 64 of them at once. */
  get(count: number): Promise<number>;
  /** Of what a tracked read has put into the memory of this process: nobody asks whether it still may be answered. */
  tracked(count: number): Promise<number>;
}

/** Undefined: there is no Redis on this machine. */
export async function startRedis(port: number): Promise<RedisReads | undefined> {
  if (spawnSync('redis-server', ['--version']).status !== 0) return undefined;
  const server = spawn('redis-server', ['--port', String(port), '--save', ''], { stdio: 'ignore' });
  const socket = await connected(port);
  const kept = new Map<string, Promise<string>>();
  await asked(socket, command('SET', 'k', value), '+OK\r\n');
  socket.write(command('HELLO', '3'));
  await once(socket, 'data');
  await asked(socket, command('CLIENT', 'TRACKING', 'ON'), '+OK\r\n');
  const get = async (count: number): Promise<number> => {
    for (let read = 0; read < count; read += 64)
      await asked(socket, command('GET', 'k').repeat(64), reply.repeat(64));
    kept.set('k', Promise.resolve(value));
    return count;
  };
  await get(64);
  return {
    get,
    tracked: async (count) => {
      for (let read = 0; read < count; read++) await kept.get('k');
      return count;
    },
    async [Symbol.asyncDispose]() {
      socket.destroy();
      server.kill();
      await once(server, 'exit');
    },
  };
}

/** Resolves when so many bytes have come as are expected. */
async function asked(socket: Socket, request: string, expected: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = expected.length;
  const onData = (data: Buffer): void => {
    left -= data.length;
    if (left <= 0) resolve();
  };
  socket.on('data', onData);
  socket.write(request);
  await promise;
  socket.off('data', onData);
}

async function connected(port: number): Promise<Socket> {
  for (let tries = 0; ; tries++) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return socket;
    } catch (error) {
      if (tries >= 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
