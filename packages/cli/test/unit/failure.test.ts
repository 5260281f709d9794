import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { explain } from '../../src/failure.ts';

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
