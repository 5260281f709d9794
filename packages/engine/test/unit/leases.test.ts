import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { SessionId } from '@holdfast/state';
import { LeaseTable, looksPerTick } from '../../src/leases.ts';

const id = (number: number): SessionId => `session-${String(number)}` as SessionId;

function dueAt(leases: LeaseTable, nowMs: number): SessionId[] {
  const due: SessionId[] = [];
  leases.expireDue(nowMs, Number.MAX_SAFE_INTEGER, (sessionId) => {
    due.push(sessionId);
    return new Promise(() => {
      // Never settles: the expiry stays in the log.
    });
  });
  return due.sort();
}

describe('The lease table', () => {
  it('gives out exactly the sessions whose whole timeout has passed since the last touch (LEASE-1)', () => {
    const step = fc.oneof(
      fc.record({
        type: fc.constant('begin' as const),
        session: fc.nat(9),
        timeout: fc.integer({ min: 1, max: 50 }),
      }),
      fc.record({ type: fc.constant('touch' as const), session: fc.nat(9) }),
      fc.record({ type: fc.constant('end' as const), session: fc.nat(9) }),
      fc.record({ type: fc.constant('due' as const) }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20), step), { maxLength: 200 }), (steps) => {
        const leases = new LeaseTable();
        const model = new Map<number, { timeout: number; deadline: number }>();
        const expiring = new Set<number>();
        let now = 0;
        for (const [passed, action] of steps) {
          now += passed;
          if (action.type === 'due') {
            const wanted = [...model]
              .filter(([session, lease]) => lease.deadline <= now && !expiring.has(session))
              .map(([session]) => session);
            for (const session of wanted) expiring.add(session);
            assert.deepEqual(dueAt(leases, now), wanted.map(id).sort());
          } else if (action.type === 'begin') {
            const known = model.get(action.session);
            if (known === undefined) {
              model.set(action.session, {
                timeout: action.timeout,
                deadline: now + action.timeout,
              });
            } else known.deadline = now + known.timeout;
            leases.begin(id(action.session), action.timeout, now, 0);
          } else if (action.type === 'touch') {
            const known = model.get(action.session);
            if (known !== undefined) known.deadline = now + known.timeout;
            assert.equal(leases.touch(id(action.session), now, 0), known?.timeout);
          } else {
            model.delete(action.session);
            expiring.delete(action.session);
            leases.end(id(action.session));
          }
        }
      }),
    );
  });

  it('makes a keepalive wait while an expiry is in the log, and lets the session live on where it was in vain (LEASE-3)', async () => {
    const leases = new LeaseTable();
    leases.begin(id(1), 10, 0, 0);
    let settle = (): void => assert.fail('not expired');
    leases.expireDue(10, 10, () => new Promise((resolve) => (settle = resolve)));
    const inProgress = leases.expiryInProgress(id(1));
    assert.ok(inProgress !== undefined);
    leases.touch(id(1), 11, 0);
    settle();
    await inProgress;
    assert.equal(leases.expiryInProgress(id(1)), undefined);
    assert.deepEqual(dueAt(leases, 20), []);
    assert.deepEqual(dueAt(leases, 21), [id(1)]);
  });

  it('grows in small steps, and keeps nothing of a session that has ended (LEASE-4)', () => {
    const leases = new LeaseTable();
    const table: object = Map.prototype;
    const set = Object.getOwnPropertyDescriptor(table, 'set') ?? {};
    let largest = 0;
    const looking = function (this: Map<unknown, unknown>, key: unknown, value: unknown): unknown {
      Reflect.apply(set.value as typeof Map.prototype.set, this, [key, value]);
      largest = Math.max(largest, this.size);
      return this;
    };
    Object.defineProperty(table, 'set', { ...set, value: looking });
    try {
      for (let number = 0; number < 5000; number++) leases.begin(id(number), 10, 0, 0);
    } finally {
      Object.defineProperty(table, 'set', set);
    }
    assert.ok(largest > 0 && largest <= 2048, `a table of ${String(largest)}`);
    assert.equal(leases.size, 5000);
    assert.equal(leases.waitingCount, 5000);
    for (let number = 0; number < 5000; number++) leases.end(id(number));
    assert.equal(leases.size, 0);
    assert.equal(leases.waitingCount, 0);
  });

  it('forgets everything when leadership begins anew, and gives what is left (LEASE-2)', () => {
    const leases = new LeaseTable();
    for (const number of [1, 2, 3]) leases.begin(id(number), 10, 0, 0);
    leases.clear();
    leases.begin(id(1), 10, 100, 0);
    leases.begin(id(2), 10, 100, 0, 4);
    leases.begin(id(3), 10, 100, 0, -7);
    leases.begin(id(4), 10, 100, 0, 4);
    leases.touch(id(4), 103, 0);
    assert.deepEqual(dueAt(leases, 100), [id(3)]);
    assert.deepEqual(dueAt(leases, 103), []);
    assert.deepEqual(dueAt(leases, 104), [id(2)]);
    assert.deepEqual(dueAt(leases, 109), []);
    assert.deepEqual(dueAt(leases, 110), [id(1)]);
    assert.deepEqual(dueAt(leases, 113), [id(4)]);
  });

  it('looks at a bounded number of leases a tick, also where all of them were renewed (LEASE-5)', () => {
    const leases = new LeaseTable();
    const count = 2 * looksPerTick + 10;
    for (let number = 1; number < count; number++) leases.begin(id(number), 10, 0, 0);
    for (let number = 1; number < count; number++) leases.touch(id(number), 5, 0);
    leases.begin(id(count), 11, 0, 0);
    const due: SessionId[] = [];
    const dueAfterTick: number[] = [];
    for (let tick = 0; tick < 3; tick++) {
      leases.expireDue(12, 500, (sessionId) => {
        due.push(sessionId);
        return new Promise(() => {
          // It stays in the log.
        });
      });
      dueAfterTick.push(due.length);
    }
    assert.deepEqual(dueAfterTick, [0, 0, 1], 'the one that is due comes last');
    assert.deepEqual(due, [id(count)]);
  });
});
