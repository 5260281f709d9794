/** Two ways to the cluster, real processes: the first goes silent with its connections open, the second serves. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
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

describe('A session of three seconds with two ways to the cluster', () => {
  let folder: string;
  let cluster: LocalCluster;
  let url: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-ways-'));
    cluster = await startLocalCluster({ ports: await freePorts(1), folder });
    await cluster.leader();
    url = cluster.urls[0] ?? '';
  });
  after(async () => {
    await cluster.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('outlives a way that is stopped after it has served', async () => {
    using way = await wayTo(url);
    await using client = await connect({ endpoints: [way.url, url], timeoutMs: 5000 });
    await using session = await client.session({ timeoutSeconds: leaseMs / 1000 });
    await using hold = await session.lock('silent-way/served');
    way.process.kill('SIGSTOP');
    const stoppedAtMs = performance.now();
    // It is renewed again and again: far longer than one lease.
    let leastMs = Infinity;
    while (performance.now() - stoppedAtMs < 3 * leaseMs) {
      hold.assertHeld();
      leastMs = Math.min(leastMs, session.validForMs);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal(session.state, 'active');
    // Aimed at is more than half of it; a busy machine must not break the test.
    assert.ok(leastMs > leaseMs / 6, `of ${String(leaseMs)} ms there were ${String(leastMs)} left`);
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
