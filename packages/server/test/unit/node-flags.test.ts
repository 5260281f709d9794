import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { nodeFlags, runWithNodeFlags } from '../../src/node-flags.ts';
import type { ProcessToReplace } from '../../src/node-flags.ts';

function wordsOf(changes: Partial<ProcessToReplace>): readonly string[] | undefined {
  let told: readonly string[] | undefined;
  const own: ProcessToReplace = {
    execPath: process.execPath,
    execArgv: [],
    argv: [process.execPath, '/main.js', 'server'],
    env: {},
    execve: (_file, words): never => {
      told = words;
      throw new Error('A test is not replaced.');
    },
    ...changes,
  };
  try {
    runWithNodeFlags(own);
  } catch (error) {
    assert.ok(told !== undefined, String(error));
  }
  return told;
}

describe('A process that runs a node', () => {
  it('is replaced by one with the flags, with all its own words', () => {
    assert.deepEqual(wordsOf({ execArgv: ['--conditions=source'] }), [
      process.execPath,
      '--conditions=source',
      ...nodeFlags,
      '/main.js',
      'server',
    ]);
  });

  it('is not replaced again', () => {
    assert.equal(wordsOf({ execArgv: nodeFlags }), undefined);
  });

  it("keeps an operator's value of a flag, from the command line and from NODE_OPTIONS", () => {
    const env = { NODE_OPTIONS: '--max_semi_space_size=32' };
    const words = wordsOf({ execArgv: ['--disable-sigusr1'], env });
    assert.equal(words, undefined);
    const some = wordsOf({ execArgv: ['--max-semi-space-size=32'] });
    assert.deepEqual(some?.slice(1, 3), ['--max-semi-space-size=32', '--disable-sigusr1']);
  });

  it('stays where a parent has a channel to it', () => {
    assert.equal(wordsOf({ connected: true }), undefined);
  });

  it('goes on without them where the system cannot replace a process', () => {
    runWithNodeFlags({ execPath: process.execPath, execArgv: [], argv: [], env: {} });
  });

  it('goes on without them where its program is gone, or was started through a loader', () => {
    assert.equal(wordsOf({ execPath: '/nonexistent/node' }), undefined);
    assert.equal(wordsOf({ execPath: '/lib64/ld-linux-x86-64.so.2' }), undefined);
  });

  it('goes on without them where the operator says so', () => {
    assert.equal(wordsOf({ env: { HOLDFAST_SAME_PROCESS: '1' } }), undefined);
  });

  it('keeps its pid and its arguments when it really is replaced', () => {
    const module = fileURLToPath(new URL('../../src/node-flags.ts', import.meta.url));
    const script = `const { runWithNodeFlags } = await import(${JSON.stringify(module)});
      console.log(process.pid); runWithNodeFlags(); console.log(JSON.stringify(process.execArgv.length));`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', script],
      { encoding: 'utf8' },
    );
    const [first, second, flags] = stdout.trim().split('\n');
    assert.ok(first !== undefined && first === second, `${stdout}${stderr}`);
    assert.ok(Number(flags) > nodeFlags.length, stdout);
  });
});
