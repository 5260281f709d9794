/** Room for the payloads of pops. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PopRoom } from '../../src/operations/pop-room.ts';

const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function stage() {
  const timers: (() => void)[] = [];
  const room = new PopRoom(
    (_ms, callback) => {
      timers.push(callback);
      return () => void timers.splice(timers.indexOf(callback) >>> 0, 1);
    },
    { mostBytes: 100, mostBytesPerCaller: 60, mostWaiting: 2, longestWaitMs: 5000 },
  );
  const told: string[] = [];
  const wait = (caller: string, bytes: number): void =>
    void room.enter(caller, bytes).then((isIn) => told.push(`${caller} ${String(isIn)}`));
  return { room, timers, told, wait };
}

describe('room for payloads of pops', () => {
  it('is bounded in all, and for each caller (POPROOM-1)', () => {
    const { room } = stage();
    assert.ok(room.tryEnter('a', 60));
    assert.ok(!room.tryEnter('a', 1), 'its share is used up');
    assert.ok(room.tryEnter('b', 40));
    assert.ok(!room.tryEnter('c', 1), 'all is used up');
    room.leave('a', 60);
    assert.ok(room.tryEnter('c', 60));
  });

  it('is waited for in the order of coming, and a caller with no share left keeps nobody waiting (POPROOM-2)', async () => {
    const { room, told, timers, wait } = stage();
    assert.ok(room.tryEnter('a', 60) && room.tryEnter('b', 40));
    wait('a', 10);
    wait('c', 10);
    room.leave('b', 40);
    await turns();
    assert.deepEqual(told, ['c true']);
    room.leave('a', 60);
    await turns();
    assert.deepEqual(told, ['c true', 'a true']);
    assert.equal(timers.length, 0);
    assert.ok(room.tryEnter('b', 60));
    assert.ok(!room.tryEnter('d', 21), 'those who waited count');
  });

  it('is left to a large one that waits for it: small ones that come later do not pass it (POPROOM-2)', async () => {
    const { room, told, wait } = stage();
    assert.ok(room.tryEnter('a', 50) && room.tryEnter('b', 40));
    wait('c', 55);
    assert.ok(!room.tryEnter('d', 5), 'there is room for it, and one waits');
    wait('d', 5);
    room.leave('b', 40);
    await turns();
    assert.deepEqual(told, [], 'not for the large one yet');
    room.leave('a', 50);
    await turns();
    assert.deepEqual(told, ['c true', 'd true']);
  });

  it('is refused after a while, and at once where too many wait (POPROOM-2)', async () => {
    const { room, told, timers, wait } = stage();
    assert.ok(room.tryEnter('a', 60) && room.tryEnter('b', 40));
    for (const caller of ['c', 'd', 'e']) wait(caller, 10);
    await turns();
    assert.deepEqual(told, ['e false']);
    timers[0]?.();
    await turns();
    assert.deepEqual(told, ['e false', 'c false']);
    room.leave('a', 60);
    await turns();
    assert.deepEqual(told, ['e false', 'c false', 'd true']);
  });
});
