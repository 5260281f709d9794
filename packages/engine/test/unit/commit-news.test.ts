/** When a leader tells by itself what is committed. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CommitNews } from '../../src/commit-news.ts';
import { StillClock } from './still-clock.ts';

describe('What is committed', () => {
  /** Entries leave every 5 ms, and each is committed some ms later. @returns What was told by itself, and how late at most. */
  function stream(delaysMs: readonly number[]): {
    readonly told: number;
    readonly latestMs: number;
  } {
    const clock = new StillClock();
    let committed = 0;
    let told = 0;
    const sinceMs = new Map<number, number>();
    let latestMs = 0;
    const hear = (upTo: number): void => {
      for (const [index, atMs] of sinceMs)
        if (index <= upTo) {
          latestMs = Math.max(latestMs, clock.nowMs - atMs);
          sinceMs.delete(index);
        }
    };
    const news = new CommitNews(clock, () => {
      told += 1;
      hear(committed);
    });
    news.leads = true;
    for (let index = 1; index <= 200; index++) {
      const delayMs = delaysMs[index % delaysMs.length] ?? 0;
      news.told(committed, index);
      hear(committed);
      clock.pass(delayMs);
      committed = index;
      sinceMs.set(index, clock.nowMs);
      news.committed(index);
      clock.pass(5 - delayMs);
    }
    clock.pass(20);
    return { told, latestMs };
  }

  it('goes with the entries alone while they follow each other, however long each takes (NEWS-2)', () => {
    for (const delaysMs of [[3], [3, 1, 1], [1, 4, 2, 2, 3]])
      assert.equal(stream(delaysMs).told, 2, 'but for the first and the last one');
  });

  it('is told within 20 ms (NEWS-1)', () => {
    assert.ok(stream([4, 1]).latestMs <= 20);
  });
});
