import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Command, CommandResult, RequestId } from '@holdfast/state';
import { cancelReasons, submitCancellable } from '../../src/caller-signal.ts';

const granted = { ok: true, type: 'granted', fenceToken: 1, holdCount: 1, revision: 1 };

/** A request whose answers come when the test says so. */
function begin(requestId: RequestId = 'unnumbered', more: object = {}) {
  const answer = Promise.withResolvers<CommandResult>();
  const cancelled = Promise.withResolvers<void>();
  const asked: Command[] = [];
  const caller = new AbortController();
  const command = { type: 'acquire', sessionId: 's', name: 'x', requestId, waitMs: 9, ...more };
  const told = submitCancellable({
    command: command as unknown as Command,
    signal: caller.signal,
    submit: () => answer.promise,
    cancel: (command) => {
      asked.push(command);
      return cancelled.promise;
    },
  });
  const abort = (reason?: string): void => caller.abort(reason);
  return { answer, cancelled, asked, abort, told };
}
const isTold = async (told: Promise<unknown>): Promise<boolean> => {
  const turn = new Promise((resolve) => setImmediate(() => resolve('not yet')));
  return (await Promise.race([told, turn])) !== 'not yet';
};
const types = (asked: readonly Command[]): readonly string[] => asked.map(({ type }) => type);

describe('An acquire whose caller is gone', () => {
  it('is cancelled in the cluster, and its caller told when that has answered (CANCEL-1, CANCEL-2)', async () => {
    for (const reason of [undefined, cancelReasons.hungUp, cancelReasons.cancelled]) {
      const { asked, abort, told, cancelled } = begin();
      abort(reason);
      assert.deepEqual(types(asked), ['abandon']);
      assert.equal(await isTold(told), false);
      cancelled.resolve();
      const result = await told;
      assert.equal(result.ok ? result.type : result.code, 'wait_abandoned');
    }
  });

  it('is cancelled though it was granted meanwhile, or its answer is on its way (CANCEL-1)', async () => {
    const { answer, asked, abort, told } = begin();
    answer.resolve(granted as CommandResult);
    assert.equal((await told).ok, true);
    abort(cancelReasons.cancelled);
    assert.deepEqual(types(asked), ['abandon']);
    abort(cancelReasons.cancelled);
    assert.equal(asked.length, 1, 'once');
  });

  it('is not told of a grant that comes while it is being cancelled (CANCEL-2)', async () => {
    const { answer, cancelled, abort, told } = begin();
    abort();
    answer.resolve(granted as CommandResult);
    assert.equal(await isTold(told), false);
    cancelled.resolve();
    assert.equal((await told).ok, false);
  });

  it('keeps its place where it has a number and did not cancel (CANCEL-3)', async () => {
    for (const reason of [undefined, cancelReasons.hungUp]) {
      const { answer, asked, abort, told } = begin(7);
      abort(reason);
      assert.deepEqual(asked, []);
      answer.resolve(granted as CommandResult);
      assert.equal((await told).ok, true);
    }
    const { asked, abort } = begin(7);
    abort(cancelReasons.cancelled);
    assert.deepEqual(types(asked), ['abandon']);
  });

  it('is cancelled where it was gone before it was submitted', () => {
    const caller = AbortSignal.abort(cancelReasons.hungUp);
    const asked: string[] = [];
    void submitCancellable({
      command: { type: 'acquire', sessionId: 's', name: 'x', requestId: 'u' } as unknown as Command,
      signal: caller,
      submit: () => {
        asked.push('acquire');
        return new Promise(() => undefined);
      },
      cancel: (command) => {
        asked.push(command.type);
        return Promise.resolve();
      },
    });
    assert.deepEqual(asked, ['acquire', 'abandon']);
  });

  it('that was refused holds nothing, and nothing is cancelled', async () => {
    const { answer, asked, abort, told } = begin();
    answer.resolve({ ok: false, code: 'lock_held', message: '' });
    assert.equal((await told).ok, false);
    abort();
    assert.deepEqual(asked, []);
  });

  it('is told where it is not known that it holds nothing (CANCEL-2)', async () => {
    const { cancelled, abort, told } = begin();
    abort();
    cancelled.reject(new Error('no leader'));
    await assert.rejects(told, /no leader/);
  });
});
