/** All kinds at once, at random: what holds after every command, whatever was asked. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { Command, CommandResult, Event, FenceToken, Wanted } from '../../src/index.ts';
import { check } from './support/randomness.ts';
import { leadsBack } from './support/cycle.ts';
import type { Tie } from './support/cycle.ts';
import { createCommand, Driver, eventLine, id, lockName, outcome } from './support/driver.ts';

const sessions = ['a', 'b', 'c', 'd', 'e'] as const;
const limit = 2;
const parties = 2;
const session = fc.constantFrom(...sessions);
const name = fc.constantFrom('x', 'y');
const waitMs = fc.constantFrom(0, 10, 40, 40);
const mode = fc.constantFrom('exclusive' as const, 'shared' as const);
const permits = fc.integer({ min: 1, max: limit });
const terms = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  fc
    .record(
      {
        priority: fc.integer({ min: 0, max: 2 }),
        maxHoldMs: fc.constantFrom(5, 25),
        metadata: fc.constantFrom<string | number | null>('why', 7, null),
      },
      { requiredKeys: [] },
    )
    .map((given) => ({ terms: given })),
);
const wanted: fc.Arbitrary<readonly Wanted[]> = fc
  .uniqueArray(
    fc.oneof(
      fc.record({ kind: fc.constant('lock' as const), name: name.map(lockName), mode }),
      fc.record({
        kind: fc.constant('semaphore' as const),
        name: name.map(lockName),
        permits,
        limit: fc.constant(limit),
      }),
    ),
    { minLength: 1, maxLength: 4, selector: (one) => `${one.kind} ${one.name}` },
  )
  .map((list) => list);

/** A command, but for the request id, which is always new, and the token, which is looked up. */
type Step =
  | { readonly type: 'command'; readonly command: Command }
  | {
      readonly type: 'give_back' | 'abandon' | 'downgrade';
      readonly session: string;
      readonly which: number;
    }
  | { readonly type: 'time'; readonly byMs: number }
  | { readonly type: 'restore' };

const asked = {
  sessionId: session.map(id),
  name: name.map(lockName),
  acquiredAtMs: fc.constant(1),
};
const requestId = fc.constant(0);
const commands: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        fc.record({ type: fc.constant('acquire' as const), ...asked, requestId, mode, waitMs }),
        terms,
      )
      .map(([one, more]) => ({ ...one, ...more })),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.record({
          type: fc.constant('acquire_permits' as const),
          ...asked,
          requestId,
          permits,
          limit: fc.constant(limit),
          waitMs,
        }),
        terms,
      )
      .map(([one, more]) => ({ ...one, ...more })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.record({ type: fc.constant('campaign' as const), ...asked, requestId, waitMs }),
        terms,
      )
      .map(([one, more]) => ({ ...one, ...more })),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('acquire_many' as const),
      sessionId: asked.sessionId,
      acquiredAtMs: asked.acquiredAtMs,
      requestId,
      wanted,
      waitMs,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('enter_barrier' as const),
      sessionId: asked.sessionId,
      name: asked.name,
      parties: fc.constant(parties),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('leave_barrier' as const),
      sessionId: asked.sessionId,
      name: asked.name,
      withdraw: fc.boolean(),
    }),
  },
  fc.record({
    type: fc.constant('create_latch' as const),
    name: asked.name,
    count: fc.constant(3),
  }),
  fc.record({
    type: fc.constant('count_down' as const),
    name: asked.name,
    by: fc.integer({ min: 1, max: 2 }),
  }),
  fc.record({ type: fc.constant('delete_latch' as const), name: asked.name }),
  fc.record({
    type: fc.constant('force_release' as const),
    name: asked.name,
    kind: fc.constantFrom('lock' as const, 'semaphore' as const, 'election' as const),
    reason: fc.constant('by randomness'),
  }),
  fc.record({ type: fc.constant('end_session' as const), sessionId: asked.sessionId }),
  session.map((one): Command => createCommand(one, { lockDelayMs: one === 'e' ? 8 : 0 })),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: commands.map((command): Step => ({ type: 'command', command })) },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constantFrom(
        'give_back' as const,
        'give_back' as const,
        'abandon' as const,
        'downgrade' as const,
      ),
      session,
      which: fc.nat(4),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('time' as const),
      byMs: fc.integer({ min: 1, max: 12 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ type: 'restore' }) },
);

/** The command of a step, by what the machine shows now. */
function commandOf(step: Exclude<Step, { type: 'restore' }>, driver: Driver): Command {
  if (step.type === 'time') return { type: 'advance' };
  if (step.type === 'command') return step.command;
  const sessionId = id(step.session);
  const seen = driver.machine.session(sessionId);
  if (seen === undefined) return { type: 'advance' };
  if (step.type === 'abandon') {
    const waits = driver.machine.waitsOf(sessionId, 0, 100).places;
    const wait = waits[step.which % Math.max(1, waits.length)];
    if (wait === undefined) return { type: 'advance' };
    const { requestId, kind, name } = wait;
    const together = requests.get(requestId)?.type === 'acquire_many';
    return { type: 'abandon', sessionId, requestId, name, kind: together ? 'many' : kind };
  }
  const held = [
    ...seen.holds.map((hold) => ({ type: 'release' as const, ...hold })),
    ...seen.permits.map((hold) => ({ type: 'release_permits' as const, ...hold })),
    ...seen.leads.map((hold) => ({ type: 'resign' as const, ...hold })),
  ];
  const hold = held[step.which % Math.max(1, held.length)];
  if (hold === undefined) return { type: 'advance' };
  const { type, name, fenceToken } = hold;
  return { type: step.type === 'downgrade' ? 'downgrade' : type, sessionId, name, fenceToken };
}

let nextRequest = 1;
const requests = new Map<number | string, Command>();
const allNames = ['x', 'y'].map(lockName);

interface Queue {
  readonly size: number;
  readonly holders: readonly { readonly session: string; readonly units: number }[];
  readonly waiters: readonly {
    readonly session: string;
    readonly units: number;
    readonly priority: number;
    readonly requestId: number | string;
  }[];
  readonly closed: boolean;
}

/** The three kinds of pools as views show them. */
function queues(driver: Driver): ReadonlyMap<string, Queue> {
  const all = new Map<string, Queue>();
  const all2 = 1000; // Units of a lock: more than sessions.
  const units = (one: 'exclusive' | 'shared'): number => (one === 'exclusive' ? all2 : 1);
  for (const one of allNames) {
    const lock = driver.machine.show('lock', one);
    all.set(`lock ${one}`, {
      size: all2,
      closed: lock.delayedForMs > 0,
      holders: lock.holders.map((hold) => ({ session: hold.sessionId, units: units(hold.mode) })),
      waiters: lock.waiters.map((w) => ({
        session: w.sessionId,
        units: units(w.mode),
        priority: w.priority,
        requestId: w.requestId,
      })),
    });
    const semaphore = driver.machine.show('semaphore', one);
    all.set(`semaphore ${one}`, {
      size: limit,
      closed: false,
      holders: (semaphore?.holders ?? []).map((hold) => ({
        session: hold.sessionId,
        units: hold.permits,
      })),
      waiters: (semaphore?.waiters ?? []).map((w) => ({
        session: w.sessionId,
        units: w.permits,
        priority: w.priority,
        requestId: w.requestId,
      })),
    });
    const election = driver.machine.show('election', one);
    all.set(`election ${one}`, {
      size: 1,
      closed: election.delayedForMs > 0,
      holders:
        election.leader === undefined ? [] : [{ session: election.leader.sessionId, units: 1 }],
      waiters: election.candidates.map((w) => ({
        session: w.sessionId,
        units: 1,
        priority: w.priority,
        requestId: w.requestId,
      })),
    });
  }
  return all;
}

/** A session that has ended waits for nobody, whatever of it still stands in queues. */
function tiesOf(pools: Iterable<Queue>, { machine }: Driver): readonly Tie[] {
  const ties: Tie[] = [];
  for (const { size, holders, waiters } of pools) {
    for (const [index, waiter] of waiters.entries()) {
      if (machine.endedReason(id(waiter.session)) !== undefined) continue;
      for (const ahead of waiters.slice(0, index)) ties.push([waiter.session, ahead.session]);
      for (const { session: holder } of holders) {
        const theirs = holders.filter((one) => one.session === holder);
        const has = theirs.reduce((sum, one) => sum + one.units, 0);
        if (size - has < waiter.units) ties.push([waiter.session, holder]);
      }
    }
  }
  return ties;
}

/** The queues with what a command asks for put into them, by the plain rule of priorities. */
function withAsked(pools: ReadonlyMap<string, Queue>, command: Command): readonly Queue[] {
  const asked = new Map<string, Queue['waiters'][number]>();
  const add = (kind: string, one: string, units: number, who: string, priority: number): void => {
    asked.set(`${kind} ${one}`, { session: who, units, priority, requestId: -1 });
  };
  const lockUnits = (one: 'exclusive' | 'shared'): number => (one === 'exclusive' ? 1000 : 1);
  if (command.type === 'acquire')
    add(
      'lock',
      command.name,
      lockUnits(command.mode),
      command.sessionId,
      command.terms?.priority ?? 0,
    );
  if (command.type === 'acquire_permits')
    add(
      'semaphore',
      command.name,
      command.permits,
      command.sessionId,
      command.terms?.priority ?? 0,
    );
  if (command.type === 'campaign')
    add('election', command.name, 1, command.sessionId, command.terms?.priority ?? 0);
  if (command.type === 'acquire_many')
    for (const one of command.wanted)
      add(
        one.kind,
        one.name,
        one.kind === 'lock' ? lockUnits(one.mode) : one.permits,
        command.sessionId,
        0,
      );
  return [...pools].map(([key, pool]) => {
    const one = asked.get(key);
    if (one === undefined) return pool;
    const entered = !key.startsWith('semaphore');
    const holds = (who: string): boolean =>
      entered && pool.holders.some((hold) => hold.session === who);
    let place = pool.waiters.length;
    if (holds(one.session))
      place = pool.waiters.findIndex((other) => other.session !== one.session);
    else
      while (place > 0) {
        const ahead = pool.waiters[place - 1];
        if (ahead === undefined || holds(ahead.session) || ahead.priority >= one.priority) break;
        if (requests.get(ahead.requestId)?.type === 'acquire_many') break;
        place -= 1;
      }
    if (place < 0) place = pool.waiters.length;
    return { ...pool, waiters: pool.waiters.toSpliced(place, 0, one) };
  });
}

/** X1: units are never given twice. Nobody waits at the head for what is free, unless it waits for more beside it. */
function checkPools(driver: Driver): void {
  for (const [key, { size, holders, waiters, closed }] of queues(driver)) {
    const held = holders.reduce((sum, one) => sum + one.units, 0);
    assert.ok(held <= size, key);
    const [first] = waiters;
    if (first === undefined || closed) continue;
    const waits = driver.machine.waitsOf(id(first.session), 0, 100).places;
    const together = waits.some((wait) => requests.get(wait.requestId)?.type === 'acquire_many');
    const own = key.startsWith('semaphore')
      ? 0
      : (holders.find((one) => one.session === first.session)?.units ?? 0);
    if (!together)
      assert.ok(first.units > size - held + own, `${key}: the first waits for what is free`);
  }
}

/** STATE-MULTI-1: what is wanted together is granted in one entry, and told once for each. */
function checkMultiAcquire(events: readonly Event[], results: readonly CommandResult[]): void {
  for (const event of events) {
    if (event.type !== 'wait_ended' || !event.result.ok || event.result.type !== 'granted_many')
      continue;
    const command = requests.get(event.requestId);
    assert.ok(command?.type === 'acquire_many');
    const told = events.filter(
      (one) => one.type === 'wait_ended' && one.requestId === event.requestId,
    );
    assert.equal(told.length, command.wanted.length);
  }
  for (const result of results) {
    if (result.ok && result.type === 'granted_many') assert.ok(result.grants.length > 0);
  }
}

/** Tokens rise with every grant, of whatever kind. */
function tokensOf(events: readonly Event[]): readonly FenceToken[] {
  return events.flatMap((event) =>
    event.type === 'granted' || event.type === 'permits_granted' ? [event.fenceToken] : [],
  );
}

/** What is told of barriers and latches agrees with what they show. */
class Rounds {
  readonly inside = new Map<string, Set<string>>();
  readonly open = new Set<string>();
  readonly counts = new Map<string, number>();

  take(events: readonly Event[]): void {
    for (const event of events) {
      if (event.type === 'barrier_joined') {
        const inside = this.inside.get(event.name) ?? new Set<string>();
        assert.ok(!this.open.has(event.name), 'nobody enters a round that is open');
        this.inside.set(event.name, inside.add(event.sessionId));
      } else if (event.type === 'barrier_left') {
        assert.ok(this.inside.get(event.name)?.delete(event.sessionId), 'who leaves was inside');
      } else if (event.type === 'barrier_opened') {
        assert.equal(this.inside.get(event.name)?.size, parties);
        this.open.add(event.name);
      } else if (event.type === 'barrier_over') {
        assert.equal(this.inside.get(event.name)?.size, 0);
        assert.ok(this.open.delete(event.name));
      } else if (event.type === 'latch_changed') {
        if (event.change === 'deleted') this.counts.delete(event.name);
        else {
          const before = this.counts.get(event.name) ?? 4;
          assert.ok(event.count < before, 'a count falls');
          assert.equal(event.change === 'opened', event.count === 0);
          this.counts.set(event.name, event.count);
        }
      }
    }
  }

  compare(driver: Driver): void {
    for (const one of allNames) {
      const barrier = driver.machine.show('barrier', one);
      const members = (barrier?.members ?? []).map(({ sessionId }) => sessionId);
      assert.deepEqual(members.sort(), [...(this.inside.get(one) ?? [])].sort());
      assert.equal(barrier?.open ?? false, this.open.has(one));
      assert.equal(driver.machine.show('latch', one)?.count, this.counts.get(one));
    }
  }
}

describe('all kinds at once', () => {
  test('units, turns, cycles, tokens and barriers are right after every command, and after a restore', () => {
    allIsRight(1000, 150);
  });

  test('so they are where what ends does not fit into one entry', () => {
    for (const maxWorkPerEntry of [1, 3]) allIsRight(maxWorkPerEntry, 40);
  });
});

/** With so much work for each entry. */
function allIsRight(maxWorkPerEntry: number, runs: number): void {
  check(
    fc.property(fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }), (steps) => {
      let driver = Driver.withLimits({ maxWorkPerEntry });
      let twin = Driver.withLimits({ maxWorkPerEntry });
      const rounds = new Rounds();
      let lastToken = 0;
      const begin = sessions.map((one): Step => ({
        type: 'command',
        command: createCommand(one, { lockDelayMs: one === 'e' ? 8 : 0 }),
      }));
      for (const next of [...begin, ...steps]) {
        if (next.type === 'restore') {
          twin = driver.restored();
          assert.equal(twin.machine.digest(), driver.machine.digest());
          [driver, twin] = [twin, driver];
          continue;
        }
        if (next.type === 'time') driver.timeMs += next.byMs;
        twin.timeMs = driver.timeMs;
        let command = commandOf(next, driver);
        if ('requestId' in command && next.type === 'command')
          command = { ...command, requestId: nextRequest++ };
        if ('requestId' in command && command.requestId !== undefined && command.type !== 'abandon')
          requests.set(command.requestId, command);
        // Time passes first: what is compared is the command alone.
        driver.entry([]);
        twin.entry([]);
        const before = queues(driver);
        const { results, events } = driver.entry([command]);
        const other = twin.entry([command]);
        assert.deepEqual(events.map(eventLine), other.events.map(eventLine));
        assert.equal(driver.machine.digest(), twin.machine.digest());
        const [result] = results;
        assert.ok(result !== undefined);
        const ties = tiesOf(queues(driver).values(), driver);
        for (const one of sessions) {
          assert.ok(!leadsBack(ties, one), `no cycle is there after ${JSON.stringify(command)}`);
        }
        if ('sessionId' in command && command.sessionId !== undefined) {
          const closes = leadsBack(tiesOf(withAsked(before, command), driver), command.sessionId);
          if (outcome(result) === 'deadlock') assert.ok(closes, JSON.stringify(command));
          if (outcome(result).startsWith('queued')) assert.ok(!closes, JSON.stringify(command));
        }
        const dueMs = driver.machine.nextDueTime();
        const isBehind = dueMs !== undefined && dueMs <= driver.timeMs;
        if (!isBehind) checkPools(driver);
        else assert.ok(maxWorkPerEntry < 1000, 'all fits into one entry');
        checkMultiAcquire(events, results);
        for (const token of tokensOf(events)) {
          assert.ok(token > lastToken);
          lastToken = token;
        }
        rounds.take(events);
        rounds.compare(driver);
      }
    }),
    runs,
  );
}
