import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { checkLinearizable, lockModel } from '@holdfast/checker';
import { HoldLog, readHolds } from '../../src/quorum/hold-log.ts';
import type { HoldRecord } from '../../src/quorum/hold-log.ts';
import { brokenPromises, historyOf, waitsAfter } from '../../src/quorum/judge.ts';

const granted = (
  client: string,
  token: number,
  [fromMs, untilMs]: readonly [number, number],
  change: Partial<HoldRecord> = {},
): HoldRecord => ({
  client,
  hold: `${client} ${String(token)}`,
  lock: 'red',
  askedAtMs: fromMs - 5,
  refused: false,
  granted: { token, atMs: fromMs, untilMs },
  releasingAtMs: undefined,
  releasedAtMs: undefined,
  writes: [],
  awakenings: [],
  ...change,
});
const verdictOf = (records: readonly HoldRecord[]): string =>
  checkLinearizable(lockModel(), historyOf(records)).type;

describe('The judge of what clients of a quorum believed', () => {
  it('finds nothing where each holds after the other, given back or run out', () => {
    const records = [
      granted('a', 1, [10, 100], { releasingAtMs: 50, releasedAtMs: 60 }),
      granted('b', 2, [55, 120]),
      // Was paused past its lease, and gave back what it had no longer.
      granted('c', 4, [130, 200], { releasingAtMs: 400, releasedAtMs: 410 }),
      granted('a', 5, [210, 300]),
    ];
    assert.deepEqual(brokenPromises(records), []);
    assert.equal(verdictOf(records), 'linearizable');
  });

  it('finds two that hold at once', () => {
    const records = [granted('a', 1, [10, 100]), granted('b', 2, [90, 150])];
    assert.match(brokenPromises(records).join(), /a \(token 1\).+b \(token 2\).+both held "red"/);
    assert.equal(verdictOf(records), 'violation');
  });

  it('finds one whose release was not heard, and whose lock was given before its validity ended', () => {
    const first = granted('a', 1, [10, 100], { releasingAtMs: 50, releasedAtMs: 60 });
    const second = granted('b', 2, [40, 150]);
    assert.equal(verdictOf([first, second]), 'violation');
    assert.equal(brokenPromises([first, second]).length, 1);
  });

  it('finds tokens that do not grow', () => {
    const records = [granted('a', 7, [10, 20]), granted('b', 7, [30, 40])];
    assert.match(brokenPromises(records).join(), /held by a \(token 7\) and then by b/);
    assert.equal(verdictOf(records), 'violation');
  });

  it('finds a holder whose write was refused, and a zombie that believed', () => {
    const writes = [{ accepted: false, held: true }];
    const awakenings = [{ pausedMs: 9000, code: null }];
    assert.match(brokenPromises([granted('a', 1, [10, 20], { writes })]).join(), /was refused/);
    assert.match(brokenPromises([granted('a', 1, [10, 20], { awakenings })]).join(), /9000 ms/);
    const told = [{ pausedMs: 9000, code: 'hold_lost' }];
    const zombies = [{ accepted: false, held: false }];
    assert.deepEqual(
      brokenPromises([granted('a', 1, [10, 20], { awakenings: told, writes: zombies })]),
      [],
    );
  });

  it('lets a grant that ran out before it was told of have been at any time since it was asked for', () => {
    const late = granted('a', 1, [500, 0], { askedAtMs: 5 });
    const records = [
      { ...late, granted: { token: 1, atMs: 500, untilMs: undefined } },
      granted('b', 2, [100, 200]),
    ];
    assert.deepEqual(brokenPromises(records), []);
    assert.equal(verdictOf(records), 'linearizable');
  });

  it('measures how long after a heal each client holds again, also as another process', () => {
    const records = [
      granted('a.1', 1, [10, 20]),
      granted('a.2', 2, [130, 140]),
      granted('b.1', 3, [160, 170]),
    ];
    assert.deepEqual(waitsAfter([100], records, ['red']), { medianMs: 60, longestMs: 60 });
    assert.deepEqual(waitsAfter([100], records, ['blue']), { medianMs: 0, longestMs: 0 });
  });
});

describe('The log of holds of a client process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-hold-log-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('tells what was believed, with its renewals', () => {
    const path = join(folder, 'log');
    const log = new HoldLog(path);
    log.write('h1', { type: 'asked', lock: 'red', atMs: 1 });
    log.write('h2', { type: 'asked', lock: 'red', atMs: 2 });
    log.write('h1', { type: 'granted', token: 3, atMs: 4, untilMs: 50 });
    log.write('h1', { type: 'renewed', untilMs: 80 });
    log.write('h2', { type: 'refused', atMs: 5 });
    log.write('h1', { type: 'wrote', write: { accepted: true, held: true } });
    log.write('h1', { type: 'releasing', atMs: 60 });
    const [first, second] = readHolds('a', path);
    assert.deepEqual(first?.granted, { token: 3, atMs: 4, untilMs: 80 });
    assert.equal(first.releasingAtMs, 60);
    assert.equal(first.releasedAtMs, undefined);
    assert.equal(first.writes.length, 1);
    assert.equal(second?.refused, true);
  });
});
