/** The folder of a node of each earlier release, and of this one, runs under the code of today. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ResourceName, SessionId } from '@holdfast/state';
import { inspectFolder } from '../../src/index.ts';
import { startTestCluster } from '../cluster.ts';
import { expectedOf, factsOf, keptReleases, unpackNode } from '../node-folder.ts';

const anonymous = { identity: 'anonymous' };

describe('The folder of a node of an earlier release', () => {
  it('is kept of one at least', () => assert.ok(keptReleases().includes('0.1')));

  for (const release of keptReleases())
    it(`${release} has its holds, its tokens and its feature level, and goes on`, async () => {
      const home = mkdtempSync(join(tmpdir(), 'holdfast-kept-'));
      const folder = join(home, 'node');
      const cluster = await startTestCluster([], { extraIds: ['a'] });
      try {
        // Given the folder as the release left it
        unpackNode(release, folder);
        const expected = expectedOf(release);
        const before = await inspectFolder({ folder, uncommitted: true });
        assert.deepEqual(before.problems, []);
        assert.deepEqual(factsOf(before), expected);
        // When the code of today runs on it, more than once
        for (const round of [1, 2]) {
          await cluster.start('a', { folder });
          const leader = await cluster.leader();
          const granted = await leader.submit(
            {
              type: 'acquire',
              sessionId: '66666666-7777-4888-8999-aaaaaaaaaaaa' as SessionId,
              requestId: `99999999-0000-4000-8000-00000000000${String(round)}`,
              name: `today ${String(round)}` as ResourceName,
              mode: 'exclusive',
              waitMs: 0,
              acquiredAtMs: 0,
            },
            anonymous,
          );
          // Then tokens go on behind the last one of then
          assert.ok(granted.ok && granted.type === 'granted', JSON.stringify(granted));
          assert.equal(granted.fenceToken, expected.fenceCounter + round);
          const refused = await leader.submit(
            {
              type: 'acquire',
              sessionId: '66666666-7777-4888-8999-aaaaaaaaaaaa' as SessionId,
              requestId: `99999999-0000-4000-8000-00000000001${String(round)}`,
              name: 'jobs/0' as ResourceName,
              mode: 'exclusive',
              waitMs: 0,
              acquiredAtMs: 0,
            },
            anonymous,
          );
          assert.deepEqual(refused.ok ? refused : refused.code, 'lock_held');
          await cluster.engines.get('a')?.close();
          cluster.engines.delete('a');
        }
        const after = factsOf(await inspectFolder({ folder, uncommitted: true }));
        assert.deepEqual(
          after.holds.filter((hold) => !hold.includes(' today ')),
          expected.holds,
        );
        assert.deepEqual(after.others, expected.others);
        assert.ok(after.featureLevel >= expected.featureLevel);
      } finally {
        await cluster.close();
        rmSync(home, { recursive: true, force: true });
      }
    });
});
