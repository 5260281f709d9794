/** In virtual time: what is counted does not depend on the machine that counts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { liveCrowd } from '../../src/index.ts';
import type { CrowdStats } from '../../src/index.ts';

const crowd = (waiters: number, programs: number): Promise<CrowdStats> =>
  liveCrowd({ seed: 1n, waiters, programs, countedMs: 3000 });

describe('Ten thousand that wait for one lock', () => {
  for (const programs of [1, 20]) {
    it(`in ${String(programs)} programs have it at least half as often as a thousand`, async () => {
      const few = await crowd(1000, programs);
      const many = await crowd(10_000, programs);
      assert.ok(few.grants > 100, `${String(few.grants)} grants in three seconds`);
      assert.ok(many.grants * 2 >= few.grants, `${String(many.grants)} of ${String(few.grants)}`);
      assert.equal(few.lost + many.lost, 0);
      assert.ok(many.questions / many.grants < 30, `${String(many.questions)} questions`);
    });
  }

  it('each in a program of its own are served, and no lease is lost', async () => {
    const { grants, lost } = await crowd(1000, 1000);
    assert.ok(grants > 100, `${String(grants)} grants in three seconds`);
    assert.equal(lost, 0);
  });
});
