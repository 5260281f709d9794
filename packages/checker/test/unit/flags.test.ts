import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FlagError, parseFlags } from '../../src/flags.ts';

const options = {
  seed: { type: 'string' },
  only: { type: 'string', multiple: true },
  json: { type: 'boolean', default: false },
} as const;
const parse = (...args: readonly string[]) => parseFlags({ args: [...args], options }).values;

describe('flags of a program', () => {
  it('are read as given, once each', () => {
    assert.deepEqual({ ...parse('--seed', '7', '--json') }, { seed: '7', json: true });
  });

  for (const args of [
    ['--seed', '1', '--seed', '2'],
    ['--seed=1', '--json', '--seed=2'],
  ])
    it(`are refused with both values when one is repeated: ${args.join(' ')} (FLAGS-1)`, () => {
      assert.throws(
        () => parse(...args),
        (error) =>
          error instanceof FlagError &&
          error.message === '--seed takes one value; given: "1", then "2".',
      );
    });

  it('are refused when the same value is repeated (FLAGS-1)', () => {
    assert.throws(() => parse('--seed', '1', '--seed', '1'), FlagError);
  });

  it('add up where that is declared, and a switch may be repeated', () => {
    const { only, json } = parse('--only', 'a', '--json', '--only', 'b', '--json');
    assert.deepEqual([only, json], [['a', 'b'], true]);
  });

  it('are refused when unknown, or without their value', () => {
    assert.throws(() => parse('--sed', '1'), FlagError);
    assert.throws(() => parse('--seed'), FlagError);
  });

  const folder = fileURLToPath(new URL('../../../..', import.meta.url));

  it('of a program that runs are one line and status 2 (FLAGS-2)', () => {
    const program = `import { readFlags } from '@holdfast/checker/flags'; readFlags({ options: { seed: { type: 'string' } } });`;
    const run = spawnSync(
      process.execPath,
      [
        '--conditions=source',
        '--input-type=module',
        '-e',
        program,
        '--',
        '--seed',
        '1',
        '--seed',
        '2',
      ],
      { encoding: 'utf8', cwd: folder },
    );
    assert.equal(run.status, 2, run.stderr);
    assert.equal(run.stderr, '--seed takes one value; given: "1", then "2".\n');
  });

  it('are read by this in every program of the repository', () => {
    const files = execFileSync('git', ['ls-files', 'packages/*/src/*.ts', 'scripts/*.ts'], {
      cwd: folder,
      encoding: 'utf8',
    });
    const others = files
      .split('\n')
      .filter((path) => path !== '' && !path.endsWith('checker/src/flags.ts'))
      .filter((path) => /\bparseArgs\b/.test(readFileSync(`${folder}/${path}`, 'utf8')));
    assert.deepEqual(others, []);
  });
});
