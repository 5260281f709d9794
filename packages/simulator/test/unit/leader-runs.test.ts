import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { describe, it } from 'node:test';
import { entriesWhileIdle, simulateLeaders, runSeries } from '../../src/index.ts';

describe('A run of a cluster whose leader changes all the time while clients die', () => {
  it('is the same twice, from its seed', async () => {
    assert.deepEqual(await simulateLeaders(5n), await simulateLeaders(5n));
  });

  it('frees what the dead held in time, and nothing that the living believe in, for 10 seeds', async () => {
    const { broken, runs, recoveredMs } = await runSeries({
      kind: 'leaders',
      first: 1n,
      runs: 10,
      threads: availableParallelism(),
    });
    assert.deepEqual(broken, []);
    assert.equal(runs, 10);
    // The runs are worth something: clients died in most of them.
    assert.ok(recoveredMs.length > 5, `${String(recoveredMs.length)} with deaths`);
  });
});

describe('A run whose leader changes all the time', () => {
  it('ends with its disks: a write that is cut short, and a bit that turns', async () => {
    const lines: string[] = [];
    await simulateLeaders(3n, (line) => lines.push(line));
    for (const end of [/has a part of a frame in/, /has a turned bit in/, /refuses to start/])
      assert.ok(
        lines.some((line) => end.test(line)),
        String(end),
      );
  });
});

describe('A cluster at rest', () => {
  it('appends nothing for a minute, though sessions are kept alive', async () => {
    for (const seed of [1n, 2n, 3n]) assert.equal(await entriesWhileIdle(seed, 60_000), 0);
  });
});
