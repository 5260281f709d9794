import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startLocalCluster } from '@holdfast/server';
import type { LocalCluster } from '@holdfast/server';
import { freePort, holdfast, until } from './support/holdfast.ts';
import { lastLine, stubborn } from './support/stubborn.ts';

describe('holdfast lock run', () => {
  let cluster: LocalCluster;
  let url: string;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-lock-run-'));
    cluster = await startLocalCluster({
      ports: [await freePort()],
      folder: join(folder, 'cluster'),
    });
    await cluster.leader();
    url = cluster.urls[0] ?? '';
  });
  after(async () => {
    await cluster.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('gives the command the fence token and passes on its exit status', async () => {
    const { ended } = holdfast(url, [
      'lock',
      'run',
      'passing',
      '--',
      'sh',
      '-c',
      'echo "token $HOLDFAST_FENCE_TOKEN of $HOLDFAST_LOCK_NAME"; exit 7',
    ]);
    const { status, stdout, stderr } = await ended;
    assert.match(stdout, /^token \d+ of passing$/m, stderr);
    assert.equal(status, 7);
  });

  it('tells a signal that ended the command as 128 and its number', async () => {
    const { ended } = holdfast(url, ['lock', 'run', 'signalled', '--', 'sh', '-c', 'kill -9 $$']);
    assert.equal((await ended).status, 137);
  });

  it('ends with status 3 when the lock is held, and names the holder', async () => {
    const marker = join(folder, 'holding');
    const first = holdfast(url, [
      'lock',
      'run',
      '--client-id',
      'first',
      'held',
      '--',
      'sh',
      '-c',
      `touch ${marker}; exec sleep 30`,
    ]);
    await until('the first command', () => existsSync(marker));
    const second = await holdfast(url, ['lock', 'run', 'held', '--', 'true']).ended;
    assert.equal(second.status, 3);
    assert.match(second.stderr, /first/);
    first.child.kill('SIGTERM');
    assert.equal((await first.ended).status, 128 + 15);
    assert.equal((await holdfast(url, ['lock', 'run', 'held', '--', 'true']).ended).status, 0);
  });

  for (const fate of ['loses the cluster', 'is killed'] as const) {
    it(`whose process ${fate}: the whole process group is gone before the next holder begins`, async () => {
      const label = fate === 'is killed' ? 'killed' : 'cut';
      const program = stubborn(folder, label);
      const first = holdfast(url, [
        'lock',
        'run',
        '--ttl',
        '3',
        label,
        '--',
        process.execPath,
        program,
      ]);
      await until(
        'the first command',
        () =>
          lastLine(join(folder, `${label}.child`)) > 0 &&
          lastLine(join(folder, `${label}.grandchild`)) > 0,
      );
      const [node] = cluster.nodes;
      assert.ok(node?.pid !== undefined);
      if (fate === 'is killed') {
        first.child.kill('SIGKILL');
      } else {
        // Stopped, not killed: connections stay open and nothing answers, the worst case for a client.
        process.kill(node.pid, 'SIGSTOP');
        const { status, stderr } = await first.ended;
        assert.equal(status, 4, stderr);
        process.kill(node.pid, 'SIGCONT');
      }
      const begun = join(folder, `${label}.next`);
      const next = holdfast(url, [
        'lock',
        'run',
        '--wait',
        '20',
        label,
        '--',
        process.execPath,
        '-e',
        `require('fs').writeFileSync(${JSON.stringify(begun)}, String(Date.now()))`,
      ]);
      const { status, stderr } = await next.ended;
      assert.equal(status, 0, stderr);
      const nextBegan = Number(readFileSync(begun, 'utf8'));
      for (const who of ['child', 'grandchild']) {
        const lastBeat = lastLine(join(folder, `${label}.${who}`));
        assert.ok(
          lastBeat > 0 && lastBeat < nextBegan,
          `the ${who} was alive at ${String(lastBeat)}, the next holder began at ${String(nextBegan)}`,
        );
      }
      assert.ok(existsSync(join(folder, `${label}.term`)), 'SIGTERM came before SIGKILL');
    });
  }
});
