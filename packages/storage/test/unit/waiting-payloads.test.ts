/** WAITING-1: what waits is what is needed, and each put is counted once. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { putsOf, WaitingPayloads } from '../../src/waiting-payloads.ts';

const most = 1024 * 1024;
const bodyOf = (byteLength: number): Uint8Array => new Uint8Array(byteLength);

describe('Payloads that wait and were not written', () => {
  it('are without those that have ended, which count with the one before them (WAITING-1)', () => {
    const waiting = new WaitingPayloads();
    for (let id = 1; id <= 6; id++) waiting.add({ id, body: bodyOf(100) });
    // Given that the first, the third, the fourth and the last have ended.
    const isNeeded = ({ id }: { readonly id: number }): boolean => id === 2 || id === 5;
    const some = waiting.take(250);
    assert.ok(some.length < 6);

    const done = waiting.putBack(some, isNeeded);

    assert.equal(done, 1);
    assert.equal(waiting.byteLength, 200);
    const left = waiting.take(most);
    assert.deepEqual(
      left.map(({ id, puts }) => [id, puts]),
      [
        [2, 3],
        [5, 2],
      ],
    );
    assert.equal(done + putsOf(left), 6);
    waiting.written(left);
    assert.equal(waiting.byteLength, 0);
  });

  it('take no more room however many come and end behind one that stays (WAITING-1)', () => {
    const waiting = new WaitingPayloads();
    waiting.add({ id: 1, body: bodyOf(100) });
    let id = 1;
    for (let trial = 0; trial < 100; trial++) {
      for (let count = 0; count < 100; count++) waiting.add({ id: ++id, body: bodyOf(300) });
      assert.equal(
        waiting.putBack([], (one) => one.id === 1),
        0,
      );
      assert.equal(waiting.byteLength, 100);
    }
    const left = waiting.take(most);
    assert.deepEqual([left.length, putsOf(left)], [1, 10_001]);
  });
});
