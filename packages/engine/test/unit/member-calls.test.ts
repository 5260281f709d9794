import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { memberCalls } from '../../src/cache/member-calls.ts';
import { CallFailed, CallTooLarge } from '../../src/transport/types.ts';

const told = { term: 1, memoryId: 'e', seq: 1, keys: ['a', 'b'], shared: ['c'] };

describe('an invalidation that the leader sends', () => {
  test('given one that fits in no frame, then the log says what and how large, at most once a second (TELL-1)', async () => {
    const logged: object[] = [];
    const clock = { nowMs: 0, now: () => clock.nowMs };
    let error: Error = new CallTooLarge(false, 'The call to n2 would be a frame of 40 bytes.');
    const { tell } = memberCalls(
      { call: () => Promise.reject(error) },
      { error: (fields) => logged.push(fields) },
      clock,
    );
    const refused = (): Promise<void> => assert.rejects(tell('n2', told, 500), error);
    await refused();
    assert.deepEqual(logged, [{ peer: 'n2', keys: 2, shared: 1, error: error.message }]);
    clock.nowMs = 999;
    await refused();
    assert.equal(logged.length, 1);
    clock.nowMs = 1000;
    await refused();
    assert.equal(logged.length, 2);
    clock.nowMs = 9000;
    error = new CallFailed(true, 'n2 did not answer in 500 ms');
    await refused();
    assert.equal(logged.length, 2, 'of a peer that does not answer nothing is told');
  });
});
