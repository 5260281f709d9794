import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { longestTurnMs, parseTurnRecords } from '../../../src/state-bench/turn-records.ts';

const records = [
  { atMs: 1000, longestMs: 90 },
  { atMs: 1100, longestMs: 5 },
  { atMs: 1200, longestMs: 7 },
  { atMs: 4500, longestMs: 3300 },
  { atMs: 4600, longestMs: 80 },
];

describe('The longest turn in a window', () => {
  it('leaves out what was recorded before the window', () => {
    assert.equal(longestTurnMs(records, 1000, 1150), 7);
  });

  it('counts a turn that began in the window and ended long after it', () => {
    assert.equal(longestTurnMs(records, 1100, 1250), 3300);
  });

  it('leaves out what comes after that', () => {
    assert.equal(longestTurnMs(records, 1000, 1100), 7);
  });

  it('of nothing is 0', () => {
    assert.equal(longestTurnMs([], 0, 1), 0);
  });
});

describe('Records that are being written', () => {
  it('are read up to the last whole line', () => {
    assert.deepEqual(parseTurnRecords('1000 5.25\n1100 7\n12'), [
      { atMs: 1000, longestMs: 5.25 },
      { atMs: 1100, longestMs: 7 },
    ]);
    assert.deepEqual(parseTurnRecords(''), []);
  });
});
