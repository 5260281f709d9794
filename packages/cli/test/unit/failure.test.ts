import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { explain, failureText, UsageError } from '../../src/failure.ts';
import { shellWord } from '../../src/shell-word.ts';

describe('What to do after an error', () => {
  const refusal = new HoldfastError('lock_delayed', '"x" is in its lock-delay period.');

  it('names the command that tells until when an election is in its lock-delay period', () => {
    assert.match(explain(refusal, [], 'election').advice, /"holdfast election leader NAME"/);
    assert.doesNotMatch(explain(refusal, [], 'election').advice, /lock status/);
  });

  it('names the one of locks for locks', () => {
    assert.match(explain(refusal, [], 'lock').advice, /"holdfast lock status NAME"/);
  });
});

describe('An error on a terminal', () => {
  const written = (error: Error): string => failureText(explain(error, []), false);

  it('has none of the control characters that a name of somebody else may have', () => {
    const text = written(
      new HoldfastError('lock_held', 'Held by client "\u001b]0;x\u0007\nholdfast: ok".'),
    );
    assert.equal(
      text.split('\n')[0],
      'holdfast: Held by client "\ufffd]0;x\ufffd\ufffdholdfast: ok". (lock_held)',
    );
  });

  it('keeps the lines of what this program says itself', () => {
    assert.equal(written(new UsageError('a\n  b\u001b')), 'holdfast: a\n  b\ufffd\n');
  });

  it('has a word to paste as the shell reads it, without a control character', () => {
    assert.equal(shellWord('a/b'), 'a/b');
    assert.equal(shellWord("it's"), `'it'\\''s'`);
    assert.equal(shellWord("a\u001b'\u202e\\"), String.raw`$'a\u001b\'\u202e\\'`);
  });
});
