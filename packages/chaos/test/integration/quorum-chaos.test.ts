import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { QuorumCluster, report, runLockSet, runQuorumChaos } from '../../src/index.ts';

describe('Real processes of a quorum in trouble', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-chaos-quorum-test-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('keep every promise under a few faults', async (context) => {
    const seed = Math.floor(Math.random() * 1e9);
    const outcome = await runQuorumChaos({
      folder: join(folder, 'run'),
      clients: 3,
      seed,
      seconds: 6,
      only: ['stop a holder and kill -9 majority', 'full disk'],
      tell: (line) => context.diagnostic(line),
    });
    const { text, kept } = report(`seed ${String(seed)}`, outcome);
    assert.ok(kept, text);
  });

  it('lose nothing where the store checks the fence token', async () => {
    const cluster = await QuorumCluster.start({
      folder: join(folder, 'nodes'),
      clients: 0,
      guarded: '',
    });
    try {
      const fenced = await runLockSet(cluster.urls, folder, true, 1, 'quorum');
      assert.deepEqual(fenced.lost, []);
      assert.deepEqual([fenced.added, fenced.refused], [2, 1]);
      assert.equal(fenced.believers, 0, 'a zombie believed in its hold');
    } finally {
      await cluster.close();
    }
  });
});
