import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Status } from '@holdfast/raft';
import { LeaderRoute } from '../../src/leader-route.ts';
import type { Transport } from '../../src/transport/types.ts';
import { StillClock } from './still-clock.ts';

const perTurn = 200;
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Turns end with those of the real event loop. */
class TurnClock extends StillClock {
  override endOfTurn(callback: () => void): void {
    setImmediate(callback);
  }
}

function start(): { clock: TurnClock; route: LeaderRoute; woken: number[] } {
  const clock = new TurnClock();
  const status = { role: 'follower', leader: null, ready: false } as unknown as Status;
  const route = new LeaderRoute(clock, {} as Transport, status);
  return { clock, route, woken: [] };
}

describe('The way to the leader, while very many wait for a change', () => {
  const count = 1000;

  it('lets them go on a slice a turn, in order (E5)', async () => {
    const { route, woken } = start();
    for (let number = 0; number < count; number++)
      void route.changeOrPause(100).then(() => woken.push(number));
    route.wake();
    for (let turns = 1; woken.length < count; turns++) {
      await nextTurn();
      assert.ok(woken.length <= (turns + 1) * perTurn, `${String(woken.length)} were woken`);
      assert.ok(turns <= count / perTurn, 'each turn has its slice');
    }
    assert.deepEqual(
      woken,
      Array.from({ length: count }, (_, number) => number),
    );
  });

  it('lets those whose time is up at the same moment go on a slice a turn (E5)', async () => {
    const { clock, route, woken } = start();
    for (let number = 0; number < count; number++)
      void route.changeOrPause(100).then(() => woken.push(number));
    clock.pass(100);
    await Promise.resolve();
    assert.equal(woken.length, perTurn);
    while (woken.length < count) await nextTurn();
    assert.equal(new Set(woken).size, count);
  });

  it('wakes each once, also when its time is up while a change wakes the others', async () => {
    const { clock, route, woken } = start();
    for (let number = 0; number < count; number++)
      void route.changeOrPause(100).then(() => woken.push(number));
    route.wake();
    clock.pass(100);
    route.close();
    for (let turn = 0; turn < 10; turn++) await nextTurn();
    assert.deepEqual(
      woken,
      Array.from({ length: count }, (_, number) => number),
    );
  });
});
