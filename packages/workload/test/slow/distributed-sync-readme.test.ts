/**
 * Every `curl` of the distributed-sync readme, letter by letter as printed there, against what `make cluster` starts on its ports:
 * in a folder whose nodes had other ports before.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../../src/free-ports.ts';
import { curl } from '../integration/support/curl.ts';

type Answer = Readonly<Record<string, unknown>>;

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const printedPorts = [8001, 8002, 8003];
const longestStartMs = 300_000;

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

const needed = printedPorts.flatMap((port) => [port, port + 1000, port + 2000]);
const isTaken = (await Promise.all(needed.map(isFree))).includes(false);
const skip = isTaken ? 'another program listens on a port that the readme names' : false;

let folder = '';
let running: ChildProcess | undefined;

/** `make cluster`, until it is ready. */
async function makeCluster(ports: readonly number[]): Promise<void> {
  const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith('HOLDFAST_'));
  const line = `exec make cluster PORTS=${ports.join(',')} DATA=${join(folder, 'cluster')}`;
  const child = spawn('sh', ['-c', line], {
    cwd: root,
    env: Object.fromEntries(inherited),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  running = child;
  const lines: string[] = [];
  const ready = Promise.withResolvers<undefined>();
  child.stderr.setEncoding('utf8').on('data', (text: string) => lines.push(text));
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    if (line.startsWith('The cluster is ready')) ready.resolve(undefined);
  });
  child.once('close', () => ready.reject(new Error(`It ended:\n${lines.join('\n')}`)));
  const late = sleep(longestStartMs, undefined, { ref: false }).then(() => {
    throw new Error(`It was not ready in time:\n${lines.join('\n')}`);
  });
  await Promise.race([ready.promise, late]);
}

async function stopCluster(): Promise<void> {
  const child = running;
  running = undefined;
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  process.kill(-child.pid, 'SIGTERM');
  await once(child, 'close');
}

const ask = async (command: string): Promise<Answer> => (await curl(command)) as Answer;

describe('The distributed-sync readme', { skip, timeout: 900_000 }, () => {
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-as-printed-'));
    const [first = 0, ...others] = await freePorts(3);
    await makeCluster([first, ...others]);
    const body = JSON.stringify({ key: 'a', payload: 'of before', queue: 'before' });
    await ask(
      `curl -X POST http://127.0.0.1:${String(first)}/queue/push -H "Content-Type: application/json" -d '${body}'`,
    );
    await stopCluster();
    await makeCluster(printedPorts);
  });
  after(async () => {
    await stopCluster();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  it('tells the same leader on every node', async () => {
    const told = [
      await ask('curl http://localhost:8001/leader'),
      await ask('curl http://localhost:8002/leader'),
      await ask('curl http://localhost:8003/leader'),
    ];
    assert.equal(new Set(told.map(({ leader }) => leader)).size, 1);
    assert.equal(told.filter((one) => one['is_leader'] === true).length, 1);
  });

  it('acquires and releases an exclusive lock', async () => {
    const acquired = await ask(
      `curl -X POST http://localhost:8001/lock/acquire -H "Content-Type: application/json" -d '{"name":"resA","mode":"exclusive","owner":"client1"}'`,
    );
    assert.equal(acquired['acquired'], true);
    const released = await ask(
      `curl -X POST http://localhost:8001/lock/release -H "Content-Type: application/json" -d '{"name":"resA","owner":"client1"}'`,
    );
    assert.equal(released['released'], true);
  });

  it('pushes a message to a queue, and pops it on another node', async () => {
    const { id, ...pushed } = await ask(
      `curl -X POST http://localhost:8001/queue/push -H "Content-Type: application/json" -d '{"key":"user:123","payload":"hello"}'`,
    );
    assert.deepEqual(pushed, { queue: 'default', duplicate: false });
    assert.ok(Number.isSafeInteger(id));
    const popped = await ask('curl http://localhost:8002/queue/pop');
    const [message, ...more] = popped['messages'] as readonly Answer[];
    const { fence_token: fenceToken, ...rest } = message ?? {};
    assert.deepEqual(rest, {
      id,
      key: 'user:123',
      payload: 'hello',
      delivery: 1,
      max_deliveries: 10,
      receipt: null,
    });
    assert.ok(Number.isSafeInteger(fenceToken));
    assert.deepEqual([popped['queue'], more], ['default', []]);
    // It was acknowledged by that.
    const none = await ask('curl http://localhost:8002/queue/pop');
    assert.deepEqual(none, { queue: 'default', messages: [] });
  });

  it('sets a key of the cache, and gets it on another node', async () => {
    const { version, ...set } = await ask(
      `curl -X POST http://localhost:8003/cache/set -H "Content-Type: application/json" -d '{"key":"k1","value":"v1"}'`,
    );
    assert.deepEqual(set, { key: 'k1', node: 'node-3' });
    for (const hit of [false, true]) {
      const got = await ask('curl http://localhost:8002/cache/get?k=k1');
      const { state, ...rest } = got;
      assert.deepEqual(rest, {
        key: 'k1',
        found: true,
        value: 'v1',
        version,
        expires_in_seconds: null,
        hit,
        node: 'node-2',
      });
      assert.ok(['exclusive', 'shared'].includes(String(state)), String(state));
    }
  });

  it('has what was there on the other ports', async () => {
    const { messages } = await ask(`curl 'http://localhost:8003/queue/pop?queue=before'`);
    const [message] = messages as readonly Answer[];
    assert.equal(message?.['payload'], 'of before');
  });
});
