import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CommandResult, FenceToken } from '../../src/index.ts';
import {
  answers,
  campaign,
  enter,
  granted,
  leave,
  lock,
  many,
  proclaim,
  resign,
  wantLock,
  wantPermits,
} from './support/asks.ts';
import { createCommand, Driver, eventLine, id, lockName, outcome } from './support/driver.ts';

const types = (driver: Driver): readonly string[] => driver.lastEvents.map(({ type }) => type);

describe('an election', () => {
  test('has one leader, whose token is larger than any before, and candidates in turn', () => {
    const driver = new Driver().sessions('a', 'b', 'c');
    const first = granted(driver.do(campaign('a', 'e', { terms: { metadata: 'at a' } })));
    assert.deepEqual(
      answers(
        driver,
        campaign('b', 'e'),
        campaign('b', 'e', { waitMs: 50 }),
        campaign('c', 'e', { waitMs: 50 }),
      ),
      ['not_elected', 'queued 1', 'queued 2'],
    );
    assert.equal(driver.machine.show('election', lockName('e')).leader?.metadata, 'at a');
    driver.do(resign('a', 'e'));
    const { leader, candidates } = driver.machine.show('election', lockName('e'));
    assert.equal(leader?.clientId, 'client-b');
    assert.ok((leader?.fenceToken ?? 0) > first);
    assert.deepEqual(
      candidates.map(({ clientId }) => clientId),
      ['client-c'],
    );
  });

  test('tells a leader that campaigns again that it leads, under the same token', () => {
    const driver = new Driver().sessions('a');
    const token = granted(driver.do(campaign('a', 'e')));
    assert.equal(granted(driver.do(campaign('a', 'e', { waitMs: 10 }))), token);
    assert.equal(outcome(driver.do(resign('a', 'e', 5))), `released ${String(token)} left 0`);
    assert.equal(outcome(driver.do(resign('a', 'e', 5))), `released ${String(token)} left 0`);
    assert.equal(outcome(driver.do(resign('a', 'e', 6))), 'not_holder');
  });

  test('is not lost by cancelling a campaign that was only told of it', () => {
    const driver = new Driver().sessions('a');
    const token = granted(driver.do(campaign('a', 'e', { request: 1 })));
    granted(driver.do(campaign('a', 'e', { request: 2 })));
    const cancel = { type: 'abandon', kind: 'election', sessionId: id('a') } as const;
    driver.do({ ...cancel, name: lockName('e'), requestId: 2 });
    assert.equal(driver.machine.show('election', lockName('e')).leader?.fenceToken, token);
    driver.do({ ...cancel, name: lockName('e'), requestId: 1 });
    assert.equal(driver.machine.show('election', lockName('e')).leader, undefined);
  });

  test('lets only its leader proclaim, by the token of its leadership', () => {
    const driver = new Driver().sessions('a', 'b');
    const token = granted(driver.do(campaign('a', 'e')));
    assert.deepEqual(
      answers(
        driver,
        proclaim('b', 'e', token, 1),
        proclaim('a', 'e', token + 1, 1),
        proclaim('a', 'e', token, { at: 'here' }),
      ),
      ['not_holder', 'not_holder', `proclaimed ${String(token)}`],
    );
    assert.deepEqual(driver.machine.show('election', lockName('e')).leader?.metadata, {
      at: 'here',
    });
    assert.equal(driver.restored().machine.digest(), driver.machine.digest());
  });

  test('goes to the next in the command in which its leader ends; after an expiry only when the delay is over', () => {
    const driver = new Driver().sessions('b');
    driver.do(createCommand('a', { lockDelayMs: 30 }));
    driver.do(campaign('a', 'e'));
    driver.do(campaign('b', 'e', { waitMs: 500 }));
    driver.expire('a');
    assert.equal(driver.machine.show('election', lockName('e')).leader, undefined);
    driver.advance(30);
    assert.equal(driver.machine.show('election', lockName('e')).leader?.sessionId, 'b');
    driver.end('b');
    assert.deepEqual(types(driver), ['session_ended', 'hold_ended']);
  });
});

describe('several at once', () => {
  test('are given all in one command or not at all', () => {
    const driver = new Driver().sessions('a', 'b');
    driver.hold('b', 'y');
    const wanted = [wantLock('x'), wantLock('y'), wantPermits('p', 2, 2)];
    assert.equal(outcome(driver.do(many('a', wanted))), 'lock_held');
    assert.deepEqual(driver.holders('x'), []);
    assert.equal(outcome(driver.do(many('a', wanted, { waitMs: 50, request: 1 }))), 'queued 1');
    assert.deepEqual(driver.holders('x'), [], 'no part is held');
    assert.equal(outcome(driver.acquire('b', 'x')), 'lock_held', 'and none is free for others');
    assert.equal(driver.restored().machine.digest(), driver.machine.digest());
    driver.release('b', 'y');
    assert.equal(
      outcome(driver.do(many('a', wanted, { waitMs: 50, request: 1 }))),
      'granted_many 2 x1 3 x1 4 x1',
    );
    assert.deepEqual(driver.holders('y'), ['a exclusive x1']);
  });

  test('leave all their queues together: by deadline, by being cancelled and with their session', () => {
    const wanted = [wantLock('x'), wantLock('y')];
    for (const how of ['deadline', 'abandon', 'end'] as const) {
      const driver = new Driver().sessions('a', 'b', 'c');
      driver.hold('b', 'y');
      driver.do(many('a', wanted, { waitMs: 20, request: 1 }));
      driver.acquire('c', 'x', { waitMs: 500 });
      if (how === 'deadline') driver.advance(20);
      else if (how === 'end') driver.end('a');
      else
        driver.do({
          type: 'abandon',
          kind: 'many',
          sessionId: id('a'),
          name: lockName('x'),
          requestId: 1,
        });
      assert.deepEqual(driver.holders('x'), ['c exclusive x1'], how);
      assert.deepEqual(driver.waiters('y'), [], how);
      assert.equal(driver.machine.stats().waiters, 0);
    }
  });

  test('that were granted and cancelled are given back, all of them', () => {
    const driver = new Driver().sessions('a');
    driver.do(many('a', [wantLock('x'), wantPermits('p', 1, 1)], { request: 1 }));
    driver.do({
      type: 'abandon',
      kind: 'many',
      sessionId: id('a'),
      name: lockName('x'),
      requestId: 1,
    });
    assert.deepEqual(driver.holders('x'), []);
    assert.equal(driver.machine.show('semaphore', lockName('p')), undefined);
  });

  test('never block each other, in whatever order they are named, and are passed by nobody', () => {
    const driver = new Driver().sessions('a', 'b', 'c', 'd');
    driver.hold('c', 'x');
    driver.do(many('a', [wantLock('x'), wantLock('y')], { waitMs: 50 }));
    driver.do(many('b', [wantLock('y'), wantLock('x')], { waitMs: 50 }));
    const urgent = { waitMs: 50, terms: { priority: 9 } };
    assert.equal(outcome(driver.do(lock('d', 'y', urgent))), 'queued 3');
    driver.release('c', 'x');
    assert.deepEqual(driver.holders('y'), ['a exclusive x1']);
    driver.end('a');
    assert.deepEqual(
      [driver.holders('x'), driver.holders('y')],
      [['b exclusive x1'], ['b exclusive x1']],
    );
  });
});

describe('a queue with priorities', () => {
  test('puts the urgent ahead, and within a priority is first come, first served', () => {
    const driver = new Driver().sessions('a', 'b', 'c', 'd', 'e');
    driver.hold('a', 'x');
    for (const [session, priority] of [
      ['b', 0],
      ['c', 5],
      ['d', 5],
      ['e', 9],
    ] as const)
      driver.do(lock(session, 'x', { waitMs: 50, terms: { priority } }));
    assert.deepEqual(driver.waiters('x'), ['e', 'c', 'd', 'b']);
    assert.equal(driver.restored().machine.digest(), driver.machine.digest());
  });

  test('lets nobody be passed more often than 32 times', () => {
    const driver = new Driver().sessions('a', 'patient');
    driver.hold('a', 'x');
    driver.do(lock('patient', 'x', { waitMs: 50 }));
    for (let number = 0; number < 40; number++) {
      driver.sessions(`urgent${String(number)}`);
      driver.do(lock(`urgent${String(number)}`, 'x', { waitMs: 50, terms: { priority: 1 } }));
    }
    assert.equal(driver.waiters('x').indexOf('patient'), 32);
  });

  test('is not passed for ever by those who are given at once either', () => {
    const driver = new Driver().sessions('a', 'writer', 'reader');
    driver.hold('a', 'x', { mode: 'shared' });
    driver.do(lock('writer', 'x', { waitMs: 50 }));
    const urgent = { mode: 'shared' as const, terms: { priority: 1 } };
    for (let number = 0; number < 32; number++) {
      granted(driver.do(lock('reader', 'x', urgent)));
      driver.release('reader', 'x');
    }
    assert.equal(outcome(driver.do(lock('reader', 'x', urgent))), 'lock_held');
  });
});

describe('a cycle of waits', () => {
  test('is refused to the request that closes it, with its members', () => {
    const driver = new Driver().sessions('a', 'b', 'c');
    driver.hold('a', 'x');
    driver.hold('b', 'y');
    driver.do(campaign('c', 'e'));
    assert.equal(outcome(driver.acquire('a', 'y', { waitMs: 50 })), 'queued 1');
    assert.equal(outcome(driver.do(campaign('b', 'e', { waitMs: 50 }))), 'queued 1');
    const refused = driver.acquire('c', 'x', { waitMs: 50 });
    assert.ok(!refused.ok && refused.code === 'deadlock');
    assert.deepEqual(refused.details?.['members'], [
      { client_id: 'client-c', kind: 'lock', waits_for: 'x' },
      { client_id: 'client-a', kind: 'lock', waits_for: 'y' },
      { client_id: 'client-b', kind: 'election', waits_for: 'e' },
    ]);
    assert.deepEqual(driver.waiters('x'), [], 'nothing is left of it');
  });

  test('is none when a wait says that the holds of its session do not depend on it', () => {
    const driver = new Driver().sessions('a', 'b');
    driver.hold('a', 'x');
    driver.hold('b', 'y');
    driver.do(lock('a', 'y', { waitMs: 50, terms: { independent: true } }));
    assert.equal(outcome(driver.acquire('b', 'x', { waitMs: 50 })), 'queued 1');
  });

  test('is closed by a try that passes others, too', () => {
    const driver = new Driver().sessions('a', 'b', 'c');
    driver.hold('c', 'x');
    driver.do(lock('b', 'x', { waitMs: 50 }));
    driver.hold('a', 'y', { mode: 'shared' });
    driver.do(lock('c', 'y', { waitMs: 50 }));
    const urgent = { mode: 'shared' as const, terms: { priority: 1 } };
    assert.equal(outcome(driver.do(lock('b', 'y', urgent))), 'deadlock');
  });
});

describe('the end of a hold', () => {
  test('comes by itself after its longest time, and the next is granted then', () => {
    const driver = new Driver().sessions('a', 'b');
    driver.do(lock('a', 'x', { terms: { maxHoldMs: 30 } }));
    driver.acquire('b', 'x', { waitMs: 500 });
    assert.equal(driver.lock('x').holders[0]?.endsInMs, 30);
    const restored = driver.restored();
    assert.equal(restored.machine.nextDueTime(), 30);
    driver.advance(30);
    assert.deepEqual(
      driver.lastEvents.map(eventLine).map((line) => line.split(' ').at(-1)),
      ['max_hold', '2', 'x1'],
    );
    assert.deepEqual(driver.holders('x'), ['b exclusive x1']);
  });

  test('comes at the earlier of two longest times when a hold is upgraded or entered', () => {
    const driver = new Driver().sessions('a');
    driver.do(lock('a', 'x', { mode: 'shared', terms: { metadata: 'reads' } }));
    driver.do(lock('a', 'x', { terms: { maxHoldMs: 30, metadata: 'writes' } }));
    driver.do(lock('a', 'x', { terms: { maxHoldMs: 90 } }));
    assert.equal(driver.lock('x').holders[0]?.metadata, 'writes');
    driver.advance(30);
    assert.deepEqual(driver.holders('x'), []);
  });

  test('is not brought about by the longest time of an earlier hold', () => {
    const driver = new Driver().sessions('a');
    driver.do(lock('a', 'x', { terms: { maxHoldMs: 30 } }));
    driver.release('a', 'x');
    driver.hold('a', 'x');
    driver.advance(100);
    assert.deepEqual(driver.holders('x'), ['a exclusive x1']);
  });

  test('has a reason that its former holder is told with its token', () => {
    const driver = new Driver().sessions('a', 'b', 'c');
    const forced = driver.hold('a', 'x');
    driver.do({ type: 'force_release', name: lockName('x'), reason: 'stuck' });
    const [event] = driver.lastEvents;
    assert.ok(
      event?.type === 'hold_ended' && event.note === 'stuck' && event.clientId === 'client-a',
    );
    const told = driver.release('a', 'x', { token: forced });
    assert.ok(!told.ok && told.details?.['end_reason'] === 'forced');
    const lead = granted(driver.do(campaign('b', 'e', { terms: { maxHoldMs: 5 } })));
    driver.advance(5);
    const late = driver.do(proclaim('b', 'e', lead, 1));
    assert.ok(!late.ok && late.details?.['end_reason'] === 'max_hold');
    const lost = driver.hold('c', 'z');
    driver.expire('c');
    assert.equal(driver.machine.endedHold('lock', lockName('z'), lost)?.reason, 'expired');
    assert.equal(
      driver.restored().machine.endedHold('lock', lockName('z'), lost)?.reason,
      'expired',
    );
  });

  test('is told of the resource of the token alone, not of another one', () => {
    const driver = new Driver().sessions('a');
    const forced = driver.hold('a', 'x');
    driver.do({ type: 'force_release', name: lockName('x'), reason: 'stuck' });
    // A log of the first level goes on as it was answered when it was written.
    const ofFirstLevel = driver.restored().release('a', 'y', { token: forced });
    assert.ok(!ofFirstLevel.ok && ofFirstLevel.details?.['end_reason'] === 'forced');
    driver.do({ type: 'raise_feature_level', level: 2 });
    const reasonOf = (result: CommandResult): unknown =>
      result.ok ? result.type : result.details?.['end_reason'];
    assert.equal(reasonOf(driver.release('a', 'x', { token: forced })), 'forced');
    assert.equal(reasonOf(driver.release('a', 'y', { token: forced })), undefined);
    assert.equal(reasonOf(driver.do(proclaim('a', 'x', forced, 1))), undefined);
    const asked = { sessionId: id('a'), name: lockName('x'), fenceToken: forced } as const;
    assert.equal(reasonOf(driver.do({ type: 'downgrade', ...asked })), 'forced');
    const other = { ...asked, name: lockName('y') };
    assert.equal(reasonOf(driver.do({ type: 'downgrade', ...other })), undefined);
    assert.equal(reasonOf(driver.do({ type: 'release_permits', ...asked })), undefined);
    assert.equal(driver.machine.endedHold('lock', lockName('y'), forced), undefined);
    assert.equal(driver.machine.endedHold('semaphore', lockName('x'), forced), undefined);
  });

  test('is remembered up to a bound, the oldest forgotten first', () => {
    const driver = new Driver().sessions('a');
    for (let count = 0; count <= 10_000; count++) {
      driver.hold('a', 'x');
      driver.do({ type: 'force_release', name: lockName('x'), reason: '' });
    }
    assert.equal(driver.machine.endedHold('lock', lockName('x'), 1 as FenceToken), undefined);
    assert.equal(
      driver.machine.endedHold('lock', lockName('x'), 2 as FenceToken)?.reason,
      'forced',
    );
  });
});

describe('downgrading a hold from exclusive to shared', () => {
  const downgrade = (driver: Driver, token: number): string =>
    outcome(
      driver.do({
        type: 'downgrade',
        sessionId: id('a'),
        name: lockName('x'),
        fenceToken: token as FenceToken,
      }),
    );

  test('lets readers in, keeps the token, and is done once however often it is asked', () => {
    const driver = new Driver().sessions('a', 'b');
    const token = driver.hold('a', 'x');
    driver.acquire('b', 'x', { waitMs: 50, mode: 'shared' });
    assert.equal(downgrade(driver, token), `downgraded ${String(token)}`);
    assert.deepEqual(driver.holders('x'), ['a shared x1', 'b shared x1']);
    assert.equal(downgrade(driver, token), `downgraded ${String(token)}`);
    driver.end('b');
    const upgraded = driver.hold('a', 'x');
    assert.equal(downgrade(driver, token), 'stale_fence_token', 'a late repetition does nothing');
    assert.deepEqual(driver.holders('x'), ['a exclusive x2']);
    assert.equal(downgrade(driver, upgraded), `downgraded ${String(upgraded)}`);
  });

  test('is for the holder only', () => {
    const driver = new Driver().sessions('a', 'b');
    assert.equal(downgrade(driver, 1), 'lock_not_found');
    assert.equal(downgrade(driver, driver.hold('b', 'x')), 'not_holder');
  });
});

describe('a barrier', () => {
  test('opens for all when the last has come, and is over when the last has left', () => {
    const driver = new Driver().sessions('a', 'b', 'c');
    assert.deepEqual(answers(driver, enter('a', 'm', 2), enter('a', 'm', 2), enter('b', 'm', 2)), [
      'barrier closed',
      'barrier closed',
      'barrier open',
    ]);
    assert.deepEqual(types(driver), ['barrier_joined', 'barrier_opened']);
    assert.deepEqual(
      answers(
        driver,
        enter('c', 'm', 2),
        enter('b', 'm', 3),
        leave('c', 'm'),
        leave('a', 'm'),
        leave('b', 'm'),
      ),
      ['barrier_closed', 'barrier open', 'not_entered', 'barrier open', 'barrier open over'],
    );
    assert.deepEqual(types(driver), ['barrier_left', 'barrier_over']);
    assert.equal(outcome(driver.do(enter('c', 'm', 3))), 'barrier closed', 'a new round');
    assert.equal(outcome(driver.do(enter('a', 'm', 2))), 'limit_mismatch');
  });

  test('is left by a session that ends: one that is open does not wait for it', () => {
    const driver = new Driver().sessions('a', 'b', 'c');
    driver.do(enter('a', 'm', 2));
    driver.end('a');
    assert.equal(driver.machine.show('barrier', lockName('m')), undefined);
    answers(driver, enter('b', 'm', 2), enter('c', 'm', 2));
    assert.equal(driver.restored().machine.digest(), driver.machine.digest());
    driver.expire('b');
    assert.equal(outcome(driver.do(leave('c', 'm'))), 'barrier open over');
  });

  test('lets go who no longer waits, but not out of a round that has opened', () => {
    const driver = new Driver().sessions('a', 'b');
    assert.deepEqual(
      answers(
        driver,
        enter('a', 'm', 2),
        leave('a', 'm', true),
        enter('a', 'm', 2),
        enter('b', 'm', 2),
      ),
      ['barrier closed', 'barrier closed', 'barrier closed', 'barrier open'],
    );
    assert.equal(outcome(driver.do(leave('a', 'm', true))), 'barrier open');
    assert.equal(driver.machine.show('barrier', lockName('m'))?.members.length, 2);
  });

  test('that was entered in vain tells so when the request is repeated', () => {
    const driver = new Driver().sessions('a', 'b');
    driver.do(enter('a', 'm', 2, 4));
    const withdraw = {
      type: 'leave_barrier',
      sessionId: id('a'),
      name: lockName('m'),
      withdraw: true,
      instead: { of: 4, code: 'wait_timeout' },
    } as const;
    assert.deepEqual(answers(driver, withdraw, enter('a', 'm', 2, 4)), [
      'barrier closed',
      'wait_timeout',
    ]);
    assert.equal(driver.restored().machine.digest(), driver.machine.digest());
    answers(driver, enter('a', 'm', 2, 5), enter('b', 'm', 2));
    driver.do({ ...withdraw, instead: { of: 5, code: 'wait_timeout' } });
    assert.equal(
      outcome(driver.do(enter('a', 'm', 2, 5))),
      'barrier closed',
      'it opened: it stays',
    );
  });

  test('that is entered by a late repetition is not entered again', () => {
    const driver = new Driver().sessions('a');
    assert.deepEqual(
      answers(driver, enter('a', 'm', 1, 4), leave('a', 'm'), enter('a', 'm', 1, 4)),
      ['barrier open', 'barrier open over', 'barrier open'],
    );
    assert.equal(driver.machine.show('barrier', lockName('m')), undefined);
  });
});

describe('a latch', () => {
  const create = (count: number) => ({ type: 'create_latch', name: lockName('l'), count }) as const;
  const count = (by: number) => ({ type: 'count_down', name: lockName('l'), by }) as const;

  test('counts down to 0 and stays open until it is deleted', () => {
    const driver = new Driver();
    assert.deepEqual(
      answers(driver, count(1), create(3), create(3), create(2), count(2), count(5), count(1)),
      ['latch_not_found', 'latch 3', 'latch 3', 'limit_mismatch', 'latch 1', 'latch 0', 'latch 0'],
    );
    assert.equal(driver.restored().machine.digest(), driver.machine.digest());
    const deleted = { type: 'delete_latch', name: lockName('l') } as const;
    assert.deepEqual(answers(driver, deleted, deleted), ['latch 0', 'latch_not_found']);
  });

  test('counts a request of a session once', () => {
    const driver = new Driver().sessions('a');
    const once = { ...count(1), sessionId: id('a'), requestId: 1 };
    assert.deepEqual(answers(driver, create(3), once, once, { ...once, requestId: 2 }), [
      'latch 3',
      'latch 2',
      'latch 2',
      'latch 1',
    ]);
    assert.equal(outcome(driver.do({ ...once, by: 2 })), 'request_reused');
  });
});

describe('name spaces', () => {
  test('of each kind have a limit of their own, which the refusal names', () => {
    const driver = Driver.withLimits({
      maxLocks: 1,
      maxSemaphores: 1,
      maxElections: 1,
      maxBarriers: 1,
      maxLatches: 1,
      maxCacheKeys: 1,
    }).sessions('a');
    const full = (result: ReturnType<Driver['do']>): unknown =>
      !result.ok && result.details?.['limit'];
    for (const [make, limit] of [
      [(name: string) => lock('a', name), 'max_locks'],
      [(name: string) => many('a', [wantPermits(name, 1, 1)]), 'max_semaphores'],
      [(name: string) => campaign('a', name), 'max_elections'],
      [(name: string) => enter('a', name, 2), 'max_barriers'],
      [
        (name: string) => ({ type: 'create_latch', name: lockName(name), count: 1 }) as const,
        'max_latches',
      ],
      [
        (name: string) => ({ type: 'cache_set', name: lockName(name), value: 1 }) as const,
        'max_cache_keys',
      ],
    ] as const) {
      assert.ok(driver.do(make('one')).ok, limit);
      assert.equal(full(driver.do(make('two'))), limit);
    }
  });
});

describe('a session of its own', () => {
  test('ends when a smaller limit refuses what it waits for', () => {
    const driver = new Driver().sessions('a');
    const permits = { type: 'acquire_permits', name: lockName('p'), acquiredAtMs: 1 } as const;
    driver.do({ ...permits, sessionId: id('a'), requestId: 1, permits: 3, limit: 3, waitMs: 0 });
    const own = { clientId: 'me', timeoutMs: 500, lockDelayMs: 0 };
    const wait = { ...permits, sessionId: id('own'), requestId: 1, permits: 3, waitMs: 90 };
    driver.do({ ...wait, ownSession: own });
    driver.do({ type: 'resize_semaphore', name: lockName('p'), limit: 2 });
    assert.equal(driver.machine.session(id('own')), undefined);
  });

  const own = { ownSession: { clientId: 'me', timeoutMs: 500, lockDelayMs: 0 } };

  test('is made for a leadership or permits, and ends with them; a repetition gets the idempotent response', () => {
    const driver = new Driver().sessions('a');
    const lead = { ...campaign('own1', 'e', { request: 1 }), ...own };
    const token = granted(driver.do(lead));
    assert.equal(granted(driver.do(lead)), token);
    assert.equal(outcome(driver.do(resign('own1', 'e', 2))), `released ${String(token)} left 0`);
    assert.equal(outcome(driver.do(resign('own1', 'e', 2))), `released ${String(token)} left 0`);
    assert.equal(driver.machine.session(id('own1')), undefined);
    granted(driver.do(campaign('a', 'e')));
    const refused = { ...campaign('own2', 'e', { request: 1 }), ...own };
    assert.deepEqual(answers(driver, refused, refused), ['not_elected', 'not_elected']);
    assert.equal(
      outcome(driver.do({ ...campaign('own3', 'e', { waitMs: 10, request: 1 }), ...own })),
      'queued 1',
    );
    driver.advance(10);
    assert.equal(driver.machine.stats().activeSessions, 1);
  });
});
