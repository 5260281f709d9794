import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeReads } from '../../src/cache/judge.ts';
import type { CacheEvent } from '../../src/cache/judge.ts';

const event = (
  type: CacheEvent['type'],
  version: number,
  askedMs: number,
  answeredMs: number,
  key = 'k',
): CacheEvent => ({ client: `c${String(askedMs)}`, type, key, version, askedMs, answeredMs });

describe('The judge of reads of the cache', () => {
  it('finds what is right: reads of before, during and after a write', () => {
    const events = [
      event('read', 0, 1, 2),
      event('write', 5, 3, 10),
      event('read', 0, 4, 12),
      event('read', 5, 5, 6),
      event('read', 5, 11, 11),
      event('read', 0, 20, 21, 'other'),
    ];
    assert.deepEqual(judgeReads(events), { reads: 5, writes: 1, violations: [] });
  });

  it('finds a read that is older than a write that was answered before it (CACHE-READ-1)', () => {
    const { violations } = judgeReads([event('write', 5, 3, 10), event('read', 4, 11, 12)]);
    assert.equal(violations.length, 1);
    assert.match(
      violations[0] ?? '',
      /^CACHE-READ-1: c11 read version 4 .* version 5 by its write/,
    );
  });

  it('finds a read that is older than another one before it (CACHE-READ-2)', () => {
    const { violations } = judgeReads([event('read', 5, 3, 4), event('read', 4, 5, 6)]);
    assert.match(violations[0] ?? '', /^CACHE-READ-2: /);
  });
});
