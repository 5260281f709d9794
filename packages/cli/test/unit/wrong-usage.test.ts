import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { HoldfastError } from '@holdfast/protocol';
import { explain, failureText } from '../../src/failure.ts';
import { shellWord } from '../../src/shell-word.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const holdfast = (...words: readonly string[]) =>
  spawnSync(process.execPath, ['--conditions=source', main, ...words], { encoding: 'utf8' });

describe('wrong usage', () => {
  for (const words of ['--json lock acquire', 'lock acquire a --nope --json', '--json lokc'])
    it(`is one line of JSON and status 2 where JSON is asked for: ${words}`, () => {
      const { status, stderr, stdout } = holdfast(...words.split(' '));
      assert.equal(status, 2);
      assert.equal(stdout, '');
      const told = JSON.parse(stderr) as { readonly error: Readonly<Record<string, unknown>> };
      assert.equal(told.error['code'], 'usage');
      assert.equal(told.error['exit_status'], 2);
    });

  it('of "lock run" without -- says what is missing', () => {
    const { status, stderr } = holdfast('lock', 'run', 'j1', 'ls', '-d', '/tmp');
    assert.equal(status, 2);
    assert.match(stderr, /Write -- in front of the command to run/);
  });

  it("is told by the option's name where a node refuses it, with status 2 and all details", () => {
    const refused = new HoldfastError(
      'invalid_request',
      '"ttl_seconds" must be at least 1, not 0.',
      {
        field: 'ttl_seconds',
      },
    );
    const failure = explain(refused, []);
    assert.equal(failure.status, 2);
    assert.equal(failure.message, '--ttl must be at least 1, not 0.');
    assert.deepEqual(JSON.parse(failureText(failure, true)), {
      error: {
        code: 'invalid_request',
        message: failure.message,
        exit_status: 2,
        details: { field: 'ttl_seconds' },
      },
    });
  });
});

describe('a printed command', () => {
  for (const word of ['/srv/holdfast', 'a b', "it's $HOME", '', '*'])
    it(`can be pasted: ${JSON.stringify(word)}`, () => {
      const script = `printf %s ${shellWord(word)}`;
      assert.equal(execFileSync('sh', ['-c', script], { encoding: 'utf8' }), word);
    });
});
