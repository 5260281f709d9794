import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import type { Command } from '../../src/index.ts';
import { cancelledForTtlLevel } from '../../src/kernel/levels.ts';
import {
  leastRemembered,
  longestRepetitionMs,
  longestTtlMs,
} from '../../src/kernel/sessions/ended-sessions.ts';
import { Driver, id, lockName, outcome } from './support/driver.ts';

const liveMs = 90_000;

/** As a node stamps it that takes it in now. */
const acquire = (session: string, name: string, madeAtMs: number, live = liveMs): Command => ({
  type: 'acquire',
  sessionId: id(session),
  requestId: 1,
  name: lockName(name),
  mode: 'exclusive',
  waitMs: 0,
  acquiredAtMs: 0,
  ownSession: {
    clientId: 'c',
    timeoutMs: 3_600_000,
    lockDelayMs: 0,
    stamp: { madeAtMs, liveMs: live },
  },
});

/** All of whom are remembered for longer than anything that is looked at here. */
function othersEnd(driver: Driver): void {
  for (let number = 0; number < leastRemembered; number++) {
    const name = `other${String(number)}`;
    driver.entry([
      acquire(name, name, 0, 100_000_000),
      { type: 'end_session', sessionId: id(name) },
    ]);
  }
}

describe('an acquire of a numbered request that was cancelled before it came', () => {
  for (const [what, level, forMs] of [
    ['for the longest ttl and wait', cancelledForTtlLevel, longestTtlMs + liveMs],
    ['for 10 minutes below feature level 3, as it was', 2, longestRepetitionMs],
  ] as const)
    test(`is refused ${what}, also where a copy is stamped then (MEM-2)`, () => {
      const driver = new Driver();
      driver.do({ type: 'raise_feature_level', level });
      const cancelled = { sessionId: id('a'), name: lockName('job'), requestId: 1 };
      driver.do({ type: 'abandon', ...cancelled, liveMs });
      othersEnd(driver);
      driver.timeMs = forMs;
      driver.advance(0);
      const copy = driver.restored();
      assert.equal(outcome(copy.do(acquire('a', 'job', forMs))), 'wait_abandoned');
      driver.advance(1);
      assert.match(outcome(driver.do(acquire('a', 'job', forMs))), /^granted/);
    });
});
