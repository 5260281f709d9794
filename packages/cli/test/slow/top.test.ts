import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect } from '@holdfast/client';
import type { Client } from '@holdfast/client';
import { startLocalCluster } from '@holdfast/server';
import type { LocalCluster } from '@holdfast/server';
import type { Report } from '../../src/top/report.ts';
import { commandLine, freePort, holdfast, until } from '../integration/support/holdfast.ts';

/** That of util-linux runs a command on a terminal of its own. */
const terminalProgram: string = 'script';
const hasTerminals =
  process.platform === 'linux' &&
  spawnSync(terminalProgram, ['--version'], { stdio: 'ignore' }).status === 0;
const noTerminal = hasTerminals ? false : 'the command "script" of util-linux is not installed';

const beginFrame = '\u001b[?2026h';
const leave = '\u001b[?25h\u001b[?1049l';

/** The command on a terminal of 90 columns and 20 rows. */
class OnTerminal {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  written = '';

  constructor(url: string, words: readonly string[]) {
    const line = commandLine(url, words)
      .map((word) => `'${word}'`)
      .join(' ');
    const inside = `stty cols 90 rows 20; exec ${line}`;
    this.child = spawn(terminalProgram, ['-qefc', inside, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, TERM: 'xterm', SHELL: '/bin/sh' },
    });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.written += chunk.toString()));
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
  }

  /** The last frame that is whole. */
  get frame(): string {
    return this.written.split(beginFrame).at(-2) ?? '';
  }

  async shows(what: RegExp): Promise<void> {
    await until(`a frame with ${String(what)}`, () => what.test(this.frame), 20_000);
  }

  press(keys: string): void {
    this.child.stdin?.write(keys);
  }
}

async function untilWaits(client: Client): Promise<void> {
  for (const signal = AbortSignal.timeout(15_000); ; signal.throwIfAborted()) {
    if ((await client.call('lock_status', { name: 'warm' })).waiter_count > 0) return;
  }
}

describe('holdfast top', () => {
  let cluster: LocalCluster;
  let url: string;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-top-'));
    cluster = await startLocalCluster({
      ports: [await freePort(), await freePort(), await freePort()],
      folder: join(folder, 'cluster'),
    });
    await cluster.leader();
    url = cluster.urls[0] ?? '';
  });
  after(async () => {
    await cluster.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('given a lock with a queue, when one frame is asked for, then it tells the cluster, the lock and who waits, without control codes', async () => {
    await using client = await connect({ endpoints: cluster.urls });
    await using holder = await client.session({ clientId: 'holder' });
    await using waiter = await client.session({ clientId: 'waiter' });
    await holder.lock('cold');
    await holder.lock('warm');
    const cancelRequest = new AbortController();
    const waiting = waiter.lock('warm', { waitMs: 60_000, signal: cancelRequest.signal });
    await untilWaits(client);
    const leader = await cluster.leader();
    const { status, stdout, stderr } = await holdfast(url, ['top', '--once', '--interval', '0.2'])
      .ended;
    assert.equal(status, 0, stderr);
    assert.match(stdout, new RegExp(`^leader ${leader} +term \\d+ +nodes 3, 3 answering$`, 'm'));
    assert.match(stdout, /^grants 0\.0\/s +commands [\d.]+\/s/m);
    assert.match(stdout, /^warm +1 +exclusive +.* holder +waiter\ncold +0 +exclusive/m);
    assert.ok(!stdout.includes('\u001b'));
    const json = await holdfast(url, ['top', '--json', '--interval', '0.2']).ended;
    const report = JSON.parse(json.stdout) as Report;
    assert.equal(report.leader, leader);
    assert.equal(report.rates.grants, 0);
    assert.deepEqual(
      report.hottest.map((lock) => [lock.resource, lock.holders, lock.queue]),
      [
        ['warm', ['holder'], ['waiter']],
        ['cold', ['holder'], []],
      ],
    );
    cancelRequest.abort();
    await assert.rejects(waiting);
  });

  it('given grants between two readings, when they are compared, then the rate tells them', async () => {
    await using client = await connect({ endpoints: cluster.urls });
    await using session = await client.session();
    const stop = new AbortController();
    const work = (async () => {
      while (!stop.signal.aborted) await (await session.lock('turns')).release();
    })();
    const { stdout } = await holdfast(url, ['top', '--once', '--json', '--interval', '0.5']).ended;
    stop.abort();
    await work;
    const { rates } = JSON.parse(stdout) as Report;
    assert.ok(rates.grants !== null && rates.grants > 1, stdout);
    assert.ok(rates.commands !== null && rates.commands > 1, stdout);
    assert.ok(rates.commit_ms !== null && rates.commit_ms > 0, stdout);
  });

  it('given no node, when it is started, then it ends with status 5 and says what to do', async () => {
    const nobody = `http://127.0.0.1:${String(await freePort())}`;
    const { status, stderr } = await holdfast(nobody, ['top']).ended;
    assert.equal(status, 5);
    assert.match(stderr, /holdfast server/);
  });

  it('given an interval that is none, when it is started, then the status is 2', async () => {
    for (const interval of ['0', 'x', '-1', '4000'])
      assert.equal(
        (await holdfast(url, ['top', '--once', '--interval', interval]).ended).status,
        2,
      );
  });

  it(
    'given a terminal, when the leader is killed and comes back, then it tells and goes on; q gives the terminal back',
    { skip: noTerminal },
    async () => {
      const top = new OnTerminal(url, ['top', '--interval', '0.2']);
      await top.shows(/nodes 3, 3 answering/);
      const lost = await cluster.leader();
      await cluster.kill(lost, 'SIGKILL');
      await top.shows(new RegExp(`${lost} [^\\n]*no contact since \\d\\d:\\d\\d:\\d\\dZ`));
      const next = await cluster.leader();
      await top.shows(new RegExp(`leader ${next} [^\\n]*nodes 3, 2 answering`));
      await cluster.restart(lost);
      await top.shows(/nodes 3, 3 answering/);
      top.press('q');
      assert.equal(await top.ended, 0);
      assert.ok(top.written.trimEnd().endsWith(leave), JSON.stringify(top.written.slice(-100)));
    },
  );

  it(
    'given a terminal, when Ctrl-C comes, then it ends with status 0',
    { skip: noTerminal },
    async () => {
      const top = new OnTerminal(url, ['top', '--interval', '0.2']);
      await top.shows(/nodes 3/);
      top.press('\u0003');
      assert.equal(await top.ended, 0);
      assert.ok(top.written.trimEnd().endsWith(leave));
    },
  );
});
