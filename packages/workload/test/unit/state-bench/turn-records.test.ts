import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  longestTurns,
  parseTurnRecords,
  turnRecordLine,
} from '../../../src/state-bench/turn-records.ts';
import type { TurnRecord } from '../../../src/state-bench/turn-records.ts';

const record = (atMs: number, wallMs: number, ownMs: number, collectorMs: number): TurnRecord => ({
  atMs,
  longest: { wallMs, ownMs, collectorMs, waitingMs: 0, restMs: wallMs - ownMs - collectorMs },
  mostOwnMs: ownMs,
  mostCollectorMs: collectorMs,
});

const records = [
  record(1000, 90, 20, 70),
  record(1100, 5, 4, 1),
  record(1200, 7, 3, 2),
  record(4500, 3300, 3000, 0),
  record(4600, 80, 0, 80),
];

describe('The longest turns in a window', () => {
  it('leave out what was recorded before the window', () => {
    assert.equal(longestTurns(records, 1000, 1150).longest.wallMs, 7);
  });

  it('are told with the parts of the longest one, and with the most of any', () => {
    const { longest, mostOwnMs, mostCollectorMs } = longestTurns(records, 1000, 1150);
    assert.equal(longest.ownMs, 3);
    assert.equal(mostOwnMs, 4);
    assert.equal(mostCollectorMs, 2);
  });

  it('count a turn that began in the window and ended long after it', () => {
    assert.equal(longestTurns(records, 1100, 1250).longest.wallMs, 3300);
  });

  it('leave out what comes after that', () => {
    assert.equal(longestTurns(records, 1000, 1100).longest.wallMs, 7);
  });

  it('of nothing are 0', () => {
    assert.equal(longestTurns([], 0, 1).longest.wallMs, 0);
  });
});

describe('Records that are being written', () => {
  const one: TurnRecord = {
    atMs: 1000,
    longest: { wallMs: 5.25, ownMs: 3.5, collectorMs: 0.75, waitingMs: NaN, restMs: 1 },
    mostOwnMs: 4.5,
    mostCollectorMs: 1.25,
  };

  it('are read as they were written', () => {
    assert.deepEqual(parseTurnRecords(turnRecordLine(one)), [one]);
  });

  it('are read up to the last whole line', () => {
    assert.deepEqual(parseTurnRecords(`${turnRecordLine(one)}1100 7 1`), [one]);
    assert.deepEqual(parseTurnRecords(''), []);
  });
});
