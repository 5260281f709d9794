/** How writes that wait for lines are let go, however many they are (CACHE-LEAD-5). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Status } from '@holdfast/raft';
import { cacheLeaseMs, grantorLeaseMs } from '@holdfast/protocol/cache';
import { createStateMachine } from '@holdfast/state';
import { CacheLeader } from '../../src/cache/leading.ts';
import type { Dropped } from '../../src/cache/leading.ts';
import { StillClock } from './still-clock.ts';

const many = 1000;
const perTurn = 200;
const leaderLeaseMs = grantorLeaseMs(cacheLeaseMs);
const keyOf = (at: number): string => `k${String(at)}`;

/** The ends of turns are told by hand. */
class TurnClock extends StillClock {
  timers = 0;
  #ends: (() => void)[] = [];
  override after(delayMs: number, callback: () => void): () => void {
    this.timers += 1;
    return super.after(delayMs, callback);
  }
  override endOfTurn(callback: () => void): void {
    this.#ends.push(callback);
  }
  endTurn(): void {
    for (const end of this.#ends.splice(0)) end();
  }
}

class World {
  readonly clock = new TurnClock();
  readonly gone: string[] = [];
  /** What the other node answers where it is told to drop lines. */
  dropped: Promise<Dropped> = new Promise(() => undefined);
  readonly leader: CacheLeader;

  /**
   * @param lastIndex 1: nobody led before.
   * @param earlier What the other node answers a new leader.
   */
  constructor(lastIndex: number, earlier: Promise<boolean> = new Promise(() => undefined)) {
    const machine = createStateMachine();
    const status = {
      role: 'leader',
      ready: true,
      term: 2,
      lastIndex,
      membership: { members: [{ id: 'leader' }, { id: 'node' }] },
      membershipIndex: 1,
      commit: lastIndex,
    } as unknown as Status;
    this.leader = new CacheLeader(
      {
        nodeId: 'leader',
        clock: this.clock,
        state: () => machine,
        clusterTime: () => 0,
        prove: () => Promise.resolve(),
        status: () => status,
        tell: () => this.dropped,
        askEarlier: () => earlier,
      },
      { onInvalidation: () => true, onNewLeader: () => Promise.resolve(true) },
    );
    this.leader.onStatus(status);
    this.clock.pass(leaderLeaseMs); // It is known who the members were before.
    this.leader.onStatus({ ...status, role: 'follower' });
    this.leader.onStatus({ ...status, term: 3, lastIndex: lastIndex === 1 ? 1 : lastIndex + 1 });
    this.clock.timers = 0;
  }

  writeAll(): void {
    for (let at = 0; at < many; at++)
      this.leader.gate.begin(keyOf(at), () => void this.gone.push(keyOf(at)));
  }

  /** They go on a slice a turn, in their order, all of them. */
  async assertSlices(): Promise<void> {
    for (let turn = 0; turn < many / perTurn; turn++) {
      const most = (turn + 1) * perTurn;
      assert.ok(this.gone.length <= most, `${String(this.gone.length)} in ${String(turn)} turns`);
      this.clock.endTurn();
      await settled();
    }
    assert.deepEqual(
      this.gone,
      Array.from({ length: many }, (_, at) => keyOf(at)),
    );
  }
}

/** All that promises that are settled bring about. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('Writes of very many keys that wait', () => {
  test('for the leases of earlier leaders have one timer, and go on a slice a turn when those have run out', async () => {
    const world = new World(5);
    world.writeAll();
    assert.deepEqual([world.gone.length, world.clock.timers], [0, 1]);
    world.clock.pass(leaderLeaseMs);
    await world.assertSlices();
  });

  test('for earlier leaders go on a slice a turn when nothing is left of those', async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const world = new World(5, promise);
    world.writeAll();
    resolve(true);
    await settled();
    await world.assertSlices();
  });

  for (const [how, ends] of [
    [
      'are acknowledged in one message',
      (_world: World, tell: (dropped: Dropped) => void) => tell(true),
    ],
    ['have a lease that runs out', (world: World) => world.clock.pass(leaderLeaseMs)],
  ] as const)
    test(`for lines that ${how} go on a slice a turn`, async () => {
      const world = new World(1);
      const { promise, resolve } = Promise.withResolvers<Dropped>();
      world.dropped = promise;
      for (let at = 0; at < many; at++) await world.leader.readHere('node', keyOf(at), 'm');
      world.writeAll();
      assert.equal(world.gone.length, 0);
      world.clock.endTurn();
      ends(world, resolve);
      await settled();
      await world.assertSlices();
    });
});
