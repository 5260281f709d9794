import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fifo } from '../../src/fifo.ts';
import { EndedPayloads } from '../../src/payloads/ended-payloads.ts';
import { perTurn } from '../../src/payloads/payload-bounds.ts';

/** The bound of PAYLOAD-8. */
const very = 1_000_000;
/** One turn at the bound moved whole arrays for 1.6 s before, and takes about 1 ms. */
const mostTurnMs = 300;

describe('A queue of very many', () => {
  it('gives them back in their order, whatever comes meanwhile', () => {
    const fifo = new Fifo<number>();
    const model: number[] = [];
    for (let step = 0; step < 2000; step++) {
      if ((step * 7919) % 5 < 3) {
        fifo.push(step);
        model.push(step);
      } else assert.equal(fifo.shift(), model.shift());
      assert.deepEqual([fifo.length, fifo.peek()], [model.length, model[0]]);
    }
    assert.deepEqual([...fifo], model);
    while (model.length > 0) assert.equal(fifo.shift(), model.shift());
    assert.deepEqual([fifo.shift(), fifo.peek(), fifo.length], [undefined, undefined, 0]);
  });
});

describe('Payloads that have ended, at the bound of what is kept', () => {
  function full(addAll: (ended: EndedPayloads) => void) {
    const gone: number[] = [];
    const planned: (() => void)[] = [];
    const ended = new EndedPayloads({
      store: { end: (id) => void gone.push(id) },
      clock: {
        now: () => 0,
        after: () => () => undefined,
        endOfTurn: (callback) => void planned.push(callback),
      },
      lacksRoom: () => false,
    });
    const release = ended.hold(assert.fail);
    addAll(ended);
    ended.snapshotDurable(very);
    /** Each what one turn took. */
    const turnsMs = [release, () => planned.shift()?.(), () => planned.shift()?.()].map((turn) => {
      const beganMs = performance.now();
      turn();
      return performance.now() - beganMs;
    });
    return { ended, gone, planned, turnsMs };
  }

  /** The quickest: another program may have had the processor meanwhile. */
  const assertQuick = (turnsMs: readonly number[]): void =>
    assert.ok(Math.min(...turnsMs) < mostTurnMs, `turns of ${turnsMs.join(', ')} ms`);

  it('go in turns that take no longer than with few (PAYLOAD-5)', () => {
    const { gone, turnsMs } = full((ended) => {
      for (let id = 1; id <= very; id++) ended.add(id, [id]);
    });
    assert.deepEqual([gone.length, gone[0], gone.at(-1)], [3 * perTurn, 1, 3 * perTurn]);
    assertQuick(turnsMs);
  });

  it('go each once, what was swept first, also in the middle of what one entry ended', () => {
    const { ended, gone, planned } = full((some) => {
      some.add(
        1,
        Array.from({ length: 3 * perTurn + 10 }, (_, id) => id),
      );
    });
    ended.sweep([-1, -2]);
    planned.shift()?.();
    const last = Array.from({ length: 10 }, (_, at) => 3 * perTurn + at);
    assert.deepEqual(gone.slice(3 * perTurn), [-1, -2, ...last]);
    assert.deepEqual([new Set(gone).size, planned.length], [gone.length, 0]);
  });
});
