import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { Status } from '@holdfast/raft';
import { noQuorum } from '../../src/failures.ts';
import { Interrupted } from '../../src/interrupted.ts';
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

  it('lets them go on a slice a turn, in order (LEADER-ROUTE-5)', async () => {
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

  it('lets those whose time is up at the same moment go on a slice a turn (LEADER-ROUTE-5)', async () => {
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

describe('The way to the leader, where one was lost that may have executed the call', () => {
  const bounds = { deadlineMs: 60_000, signal: undefined };
  const isUnknown = (error: unknown): boolean =>
    error instanceof HoldfastError && error.code === 'outcome_unknown';
  const leading = (): { clock: TurnClock; route: LeaderRoute } => {
    const { clock, route } = start();
    route.update({ role: 'leader', leader: 'n1', ready: true } as unknown as Status);
    return { clock, route };
  };

  it('never says that nothing was done, whatever refuses the next attempt (LEADER-ROUTE-3)', async () => {
    for (const error of [noQuorum(), new HoldfastError('overloaded', 'Full.')]) {
      const { clock, route } = leading();
      const attempts = [new Interrupted(true, 'lost'), error];
      const following = route.follow(bounds, true, () =>
        Promise.reject(attempts.shift() ?? new Error('once more')),
      );
      await nextTurn();
      clock.pass(20);
      await assert.rejects(following, isUnknown);
    }
  });

  it('says what the next leader answers, and what is refused where nothing was begun', async () => {
    const refused = new HoldfastError('limit_exceeded', 'Full.');
    for (const [begun, last] of [
      [true, new HoldfastError('lock_held', 'Held.')],
      [false, refused],
    ] as const) {
      const { clock, route } = leading();
      const attempts = [new Interrupted(begun, 'lost'), last];
      const following = route.follow(bounds, true, () =>
        Promise.reject(attempts.shift() ?? new Error('once more')),
      );
      await nextTurn();
      clock.pass(20);
      await assert.rejects(following, (error) => error === last);
    }
  });

  it('does not say that another node may be asked, where that would do it twice', async () => {
    const { route } = leading();
    route.close();
    const lost = Promise.reject(new Interrupted(true, 'lost'));
    await assert.rejects(
      route.follow(bounds, false, () => lost),
      isUnknown,
    );
  });

  it('ends at the deadline though this node leads, and tells what may have been done (LEADER-ROUTE-3)', async () => {
    for (const [begun, code] of [
      [true, 'outcome_unknown'],
      [false, 'no_quorum'],
    ] as const) {
      const { clock, route } = leading();
      let attempts = 0;
      const deadlineMs = clock.now() + 50;
      const following = route.follow({ deadlineMs, signal: undefined }, true, () => {
        attempts += 1;
        return Promise.reject(
          attempts > 3 ? new Error('tried again') : new Interrupted(begun, 'not ready'),
        );
      });
      const ended = assert.rejects(
        following,
        (error) => error instanceof HoldfastError && error.code === code,
      );
      for (let round = 0; round < 4; round++) {
        await nextTurn();
        clock.pass(20);
      }
      await ended;
      assert.equal(attempts, 3);
    }
  });

  it('tries nothing again for a caller that has cancelled, though a leader is known', async () => {
    const { clock, route } = leading();
    const controller = new AbortController();
    let attempts = 0;
    const following = route.follow({ ...bounds, signal: controller.signal }, true, () => {
      attempts += 1;
      controller.abort();
      return Promise.reject(
        attempts > 1 ? new Error('tried again') : new Interrupted(false, 'not ready'),
      );
    });
    const ended = assert.rejects(
      following,
      (error) => error instanceof HoldfastError && error.code === 'cancelled',
    );
    await nextTurn();
    clock.pass(20);
    await ended;
    assert.equal(attempts, 1);
  });
});
