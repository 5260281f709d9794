import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Batch } from '@holdfast/engine/parts';
import type { Event } from '@holdfast/state';
import { Cycles } from '../../src/checks/cycles.ts';
import { Lifetimes } from '../../src/checks/lifetimes.ts';
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
  const told = (afterMs: number, repeated: boolean): string[] => {
    const reports: string[] = [];
    const lifetimes = new Lifetimes((message) => reports.push(message));
    const created = { type: 'session_created', sessionId: 'a', timeoutMs: 1000 } as Event;
    lifetimes.onApplied(batch(0), [created]);
    const { time, commands } = batch(500, acquire('a'));
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

  it('counts no wait that a node repeats', () => {
    assert.deepEqual(told(600, true), []);
  });
});

describe('What lives are about', () => {
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
      assert.ok((seen.get(focus) ?? 0) > 20, `${focus}: ${String(seen.get(focus))} of 600`);
    assert.ok((seen.get('everything') ?? 0) > 200);
  });
});
