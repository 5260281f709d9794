import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inSlices } from '../../src/snapshot-pieces.ts';

/** Each piece takes so long, and turns end when the test says so. */
function scene(pieceMs: number) {
  let nowMs = 0;
  let endTurn: (() => void) | undefined;
  const clock = {
    now: () => nowMs,
    endOfTurn: (callback: () => void) => {
      endTurn = callback;
    },
  };
  let made = 0;
  let isOver = false;
  function* pieces(): Generator<Uint8Array, void, undefined> {
    try {
      for (let count = 0; count < 5; count++) {
        nowMs += pieceMs;
        made += 1;
        yield Uint8Array.of(count);
      }
    } finally {
      isOver = true;
    }
  }
  return {
    sliced: inSlices(pieces(), clock),
    made: () => made,
    isOver: () => isOver,
    endTurn: () => {
      const callback = endTurn;
      endTurn = undefined;
      assert.ok(callback !== undefined, 'nothing waits for the end of the turn');
      callback();
    },
  };
}

/** What is done without a turn of the event loop. */
const microtasks = async (): Promise<void> => {
  for (let count = 0; count < 100; count++) await Promise.resolve();
};

describe('ENG-SNAP-9: the pieces of a snapshot', () => {
  it('given pieces of 3 ms each, then one turn makes two of them', async () => {
    const { sliced, made, endTurn } = scene(3);
    const all = (async () => {
      const got: number[] = [];
      for await (const piece of sliced) got.push(...piece);
      return got;
    })();
    await microtasks();
    assert.equal(made(), 2);
    endTurn();
    await microtasks();
    assert.equal(made(), 4);
    endTurn();
    assert.deepEqual(await all, [0, 1, 2, 3, 4]);
  });

  it('given pieces that take no time, then no turn is waited for', async () => {
    const { sliced, made } = scene(0);
    const all: Uint8Array[] = [];
    for await (const piece of sliced) all.push(piece);
    assert.equal(all.length, 5);
    assert.equal(made(), 5);
  });

  it('given a reader that wants no more, then the source is told', async () => {
    const { sliced, isOver } = scene(0);
    for await (const piece of sliced) {
      assert.equal(piece[0], 0);
      break;
    }
    assert.ok(isOver());
  });
});
