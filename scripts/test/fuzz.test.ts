/** What `make fuzz` has found once is read again, and each target is run on some inputs. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Coverage } from '../fuzz/coverage.ts';
import { decoders } from '../fuzz/decoders.ts';
import type { Target } from '../fuzz/target.ts';
import { nodeTargetNames, nodeTargets } from '../fuzz/node-targets.ts';
import { corpusFolder, corpusOf, fuzz, runOne } from '../fuzz/run.ts';

const inputs = 20;

describe('what reads bytes of somebody else', () => {
  for (const target of decoders)
    test(`${target.name}: reads or refuses what it is given (FUZZ-1)`, async () => {
      for (const { input } of corpusOf(target.name)) await runOne(target, input);
      const { find } = await fuzz(target, 1, (runs) => runs < inputs);
      assert.equal(
        find,
        undefined,
        `${find?.input.toString('base64') ?? ''} ${String(find?.error)}`,
      );
    });

  test('each folder of the corpus is of a target, and what a node was given once is given again', async () => {
    const names: readonly string[] = [...decoders.map(({ name }) => name), ...nodeTargetNames];
    const folders = readdirSync(corpusFolder).filter((name) => name !== 'README.md');
    assert.deepEqual(
      folders.filter((name) => !names.includes(name)),
      [],
    );
    // A node is started where there is something for it: `make fuzz` does so always.
    if (!nodeTargetNames.some((name) => folders.includes(name))) return;
    const running = await nodeTargets();
    try {
      for (const target of running.targets)
        for (const { input } of corpusOf(target.name)) await runOne(target, input);
    } finally {
      await running.close();
    }
  });

  test('a defect behind several conditions is found step by step, for what goes a step further is changed further (FUZZ-2)', async () => {
    const nested: Target = {
      name: 'nested',
      seeds: () => [Buffer.from('....')],
      run(input) {
        if (input[0] !== 0x7b) return;
        if (input[1] !== 0x5b) return;
        if (input[2] !== 0x22) return;
        if (input[3] === 0x5d) throw new Error('The fourth byte is wrong.');
      },
    };
    const { find } = await fuzz(nested, 1, (runs) => runs < 20_000);
    assert.match(String(find?.error), /fourth byte/);
  });

  test('of inputs that wait beside each other the one that is a defect is told (FUZZ-3)', async () => {
    let running = 0;
    let most = 0;
    const waiting: Target = {
      name: 'waiting',
      beside: 8,
      seeds: () => [Buffer.from('....')],
      async run(input) {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        if (input[0] === 0x7b) throw new Error('The first byte is wrong.');
      },
    };
    const { find } = await fuzz(waiting, 1, (runs) => runs < 20_000);
    assert.equal(most, 8);
    assert.equal(find?.input[0], 0x7b);
    assert.match(String(find.error), /first byte/);
  });

  test('code counts as reached once, whatever else is executed with it (COVERAGE-1, COVERAGE-2)', () => {
    const steps = [
      (given: number): number => (given > 1 ? given * 2 : given),
      (given: number): number => (given > 2 ? given * 3 : given),
    ];
    const coverage = new Coverage();
    const reaches = (given: number): boolean => {
      for (const step of steps) step(given);
      return coverage.hasGrown();
    };
    coverage.start();
    try {
      const told = [1, 1, 2, 2, 3, 1, 3].map(reaches);
      assert.deepEqual(told, [true, false, true, false, true, false, false]);
      // What is only looked at is not known afterwards.
      const later = (given: number): number => (given > 0 ? given : -given);
      later(1);
      assert.equal(coverage.hasGrown(true), true);
      later(1);
      assert.equal(coverage.hasGrown(), true);
      later(1);
      assert.equal(coverage.hasGrown(), false);
    } finally {
      coverage.stop();
    }
  });

  test('a defect is found, and an input that takes for ever', async () => {
    const broken: Target = {
      name: 'broken',
      seeds: () => [Buffer.from('{"a":1}')],
      run: (input) => JSON.parse(input.toString()) as unknown,
    };
    const { find } = await fuzz(broken, 1, (runs) => runs < 100);
    assert.ok(find?.error instanceof SyntaxError);
  });
});
