import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TurnShare } from '../../src/turn-share.ts';

/** Reads that take so long, and turns that end when the test says so. */
function scene() {
  let nowMs = 0;
  let due: (() => void)[] = [];
  const share = new TurnShare({
    now: () => nowMs,
    endOfTurn: (callback) => void due.push(callback),
  });
  const made: number[] = [];
  return {
    share,
    made,
    read: (number: number, tookMs: number) =>
      share.run(() => {
        nowMs += tookMs;
        made.push(number);
        return number;
      }),
    endTurn: async (): Promise<void> => {
      const callbacks = due;
      due = [];
      for (const callback of callbacks) callback();
      await Promise.resolve();
    },
    isPlanned: () => due.length > 0,
  };
}

describe('Reads that are asked for in one turn', () => {
  it('given short ones, then they are made at once', () => {
    const { read, isPlanned } = scene();
    for (let number = 0; number < 100; number++) assert.equal(read(number, 0.01), number);
    assert.ok(!isPlanned());
  });

  it('given long ones, then a turn makes some of them, and the next turns the others (TURN-SHARE-2)', async () => {
    const { read, made, endTurn } = scene();
    const answers = Array.from({ length: 6 }, (_, number) => read(number, 3));
    assert.deepEqual(made, [0, 1]);
    await endTurn();
    assert.deepEqual(made, [0, 1, 2, 3]);
    await endTurn();
    assert.deepEqual(await Promise.all(answers.map(async (answer) => answer)), [0, 1, 2, 3, 4, 5]);
  });

  it('given one that comes while others wait, then it is made after them (TURN-SHARE-1)', async () => {
    const { read, made, endTurn } = scene();
    void read(0, 5);
    void read(1, 5);
    await endTurn();
    void read(2, 0);
    assert.deepEqual(made, [0, 1]);
    await endTurn();
    assert.deepEqual(made, [0, 1, 2]);
  });

  it('given time that was used in many turns, then it counts until a turn was ended for it', async () => {
    const { read, isPlanned, endTurn } = scene();
    for (let number = 0; number < 4; number++) void read(number, 1);
    assert.ok(isPlanned());
    await endTurn();
    assert.ok(!isPlanned());
    assert.equal(read(4, 1), 4);
  });

  it('given one that throws, then its caller is told, and the next one is made', async () => {
    const { read, share, endTurn } = scene();
    const refuse = (): number => {
      throw new Error('refused');
    };
    assert.throws(() => share.run(refuse), /refused/);
    void read(0, 5);
    const refused = assert.rejects(async () => share.run(refuse), /refused/);
    const answered = read(1, 0);
    await endTurn();
    await refused;
    assert.equal(await answered, 1);
  });
});
