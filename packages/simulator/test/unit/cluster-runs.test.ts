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

/** What every run does to its disks at the end, and what comes of it, in this order. */
const endOfDisks = [
  /has a part of a frame in/,
  /the last write was cut short .* is dropped/,
  /has a turned bit in/,
  /refuses to start/,
];

interface Traced {
  readonly print: string;
  /** How many of `endOfDisks` came, the ones that follow the first of them counted from the last time that it came. */
  readonly ends: number;
}

async function traceOf(seed: bigint): Promise<Traced> {
  const hash = createHash('sha256');
  let lines = 0;
  let ends = 0;
  await simulateCluster(seed, (line) => {
    lines += 1;
    hash.update(line);
    if (endOfDisks[0]?.test(line) === true) ends = 1;
    else if (endOfDisks[ends]?.test(line) === true) ends += 1;
  });
  return { print: `${String(lines)} lines, ${hash.digest('hex')}`, ends };
}

describe('A run of a cluster', () => {
  for (const seed of [1n, 2n, 0xffff_ffff_ffff_fff1n]) {
    it(`is the same twice, to the byte, from seed ${String(seed)}`, async () => {
      const { print, ends } = await traceOf(seed);
      assert.equal((await traceOf(seed)).print, print);
      // It ends with a write that is cut short, which a start drops, and a bit that is turned, with which none succeeds.
      assert.equal(ends, endOfDisks.length);
    });
  }

  it('keeps every promise for 12 seeds that are always the same', async () => {
    const { broken, runs, grants, recoveredMs } = await runSeries({
      first: 1n,
      runs: 12,
      threads,
    });
    assert.equal(told(broken), '');
    assert.equal(runs, 12);
    // The runs are worth something: locks were had, and mended majorities went on.
    assert.ok(grants > 192, `${String(grants)} grants`);
    assert.ok(recoveredMs.length > 7, `${String(recoveredMs.length)} recoveries`);
  });
});
