import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Batch } from '@holdfast/engine/parts';
import type { Status, Write } from '@holdfast/raft';
import { createStateMachine, latestFeatureLevel, limitsWithoutLog } from '@holdfast/state';
import type { Event, CommandResult } from '@holdfast/state';
import { CachedValues } from '../../src/checks/cached-values.ts';
import { loadedValue, Loads } from '../../src/checks/loads.ts';
import { Cycles } from '../../src/checks/cycles.ts';
import { Lifetimes } from '../../src/checks/lifetimes.ts';
import { mail, Messages } from '../../src/checks/messages.ts';
import { OnDisk } from '../../src/checks/on-disk.ts';
import { focuses, planOf } from '../../src/run/plan.ts';
import { Random } from '../../src/world/random.ts';

type Command = Batch['commands'][number]['command'];
const batch = (time: number, ...commands: readonly unknown[]): Batch => ({
  time,
  commands: commands.map((command) => ({ command: command as Command, identity: 'anonymous' })),
});
const acquire = (sessionId: string, mode = 'exclusive'): unknown => ({
  type: 'acquire',
  sessionId,
  requestId: 1,
  mode,
});
const granted = (sessionId: string, name: string, mode = 'exclusive'): Event =>
  ({ type: 'granted', sessionId, name, mode, requestId: 0, fenceToken: 1 }) as Event;
const waiting = (sessionId: string, name: string): Event =>
  ({ type: 'waiting', sessionId, name, requestId: 1 }) as Event;

describe('The check of loaders (WITNESS-13)', () => {
  const written = { ok: true, type: 'cache_written', version: 1 } as unknown as CommandResult;
  const load = (act: (loads: Loads, at: (nowMs: number) => void) => void): number => {
    let nowMs = 0;
    const reports: string[] = [];
    const loads = new Loads(
      (message) => reports.push(message),
      () => nowMs,
    );
    act(loads, (ms) => (nowMs = ms));
    return reports.length;
  };
  const apply = (loads: Loads, value: unknown): void =>
    loads.onApplied(batch(0, { type: 'cache_set', name: 'k', value }), [written]);

  it('tells of a value that is older than a write of its key (LOADED-1)', () => {
    const late = (isWritten: boolean): number =>
      load((loads) => {
        const { id } = loads.begin('c', 'k', 0);
        if (isWritten) apply(loads, 7);
        apply(loads, loadedValue(id));
      });
    assert.deepEqual([late(true), late(false)], [1, 0]);
  });

  it('tells of two loaders of one key, but not where the turn of the first may be over (LOADED-2)', () => {
    const second = (between: (loads: Loads, end: () => void) => void, atMs = 100): number =>
      load((loads, at) => {
        const { end } = loads.begin('one', 'k', 0);
        at(10);
        between(loads, end);
        at(atMs);
        loads.begin('other', 'k', atMs - 50);
      });
    assert.equal(
      second(() => undefined),
      1,
    );
    const allowed = [
      second(() => undefined, 1900),
      second((loads) => loads.onLeader()),
      second((loads) => void loads.writing('k')),
      second((_loads, end) => end()),
    ];
    assert.deepEqual(allowed, [0, 0, 0, 0]);
    assert.equal(
      second((loads) => void loads.writing('other')),
      1,
    );
  });

  it('tells of none whose turn was ended on its way to it, before the other one asked (LOADED-2)', () => {
    const late = (before: (loads: Loads) => void, askedMs: number): number =>
      load((loads, at) => {
        at(200);
        before(loads);
        loads.begin('one', 'k', 300);
        at(350);
        loads.begin('late', 'k', askedMs);
      });
    const write = (loads: Loads): void => loads.writing('k')();
    const lead = (loads: Loads): void => loads.onLeader();
    assert.deepEqual([late(write, 100), late(lead, 100)], [0, 0]);
    assert.deepEqual([late(write, 250), late(lead, 250)], [1, 1]);
  });
});

describe('The check of the cache (WITNESS-11)', () => {
  const set = { type: 'cache_set', name: 'k', value: 1 };
  const written = (version: number) => ({ ok: true, type: 'cache_written', version }) as const;
  const deleted = { ok: true, type: 'cache_deleted', existed: true } as const;

  const told = (act: (values: CachedValues, at: (nowMs: number) => void) => void): number => {
    let nowMs = 0;
    const reports: string[] = [];
    const values = new CachedValues(
      (message) => reports.push(message),
      () => nowMs,
    );
    nowMs = 10;
    values.onApplied(batch(0, set), [written(7)]);
    nowMs = 20;
    values.onApplied(batch(0, set), [written(8)]);
    nowMs = 30;
    values.onApplied(batch(0, { type: 'cache_delete', name: 'k' }), [deleted]);
    act(values, (ms) => (nowMs = ms));
    return reports.length;
  };

  it('tells of a read that was answered with what the key had before it was asked', () => {
    const read = (version: number, beganMs: number, endedMs: number): number =>
      told((values, at) => {
        at(endedMs);
        values.wasRead('c', 'k', version, beganMs);
      });
    assert.deepEqual(
      [read(7, 15, 40), read(8, 15, 40), read(0, 15, 40), read(0, 35, 40)],
      [0, 0, 0, 0],
    );
    assert.deepEqual(
      [read(7, 21, 40), read(8, 31, 40), read(9, 0, 40), read(0, 12, 25)],
      [1, 1, 1, 1],
    );
  });

  const refused = (code: string): CommandResult =>
    ({ ok: false, code }) as unknown as CommandResult;

  it('tells of a condition that was not looked at, or was met and refused (CACHED-3)', () => {
    const conditional = (ifVersion: number, result: CommandResult): number =>
      told((values) => values.onApplied(batch(0, { ...Object(set), ifVersion }), [result]));
    assert.equal(conditional(0, written(9)), 0);
    assert.equal(conditional(8, refused('version_mismatch')), 0);
    assert.equal(conditional(8, written(9)), 1);
    assert.equal(conditional(0, refused('version_mismatch')), 1);
    const hold = { ...Object(granted('s', 'guard')), fenceToken: 5 } as Event;
    const over = { ...hold, type: 'hold_ended' } as Event;
    const held = (events: readonly (readonly Event[])[], result: CommandResult): number =>
      told((values) => {
        for (const some of events) values.onApplied(batch(0), [], some);
        const ifHeld = { name: 'guard', fenceToken: 5 };
        values.onApplied(batch(0, { ...Object(set), ifHeld }), [result]);
      });
    assert.equal(held([[hold]], written(9)), 0);
    assert.equal(held([[hold], [over]], refused('hold_not_current')), 0);
    assert.equal(held([[hold], [over]], written(9)), 1);
    assert.equal(held([[hold]], refused('hold_not_current')), 1);
  });

  it('tells of a value that is gone before its end, and of one that comes back (CACHED-4)', () => {
    const reads = (endedBy: number, ...versions: readonly number[]): number =>
      told((values, at) => {
        at(40);
        values.onApplied(batch(100, { ...Object(set), ttlMs: 50 }), [written(9)]);
        at(50);
        values.onApplied(batch(endedBy), []);
        for (const [index, version] of versions.entries()) {
          at(60 + index);
          values.wasRead('c', 'k', version, 59.5 + index);
        }
      });
    assert.equal(reads(150, 9, 0, 0), 0);
    assert.equal(reads(150, 0, 9), 1);
    assert.equal(reads(149, 9, 0), 1);
  });

  it('tells of a version that was told and is in no log', () => {
    assert.equal(
      told((values) => values.wasWritten('c', 'k', 8)),
      0,
    );
    assert.equal(
      told((values) => values.wasWritten('c', 'k', 9)),
      1,
    );
  });
});

describe('The search for cycles of waits (WITNESS-7)', () => {
  const told = (mode: string, ...last: readonly Event[]): string[] => {
    const reports: string[] = [];
    const cycles = new Cycles((message) => reports.push(message));
    const commands = batch(0, acquire('a', mode), acquire('b', mode));
    cycles.onApplied(commands, [granted('a', 'left', mode), granted('b', 'right', mode)]);
    cycles.onApplied(batch(1), [waiting('a', 'right'), ...last]);
    return reports;
  };

  it('tells of two who wait for each other', () => {
    assert.equal(told('exclusive', waiting('b', 'left')).length, 1);
  });

  it('tells of none where one of them does not wait, shares, or is over', () => {
    assert.deepEqual(told('exclusive'), []);
    assert.deepEqual(told('shared', waiting('b', 'left')), []);
    const over = { type: 'session_ended', sessionId: 'b', reason: 'expired' } as Event;
    assert.deepEqual(told('exclusive', waiting('b', 'left'), over), []);
  });
});

describe('The check of when sessions expire (WITNESS-8)', () => {
  const told = (
    afterMs: number,
    repeated: boolean,
    { drift = 0, command = acquire('a') }: { drift?: number; command?: unknown } = {},
  ): string[] => {
    const reports: string[] = [];
    const lifetimes = new Lifetimes((message) => reports.push(message), drift);
    const created = { type: 'session_created', sessionId: 'a', timeoutMs: 1000 } as Event;
    lifetimes.onApplied(batch(0), [created]);
    const { time, commands } = batch(500, command);
    lifetimes.onApplied(
      { time, commands: commands.map((one) => (repeated ? { ...one, repeated: true } : one)) },
      [],
    );
    const ended = { type: 'session_ended', sessionId: 'a', reason: 'expired' } as Event;
    lifetimes.onApplied(batch(500 + afterMs), [ended]);
    return reports;
  };

  it('tells of one that ended before its timeout had passed since its client did something', () => {
    assert.equal(told(600, false).length, 1);
    assert.deepEqual(told(1000, false), []);
  });

  it('counts no wait that a node repeats, and nothing that a node does by itself', () => {
    assert.deepEqual(told(600, true), []);
    const own = [
      { type: 'abandon', sessionId: 'a', kind: 'hold' },
      { type: 'leave_barrier', sessionId: 'a', withdraw: true },
    ];
    for (const command of own) assert.deepEqual(told(600, false, { command }), []);
  });

  it('counts every command of the client', () => {
    const others = [
      { type: 'release', sessionId: 'a' },
      { type: 'enter_barrier', sessionId: 'a' },
      { type: 'leave_barrier', sessionId: 'a', withdraw: false },
    ];
    for (const command of others) assert.equal(told(600, false, { command }).length, 1);
  });

  it('allows for clocks of different rates, and for less where they are equal', () => {
    assert.equal(told(940, false).length, 1);
    assert.deepEqual(told(940, false, { drift: 0.02 }), []);
    assert.equal(told(900, false, { drift: 0.02 }).length, 1);
  });
});

describe('What runs are about', () => {
  it('is the same from the same seed, and everything there is within hundreds of seeds', () => {
    const seen = new Map<string, number>();
    for (let seed = 1n; seed <= 600n; seed++) {
      const { focus, kinds, settings, sufferMs } = planOf(new Random(seed));
      const again = planOf(new Random(seed));
      assert.deepEqual([again.focus, again.kinds, again.settings], [focus, kinds, settings]);
      assert.ok(settings.electionTimeoutMinMs > 2 * settings.heartbeatMs);
      assert.ok(focus === 'everything' || sufferMs <= 12_000);
      seen.set(focus, (seen.get(focus) ?? 0) + 1);
    }
    for (const focus of focuses)
      assert.ok(
        // Those about messages and about the cache share the place of one.
        (seen.get(focus) ?? 0) > (focus === 'messages' || focus === 'cache' ? 6 : 20),
        `${focus}: ${String(seen.get(focus))} of 600`,
      );
    assert.ok((seen.get('everything') ?? 0) > 200);
  });
});

describe('The check of what is on the disks (WITNESS-12)', () => {
  const status = {
    membershipIndex: 0,
    membership: { members: ['a', 'b', 'c'].map((id) => ({ id, address: id, role: 'voter' })) },
  } as unknown as Status;
  const entry = { index: 1, term: 1, kind: 'command', data: Buffer.from('x') } as const;
  const write = { id: 1, hardState: { term: 1, votedFor: 'a', commit: 0 }, entries: [entry] };
  let disks: OnDisk;
  let found: string[];
  beforeEach(() => {
    found = [];
    disks = new OnDisk((message) => found.push(message));
    for (const node of ['a', 'b', 'c']) disks.onStart(node, undefined);
  });

  it('is a vote before its answer leaves', () => {
    const answer = { type: 'vote_answer', granted: true, term: 1 } as const;
    disks.onSend('b', 'a', answer);
    assert.match(found[0] ?? '', /votes for a in term 1/);
    disks.onDurable('b', write as unknown as Write);
    disks.onSend('b', 'a', answer);
    disks.onSend('b', 'a', { ...answer, granted: false });
    assert.equal(found.length, 1);
    disks.onSend('b', 'c', answer);
    assert.equal(found.length, 2);
  });

  it('are entries before they are acknowledged, and not those that were cut off', () => {
    const answer = {
      type: 'append_answer',
      accepted: true,
      term: 1,
      probe: 0,
      matchIndex: 1,
    } as const;
    disks.onSend('b', 'a', answer);
    assert.match(found[0] ?? '', /its disk ends at 0/);
    disks.onDurable('b', write as unknown as Write);
    disks.onSend('b', 'a', answer);
    assert.equal(found.length, 1);
    disks.onDurable('b', { id: 2, truncateFrom: 1, entries: [] });
    disks.onSend('b', 'a', answer);
    assert.equal(found.length, 2);
  });

  it('is on a majority before anybody applies it', () => {
    disks.onDurable('a', write as unknown as Write);
    disks.onApplied('a', 1, 1, status);
    assert.match(found[0] ?? '', /only a of 3/);
    disks.onDurable('b', write as unknown as Write);
    disks.onApplied('a', 1, 1, status);
    disks.onApplied('a', 1, 2, { ...status, membershipIndex: 1 });
    assert.equal(found.length, 1);
  });
});

describe('The check of messages (MESSAGES-4)', () => {
  /** Three messages of three keys, of which one is delivered; what the check is told of may be another one. */
  const compared = (toldOf: (id: number) => number): readonly string[] => {
    const reports: string[] = [];
    const messages = new Messages((message) => reports.push(message));
    const machine = createStateMachine(limitsWithoutLog);
    const enter = (command: unknown): readonly CommandResult[] => {
      const entry = batch(machine.index, command);
      const { results } = machine.apply({ ...entry, index: machine.index + 1 });
      const told = results.map((result) =>
        result.ok && result.type === 'queue_taken'
          ? {
              ...result,
              deliveries: result.deliveries.map((one) => ({ ...one, id: toldOf(one.id) })),
            }
          : result,
      );
      messages.onApplied(entry, told);
      return results;
    };
    enter({ type: 'raise_feature_level', level: latestFeatureLevel });
    const pushed = ['a', 'b', 'c'].map((key) => ({ key, payload: key.repeat(300) }));
    enter({ type: 'queue_push', name: mail, messages: [...pushed, { key: 'd', payload: 1 }] });
    enter({ type: 'queue_pop', name: mail, count: 1 });
    enter({ type: 'queue_pop', name: mail, count: 1, visibilityMs: 60_000 });
    messages.compareState(machine);
    return reports;
  };

  it('tells of a message that is lost, also where another one is there in its place', () => {
    assert.deepEqual(
      compared((id) => id),
      [],
    );
    const reports = compared((id) => id + 2);
    assert.equal(reports.length, 2, reports.join(' '));
    assert.match(reports[0] ?? '', /^Not there, but pushed and not acknowledged: \d+\.$/);
    assert.match(reports[1] ?? '', /^There, but acknowledged or never pushed: \d+\.$/);
  });
});
