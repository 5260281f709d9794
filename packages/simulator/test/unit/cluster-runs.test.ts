import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { describe, it } from 'node:test';
import { simulateCluster, runSeries } from '../../src/index.ts';

const threads = availableParallelism();
const told = (broken: readonly { readonly seed: bigint; readonly message: string }[]): string =>
  broken
    .map(({ seed, message }) => `make simulate SEED=${String(seed)} TRACE=1\n  ${message}`)
    .join('\n');

async function traceOf(seed: bigint): Promise<string> {
  const hash = createHash('sha256');
  let lines = 0;
  await simulateCluster(seed, (line) => {
    lines += 1;
    hash.update(line);
  });
  return `${String(lines)} lines, ${hash.digest('hex')}`;
}

describe('A run of a cluster', () => {
  for (const seed of [1n, 2n, 0xffff_ffff_ffff_fff1n]) {
    it(`is the same twice, to the byte, from seed ${String(seed)}`, async () => {
      assert.equal(await traceOf(seed), await traceOf(seed));
    });
  }

  it('keeps every promise for 30 seeds that are always the same', async () => {
    const { broken, runs, grants, recoveredMs } = await runSeries({
      first: 1n,
      runs: 30,
      threads,
    });
    assert.equal(told(broken), '');
    assert.equal(runs, 30);
    // The runs are worth something: locks were had, and mended majorities went on.
    assert.ok(grants > 480, `${String(grants)} grants`);
    assert.ok(recoveredMs.length > 18, `${String(recoveredMs.length)} recoveries`);
  });
});
