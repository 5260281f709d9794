import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  longestTurns,
  parseTurnRecords,
  turnRecordLine,
} from '../../../src/state-bench/turn-records.ts';

const records = [
  { atMs: 1000, longestMs: 90, processorMs: 80, collectorMs: 70 },
  { atMs: 1100, longestMs: 5, processorMs: 4, collectorMs: 1 },
  { atMs: 1200, longestMs: 7, processorMs: 3, collectorMs: 2 },
  { atMs: 4500, longestMs: 3300, processorMs: 3000, collectorMs: 0 },
  { atMs: 4600, longestMs: 80, processorMs: 80, collectorMs: 80 },
];

describe('The longest turns in a window', () => {
  it('leave out what was recorded before the window', () => {
    assert.equal(longestTurns(records, 1000, 1150).longestMs, 7);
  });

  it('are each the longest of its own: by the clock, of the processor, of the collector', () => {
    const turns = longestTurns(records, 1000, 1150);
    assert.deepEqual(turns, { longestMs: 7, processorMs: 4, collectorMs: 2 });
  });

  it('count a turn that began in the window and ended long after it', () => {
    assert.equal(longestTurns(records, 1100, 1250).longestMs, 3300);
  });

  it('leave out what comes after that', () => {
    assert.equal(longestTurns(records, 1000, 1100).longestMs, 7);
  });

  it('of nothing are 0', () => {
    assert.deepEqual(longestTurns([], 0, 1), { longestMs: 0, processorMs: 0, collectorMs: 0 });
  });
});

describe('Records that are being written', () => {
  const record = { atMs: 1000, longestMs: 5.25, processorMs: 4.5, collectorMs: 0.75 };

  it('are read as they were written', () => {
    assert.deepEqual(parseTurnRecords(turnRecordLine(record)), [record]);
  });

  it('are read up to the last whole line', () => {
    assert.deepEqual(parseTurnRecords(`${turnRecordLine(record)}1100 7 1`), [record]);
    assert.deepEqual(parseTurnRecords(''), []);
  });
});
