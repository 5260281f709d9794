/** Two ways to the cluster, real processes: the first goes silent with its connections open, the second serves. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as openConnection, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect } from '@holdfast/client';
import { startLocalCluster } from '@holdfast/server';
import type { LocalCluster } from '@holdfast/server';
import { freePorts } from '../../src/free-ports.ts';

const program = fileURLToPath(new URL('../integration/support/way-entry.ts', import.meta.url));
const leaseMs = 3000;

interface Way extends Disposable {
  readonly url: string;
  readonly process: ChildProcess;
}

async function wayTo(url: string): Promise<Way> {
  const process = spawn(globalThis.process.execPath, [program, new URL(url).port], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = (await once(createInterface(process.stdout), 'line')) as [string];
  return {
    url: `http://127.0.0.1:${port}`,
    process,
    [Symbol.dispose]: () => void process.kill('SIGKILL'),
  };
}

interface CountedWay extends AsyncDisposable {
  readonly url: string;
  /** Connections so far. */
  count: number;
  onTried: () => void;
}

/** In this process, so that it is known when it was tried. */
async function countedWayTo(port: number): Promise<CountedWay> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    way.count += 1;
    way.onTried();
    const onward = openConnection(port, '127.0.0.1');
    socket.pipe(onward).pipe(socket);
    for (const [one, opposite] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(one);
      one.once('error', () => opposite.destroy());
      one.once('close', () => sockets.delete(one));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const way = {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    count: 0,
    onTried: (): void => undefined,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return way;
}

describe('A session of three seconds with two ways to the cluster', () => {
  let folder: string;
  let cluster: LocalCluster;
  let url: string;
  let other: CountedWay;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-ways-'));
    const ports = await freePorts(1);
    other = await countedWayTo(ports[0] ?? 0);
    // Nodes tell clients where they are: nobody goes there but by the second way.
    const environment = { HOLDFAST_HTTP_ADVERTISE: other.url };
    cluster = await startLocalCluster({ ports, folder, environment });
    await cluster.leader();
    url = cluster.urls[0] ?? '';
  });
  after(async () => {
    await cluster.close();
    await other[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('outlives a way that is stopped after it has served: another one is tried before half of the lease is gone', async () => {
    // This process counts what it waits for: where the machine did not let it run in time, nothing is known.
    for (let attempt = 1; ; attempt++) {
      other.count = 0;
      using way = await wayTo(url);
      await using client = await connect({ endpoints: [way.url, other.url], timeoutMs: 5000 });
      await using session = await client.session({ timeoutSeconds: leaseMs / 1000 });
      await using hold = await session.lock('silent-way/served');
      assert.equal(other.count, 0, 'The second way is not tried while the first one serves.');
      let leftMs: number | undefined;
      other.onTried = () => {
        leftMs ??= session.validForMs;
      };
      way.process.kill('SIGSTOP');
      const stoppedAtMs = performance.now();
      let longestPauseMs = 0;
      // It is renewed again and again: far longer than one lease.
      for (let atMs = stoppedAtMs; atMs - stoppedAtMs < 3 * leaseMs;) {
        hold.assertHeld();
        await new Promise((resolve) => setTimeout(resolve, 20));
        const nowMs = performance.now();
        if (leftMs === undefined) longestPauseMs = Math.max(longestPauseMs, nowMs - atMs - 20);
        atMs = nowMs;
      }
      assert.equal(session.state, 'active');
      assert.ok(leftMs !== undefined, 'The second way was never tried.');
      // A tenth of the lease is the client's margin, of which it tells nobody.
      if (leftMs > leaseMs / 2 - leaseMs / 10) return;
      const told = `The second way was tried with ${String(leftMs)} of ${String(leaseMs)} ms left; this process was paused for ${String(longestPauseMs)} ms.`;
      assert.ok(longestPauseMs > 100 && attempt < 5, told);
    }
  });

  it('is made, and lives, though the first way has never answered', async () => {
    using way = await wayTo(url);
    way.process.kill('SIGSTOP');
    await using client = await connect({ endpoints: [way.url, url], timeoutMs: 5000 });
    await using session = await client.session({ timeoutSeconds: leaseMs / 1000 });
    await using hold = await session.lock('silent-way/never');
    const madeAtMs = performance.now();
    while (performance.now() - madeAtMs < 2 * leaseMs) {
      hold.assertHeld();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal(session.state, 'active');
  });
});
