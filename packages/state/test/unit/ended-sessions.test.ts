import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { createStateMachine, initialLimits } from '../../src/index.ts';
import type { Command, CommandResult, Stamp } from '../../src/index.ts';
import {
  leastRemembered,
  longestRepetitionMs,
  maxAnswerBytes,
} from '../../src/kernel/sessions/ended-sessions.ts';
import { check } from './support/randomness.ts';
import { Driver, createCommand, id, lockName, outcome } from './support/driver.ts';

interface Own {
  readonly request?: number | string;
  readonly stamp?: Stamp;
  readonly timeoutMs?: number;
  readonly waitMs?: number;
  readonly clientId?: string;
}

const kinds = ['acquire', 'acquire_permits', 'campaign'] as const;

function own(
  session: string,
  name: string,
  { request = 'r', stamp, timeoutMs = 30_000, waitMs = 0, clientId = 'c' }: Own = {},
  type: (typeof kinds)[number] = 'acquire',
): Command {
  const about = {
    sessionId: id(session),
    requestId: request,
    name: lockName(name),
    waitMs,
    acquiredAtMs: 0,
    ownSession: {
      clientId,
      timeoutMs,
      lockDelayMs: 0,
      ...(stamp === undefined ? {} : { stamp }),
    },
  };
  if (type === 'acquire') return { type, mode: 'exclusive', ...about };
  return type === 'campaign' ? { type, ...about } : { type, permits: 1, limit: 1, ...about };
}

/** Acquired and released, each in a session of its own. */
function others(driver: Driver, count: number, options: Own = {}): void {
  for (let number = 0; number < count; number++) {
    const name = `other${String(number)}`;
    driver.entry([
      own(name, name, options),
      { type: 'release', sessionId: id(name), name: lockName(name), requestId: 'back' },
    ]);
    driver.timeMs += 1;
  }
}

/** Such are remembered longer than all that is looked at here. */
const lasting: Own = { request: 1, timeoutMs: longestRepetitionMs };

const stampAt = (madeAtMs: number, liveMs = 30_000): Stamp => ({ madeAtMs, liveMs });
const detail = (result: CommandResult, name: string): unknown =>
  result.ok ? undefined : result.details?.[name];

describe('a late copy of an acquire that was answered and released', () => {
  test('is not executed, however many others have ended since', () => {
    for (const request of [1, 'r']) {
      const driver = new Driver();
      const stamp = stampAt(0);
      assert.equal(outcome(driver.do(own('a', 'job', { request, stamp }))), 'granted 1 x1');
      driver.release('a', 'job', { request: 2 });
      others(driver, leastRemembered + 1000, lasting);
      assert.ok(driver.timeMs < 30_000);
      assert.equal(outcome(driver.do(own('a', 'job', { request, stamp }))), 'session_expired');
      const copy = driver.restored();
      assert.equal(outcome(copy.do(own('a', 'job', { request, stamp }))), 'session_expired');
      assert.deepEqual(driver.holders('job'), []);
    }
  });

  test('is refused for its age once it is forgotten, by a refusal that tells the time', () => {
    for (const kind of kinds) {
      const driver = new Driver();
      const command = own('a', 'job', { stamp: stampAt(0) }, kind);
      assert.equal(outcome(driver.do(command)), 'granted 1 x1');
      driver.end('a');
      others(driver, leastRemembered, lasting);
      driver.timeMs = 30_000;
      assert.equal(outcome(driver.do(command)), 'session_expired');
      driver.timeMs = 30_001;
      driver.advance(0);
      assert.equal(driver.machine.endedReason(id('a')), undefined, 'forgotten');
      const refused = driver.do(command);
      assert.equal(outcome(refused), 'request_forgotten');
      assert.equal(detail(refused, 'cluster_time_ms'), 30_001);
    }
  });

  test('that came with a later stamp meanwhile is remembered for the later one', () => {
    const driver = new Driver();
    driver.do(own('a', 'job', { stamp: stampAt(0) }));
    driver.end('a');
    driver.timeMs = 20_000;
    const later = own('a', 'job', { stamp: stampAt(20_000) });
    assert.equal(outcome(driver.do(later)), 'session_expired');
    others(driver, leastRemembered, lasting);
    driver.timeMs = 50_000;
    driver.advance(0);
    assert.equal(outcome(driver.restored().do(later)), 'session_expired');
    assert.equal(outcome(driver.do(later)), 'session_expired');
    driver.timeMs = 50_001;
    driver.advance(0);
    assert.equal(outcome(driver.do(later)), 'request_forgotten');
  });

  test('that came while its hold stood is remembered as long as that copy may come again', () => {
    const driver = new Driver();
    driver.do(own('a', 'job', { stamp: stampAt(0) }));
    driver.timeMs = 25_000;
    const later = own('a', 'job', { stamp: stampAt(25_000) });
    assert.equal(outcome(driver.do(later)), 'granted 1 x1');
    driver.end('a');
    others(driver, leastRemembered, lasting);
    driver.timeMs = 55_000;
    driver.advance(0);
    assert.equal(outcome(driver.restored().do(later)), 'session_expired');
  });

  test('is remembered where it was refused, and where there were too many sessions', () => {
    const driver = Driver.withLimits({ maxSessions: 1 }).sessions('holder');
    driver.hold('holder', 'job');
    const busy = own('a', 'job', { stamp: stampAt(0) });
    assert.equal(outcome(driver.do(busy)), 'limit_exceeded');
    driver.end('holder');
    assert.equal(outcome(driver.do(busy)), 'limit_exceeded');
    assert.deepEqual(driver.holders('job'), []);
  });
});

describe('a log of before there were bounds of time', () => {
  test('is applied as it was: the latest 10,000 are remembered, whatever their time', () => {
    const driver = new Driver(createStateMachine(initialLimits));
    const first = own('a', 'job', { request: 1 });
    driver.do(first);
    driver.end('a');
    others(driver, leastRemembered - 1, lasting);
    assert.equal(outcome(driver.do(first)), 'session_expired');
    driver.do(own('b', 'b', lasting));
    driver.end('b');
    assert.equal(outcome(driver.restored().do(first)), 'granted 10002 x1');
    assert.equal(outcome(driver.do(first)), 'granted 10002 x1');
  });
});

describe('an acquire that was cancelled before it came', () => {
  test('is refused when it comes, for as long as it may come', () => {
    const driver = new Driver();
    driver.timeMs = 5;
    driver.do({
      type: 'abandon',
      sessionId: id('a'),
      name: lockName('job'),
      requestId: 'r',
      liveMs: 40_000,
    });
    others(driver, leastRemembered, lasting);
    driver.timeMs = 40_005;
    driver.advance(0);
    const late = own('a', 'job', { stamp: stampAt(5, 40_000) });
    assert.equal(outcome(driver.do(late)), 'wait_abandoned');
    // One that a node that was paused stamps when it goes on.
    driver.timeMs = 600_005;
    driver.advance(0);
    const held = own('a', 'job', { stamp: stampAt(600_005, 30_000) });
    assert.equal(outcome(driver.restored().do(held)), 'wait_abandoned');
    driver.timeMs = 600_006;
    driver.advance(0);
    assert.equal(outcome(driver.do(late)), 'request_forgotten');
  });

  test('in a session that nobody knows takes no room from others for longer than it needs', () => {
    const driver = new Driver();
    for (let number = 0; number <= leastRemembered + 10; number++) {
      driver.cancel(`nobody${String(number)}`, 'job', 1);
      driver.timeMs += 1;
    }
    assert.ok(driver.machine.stats().rememberedSessions <= leastRemembered + 1);
  });
});

describe('what a caller numbered', () => {
  test('is remembered for its ttl and its wait, whatever ended it when', () => {
    const oldLog = { maxRememberedSessionsPerCaller: Number.MAX_SAFE_INTEGER };
    for (const [limits, timeoutMs, forMs] of [
      [{}, 60_000, 60_000 + 90_000],
      [{}, 86_400_000, 86_400_000 + 90_000],
      // LIMIT-1: as it was.
      [oldLog, 60_000, 90_000],
      [oldLog, 86_400_000, longestRepetitionMs],
    ] as const) {
      const driver = Driver.withLimits(limits);
      const stamp = stampAt(0, 30_000 + 60_000);
      driver.do(own('a', 'job', { request: 1, timeoutMs, waitMs: 60_000, stamp }));
      driver.end('a');
      others(driver, leastRemembered, { stamp: stampAt(0, 100_000_000) });
      driver.timeMs = forMs;
      driver.advance(0);
      assert.equal(driver.machine.endedReason(id('a')), 'ended');
      driver.advance(1);
      assert.equal(driver.machine.endedReason(id('a')), undefined);
    }
  });

  test('is found by the token that it gave back', () => {
    const driver = new Driver();
    const token = driver.hold('a', 'job', { own: 'me', request: 1 });
    driver.release('a', 'job', { token, request: 2 });
    const find = (one: Driver, name = 'job'): unknown =>
      one.machine.implicitSessionOf(lockName(name), token);
    assert.equal(find(driver), id('a'));
    assert.equal(find(driver.restored()), id('a'));
    assert.equal(find(driver, 'other'), undefined);
    others(driver, leastRemembered, lasting);
    driver.advance(30_000);
    assert.equal(find(driver), undefined);
  });
});

describe('a memory of ended sessions that is full', () => {
  const full = (): Driver => {
    const driver = Driver.withLimits({ maxRememberedSessions: 3 });
    for (const name of ['a', 'b', 'c']) {
      driver.do(own(name, name, { stamp: stampAt(driver.timeMs) }));
      driver.end(name);
      driver.timeMs += 10;
    }
    return driver;
  };

  test('refuses new holds by client id and forgets nothing', () => {
    const driver = full();
    const digest = driver.machine.stats();
    const refused = driver.do(own('d', 'd', { stamp: stampAt(driver.timeMs) }));
    assert.equal(outcome(refused), 'limit_exceeded');
    assert.equal(detail(refused, 'limit'), 'max_remembered_sessions');
    assert.equal(detail(refused, 'value'), 3);
    assert.deepEqual(driver.machine.stats(), digest);
    for (const name of ['a', 'b', 'c'])
      assert.equal(outcome(driver.do(own(name, name, { stamp: stampAt(0) }))), 'session_expired');
  });

  test('leaves sessions of the other kind alone', () => {
    const driver = full();
    driver.do(own('d', 'd', { stamp: stampAt(driver.timeMs) }));
    const other = { ...createCommand('s'), stamp: stampAt(0) };
    assert.equal(outcome(driver.do(other)), 'session');
    assert.equal(outcome(driver.acquire('s', 'd')), 'granted 4 x1');
  });

  test('takes new ones again when the time of the oldest has passed', () => {
    const driver = full();
    driver.timeMs = 30_001;
    assert.equal(outcome(driver.do(own('d', 'd', { stamp: stampAt(30_001) }))), 'granted 4 x1');
    driver.end('d');
    assert.equal(outcome(driver.do(own('e', 'e', { stamp: stampAt(30_001) }))), 'limit_exceeded');
  });

  test('refuses every copy of what it refused, also when there is room again, and after a restore', () => {
    const driver = full();
    const refused = own('d', 'd', { stamp: stampAt(driver.timeMs, 60_000) });
    assert.equal(outcome(driver.do(refused)), 'limit_exceeded');
    driver.timeMs = 40_000;
    const copy = driver.restored();
    copy.timeMs = 40_000;
    for (const one of [driver, copy]) {
      assert.equal(outcome(one.do(refused)), 'limit_exceeded');
      assert.equal(outcome(one.do(own('e', 'e', { stamp: stampAt(40_000) }))), 'granted 4 x1');
    }
    assert.equal(copy.machine.digest(), driver.machine.digest());
  });

  test('is full by its bytes, too: of an answer that is long the details are left out', () => {
    const driver = Driver.withLimits({ maxRememberedBytes: 4000 });
    const holders = Array.from({ length: 10 }, (_, number) => `holder${String(number)}`);
    for (const name of holders) {
      driver.do(createCommand(name, { clientId: 'x'.repeat(256) }));
      driver.hold(name, 'job', { mode: 'shared' });
    }
    const first = driver.do(own('a', 'job', { request: 1 }));
    assert.ok(JSON.stringify(first).length > maxAnswerBytes);
    const again = driver.do(own('a', 'job', { request: 1 }));
    assert.equal(outcome(again), outcome(first));
    assert.equal(detail(again, 'holders'), undefined);
    const most = maxAnswerBytes + 600;
    for (let number = 0; number < 100; number++) {
      const before = driver.machine.stats().rememberedBytes;
      const refused = driver.do(own(`b${String(number)}`, 'job', { request: 1 }));
      assert.ok(driver.machine.stats().rememberedBytes <= 4000 + most);
      if (before >= 4000) assert.equal(detail(refused, 'limit'), 'max_remembered_bytes');
    }
    assert.equal(
      driver.restored().machine.stats().rememberedBytes,
      driver.machine.stats().rememberedBytes,
    );
  });
});

/** One submission of a node: a stamp, a session id, and how its copies come. */
interface Submission {
  readonly session: string;
  readonly command: Command;
  granted: number;
  refused: boolean;
}

describe('requests that make sessions', () => {
  const steps = fc.array(
    fc.record({
      what: fc.constantFrom(
        'submit',
        'submit',
        'copy',
        'copy',
        'end',
        'abandon',
        'time',
        'restore',
      ),
      which: fc.nat(40),
      lagMs: fc.nat(30),
      byMs: fc.integer({ min: 1, max: 40 }),
      kind: fc.constantFrom(...kinds),
      numbered: fc.boolean(),
    }),
    { maxLength: 120 },
  );

  test('are executed at most once each, whatever comes late, and never pass the bounds', () => {
    const limits = { maxSessions: 3, maxRememberedSessions: 4, maxRememberedBytes: 2000 };
    check(
      fc.property(steps, (all) => {
        let driver = Driver.withLimits(limits);
        const submissions: Submission[] = [];
        const tell = (one: Submission): void => {
          const tokenBefore = driver.machine.stats().fenceCounter;
          const result = driver.do(one.command);
          one.granted += driver.machine.stats().fenceCounter - tokenBefore;
          assert.ok(one.granted <= 1, 'executed once');
          if (!result.ok) one.refused = true;
          else assert.ok(!one.refused || result.type !== 'granted', 'refused stays refused');
        };
        for (const { what, which, lagMs, byMs, kind, numbered } of all) {
          const one = submissions[which % Math.max(1, submissions.length)];
          if (what === 'submit') {
            const session = `s${String(submissions.length)}`;
            const stamp = stampAt(Math.max(0, driver.timeMs - lagMs), 50);
            const options = { stamp, timeoutMs: 20, request: numbered ? 1 : 'r' };
            const command = own(session, session, options, kind);
            const submission = { session, command, granted: 0, refused: false };
            submissions.push(submission);
            tell(submission);
          } else if (what === 'time') driver.advance(byMs);
          else if (what === 'restore') driver = driver.restored();
          else if (one !== undefined) {
            if (what === 'copy') tell(one);
            if (what === 'end') driver.end(one.session);
            if (what === 'abandon' && one.command.type === 'acquire')
              driver.do({
                type: 'abandon',
                sessionId: id(one.session),
                name: one.command.name,
                requestId: one.command.requestId,
                liveMs: 50,
              });
          }
          const { rememberedSessions, rememberedBytes } = driver.machine.stats();
          assert.ok(rememberedSessions <= 4 + limits.maxSessions);
          assert.ok(rememberedBytes <= 2000 + limits.maxSessions * (maxAnswerBytes + 600));
        }
      }),
      300,
    );
  });
});
