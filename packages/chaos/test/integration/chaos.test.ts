import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ChaosCluster, report, runChaos, runLockSet } from '../../src/index.ts';

describe('Real processes in trouble', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-chaos-test-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('keep every promise under a few faults of each kind', async (context) => {
    const seed = Math.floor(Math.random() * 1e9);
    const outcome = await runChaos({
      folder: join(folder, 'run'),
      nodes: 3,
      clients: 3,
      seed,
      seconds: 9,
      only: ['kill -9 leader', 'isolate leader', 'stop client', 'full disk', 'cut one way'],
      tell: (line) => context.diagnostic(line),
    });
    const { text, kept } = report(`seed ${String(seed)}`, outcome);
    assert.ok(kept, text);
  });

  it('lose what a trusting store overwrites, and nothing where the store checks the fence token', async () => {
    const cluster = await ChaosCluster.start(join(folder, 'nodes'), 3);
    try {
      const trusting = await runLockSet(cluster.urls, folder, false, 1);
      assert.deepEqual(trusting.lost, ['other-1a', 'other-1b']);
      const fenced = await runLockSet(cluster.urls, folder, true, 1);
      assert.deepEqual(fenced.lost, []);
      assert.deepEqual([fenced.added, fenced.refused], [2, 1]);
      assert.equal(trusting.believers + fenced.believers, 0, 'a zombie believed in its hold');
    } finally {
      await cluster.close();
    }
  });
});
