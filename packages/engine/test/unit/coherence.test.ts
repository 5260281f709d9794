/** The parts of a node's cache together, on a clock that is moved by hand: what is decided by clocks and what is not. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cacheLeaseMs, grantorLeaseMs } from '@holdfast/protocol/cache';
import { createStateMachine } from '@holdfast/state';
import type { ResourceName, StateMachine } from '@holdfast/state';
import type { Status } from '@holdfast/raft';
import { assertEnds } from '../../../checker/src/waits.ts';
import { CacheCoherence } from '../../src/cache/coherence.ts';
import type { Clock } from '../../src/clock.ts';
import { maxWaiters, turnMs } from '../../src/cache/fills.ts';
import { Interrupted } from '../../src/interrupted.ts';

const leaderLeaseMs = grantorLeaseMs(cacheLeaseMs);

/** Timers fire only when they are told to. */
class HandClock implements Clock {
  mayMissSleep = false;
  nowMs = 10_000;
  timers: (() => void)[] = [];
  now = (): number => this.nowMs;
  bootNow = (): number => this.nowMs;
  wallNow = (): number => 0;
  after = (_delayMs: number, callback: () => void): (() => void) => {
    this.timers.push(callback);
    return () => undefined;
  };
  endOfTurn = (callback: () => void): void => callback();
  fire(): void {
    const due = this.timers;
    this.timers = [];
    for (const callback of due) callback();
  }
}

/** Of the log of a leader. */
const logOf = (...ids: readonly string[]): object => ({
  membership: { members: ids.map((id) => ({ id })) },
  membershipIndex: 1,
  commit: 1,
});
const pair = logOf('leader', 'node');
const leads = (term: number, ready = true, log = pair): Status =>
  ({ role: 'leader', ready, term, ...log }) as unknown as Status;
const follows = { ...pair, role: 'follower', ready: true, term: 9 } as unknown as Status;
const caller = { identity: 'test' };

class World {
  readonly clock = new HandClock();
  readonly machine: StateMachine = createStateMachine();
  reached = true;
  status = leads(1);
  /** What the node answers a new leader; undefined: by itself. */
  answers: ((node: string, term: number) => Promise<unknown>) | undefined;
  readonly leader: CacheCoherence;
  readonly node: CacheCoherence;

  constructor() {
    this.leader = this.#coherence('leader');
    this.node = this.#coherence('node');
    this.write(1);
    this.leader.onStatus(leads(1));
    this.clock.nowMs += leaderLeaseMs;
  }

  #coherence(nodeId: string): CacheCoherence {
    return new CacheCoherence({
      nodeId,
      process: nodeId,
      clock: this.clock,
      state: () => this.machine,
      clusterTime: () => this.machine.time,
      prove: () => Promise.resolve(),
      status: () => this.status,
      askEarlier: (node, term) => {
        if (this.answers !== undefined) return this.answers(node, term);
        return this.reached ? this.node.onNewLeader(term) : Promise.reject(new Error('cut off'));
      },
      tell: (_node, told) =>
        this.reached
          ? Promise.resolve(this.node.onInvalidation(told))
          : Promise.reject(new Error('cut off')),
      ask: (key, memoryId) => this.leader.readHere(nodeId, key, memoryId),
    });
  }

  /** Applied, whatever was let through. */
  write(value: number): void {
    const name = 'k' as ResourceName;
    this.machine.apply({
      index: this.machine.index + 1,
      time: 0,
      commands: [{ identity: 'test', command: { type: 'cache_set', name, value } }],
    });
  }

  async read(of: CacheCoherence = this.node): Promise<string> {
    const { view, hit } = await of.read('k', caller);
    return `${view?.value ?? ''} ${hit ? 'hit' : 'miss'}`;
  }
}

/** All that promises that are settled bring about. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('the cache of a node', () => {
  test('given that no timer fires, when the lease has run out by the clock, then nothing is answered from memory', async () => {
    const world = new World();
    assert.deepEqual([await world.read(), await world.read()], ['1 miss', '1 hit']);
    world.clock.nowMs += cacheLeaseMs - 1;
    assert.equal((await world.read()).slice(-3), 'hit');
    world.clock.nowMs += 2 * cacheLeaseMs;
    assert.equal((await world.read()).slice(-4), 'miss');
  });

  test('given lines, then they are told by state, and as invalid when their lease has run out', async () => {
    const world = new World();
    const told = (): readonly number[] => {
      const { modified, exclusive, shared, invalid } = world.node.statistics.linesByState;
      return [modified, exclusive, shared, invalid];
    };
    await world.read();
    await world.node.read('none', caller);
    assert.deepEqual(told(), [0, 2, 0, 0]);
    await world.read(world.leader);
    await settled();
    assert.deepEqual(told(), [0, 1, 1, 0]);
    world.clock.nowMs += cacheLeaseMs;
    assert.deepEqual(told(), [0, 0, 0, 2]);
    await world.read();
    assert.deepEqual(told(), [0, 0, 1, 0]);
  });

  test('given a clock that may miss a sleep, then every read asks the leader (COH-3)', async () => {
    const world = new World();
    world.clock.mayMissSleep = true;
    assert.deepEqual([await world.read(), await world.read()], ['1 miss', '1 miss']);
    const client = world.node.openClient(() => undefined, 'test');
    const { grant } = await client.read('k', 'memoryId', caller);
    assert.ok(grant !== 'over' && grant.line === 'none');
  });

  test('given a node that is cut off, then a write waits until its lease has certainly run out', async () => {
    const world = new World();
    await world.read();
    world.reached = false;
    let isLetThrough = false;
    assert.ok(world.leader.gate.begin('k', () => (isLetThrough = true)));
    await settled();
    world.clock.nowMs += cacheLeaseMs;
    world.clock.fire();
    assert.equal(isLetThrough, false, 'a timer that fires early brings about nothing');
    world.clock.nowMs += leaderLeaseMs - cacheLeaseMs;
    world.clock.fire();
    assert.equal(isLetThrough, true);
    world.write(2);
    world.leader.gate.end('k');
    assert.equal(await world.read(), '2 miss');
    assert.equal(world.leader.statistics.writesDelayed, 1);
    assert.ok(world.leader.statistics.delayMs >= leaderLeaseMs);
  });

  test('given lines here and elsewhere, then a write is let through when both are gone', async () => {
    const world = new World();
    await world.read();
    await world.read(world.leader);
    let isLetThrough = false;
    world.leader.gate.begin('k', () => (isLetThrough = true));
    assert.equal(isLetThrough, false);
    await settled();
    assert.equal(isLetThrough, true);
    assert.equal(await world.read(), '1 miss', 'while the write is under way nobody keeps it');
    assert.equal(await world.read(), '1 miss');
    world.write(2);
    world.leader.gate.end('k');
    assert.deepEqual([await world.read(world.leader), await world.read()], ['2 miss', '2 miss']);
    assert.deepEqual([await world.read(world.leader), await world.read()], ['2 hit', '2 hit']);
  });

  test('given a new leadership, then its writes wait, and lines of the one before are dropped with its first answer', async () => {
    const world = new World();
    await world.read();
    world.reached = false;
    let isLetThrough = false;
    world.leader.gate.begin('other', () => (isLetThrough = true));
    assert.equal(isLetThrough, true);
    world.leader.onStatus(leads(3, false));
    assert.equal(
      world.leader.gate.begin('other', () => undefined),
      false,
    );
    world.leader.onStatus(leads(3));
    await settled();
    world.leader.onStatus(leads(3, false));
    isLetThrough = false;
    assert.ok(
      world.leader.gate.begin('k', () => (isLetThrough = true)),
      'it leads on',
    );
    world.clock.nowMs += leaderLeaseMs - 1;
    world.clock.fire();
    assert.equal(isLetThrough, false);
    world.clock.nowMs += 1;
    world.clock.fire();
    assert.equal(isLetThrough, true);
    world.leader.onStatus(follows);
    await assert.rejects(world.read(), Interrupted);
  });

  test('given a leadership before which there was none, then its writes wait for nobody; those of the next one do', () => {
    const world = new World();
    const goes = (status: Status): boolean => {
      let isLetThrough = false;
      world.leader.onStatus(status);
      world.leader.gate.begin(`of term ${String(status.term)}`, () => (isLetThrough = true));
      return isLetThrough;
    };
    world.leader.onStatus({ ...leads(2, false), lastIndex: 1 });
    assert.equal(goes({ ...leads(2), lastIndex: 9 }), true, 'its log had nothing of another one');
    world.leader.onStatus({ ...leads(3, false), lastIndex: 10 });
    assert.equal(goes({ ...leads(3), lastIndex: 10 }), false);
  });

  test('given many that would load a key, then one is given the turn and the others are answered what it wrote', async () => {
    const world = new World();
    const ask = async (key: string): Promise<string> => {
      const asked = { token: undefined, waitMs: 5000, fillMs: 10_000 };
      const { view, token } = await world.leader.fillHere(key, asked);
      return token ?? view?.value ?? 'nothing';
    };
    assert.equal(await ask('k'), '1', 'it has a value');
    const token = await ask('empty');
    assert.equal(token, '1-1');
    const others = [ask('empty'), ask('empty')];
    await settled();
    assert.equal(world.leader.gate.mayFill('empty', token), true);
    world.leader.gate.begin('empty', () => undefined, token);
    world.machine.apply({
      index: world.machine.index + 1,
      time: 0,
      commands: [
        {
          identity: 'test',
          command: { type: 'cache_set', name: 'empty' as ResourceName, value: 5 },
        },
      ],
    });
    world.leader.gate.end('empty');
    assert.deepEqual(await Promise.all(others), ['5', '5']);
    assert.equal(world.leader.gate.mayFill('empty', token), false);
  });

  test('given a loader that dies, then the next one that waits has the turn when its time is over', async () => {
    const world = new World();
    const asked = { token: undefined, waitMs: 5000, fillMs: 10_000 };
    const { token } = await world.leader.fillHere('empty', asked);
    const other = world.leader.fillHere('empty', asked);
    await settled();
    world.clock.nowMs += turnMs;
    world.clock.fire();
    assert.equal((await other).token, '1-2');
    assert.ok(token !== undefined && !world.leader.gate.mayFill('empty', token));
  });
});

describe('a wait for the turn to load a value, whose caller goes', () => {
  const asked = { token: undefined, waitMs: 5000, fillMs: 10_000 };
  const nothing = (token: string | undefined, view: unknown): boolean =>
    token === undefined && view === undefined;

  test('ends at once, and is given no turn (FILL-6)', async () => {
    const world = new World();
    const { token } = await world.leader.fillHere('empty', asked);
    assert.equal(token, '1-1');
    const gone = new AbortController();
    const wait = world.leader.fillHere('empty', { ...asked, signal: gone.signal });
    await settled();
    gone.abort();
    const answer = await assertEnds(wait, { what: 'the wait ends', longestMs: 2000 });
    assert.ok(nothing(answer.token, answer.view), 'without any time that has passed');
    const late = await world.leader.fillHere('other', { ...asked, signal: gone.signal });
    assert.ok(nothing(late.token, late.view), 'it had gone before');
    assert.equal((await world.leader.fillHere('other', asked)).token, '1-2', 'no turn was spent');
  });

  test('given that as many wait as may, then its place is free for another one (FILL-6)', async () => {
    const world = new World();
    await world.leader.fillHere('empty', asked);
    const gone = new AbortController();
    const wait = world.leader.fillHere('empty', { ...asked, signal: gone.signal });
    for (let others = 1; others < maxWaiters; others++) void world.leader.fillHere('empty', asked);
    await settled();
    await assert.rejects(world.leader.fillHere('empty', asked), { code: 'overloaded' });
    gone.abort();
    await assertEnds(wait, { what: 'the wait ends', longestMs: 2000 });
    let told: unknown = 'it waits';
    world.leader.fillHere('empty', asked).then(
      (answer) => (told = answer),
      (error: unknown) => (told = error),
    );
    await settled();
    assert.equal(told, 'it waits');
  });
});

describe('a new leader', () => {
  /** Whether a write would go into the log. */
  const isLetThrough = (world: World, key = 'k'): boolean => {
    let isThrough = false;
    assert.ok(world.leader.gate.begin(key, () => (isThrough = true)));
    return isThrough;
  };

  test('given that every node says that nothing is left, then its writes wait no longer (EARLIER-3)', async () => {
    const world = new World();
    await world.read();
    world.leader.onStatus(leads(3));
    let isThrough = false;
    world.leader.gate.begin('k', () => (isThrough = true));
    assert.equal(isThrough, false);
    await settled();
    assert.equal(isThrough, true);
    assert.equal(await world.read(), '1 miss', 'its line is gone');
  });

  test('given an answer to an earlier leadership of it, then it counts for nothing (EARLIER-2)', async () => {
    const world = new World();
    const answered: (() => void)[] = [];
    world.answers = (_node, term) => {
      const { promise, resolve } = Promise.withResolvers<unknown>();
      answered[term] = () => resolve(true);
      return promise;
    };
    world.leader.onStatus(leads(3));
    world.leader.onStatus(follows);
    world.leader.onStatus(leads(5));
    answered[3]?.();
    await settled();
    assert.equal(isLetThrough(world), false);
    answered[5]?.();
    await settled();
    assert.equal(isLetThrough(world, 'other'), true);
  });

  test('given lines that it granted, then the next leader has them dropped as well (EARLIER-2)', async () => {
    const world = new World();
    world.leader.onStatus(leads(3));
    await settled();
    assert.deepEqual([await world.read(), await world.read()], ['1 miss', '1 hit']);
    assert.equal(await world.node.onNewLeader(5), true);
    assert.equal((await world.read()).slice(-4), 'miss');
    assert.equal(await world.node.onNewLeader(3), false, 'it leads no longer');
  });

  test('given one that is silent or another that knows nothing of it, then all leases are waited out (EARLIER-5)', async () => {
    for (const answer of [false, null, new Error('cut off')]) {
      const world = new World();
      const log = logOf('leader', 'node', 'learner');
      const asked = new Set<string>();
      world.answers = (node) => {
        asked.add(node);
        if (node === 'node') return Promise.resolve(true);
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      };
      world.leader.onStatus(leads(3, true, log));
      await settled();
      assert.deepEqual([...asked], ['node', 'learner'], 'all of them');
      assert.equal(isLetThrough(world), false);
      world.clock.nowMs += leaderLeaseMs;
      assert.equal(isLetThrough(world, 'other'), true);
    }
  });

  test('given a member that was removed a moment ago, then its lease is waited out; and an older removal is not (EARLIER-1)', async () => {
    const world = new World();
    const removed = { ...pair, membershipIndex: 2, commit: 2 };
    world.leader.onStatus(leads(3, false, logOf('leader', 'node', 'gone')));
    world.leader.onStatus(leads(3, false, removed));
    world.clock.nowMs += leaderLeaseMs - 1;
    world.leader.onStatus(leads(4, true, removed));
    await settled();
    assert.equal(isLetThrough(world), false);
    world.leader.onStatus({ ...follows, ...removed });
    world.clock.nowMs += 1;
    world.leader.onStatus(leads(5, true, removed));
    await settled();
    assert.equal(isLetThrough(world, 'other'), true);
  });

  test('given a member that came and went in one append, then its lease is waited out though it was never seen (EARLIER-1)', async () => {
    const world = new World();
    world.leader.onStatus(leads(3, false));
    world.clock.nowMs += leaderLeaseMs;
    world.leader.onStatus(leads(4, true, { ...pair, membershipIndex: 9, commit: 9 }));
    await settled();
    assert.equal(isLetThrough(world), false);
  });

  test('given a process that has just begun, then it says that nothing is left a lease later (EARLIER-4)', async () => {
    const world = new World();
    let isDropped = false;
    const clock = new HandClock();
    const begun = new CacheCoherence({
      nodeId: 'young',
      process: 'young',
      clock,
      state: () => world.machine,
      clusterTime: () => 0,
      prove: () => Promise.resolve(),
      status: () => world.status,
      tell: () => Promise.resolve(true),
      askEarlier: () => Promise.resolve(true),
      ask: () => Promise.reject(new Error('nobody')),
    });
    void begun.onNewLeader(3).then((dropped) => (isDropped = dropped));
    await settled();
    assert.equal(isDropped, false);
    clock.nowMs += leaderLeaseMs;
    clock.fire();
    await settled();
    assert.equal(isDropped, true);
    assert.equal(await world.node.onNewLeader(3), true, 'one that runs for long says so at once');
  });

  test('given a node that is no member, or by an entry that is not committed, then it is granted no line (EARLIER-1)', async () => {
    const world = new World();
    world.status = leads(1, true, { ...logOf('leader', 'node', 'new'), membershipIndex: 7 });
    world.leader.onStatus(world.status);
    const lineOf = async (node: string): Promise<string> => {
      const { grant, view } = await world.leader.readHere(node, 'k', `${node}#1`);
      assert.equal(view?.value, '1');
      return grant === 'over' ? grant : grant.line;
    };
    assert.deepEqual([await lineOf('stranger'), await lineOf('new')], ['none', 'none']);
    assert.equal(await lineOf('node'), 'exclusive');
    world.status = leads(1, true, {
      ...logOf('leader', 'node', 'new'),
      membershipIndex: 7,
      commit: 7,
    });
    assert.equal(await lineOf('new'), 'shared', 'it is committed now');
  });

  test('given an answer of the leader before that comes late, then it is not kept (LINE-8)', async () => {
    const world = new World();
    const { promise, resolve } = Promise.withResolvers<void>();
    const granted = await world.leader.readHere('node', 'k', 'late#1');
    const late = new CacheCoherence({
      nodeId: 'node',
      process: 'late',
      clock: world.clock,
      state: () => world.machine,
      clusterTime: () => 0,
      prove: () => Promise.resolve(),
      status: () => world.status,
      tell: () => Promise.resolve(true),
      askEarlier: () => Promise.resolve(true),
      ask: () => promise.then(() => granted),
    });
    const read = late.read('k', caller);
    void late.onNewLeader(2);
    resolve();
    assert.equal((await read).view?.value, '1');
    assert.equal((await late.read('k', caller)).hit, false);
  });
});
