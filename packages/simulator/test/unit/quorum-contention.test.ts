/** In virtual time: what is counted does not depend on the machine that counts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runContention } from '../../src/index.ts';
import type { ContentionStats } from '../../src/index.ts';

const contention = (waiters: number, programs: number): Promise<ContentionStats> =>
  runContention({ seed: 1n, waiters, programs, countedMs: 3000 });

describe('Ten thousand that wait for one lock', () => {
  for (const programs of [1, 20]) {
    it(`in ${String(programs)} programs have it at least half as often as a thousand`, async () => {
      const few = await contention(1000, programs);
      const many = await contention(10_000, programs);
      assert.ok(few.grants > 100, `${String(few.grants)} grants in three seconds`);
      assert.ok(many.grants * 2 >= few.grants, `${String(many.grants)} of ${String(few.grants)}`);
      assert.equal(few.lost + many.lost, 0);
      assert.ok(many.questions / many.grants < 30, `${String(many.questions)} questions`);
    });
  }

  it('each in a program of its own are served, and no lease is lost', async () => {
    const { grants, lost } = await contention(1000, 1000);
    assert.ok(grants > 100, `${String(grants)} grants in three seconds`);
    assert.equal(lost, 0);
  });
});
