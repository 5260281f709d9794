/** Which requests are begun in which turn of the event loop. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallerRing } from '../../../src/turns/caller-ring.ts';
import { largeBytes } from '../../../src/turns/request-turns.ts';
import { WaitingBytes } from '../../../src/turns/waiting-bytes.ts';
import { isForHolders, turnsOf } from './turns-of.ts';

const mebibyte = 1024 * 1024;

/** Requests that take so long, by name. */
function scene() {
  const world = turnsOf();
  const begun: string[] = [];
  const ask = (
    name: string,
    share: string,
    byteLength: number,
    tookMs: number,
    forHolders = false,
  ) =>
    world.turns.begin({
      share,
      byteLength,
      isForHolders: () => forHolders,
      begin: () => {
        world.clock.nowMs += tookMs;
        begun.push(name);
      },
    });
  return { ...world, begun, ask };
}

describe('Requests', () => {
  it('given few, then they are begun at once, and nothing is planned but the end of the turn', () => {
    const { ask, begun, endTurn, isPlanned } = scene();
    ask('a', 'x', 0, 0);
    assert.equal(isPlanned(), false);
    ask('b', 'x', largeBytes, 1);
    ask('c', 'y', 0, 1);
    assert.deepEqual(begun, ['a', 'b', 'c']);
    endTurn();
    assert.equal(isPlanned(), false);
  });

  it('given more than a turn has time for, then the others wait (REQUEST-TURN-1)', () => {
    const { ask, begun, endTurn } = scene();
    for (let at = 0; at < 30; at++) ask(String(at), 'x', 0, 1);
    assert.equal(begun.length, 16);
    endTurn();
    assert.equal(begun.length, 20);
    // What waited is counted for the turn in which it is begun.
    for (let at = 30; at < 60; at++) ask(String(at), 'x', 0, 1);
    assert.equal(begun.length, 32);
  });

  it('given large ones that wait, then a small one is begun as it comes (REQUEST-TURN-1)', () => {
    const { ask, begun } = scene();
    ask('a', 'x', largeBytes, 5);
    ask('b', 'x', largeBytes, 5);
    ask('small', 'x', 0, 1);
    assert.deepEqual(begun, ['a', 'small']);
  });

  it('given one that has much waiting, then another waits for one of it (REQUEST-TURN-2)', () => {
    for (const byteLength of [0, largeBytes]) {
      const { ask, begun, endTurn, useUp } = scene();
      useUp();
      for (let at = 0; at < 1000; at++) ask(`x${String(at)}`, 'x', byteLength, 5);
      ask('y', 'y', byteLength, 5);
      endTurn();
      endTurn();
      assert.deepEqual(begun, ['x0', 'y']);
    }
  });

  it('given small and large ones, then a turn begins both, small ones first (REQUEST-TURN-2)', () => {
    const { ask, begun, endTurn, useUp } = scene();
    useUp();
    for (let at = 0; at < 10; at++) ask('large', 'x', largeBytes, 2);
    for (let at = 0; at < 10; at++) ask('small', 'x', 0, 2);
    const ofTurn = ['small', 'small', 'large', 'large'];
    endTurn();
    assert.deepEqual(begun, ofTurn);
    endTurn();
    assert.deepEqual(begun, [...ofTurn, ...ofTurn]);
  });

  it('given large ones that use up turns, then small ones are begun soon, and have half of the time (REQUEST-TURN-2)', () => {
    const cases = [
      { largeMs: 40, smallInMs: 1, mostWaitMs: 50 },
      // What comes meanwhile takes longer than the 16 ms of a turn.
      { largeMs: 200, smallInMs: 2, mostWaitMs: 300 },
    ];
    for (const { largeMs, smallInMs, mostWaitMs } of cases) {
      const { turns, clock, endTurn } = scene();
      const waitedMs: number[] = [];
      const ask = (share: string, byteLength: number, tookMs: number, done: () => void): void =>
        void turns.begin({
          share,
          byteLength,
          isForHolders,
          begin: () => {
            clock.nowMs += tookMs;
            done();
          },
        });
      const [asked, begun] = [{ small: 0, large: 0 }, { large: 0 }];
      // What comes in the meantime is read when the turn has ended; 20 large ones are asked for all the time.
      for (let turn = 0; clock.nowMs < 4000; turn++) {
        assert.ok(turn < 10_000, 'What waits is not begun.');
        endTurn();
        for (; asked.large < begun.large + 20; asked.large++)
          ask('large', largeBytes, largeMs, () => (begun.large += 1));
        for (; asked.small < clock.nowMs * smallInMs; asked.small++) {
          const cameMs = asked.small / smallInMs;
          const caller = String(asked.small % 50);
          ask(caller, 0, 0.1, () => void waitedMs.push(clock.nowMs - cameMs));
        }
      }
      const told = `${String(waitedMs.length)} of ${String(asked.small)}, ${String(begun.large)} large ones`;
      assert.ok(waitedMs.length >= asked.small - mostWaitMs * smallInMs, told);
      const late = waitedMs.filter((ms) => ms >= mostWaitMs);
      assert.deepEqual(late, []);
      assert.ok(begun.large * largeMs > 2000, told);
    }
  });

  it('given a large one that goes on, then no other large one is begun before it is done (REQUEST-TURN-3)', () => {
    const { ask, begun, endTurn, turns, clock, useUp } = scene();
    let left = 3;
    const part = (): void => {
      clock.nowMs += 5;
      begun.push(`part${String(left)}`);
      left -= 1;
      if (left > 0) turns.goOn(part);
    };
    turns.goOn(part);
    ask('large', 'y', largeBytes, 0);
    useUp();
    ask('small', 'y', 0, 5);
    for (let turn = 0; turn < 5; turn++) endTurn();
    assert.deepEqual(begun, ['small', 'part3', 'part2', 'part1', 'large']);
  });

  it('given more bytes than may wait, then they are refused, and not begun (REQUEST-TURN-4)', () => {
    const { ask, begun, useUp, turns, endAll } = scene();
    useUp();
    let refused = 0;
    for (let at = 0; at < 100; at++) {
      const refusal = ask('x', 'x', mebibyte, 1);
      if (refusal?.code === 'overloaded') refused += 1;
    }
    assert.ok(refused > 60 && refused < 75, String(refused));
    assert.equal(ask('y', 'y', mebibyte, 1), undefined);
    assert.ok(turns.waitingBytes < 64 * mebibyte);
    endAll();
    assert.equal(begun.length, 101 - refused);
    assert.equal(turns.waitingBytes, 0);
  });

  it('given what keeps or gives back, then others leave it room of its own (REQUEST-TURN-4)', () => {
    const { ask, begun, useUp, turns, endAll } = scene();
    useUp();
    const fill = (byteLength: number, forHolders: boolean): number => {
      for (let asked = 0; asked < 5000; asked++)
        if (ask('x', 'x', byteLength, 0.1, forHolders) !== undefined) return asked;
      return assert.fail('Nothing is refused.');
    };
    fill(mebibyte, false);
    fill(0, false);
    const kept = fill(100, true);
    assert.ok(kept > 1000 && kept < 1100, String(kept));
    assert.equal(ask('x', 'x', 0, 1)?.code, 'overloaded');
    assert.equal(ask('y', 'y', 100, 1, true), undefined);
    endAll();
    assert.ok(begun.length > kept);
    assert.equal(turns.waitingBytes, 0);
  });

  it('given much of its own caller that waits, then what keeps or gives back is begun in the next turn (REQUEST-TURN-6)', () => {
    const { ask, begun, endTurn, useUp } = scene();
    useUp();
    for (let at = 0; at < 1000; at++) {
      ask('small', 'x', 0, 5);
      ask('large', 'x', largeBytes, 5);
    }
    ask('release', 'x', 0, 1, true);
    endTurn();
    assert.equal(begun[0], 'release');
  });

  it('given much that keeps or gives back, then others are begun as well (REQUEST-TURN-6)', () => {
    const { ask, begun, endTurn, useUp } = scene();
    useUp();
    for (let at = 0; at < 1000; at++) ask('release', 'x', 0, 2, true);
    for (let at = 0; at < 4; at++) {
      ask('small', 'x', 0, 2);
      ask('large', 'x', largeBytes, 2);
    }
    for (let turn = 0; turn < 4; turn++) endTurn();
    for (const name of ['small', 'large'])
      assert.equal(begun.filter((one) => one === name).length, 4);
  });

  it('given what keeps or gives back, then large ones have no more time than small ones (REQUEST-TURN-2)', () => {
    const { ask, begun, endTurn, useUp } = scene();
    useUp();
    for (let at = 0; at < 100; at++) {
      ask('release', 'x', 0, 4, true);
      ask('small', 'x', 0, 4);
      ask('large', 'x', largeBytes, 8);
    }
    for (let turn = 0; turn < 40; turn++) endTurn();
    const count = (name: string): number => begun.filter((one) => one === name).length;
    assert.ok(8 * count('large') <= 4 * count('small') + 8, begun.join(' '));
  });

  it('given large heads, then they count for what may wait (REQUEST-TURN-4)', () => {
    const { turns, useUp, endAll } = scene();
    useUp();
    const begin = (): void => undefined;
    const large = { share: 'x', byteLength: 0, headBytes: () => mebibyte, isForHolders, begin };
    const refusals = Array.from({ length: 40 }, () => turns.begin(large));
    const refused = refusals.filter((refusal) => refusal?.code === 'overloaded').length;
    assert.ok(refused >= 8 && refused <= 10, String(refused));
    endAll();
    assert.equal(turns.waitingBytes, 0);
  });

  it('given one that throws after it has waited, then that is told, and the next one is begun (REQUEST-TURN-5)', () => {
    const { ask, begun, useUp, turns, endTurn, defects } = scene();
    useUp();
    const begin = (): never => {
      throw new Error('A defect.');
    };
    turns.begin({ share: 'x', byteLength: 0, isForHolders, begin });
    ask('a', 'y', 0, 1);
    assert.doesNotThrow(endTurn);
    assert.deepEqual([begun, defects.length], [['a'], 1]);
    assert.throws(
      () => turns.begin({ share: 'x', byteLength: 0, isForHolders, begin }),
      /A defect/,
    );
  });
});

describe('A ring of callers', () => {
  it('takes one of each in turn, in their order, and keeps nothing of those that have nothing', () => {
    const ring = new CallerRing<string>();
    for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) ring.push(item.slice(0, 1), item);
    const taken: (string | undefined)[] = [];
    for (let at = 0; at < 4; at++) taken.push(ring.shift());
    ring.push('b', 'b2');
    while (!ring.isEmpty) taken.push(ring.shift());
    assert.deepEqual(taken, ['a1', 'b1', 'c1', 'a2', 'c2', 'a3', 'b2']);
    assert.deepEqual([ring.callers, ring.shift()], [0, undefined]);
  });
});

describe('Bytes that wait', () => {
  it('leave as much for others as one caller has', () => {
    const bytes = new WaitingBytes(100);
    assert.equal(bytes.take('a', 51), false);
    assert.equal(bytes.take('a', 50), true);
    assert.equal(bytes.take('a', 1), false);
    assert.equal(bytes.take('b', 25), true);
    assert.equal(bytes.take('b', 1), false);
    bytes.giveBack('a', 30);
    assert.equal(bytes.take('b', 10), true);
  });

  it('are given back, and nothing is kept of who has none', () => {
    const bytes = new WaitingBytes(100);
    bytes.take('a', 20);
    bytes.take('a', 30);
    bytes.giveBack('a', 20);
    assert.deepEqual([bytes.all, bytes.callers], [30, 1]);
    bytes.giveBack('a', 30);
    assert.deepEqual([bytes.all, bytes.callers], [0, 0]);
  });
});
