import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { StateInvariantError } from '../../src/index.ts';
import { Hold, Pool } from '../../src/primitives/holds/pool.ts';
import type { Session, Waiter } from '../../src/primitives/holds/pool.ts';
import { lockUnits } from '../../src/primitives/lock/modes.ts';
import { CallerUse } from '../../src/kernel/caller-use.ts';
import { SessionOf } from '../../src/kernel/sessions/sessions.ts';
import type { FenceToken } from '../../src/index.ts';
import { check } from './support/randomness.ts';
import { id, lockName } from './support/driver.ts';

function sessionNamed(name: string): Session {
  const facts = {
    id: id(name),
    clientId: name,
    timeoutMs: 1,
    lockDelayMs: 0,
    createdAtMs: 0,
    own: false,
  };
  return new SessionOf(facts, new CallerUse(undefined), 0, 0);
}

let lastToken = 0;

function holdOf(pool: Pool, session: Session, units: number): Hold {
  lastToken += 1;
  return new Hold(session, pool, units, lastToken as FenceToken, 0);
}

function waiterOf(pool: Pool, session: Session, units: number): Waiter {
  const name = pool.name;
  return {
    kind: 'wait',
    pool,
    session,
    units,
    requestId: 1,
    acquiredAtMs: 0,
    answer: {
      kind: 'acquire',
      requestId: undefined,
      name,
      asked: 'shared',
      result: undefined,
      waiter: undefined,
    },
    dueMs: 0,
    rank: 1,
    sequence: 0,
    heapIndex: -1,
    terms: undefined,
    passed: 0,
    together: undefined,
    previous: undefined,
    next: undefined,
  };
}

const size = 5;
const units = fc.integer({ min: 1, max: size });
const session = fc.nat({ max: 3 });
const action = fc.oneof(
  fc.record({ type: fc.constant('take' as const), session, units }),
  fc.record({ type: fc.constant('wait' as const), session, units }),
  fc.record({ type: fc.constant('give_back' as const), session, units }),
  fc.record({ type: fc.constant('close' as const), session, units }),
  fc.record({ type: fc.constant('open' as const), session, units }),
);

describe('the pool against a naive model', () => {
  test('a pool of any number of units gives what is free, in turn, and never more', () => {
    check(
      fc.property(fc.array(action, { maxLength: 60, size: 'max' }), (actions) => {
        const pool = new Pool('lock', lockName('permits'), size, 0);
        const sessions = [0, 1, 2, 3].map((number) => sessionNamed(String(number)));
        const held = [0, 0, 0, 0];
        const queue: { session: number; units: number }[] = [];
        let closed = false;
        const covers = (number: number, wanted: number): boolean =>
          (held[number] ?? 0) >= wanted ||
          (!closed && size - held.reduce((sum, one) => sum + one) + (held[number] ?? 0) >= wanted);
        const set = (number: number, wanted: number): void => {
          const owner = sessions[number] ?? sessionNamed('none');
          const hold = pool.heldBy(owner);
          if (hold === undefined) {
            const made = holdOf(pool, owner, wanted);
            pool.add(made);
            owner.addHold(made);
          } else if (hold.units < wanted) pool.resize(hold, wanted);
          held[number] = Math.max(held[number] ?? 0, wanted);
        };
        for (const { type, session: number, units: wanted } of actions) {
          const owner = sessions[number] ?? sessionNamed('none');
          const hold = pool.heldBy(owner);
          if (type === 'take') {
            assert.equal(pool.fits(wanted, hold), covers(number, wanted));
            if (covers(number, wanted)) set(number, wanted);
          } else if (type === 'wait') {
            pool.enqueue(waiterOf(pool, owner, wanted));
            queue.push({ session: number, units: wanted });
          } else if (type === 'give_back') {
            if (hold !== undefined) {
              pool.remove(hold);
              owner.removeHold(hold);
            }
            held[number] = 0;
          } else {
            closed = type === 'close';
            pool.lockDelayEnd = closed
              ? { kind: 'lock_delay_end', pool, dueMs: 1, rank: 0, sequence: 1, heapIndex: -1 }
              : undefined;
          }
          for (;;) {
            const [first] = queue;
            const turn = first !== undefined && covers(first.session, first.units);
            const waiter = pool.nextTurn();
            assert.equal(waiter !== undefined, turn, 'whether somebody has the turn');
            if (waiter === undefined || first === undefined) break;
            assert.equal(waiter, pool.queue.first, 'the first in the queue has it');
            pool.dequeue(waiter);
            queue.shift();
            set(first.session, first.units);
          }
          assert.equal(pool.free, size - held.reduce((sum, one) => sum + one));
          assert.equal(pool.queue.length, queue.length);
          assert.equal(pool.isIdle, pool.free === size && queue.length === 0 && !closed);
        }
      }),
      400,
    );
  });

  test('a pool of any number of holds knows that of each session, and their order', () => {
    const change = fc.record({ session: fc.nat({ max: 30 }), gives: fc.boolean() });
    check(
      fc.property(fc.array(change, { maxLength: 120, size: 'max' }), (changes) => {
        const pool = new Pool('lock', lockName('x'), 100, 0);
        const sessions = Array.from({ length: 31 }, (_, number) => sessionNamed(String(number)));
        const model = new Map<Session, Hold>();
        for (const { session: number, gives } of changes) {
          const owner = sessions[number] ?? sessionNamed('none');
          const hold = model.get(owner);
          if (gives && hold === undefined) {
            const made = holdOf(pool, owner, 1);
            pool.add(made);
            model.set(owner, made);
          } else if (!gives && hold !== undefined) {
            pool.remove(hold);
            model.delete(owner);
          }
          assert.equal(pool.heldBy(owner), model.get(owner));
        }
        assert.deepEqual(
          Array.from(pool.holds(), ({ fenceToken }) => fenceToken),
          Array.from(model.values(), ({ fenceToken }) => fenceToken),
        );
        assert.equal(pool.holdCount, model.size);
        assert.equal(pool.free, 100 - model.size);
        for (const owner of sessions) assert.equal(pool.heldBy(owner), model.get(owner));
      }),
      200,
    );
  });

  test('a hold tells what it began with until that changes, and times exactly', () => {
    const pool = new Pool('lock', lockName('x'), lockUnits, 0);
    for (const ms of [0, 1, 2 ** 31 - 1, 2 ** 31, 1_790_000_000_123, -5, 0.1, 1e300, 2 ** 53])
      assert.equal(new Hold(sessionNamed('a'), pool, 1, 7 as FenceToken, ms).acquiredAtMs, ms);
    const hold = new Hold(sessionNamed('a'), pool, 1, 7 as FenceToken, 0);
    pool.add(hold);
    pool.resize(hold, lockUnits);
    assert.deepEqual([hold.units, hold.holdCount, hold.exclusiveCount], [lockUnits, 1, 0]);
    hold.fenceToken = 9 as FenceToken;
    hold.holdCount += 1;
    hold.exclusiveCount += 1;
    assert.deepEqual(
      [hold.firstToken, hold.fenceToken, hold.holdCount, hold.exclusiveCount],
      [7, 9, 2, 1],
    );
    assert.equal(
      new Hold(sessionNamed('a'), pool, lockUnits, 7 as FenceToken, 0).exclusiveCount,
      1,
    );
  });

  test('giving more units than a pool has stops the node', () => {
    const pool = new Pool('lock', lockName('permits'), 2, 0);
    pool.add(holdOf(pool, sessionNamed('a'), 2));
    assert.throws(() => pool.add(holdOf(pool, sessionNamed('b'), 1)), StateInvariantError);
  });
});
