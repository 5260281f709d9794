import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import {
  holdEvents,
  holdLifecycle,
  holdStates,
  sessionEvents,
  sessionLifecycle,
  sessionStates,
} from '../../src/index.ts';
import type {
  CommandResult,
  HoldEvent,
  HoldState,
  SessionEvent,
  SessionState,
} from '../../src/index.ts';
import { Driver, createCommand, id, lockName } from './support/driver.ts';

function answered(result: CommandResult | undefined): string {
  if (result === undefined) return '-';
  return result.ok ? result.type : result.code;
}

/** The subject is session `s`; `main` is the lock it waits for or holds, `free` and `busy` others. */
const enterSession: Readonly<Record<SessionState, (driver: Driver) => void>> = {
  unknown: () => undefined,
  active: (driver) => {
    driver.do(createCommand('s', { clientId: 'subject' }));
  },
  own_waiting: (driver) => {
    driver.acquire('s', 'main', { own: 'subject', request: 1, waitMs: 50 });
  },
  own_holding: (driver) => {
    driver.release('other', 'main');
    driver.acquire('s', 'main', { own: 'subject', request: 1 });
  },
  ended: (driver) => {
    enterSession.active(driver);
    driver.end('s');
  },
  expired: (driver) => {
    enterSession.active(driver);
    driver.expire('s');
  },
};

const fireOnSession: Readonly<
  Record<SessionEvent, (driver: Driver, state: SessionState) => CommandResult | undefined>
> = {
  create: (driver) => driver.do(createCommand('s', { clientId: 'subject' })),
  own_acquire_free: (driver) => driver.acquire('s', 'free', { own: 'subject' }),
  own_acquire_busy: (driver) => driver.acquire('s', 'busy', { own: 'subject' }),
  own_acquire_busy_wait: (driver) => driver.acquire('s', 'busy', { own: 'subject', waitMs: 50 }),
  turn: (driver) => {
    driver.release('other', 'main');
    return undefined;
  },
  deadline: (driver) => {
    driver.advance(50);
    return undefined;
  },
  abandon: (driver) => driver.cancel('s', 'main', 1),
  release: (driver) => driver.release('s', 'main'),
  force_release: (driver) => {
    driver.do({ type: 'force_release', name: lockName('main'), reason: 'table' });
    return undefined;
  },
  end: (driver) => driver.end('s'),
  expire: (driver) => driver.expire('s'),
  expire_older: (driver) => {
    const renewal = (driver.machine.renewalOf(id('s')) ?? 1) - 1;
    return driver.do({ type: 'expire_session', sessionId: id('s'), renewal });
  },
};

function sessionState(driver: Driver): SessionState {
  const session = driver.machine.session(id('s'));
  if (session === undefined) return driver.machine.endedReason(id('s')) ?? 'unknown';
  if (!session.own) return 'active';
  return session.holds.length > 0 ? 'own_holding' : 'own_waiting';
}

/** The subject is session `s`, its latest request is 1; the others are `t`. */
const enterHold: Readonly<Record<HoldState, (driver: Driver) => void>> = {
  none_free: () => undefined,
  none_read: (driver) => {
    driver.hold('t', 'x', { mode: 'shared' });
  },
  none_busy: (driver) => {
    driver.hold('t', 'x');
  },
  waiting: (driver) => {
    driver.hold('t', 'x');
    driver.acquire('s', 'x', { request: 1, waitMs: 50 });
  },
  shared_alone: (driver) => {
    driver.hold('s', 'x', { request: 1, mode: 'shared' });
  },
  shared_with_others: (driver) => {
    driver.hold('t', 'x', { mode: 'shared' });
    driver.hold('s', 'x', { request: 1, mode: 'shared' });
  },
  upgrading: (driver) => {
    driver.hold('t', 'x', { mode: 'shared' });
    driver.hold('s', 'x', { request: 2, mode: 'shared' });
    driver.acquire('s', 'x', { request: 1, waitMs: 50 });
  },
  exclusive: (driver) => {
    driver.hold('s', 'x', { request: 1 });
  },
};

const fireOnHold: Readonly<Record<HoldEvent, (driver: Driver) => CommandResult | undefined>> = {
  try_shared: (driver) => driver.acquire('s', 'x', { mode: 'shared' }),
  try_exclusive: (driver) => driver.acquire('s', 'x'),
  wait_shared: (driver) => driver.acquire('s', 'x', { mode: 'shared', waitMs: 90 }),
  wait_exclusive: (driver) => driver.acquire('s', 'x', { waitMs: 90 }),
  others_release: (driver) => {
    driver.release('t', 'x');
    return undefined;
  },
  deadline: (driver) => {
    driver.advance(50);
    return undefined;
  },
  abandon: (driver) => driver.cancel('s', 'x', 1),
  release: (driver) => driver.release('s', 'x'),
  force_release: (driver) =>
    driver.do({ type: 'force_release', name: lockName('x'), reason: 'table' }),
  session_end: (driver) => driver.end('s'),
};

function holdState(driver: Driver): HoldState {
  const { holders, waiters } = driver.lock('x');
  const own = holders.find(({ sessionId }) => sessionId === 's');
  const waits = waiters.some(({ sessionId }) => sessionId === 's');
  if (own === undefined) {
    if (waits) return 'waiting';
    const [other] = holders;
    if (other === undefined) return 'none_free';
    return other.mode === 'shared' ? 'none_read' : 'none_busy';
  }
  if (own.mode === 'exclusive') return 'exclusive';
  if (waits) return 'upgrading';
  return holders.length > 1 ? 'shared_with_others' : 'shared_alone';
}

describe('the lifecycle of a session', () => {
  for (const state of sessionStates) {
    test(`from ${state}, every event leads where the table says`, () => {
      for (const event of sessionEvents) {
        const driver = new Driver().sessions('other');
        driver.hold('other', 'main');
        driver.hold('other', 'busy');
        enterSession[state](driver);
        assert.equal(sessionState(driver), state, 'the way into the state');
        const result = fireOnSession[event](driver, state);
        const { to, answer } = sessionLifecycle[state][event];
        assert.deepEqual([sessionState(driver), answered(result)], [to, answer], event);
      }
    });
  }
});

describe('the lifecycle of a hold', () => {
  for (const state of holdStates) {
    test(`from ${state}, every event leads where the table says`, () => {
      for (const event of holdEvents) {
        const driver = new Driver().sessions('s', 't');
        enterHold[state](driver);
        assert.equal(holdState(driver), state, 'the way into the state');
        const result = fireOnHold[event](driver);
        const { to, answer } = holdLifecycle[state][event];
        assert.deepEqual([holdState(driver), answered(result)], [to, answer], event);
      }
    });
  }
});
