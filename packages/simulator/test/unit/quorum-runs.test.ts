import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { describe, it } from 'node:test';
import { simulateQuorum, runSeries } from '../../src/index.ts';

const threads = availableParallelism();
const kind = 'quorum';

async function traceOf(seed: bigint): Promise<string> {
  const hash = createHash('sha256');
  let lines = 0;
  await simulateQuorum(seed, (line) => {
    lines += 1;
    hash.update(line);
  });
  return `${String(lines)} lines, ${hash.digest('hex')}`;
}

describe('A run of a quorum lease', () => {
  for (const seed of [1n, 42n]) {
    it(`is the same twice, to the byte, from seed ${String(seed)}`, async () => {
      assert.equal(await traceOf(seed), await traceOf(seed));
    });
  }

  it('keeps every promise for 40 seeds that are always the same, and locks are had in them', async () => {
    const { broken, grants, refusedWrites, recoveredMs } = await runSeries({
      kind,
      first: 1n,
      runs: 40,
      threads,
    });
    assert.deepEqual(broken, []);
    assert.ok(grants > 650, `${String(grants)} grants`);
    assert.ok(refusedWrites > 25, `${String(refusedWrites)} writes of zombies`);
    assert.equal(recoveredMs.length, 40);
  });
});
