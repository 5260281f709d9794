/** The order of writes of the cache on the leader (WRITE-1 to WRITE-3). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { Command, CommandResult, ResourceName } from '@holdfast/state';
import { CacheWrites } from '../../src/cache/writes.ts';
import type { WaitingBounds } from '../../src/cache/writes.ts';
import { Interrupted } from '../../src/interrupted.ts';

interface Proposed {
  readonly what: string;
  readonly resolve: (result: CommandResult) => void;
  readonly reject: (error: Error) => void;
}

const written: CommandResult = { ok: true, type: 'cache_written', version: 7 };

class World {
  readonly proposed: Proposed[] = [];
  readonly told: string[] = [];
  readonly ended: string[] = [];
  readonly closed = new Set<string>();
  readonly atGate: (() => void)[] = [];
  leads = true;
  nowMs = 0;
  /** Of those that are submitted. */
  deadlineMs: number | undefined;
  /** The queue of commands is full: it refuses before it returns. */
  isFull = false;
  /** The token that may write. */
  turn = 't1';
  readonly logged: Command[] = [];
  #endOfTurn: (() => void)[] = [];
  readonly writes: CacheWrites;

  constructor(bounds?: WaitingBounds) {
    this.writes = new CacheWrites(
      {
        now: () => this.nowMs,
        endOfTurn: (callback) => void this.#endOfTurn.push(callback),
      },
      {
        begin: (key, go) => {
          if (this.closed.has(key)) this.atGate.push(go);
          else go();
          return this.leads;
        },
        end: (key) => void this.ended.push(key),
        mayFill: (_key, token) => token === this.turn,
      },
      ({ command }, resolve, reject) => {
        if (this.isFull) {
          reject(new HoldfastError('overloaded', 'full'));
          return;
        }
        this.logged.push(command);
        const what =
          command.type === 'cache_set' ? JSON.stringify(command.value).slice(1, -1) : command.type;
        this.proposed.push({ what, resolve, reject });
      },
      bounds,
    );
  }

  set(key: string, value: string): void {
    this.submit({ type: 'cache_set', name: key as ResourceName, value }, value);
  }

  submit(command: Command, what: string): void {
    this.writes.submit(
      { command, identity: 'test' },
      () => this.told.push(`${what} done`),
      (error) => {
        const code = error instanceof HoldfastError ? error.code : 'refused';
        this.told.push(`${what} ${error instanceof Interrupted ? String(error.begun) : code}`);
      },
      undefined,
      this.deadlineMs,
    );
  }

  get underWay(): readonly string[] {
    return this.proposed.map(({ what }) => what);
  }

  /** @returns Whether there is another turn. */
  endTurn(): boolean {
    const callbacks = this.#endOfTurn.splice(0);
    for (const callback of callbacks) callback();
    return this.#endOfTurn.length > 0;
  }

  endTurns(): void {
    while (this.endTurn());
  }
}

describe('writes of the cache on their way into the log', () => {
  test('given several of one key, then each is proposed when the one ahead of it is over, in their order', () => {
    const world = new World();
    for (const value of ['a1', 'a2', 'a3']) world.set('a', value);
    world.set('b', 'b1');
    assert.deepEqual(world.underWay, ['a1', 'b1']);
    world.proposed[0]?.resolve(written);
    assert.deepEqual(world.underWay, ['a1', 'b1', 'a2']);
    world.proposed[2]?.reject(new Error('refused'));
    assert.deepEqual(world.underWay, ['a1', 'b1', 'a2', 'a3']);
    world.proposed[3]?.resolve(written);
    assert.deepEqual(world.told, ['a1 done', 'a2 refused', 'a3 done']);
    assert.equal(world.writes.waitingCount, 0);
  });

  test('given a key that others have lines of, then its write waits, and is not begun where leadership ends before', () => {
    const world = new World();
    world.closed.add('a');
    for (const value of ['a1', 'a2']) world.set('a', value);
    world.set('b', 'b1');
    assert.deepEqual(world.underWay, ['b1']);
    world.atGate.shift()?.();
    assert.deepEqual(world.underWay, ['b1', 'a1']);
    world.proposed[1]?.resolve(written);
    assert.deepEqual([world.ended, world.underWay], [['a'], ['b1', 'a1']]);
    world.writes.interrupt();
    world.endTurns();
    assert.deepEqual(world.told, ['a1 done', 'a2 false']);
  });

  test('given a write that may be in the log, then no other of its key is begun under this leadership', () => {
    const world = new World();
    for (const value of ['a1', 'a2']) world.set('a', value);
    world.proposed[0]?.reject(new Interrupted(true, 'over'));
    assert.deepEqual([world.ended, world.underWay], [[], ['a1']]);
  });

  test('given very many writes of one key, when the queue of commands refuses each at once, then all are told in their order, a slice a turn (WRITE-4)', () => {
    const world = new World();
    const names = Array.from({ length: 5000 }, (_, at) => `a${String(at)}`);
    for (const name of names) world.set('a', name);
    world.isFull = true;
    assert.doesNotThrow(() => world.proposed[0]?.resolve(written));
    assert.ok(world.told.length <= 201, `${String(world.told.length)} in one turn`);
    world.endTurn();
    assert.ok(world.told.length <= 401, `${String(world.told.length)} in two turns`);
    world.endTurns();
    const refused = names.slice(1).map((name) => `${name} overloaded`);
    assert.deepEqual(world.told, ['a0 done', ...refused]);
    assert.deepEqual([world.writes.waitingCount, world.ended.length], [0, 5000]);
    world.isFull = false;
    world.set('a', 'again');
    assert.deepEqual(world.underWay.slice(1), ['again']);
  });

  test('given one that is refused at once, then its caller is told before the next one is begun (WRITE-4)', () => {
    const world = new World();
    const command: Command = { type: 'cache_delete', name: 'a' as ResourceName };
    world.set('a', 'a1');
    world.submit(command, 'a2');
    let underWay: readonly string[] | undefined;
    const told = world.told.push.bind(world.told);
    world.told.push = (...what) => {
      underWay ??= world.underWay;
      return told(...what);
    };
    world.proposed[0]?.reject(new Error('refused'));
    assert.deepEqual([underWay, world.underWay], [['a1'], ['a1', 'cache_delete']]);
  });

  test('given that leadership ends while some wait for a turn, then they are told so, and none is begun', () => {
    const world = new World();
    for (let at = 0; at < 1000; at++) world.set('a', 'a');
    world.isFull = true;
    world.proposed[0]?.resolve(written);
    world.isFull = false;
    world.writes.interrupt();
    world.endTurns();
    assert.deepEqual([world.underWay.length, world.told.length], [1, 1000]);
    assert.equal(world.told.at(-1), 'a false');
  });

  test('given that this node leads no more, then those that wait behind the next one are told as well', () => {
    const world = new World();
    for (const value of ['a1', 'a2', 'a3']) world.set('a', value);
    world.closed.add('a');
    world.leads = false;
    world.proposed[0]?.resolve(written);
    world.endTurns();
    assert.deepEqual(world.told, ['a1 done', 'a2 false', 'a3 false']);
    assert.equal(world.writes.waitingCount, 0);
  });

  test('given what is no write of the cache, then it waits for none', () => {
    const world = new World();
    world.set('a', 'a1');
    world.submit({ type: 'advance' }, 'time');
    world.submit({ type: 'cache_delete', name: 'a' as ResourceName }, 'delete');
    assert.deepEqual(world.underWay, ['a1', 'advance']);
  });

  test('given a token, then it is looked at when the write has its turn, and is not logged', () => {
    const world = new World();
    const fill = (value: string, fillToken: string): void =>
      world.submit({ type: 'cache_set', name: 'a' as ResourceName, value, fillToken }, value);
    fill('late', 't0');
    assert.deepEqual(world.told.splice(0), ['late fill_superseded']);
    fill('a1', 't1');
    for (let count = 0; count < 5000; count++) fill('more', 't1');
    world.set('a', 'a2');
    world.turn = 't2';
    world.proposed[0]?.resolve(written);
    world.endTurns();
    assert.deepEqual(new Set(world.told.splice(0)), new Set(['a1 done', 'more fill_superseded']));
    assert.deepEqual([world.underWay, world.writes.waitingCount], [['a1', 'a2'], 0]);
    assert.deepEqual(world.logged[0], { type: 'cache_set', name: 'a', value: 'a1' });
  });

  test('given very many superseded writes of one key, then to look at each takes no longer than with few', () => {
    const unbounded = { count: 1e9, bytes: 1e9, countOfKey: 1e9, bytesOfKey: 1e9 };
    const took = (count: number): number => {
      const world = new World(unbounded);
      const fill: Command = {
        type: 'cache_set',
        name: 'a' as ResourceName,
        value: 'v',
        fillToken: 't1',
      };
      for (let begun = 0; begun <= count; begun++) world.submit(fill, 'v');
      world.turn = 't2';
      const began = process.threadCpuUsage();
      world.proposed[0]?.resolve(written);
      world.endTurns();
      assert.equal(world.writes.waitingCount, 0);
      return process.threadCpuUsage(began).user / count;
    };
    // Processor time, the least of several: other programs of the machine take their share of the wall time.
    const least = (count: number): number => Math.min(...[1, 2, 3].map(() => took(count)));
    took(4000);
    const few = least(4000);
    const many = least(40_000);
    // With a list that moves up at each it is ten times as long.
    assert.ok(many < 5 * few, `${String(many)} µs each, ${String(few)} µs with few`);
  });

  test('given that leadership ends, then who waits was not begun, and the next leadership is not held up', () => {
    const world = new World();
    for (const value of ['a1', 'a2', 'a3']) world.set('a', value);
    world.writes.interrupt();
    world.endTurns();
    assert.deepEqual(world.told, ['a2 false', 'a3 false']);
    world.set('a', 'a4');
    assert.deepEqual(world.underWay, ['a1', 'a4']);
    world.set('a', 'a5');
    world.proposed[0]?.reject(new Interrupted(true, 'over'));
    assert.deepEqual(world.underWay, ['a1', 'a4'], 'a5 waits for a4 and for nothing else');
  });

  const bounds = { count: 100, bytes: 100_000, countOfKey: 10, bytesOfKey: 20_000 };

  for (const [size, mostCount] of [
    [1, bounds.count],
    [5000, Math.ceil(bounds.bytes / 5000)],
  ] as const)
    test(`given first writes of very many keys, of ${String(size)} bytes, that wait for lines, then they are bounded (WRITE-5)`, () => {
      const world = new World(bounds);
      const value = 'v'.repeat(size);
      const keys = Array.from({ length: 2 * bounds.count }, (_, at) => `k${String(at)}`);
      for (const key of keys) world.closed.add(key);
      for (const key of keys) world.set(key, value);
      const { waitingCount, waitingBytes } = world.writes;
      assert.ok(waitingCount <= mostCount && waitingCount > mostCount - 5, String(waitingCount));
      assert.ok(waitingBytes <= bounds.bytes + 6000, `${String(waitingBytes)} bytes wait`);
      assert.equal(world.told.length, keys.length - waitingCount);
      assert.equal(world.told[0], `${value} overloaded`);
      assert.equal(world.atGate.length, waitingCount, 'nothing was done for those');
      // When lines are dropped
      for (const go of world.atGate.splice(0)) go();
      assert.deepEqual([world.writes.waitingCount, world.writes.waitingBytes], [0, 0]);
      assert.equal(world.underWay.length, waitingCount);
    });

  test('given that leadership ends while some wait for lines, then none of them is begun later (WRITE-2, WRITE-5)', () => {
    const world = new World(bounds);
    world.closed.add('a');
    for (const value of ['a1', 'a2']) world.set('a', value);
    world.writes.interrupt();
    world.endTurns();
    assert.deepEqual([world.writes.waitingCount, world.writes.waitingBytes], [0, 0]);
    // When the gate lets one go all the same
    world.atGate[0]?.();
    assert.deepEqual([world.told, world.underWay], [['a1 false', 'a2 false'], []]);
    assert.deepEqual([world.writes.waitingCount, world.writes.waitingBytes], [0, 0]);
  });

  for (const [size, most] of [
    [1, bounds.countOfKey],
    [5000, Math.floor(bounds.bytesOfKey / 5100)],
  ] as const)
    test(`given very many writes of one key, of ${String(size)} bytes, then those of others have room beside them (WRITE-5)`, () => {
      const world = new World(bounds);
      const value = 'v'.repeat(size);
      for (let at = 0; at < 50; at++) world.set('a', value);
      assert.deepEqual([world.writes.waitingCount, world.told.length], [most, 49 - most]);
      assert.deepEqual([...new Set(world.told)], [`${value} overloaded`]);
      world.set('b', 'b1');
      world.set('b', 'b2');
      assert.deepEqual(world.underWay.slice(1), ['b1']);
      assert.equal(world.writes.waitingCount, most + 1);
      // When one of them is over
      world.proposed[0]?.resolve(written);
      world.set('a', value);
      assert.deepEqual(world.told.slice(49 - most), [`${value} done`], 'it has room');
    });

  test('given a write whose time is over before its turn, then it is refused and not executed (WRITE-6)', () => {
    const world = new World();
    world.set('a', 'a1');
    world.deadlineMs = 5000;
    world.set('a', 'a2');
    world.deadlineMs = 9000;
    world.set('a', 'a3');
    world.nowMs = 5000;
    world.proposed[0]?.resolve(written);
    assert.deepEqual(world.told, ['a1 done', 'a2 overloaded']);
    assert.deepEqual(world.underWay, ['a1', 'a3']);
    assert.equal(world.writes.waitingBytes, 0);
  });

  test('given one that waits for lines to be dropped until its time is over, then it is refused (WRITE-6)', () => {
    const world = new World();
    world.closed.add('a');
    world.deadlineMs = 2000;
    world.set('a', 'a1');
    world.deadlineMs = 9000;
    world.set('a', 'a2');
    world.nowMs = 2000;
    world.closed.delete('a');
    world.atGate.shift()?.();
    assert.deepEqual([world.told, world.underWay], [['a1 overloaded'], ['a2']]);
    assert.deepEqual(world.ended, ['a']);
  });
});
