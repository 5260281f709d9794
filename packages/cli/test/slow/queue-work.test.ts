/** A command that works on a message is gone before anybody else is delivered it, whatever happens to its worker or the cluster. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startLocalCluster } from '@holdfast/server';
import type { LocalCluster } from '@holdfast/server';
import { freePort, holdfast, until } from '../integration/support/holdfast.ts';
import type { Ended } from '../integration/support/holdfast.ts';
import { lastLine, stubborn } from '../integration/support/stubborn.ts';

const visibilityMs = 4000;

describe('holdfast queue work, whose message cannot be kept', { timeout: 120_000 }, () => {
  let cluster: LocalCluster;
  let url: string;
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-queue-work-'));
  before(async () => {
    const ports = [await freePort()];
    cluster = await startLocalCluster({ ports, folder: join(folder, 'cluster') });
    await cluster.leader();
    url = cluster.urls[0] ?? '';
  });
  after(async () => {
    await cluster.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Works on one message with a command that ignores SIGTERM; runs when this resolves. */
  async function working(queue: string): Promise<ReturnType<typeof holdfast>> {
    const pushed = await holdfast(url, ['queue', 'push', 'a', 'once', '--queue', queue]).ended;
    assert.equal(pushed.status, 0, pushed.stderr);
    const visibility = ['--visibility', String(visibilityMs / 1000)];
    const command = [process.execPath, stubborn(folder, queue)];
    const words = ['work', '--queue', queue, ...visibility, '--once', '--', ...command];
    const worker = holdfast(url, ['queue', ...words]);
    await until('the command and its child run', () =>
      ['child', 'grandchild'].every((self) => existsSync(join(folder, `${queue}.${self}`))),
    );
    return worker;
  }

  /** When it and its child ran last. */
  const lastRanMs = (queue: string): number =>
    Math.max(...['child', 'grandchild'].map((self) => lastLine(join(folder, `${queue}.${self}`))));

  /** The next one is told which delivery it is, and when it has it. */
  async function redelivered(queue: string): Promise<{ delivery: string; atMs: number }> {
    const tells = `process.stdout.write(process.env.HOLDFAST_DELIVERY + ' ' + Date.now())`;
    const command = [process.execPath, '-e', tells];
    const next: Ended = await holdfast(url, [
      'queue',
      'work',
      '--queue',
      queue,
      '--once',
      '--',
      ...command,
    ]).ended;
    assert.equal(next.status, 0, next.stderr);
    const [delivery = '', atMs] = next.stdout.split(' ');
    return { delivery, atMs: Number(atMs) };
  }

  it('stops the command before the visibility ends, and says that the message comes again, while no node answers', async () => {
    const worker = await working('cut');
    const [node] = cluster.nodes;
    assert.ok(node !== undefined);
    const stoppedAtMs = Date.now();
    await cluster.kill(node.nodeId, 'SIGSTOP');
    const next = (async () => {
      await until('the command is gone', () => Date.now() - lastRanMs('cut') > 1000);
      await cluster.kill(node.nodeId, 'SIGCONT');
      return redelivered('cut');
    })();
    const [{ status, stderr }, { delivery, atMs }] = await Promise.all([worker.ended, next]);
    assert.equal(status, 4, stderr);
    assert.match(stderr, /the lease of "message \d+" was lost[^]*It comes again/);
    const toldAtMs = Number(readFileSync(join(folder, 'cut.term'), 'utf8').split('\n')[0]);
    const endedAtMs = lastRanMs('cut');
    assert.ok(toldAtMs > stoppedAtMs && toldAtMs < endedAtMs, 'it had time to end by itself');
    assert.ok(endedAtMs - stoppedAtMs < visibilityMs, String(endedAtMs - stoppedAtMs));
    assert.equal(delivery, '2');
    assert.ok(atMs > endedAtMs);
  });

  it('stops the command also when the worker itself is killed', async () => {
    const worker = await working('killed');
    const killedAtMs = Date.now();
    worker.child.kill('SIGKILL');
    const { delivery, atMs } = await redelivered('killed');
    await worker.ended;
    assert.equal(delivery, '2');
    const endedAtMs = lastRanMs('killed');
    assert.ok(endedAtMs < atMs, `it ran for ${String(endedAtMs - killedAtMs)} ms more`);
    assert.ok(endedAtMs - killedAtMs < visibilityMs);
  });
});
