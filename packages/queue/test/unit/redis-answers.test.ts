import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { listOf, numberOf, textOf } from '../../src/redis/answers.ts';
import { executedOf, readOwnerCommand } from '../../src/redis/owner-command.ts';
import { failureOf } from '../../src/redis/connection.ts';
import type { QueueCommand, ResourceName } from '@holdfast/state';

const pop: QueueCommand = { type: 'queue_pop', name: 'jobs' as ResourceName, count: 1 };

describe('What Redis answers', () => {
  it('is known not to have been executed where it refuses the script or its first write', () => {
    for (const message of [
      "OOM command not allowed when used memory > 'maxmemory'. script: 1f, on @user_script:9.",
      "ERR Error running script (call to f_1f): @user_script:9: @user_script: 9: -OOM command not allowed when used memory > 'maxmemory'.",
      'NOAUTH Authentication required.',
      'WRONGPASS invalid username-password pair or user is disabled.',
      "NOPERM User q has no permissions to run the 'evalsha' command",
      'READONLY You can not write against a read only replica.',
      'TRYAGAIN Multiple keys request during rehashing of slot',
      'Too many Cluster redirections. Last error: ReplyError: TRYAGAIN Multiple keys request during rehashing of slot',
      'Too many Cluster redirections. Last error: ReplyError: ASK 1234 127.0.0.1:7001',
    ])
      assert.equal(failureOf(new Error(message)).code, 'store_unavailable', message);
  });

  it('may have been executed where a command of the script was refused for its caller, or nothing came', () => {
    for (const message of [
      'NOPERM No permissions to access a channel script: 1f, on @user_script:201.',
      'Command timed out',
      'Connection is closed.',
      'Too many Cluster redirections. Last error: Error: Connection is closed.',
    ])
      assert.equal(failureOf(new Error(message)).code, 'outcome_unknown', message);
  });

  it('is not read as nothing where something is missing', () => {
    assert.equal(numberOf('9007199254740991'), Number.MAX_SAFE_INTEGER);
    assert.deepEqual(listOf({}), []);
    for (const value of [undefined, null, '', 'x', false]) assert.throws(() => numberOf(value));
    for (const value of [undefined, null, 'x', { count: 1 }, [1]])
      assert.throws(() => listOf(value));
    assert.throws(() => textOf(undefined));
  });
});

describe('What a member asks and answers', () => {
  it('is a command that this version knows, or is refused', () => {
    const earlier = { command: pop, identity: 'a', authorizedAt: 3 };
    const asked = { ...earlier, leftMs: 20, mostTaken: 9 };
    assert.deepEqual(readOwnerCommand(asked, 3), asked);
    assert.deepEqual(readOwnerCommand(earlier, 3), { ...earlier, leftMs: 10_000 });
    for (const wrong of [
      undefined,
      {},
      { ...asked, command: { ...pop, more: 1 } },
      { ...asked, identity: 1 },
      { ...asked, leftMs: '1' },
      { ...asked, mostTaken: '1' },
    ])
      assert.throws(
        () => readOwnerCommand(wrong, 3),
        (error: unknown) => error instanceof HoldfastError && error.code === 'invalid_request',
      );
  });

  it('is a result of that command, or its outcome is unknown', () => {
    const taken = { type: 'done', result: { ok: true, type: 'queue_taken', deliveries: [] } };
    assert.deepEqual(executedOf(pop, taken), taken);
    assert.deepEqual(executedOf(pop, { type: 'not_owner' }), { type: 'not_owner' });
    const refused = { type: 'done', result: { ok: false, code: 'queue_not_found', message: 'x' } };
    assert.deepEqual(executedOf(pop, { ...refused, dueInMs: 5 }), { ...refused, dueInMs: 5 });
    for (const wrong of [
      undefined,
      {},
      { type: 'done' },
      { type: 'done', result: { ok: true, type: 'queue_moved' } },
      { type: 'done', result: { ok: false } },
      { ...taken, dueInMs: 'soon' },
    ])
      assert.throws(
        () => executedOf(pop, wrong),
        (error: unknown) => error instanceof HoldfastError && error.code === 'outcome_unknown',
      );
  });
});
