/** Who loads the value of which key, on a clock that is moved by hand. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Fills, turnMs } from '../../src/cache/fills.ts';

const fillMs = 10_000;

class World {
  readonly fills = new Fills(7);
  nowMs = 0;
  /** The token, or who has to be waited for. */
  ask(key = 'k', token?: string): string {
    const turn = this.fills.ask(key, token, fillMs, this.nowMs);
    return turn.type === 'granted' ? turn.token : turn.type;
  }
  may = (token: string, key = 'k'): boolean => this.fills.mayWrite(key, token, this.nowMs);
}

describe('turns to load values', () => {
  test('given many that ask, then one of each key is given the turn', () => {
    const world = new World();
    assert.deepEqual([world.ask(), world.ask(), world.ask('other')], ['7-1', 'taken', '7-2']);
    assert.deepEqual(
      [world.may('7-1'), world.may('7-2'), world.may('7-2', 'other')],
      [true, false, true],
    );
  });

  test('given a loader that has died, then the turn passes on, and its token writes nothing any more', () => {
    const world = new World();
    world.ask();
    world.nowMs = turnMs;
    assert.equal(world.may('7-1'), false);
    assert.equal(world.ask(), '7-2');
    assert.deepEqual([world.may('7-1'), world.may('7-2')], [false, true]);
    assert.equal(world.ask('k', '7-1'), 'taken');
  });

  test('given a loader whose turn is over that asks for more time, then it is given no other turn, which it would not use', () => {
    const world = new World();
    world.ask();
    world.nowMs = turnMs;
    assert.equal(world.ask('k', '7-1'), 'over');
    assert.equal(world.ask('k', '6-1'), 'over', 'nor one of another leader');
    assert.equal(world.ask(), '7-2', 'who waits has it');
  });

  test('given a loader that asks for more time, then it has it, but not for longer than it said', () => {
    const world = new World();
    world.ask();
    for (; world.nowMs < fillMs - 1000; world.nowMs += 1000)
      assert.equal(world.ask('k', '7-1'), '7-1');
    world.ask('k', '7-1');
    world.nowMs = fillMs;
    assert.equal(world.may('7-1'), false, 'it is slow');
    assert.equal(world.ask(), '7-2');
  });

  test('given a write of the key, then what was loaded before it is not written after it', () => {
    const world = new World();
    const told: string[] = [];
    world.ask();
    world.fills.onEnd('k', () => told.push('ended'));
    world.fills.written('k', '7-1');
    assert.equal(world.may('7-1'), true, 'that is its own');
    world.fills.written('k', undefined);
    assert.deepEqual([world.may('7-1'), told], [false, ['ended']]);
    assert.equal(world.ask(), '7-2');
    assert.equal(world.may('7-1'), false);
  });

  test('given a loader that has nothing to write, then who waits is told at once', () => {
    const world = new World();
    const told: string[] = [];
    world.ask();
    const stop = world.fills.onEnd('k', () => told.push('one'));
    world.fills.onEnd('k', () => told.push('other'));
    stop?.();
    world.fills.ended('k', 'foreign');
    assert.deepEqual(told, []);
    world.fills.ended('k', '7-1');
    assert.deepEqual(told, ['other']);
    let isToldAtOnce = false;
    world.fills.onEnd('k', () => (isToldAtOnce = true));
    assert.ok(isToldAtOnce, 'there is none to wait for');
  });

  test('given keys that nobody asks for any more, then they are forgotten', () => {
    const world = new World();
    for (let key = 0; key < 10_000; key++) world.ask(String(key));
    assert.equal(world.ask('one more'), 'too_many');
    world.nowMs = turnMs;
    world.fills.onTick(world.nowMs);
    assert.deepEqual([world.fills.count, world.ask('one more')], [0, '7-10001']);
  });
});
