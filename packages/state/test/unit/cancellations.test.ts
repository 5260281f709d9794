/** Requests whose outcome their client never learned, and cancels: what the cluster has in the end is what the client has. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { Command, CommandResult, FenceToken } from '../../src/index.ts';
import { check } from './support/randomness.ts';
import { Driver, id, lockName, outcome } from './support/driver.ts';

const sessions = ['a', 'b'] as const;
const names = ['x', 'y'] as const;
const kinds = ['lock', 'lock', 'shared', 'permits', 'campaign', 'many', 'barrier'] as const;
type Kind = (typeof kinds)[number];

/** One request, as its client knows it. */
interface Asked {
  readonly session: string;
  readonly name: string;
  readonly kind: Kind;
  readonly command: Command & { readonly requestId?: number | string };
  /** The client has told its program that it failed. */
  failed: boolean;
  /** The client has given back what it was granted. */
  over: boolean;
}

const steps = fc.array(
  fc.record({
    step: fc.constantFrom(
      'ask',
      'ask',
      'ask',
      'copy',
      'fail',
      'fail',
      'cancel_request',
      'release',
      'time',
    ),
    session: fc.constantFrom(...sessions),
    name: fc.constantFrom(...names),
    kind: fc.constantFrom(...kinds),
    which: fc.nat({ max: 50 }),
    waits: fc.boolean(),
    /** Whether the request comes to the cluster at once; else only as a late copy, if ever. */
    arrives: fc.boolean(),
    restores: fc.boolean(),
  }),
  { maxLength: 60, size: 'max' },
);

function commandOf(session: string, name: string, kind: Kind, requestId: number, waits: boolean) {
  const asking = {
    sessionId: id(session),
    requestId,
    name: lockName(name),
    waitMs: waits ? 20 : 0,
    acquiredAtMs: 1,
  } as const;
  switch (kind) {
    case 'lock':
    case 'shared':
      return {
        type: 'acquire',
        mode: kind === 'lock' ? 'exclusive' : 'shared',
        ...asking,
      } as const;
    case 'permits':
      return { type: 'acquire_permits', permits: 1, limit: 2, ...asking } as const;
    case 'campaign':
      return { type: 'campaign', ...asking } as const;
    case 'many': {
      const { name: first, ...rest } = asking;
      const lock = { kind: 'lock', name: first, mode: 'shared' } as const;
      const permits = { kind: 'semaphore', name: first, permits: 1, limit: 2 } as const;
      return { type: 'acquire_many', wanted: [lock, permits], ...rest } as const;
    }
    case 'barrier': {
      const { waitMs: _waitMs, acquiredAtMs: _acquiredAtMs, ...rest } = asking;
      return { type: 'enter_barrier', parties: 2, ...rest } as const;
    }
  }
}

const kindsCancelled = {
  lock: 'lock',
  shared: 'lock',
  permits: 'semaphore',
  campaign: 'election',
  many: 'many',
  barrier: 'barrier',
} as const;

const cancelRequest = ({ session, name, kind, command }: Asked): Command => ({
  type: 'abandon',
  kind: kindsCancelled[kind],
  sessionId: id(session),
  name: lockName(name),
  requestId: command.requestId ?? 0,
});

/** Gives back what a request was granted, as its client does. */
function release(driver: Driver, { session, name, kind }: Asked, result: CommandResult): void {
  if (!result.ok) return;
  const of = { sessionId: id(session), name: lockName(name) };
  const lock = (fenceToken: FenceToken): void => {
    assert.ok(driver.do({ type: 'release', ...of, fenceToken }).ok);
  };
  const permits = (fenceToken: FenceToken): void => {
    assert.ok(driver.do({ type: 'release_permits', ...of, fenceToken }).ok);
  };
  if (result.type === 'granted_many') {
    const [shared, slot] = result.grants;
    assert.ok(shared !== undefined && slot !== undefined);
    lock(shared.fenceToken);
    permits(slot.fenceToken);
  } else if (result.type === 'barrier') {
    driver.do({ type: 'leave_barrier', ...of, withdraw: false });
  } else if (result.type === 'granted') {
    if (kind === 'permits') permits(result.fenceToken);
    else if (kind === 'campaign')
      driver.do({ type: 'resign', ...of, fenceToken: result.fenceToken });
    else lock(result.fenceToken);
  }
}

/** What the client of a session has: the grants that its program was told of and has not given back. */
function expected(driver: Driver, asked: readonly Asked[]): readonly string[] {
  const has: string[] = [];
  const led = new Set<string>();
  for (const one of asked) {
    if (one.failed || one.over) continue;
    const { session, name, kind, command } = one;
    const result = driver.do(command);
    if (!result.ok) continue;
    const of = `${session} ${name}`;
    if (result.type === 'granted_many')
      has.push(`lock ${of}`, `permits ${of} ${String(result.grants[1]?.fenceToken)}`);
    else if (result.type === 'granted' && kind === 'permits')
      has.push(`permits ${of} ${String(result.fenceToken)}`);
    else if (result.type === 'granted' && kind === 'campaign')
      led.add(`leads ${of} ${String(result.fenceToken)}`);
    else if (result.type === 'granted') has.push(`lock ${of}`);
    else if (result.type === 'barrier') led.add(`inside ${of} ${String(result.round)}`);
  }
  return [...has, ...led].toSorted();
}

/** What the cluster says of them. */
function actual({ machine }: Driver): readonly string[] {
  const has: string[] = [];
  for (const session of sessions) {
    const view = machine.session(id(session));
    for (const { name, holdCount } of machine.holdsOf(id(session), 0, 100)?.holds ?? [])
      for (let count = 0; count < holdCount; count++) has.push(`lock ${session} ${name}`);
    for (const { name, fenceToken } of view?.permits ?? [])
      has.push(`permits ${session} ${name} ${String(fenceToken)}`);
    for (const { name, fenceToken } of view?.leads ?? [])
      has.push(`leads ${session} ${name} ${String(fenceToken)}`);
    for (const name of names) {
      const barrier = machine.show('barrier', lockName(name));
      if (barrier?.members.some(({ sessionId }) => sessionId === session) === true)
        has.push(`inside ${session} ${name} ${String(barrier.round)}`);
    }
  }
  return has.toSorted();
}

describe('a request that is cancelled', () => {
  test('holds nothing, whatever came before it, after it or in between; all others hold what they were told (STATE-RELEASE-3)', () => {
    check(
      fc.property(steps, (list) => {
        let driver = new Driver().sessions(...sessions);
        const asked: Asked[] = [];
        let nextRequest = 1;
        const pick = (which: number, fits: (one: Asked) => boolean): Asked | undefined => {
          const fitting = asked.filter(fits);
          return fitting[which % Math.max(1, fitting.length)];
        };
        for (const { step, session, name, kind, which, waits, arrives, restores } of list) {
          if (restores) {
            const { timeMs } = driver;
            driver = driver.restored();
            driver.timeMs = timeMs;
          }
          if (step === 'ask') {
            const command = commandOf(session, name, kind, nextRequest++, waits);
            asked.push({ session, name, kind, command, failed: !arrives, over: false });
            if (arrives) driver.do(command);
          } else if (step === 'copy') {
            const one = pick(which, () => true);
            if (one !== undefined) driver.do(one.command);
          } else if (step === 'fail') {
            const one = pick(which, (candidate) => !candidate.failed && !candidate.over);
            if (one !== undefined) one.failed = true;
          } else if (step === 'cancel_request') {
            const one = pick(which, ({ failed }) => failed);
            if (one !== undefined) driver.do(cancelRequest(one));
          } else if (step === 'release') {
            const one = pick(which, (candidate) => !candidate.failed && !candidate.over);
            const result = one === undefined ? undefined : driver.do(one.command);
            if (one === undefined || result === undefined) continue;
            if (result.ok && result.type === 'queued') continue;
            release(driver, one, result);
            one.over = true;
            // Whoever resigns or leaves does so for all requests that were told the same.
            if (one.kind === 'campaign' || one.kind === 'barrier')
              for (const twin of asked)
                if (twin.kind === one.kind && twin.session === one.session)
                  if (twin.name === one.name && !twin.failed) twin.over = isOver(driver, twin);
          } else driver.advance(10);
        }
        driver.advance(20);
        for (const one of asked) if (one.failed) assert.ok(driver.do(cancelRequest(one)).ok);
        driver.advance(20);
        // Late copies, of the requests and of the cancelling.
        for (const one of asked) if (one.failed) assert.ok(!driver.do(one.command).ok);
        for (const one of asked) if (one.failed) driver.do(cancelRequest(one));
        driver.advance(20);
        assert.deepEqual(actual(driver), expected(driver, asked));
      }),
      400,
    );
  });

  /** What it was told is no more, whoever ended it. */
  function isOver(driver: Driver, { session, name, kind, command }: Asked): boolean {
    const result = driver.do(command);
    if (!result.ok) return true;
    if (result.type === 'queued') return false;
    if (kind === 'barrier' && result.type === 'barrier') {
      const barrier = driver.machine.show('barrier', lockName(name));
      const inside = barrier?.members.some(({ sessionId }) => sessionId === session) === true;
      return !inside || barrier?.round !== result.round;
    }
    const leads = driver.machine.session(id(session))?.leads ?? [];
    return !leads.some(
      (lead) => result.type === 'granted' && lead.fenceToken === result.fenceToken,
    );
  }
});

describe('a barrier that a request of a session entered and another one cancels', () => {
  const enter = (request: number) => commandOf('a', 'x', 'barrier', request, false);
  const cancel = (requestId: number, unlessOpen?: true): Command => ({
    type: 'abandon',
    kind: 'barrier',
    sessionId: id('a'),
    name: lockName('x'),
    requestId,
    ...(unlessOpen === undefined ? {} : { unlessOpen }),
  });
  const count = ({ machine }: Driver): number =>
    machine.show('barrier', lockName('x'))?.memberCount ?? 0;

  test('is left with the last of the requests that entered, and by a leaving for all (STATE-BARRIER-5)', () => {
    let driver = new Driver().sessions('a', 'b');
    for (const request of [1, 2]) driver.do(enter(request));
    driver.do(cancel(1));
    driver = driver.restored();
    assert.equal(count(driver), 1, 'the other request is inside');
    driver.do(cancel(1));
    assert.equal(count(driver), 1, 'and is not taken along by a repetition');
    driver.do(cancel(2));
    assert.equal(count(driver), 0);
    for (const request of [3, 4]) driver.do(enter(request));
    const leave = { type: 'leave_barrier', sessionId: id('a'), name: lockName('x') } as const;
    driver.do({ ...leave, withdraw: false });
    assert.equal(count(driver), 0);
  });

  test('is not entered by a copy that comes after the cancelling', () => {
    const driver = new Driver().sessions('a');
    assert.equal(outcome(driver.do(cancel(7))), 'abandoned');
    const late = driver.restored();
    assert.equal(outcome(late.do(enter(7))), 'wait_abandoned');
    assert.equal(count(late), 0);
  });

  test('stays inside a round that opened in the last moment of its wait', () => {
    const driver = new Driver().sessions('a', 'b');
    driver.do(enter(1));
    driver.do(commandOf('b', 'x', 'barrier', 1, false));
    assert.equal(outcome(driver.do(cancel(1, true))), 'barrier open');
    assert.equal(count(driver), 2);
    driver.do(cancel(1));
    assert.equal(count(driver), 1, 'but not when nobody wants it');
  });
});
