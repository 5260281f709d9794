/** The judge of what clients saw of the cache is fed with histories that are right, and with some that are wrong. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CacheJournal, readCacheJournal } from '../../src/cache/journal.ts';
import { judgeCache } from '../../src/cache/judge.ts';
import type { CacheOperation } from '../../src/cache/judge.ts';
import { CacheLoad } from '../../src/cache/load.ts';

interface Seen {
  readonly from: number;
  readonly to: number;
  readonly client?: string;
  readonly key?: string;
}

const read = (version: number, { from, to, client = 'r', key = 'k' }: Seen): CacheOperation => {
  const value = version === 0 ? null : `v${String(version)}`;
  const outcome = {
    type: 'answered',
    answer: { type: 'value', version, value },
    atMs: to,
  } as const;
  return { client, call: { type: 'read', key }, calledAtMs: from, outcome };
};
const write = (
  version: number,
  { from, to, client = 'w', key = 'k' }: Seen,
  fenceToken?: number,
): CacheOperation => {
  const held = fenceToken === undefined ? {} : { fenceToken };
  return {
    client,
    call: { type: 'write', key, value: `v${String(version)}`, ...held },
    calledAtMs: from,
    outcome: { type: 'answered', answer: { type: 'written', version }, atMs: to },
  };
};
const unanswered = (operation: CacheOperation): CacheOperation => ({
  ...operation,
  outcome: { type: 'unknown' },
});

describe('The judge of the cache', () => {
  it('finds what is right: reads of before, during and after a write, of what was not answered, and of other keys', () => {
    const verdict = judgeCache([
      read(0, { from: 1, to: 2 }),
      write(5, { from: 3, to: 10 }),
      read(0, { from: 4, to: 12 }),
      read(5, { from: 5, to: 6 }),
      read(5, { from: 11, to: 11 }),
      unanswered(write(7, { from: 12, to: 13 })),
      read(5, { from: 14, to: 15 }),
      read(7, { from: 16, to: 17 }),
      read(0, { from: 20, to: 21, key: 'other' }),
    ]);
    assert.deepEqual(verdict.violations, []);
    assert.deepEqual([verdict.reads, verdict.writes, verdict.unknown], [7, 1, 1]);
  });

  it('finds a read that is older than a write that was answered before it (CACHE-REGISTER-1)', () => {
    const { violations } = judgeCache([
      write(5, { from: 1, to: 2 }),
      write(6, { from: 3, to: 10 }),
      read(5, { from: 11, to: 12 }),
    ]);
    assert.equal(violations.length, 1);
    assert.match(violations[0] ?? '', /^CACHE-REGISTER-1: "k": .*r reads v5/);
  });

  it('finds a read that is older than another one before it, among many that are right (CACHE-REGISTER-1)', () => {
    const right = Array.from({ length: 500 }, (_, at) =>
      read(at < 250 ? 5 : 6, { from: 20 + at, to: 20.5 + at, client: `r${String(at % 5)}` }),
    );
    const writes = [write(5, { from: 1, to: 2 }), write(6, { from: 200, to: 400 })];
    assert.deepEqual(judgeCache([...writes, ...right]).violations, []);
    const old = read(5, { from: 280, to: 281, client: 'old' });
    const { violations } = judgeCache([...writes, ...right, old]);
    assert.match(violations[0] ?? '', /^CACHE-REGISTER-1: /);
  });

  it('finds values of another version, and versions of another value', () => {
    const wrong = { ...read(6, { from: 3, to: 4 }), call: { type: 'read', key: 'k' } as const };
    const outcome = {
      type: 'answered',
      atMs: 4,
      answer: { type: 'value', version: 5, value: 'v6' },
    };
    const writes = [write(5, { from: 1, to: 2 })];
    for (const value of ['v6', 'nobody wrote it'])
      assert.equal(
        judgeCache([
          ...writes,
          read(5, { from: 2, to: 3 }),
          {
            ...wrong,
            outcome: { ...outcome, answer: { ...outcome.answer, value } },
          } as CacheOperation,
        ]).violations.length,
        1,
        value,
      );
  });

  it('finds a value that came back after it was deleted, and a read of none while there is one', () => {
    const deleted: CacheOperation = {
      client: 'd',
      call: { type: 'delete', key: 'k' },
      calledAtMs: 3,
      outcome: { type: 'answered', answer: { type: 'deleted', existed: true }, atMs: 4 },
    };
    const first = write(5, { from: 1, to: 2 });
    assert.deepEqual(judgeCache([first, deleted, read(0, { from: 5, to: 6 })]).violations, []);
    assert.equal(judgeCache([first, deleted, read(5, { from: 5, to: 6 })]).violations.length, 1);
    assert.equal(judgeCache([first, read(0, { from: 5, to: 6 })]).violations.length, 1);
  });

  it('finds a write under a hold that somebody else has taken over (CACHE-HELD-1)', () => {
    const before = write(5, { from: 1, to: 9, key: 'a' }, 10);
    const next = write(6, { from: 2, to: 9, key: 'b' }, 11);
    assert.deepEqual(judgeCache([before, next]).violations, []);
    const late = unanswered(write(7, { from: 3, to: 9, key: 'c' }, 10));
    assert.deepEqual(judgeCache([before, next, late]).violations, [], 'nobody saw it');
    const seen = read(7, { from: 10, to: 11, key: 'c' });
    const { violations } = judgeCache([before, next, late, seen]);
    assert.equal(violations.length, 1);
    assert.match(violations[0] ?? '', /^CACHE-HELD-1: w wrote version 7 under fence token 10/);
  });
});

describe('The load of the cache', () => {
  it('is made of all that can be asked', () => {
    let seed = 0.5;
    // Of no quality: it goes through all of its values.
    const random = (): number => (seed = (seed * 9301 + 0.49297) % 1);
    let nowMs = 1000;
    const load = new CacheLoad('w', random, () => nowMs++);
    load.held = { name: 'lock', fenceToken: 7 };
    load.found('k', 3);
    const asked = Array.from({ length: 200_000 }, () => load.next('k'));
    const changes = asked.filter(({ call }) => call.type !== 'read');
    const values = changes.flatMap(({ call }) => (call.type === 'write' ? [call.value] : []));
    assert.equal(new Set(values).size, values.length);
    const some = (isSo: (one: (typeof asked)[number]) => boolean): void =>
      assert.ok(changes.some(isSo), isSo.toString());
    some(({ call }) => call.type === 'delete');
    some(({ call }) => call.type !== 'read' && call.ifVersion === 3);
    some(({ ifHeld, call }) => ifHeld?.fenceToken === 7 && call.fenceToken === 7);
    some(({ ttlMs, call }) => ttlMs !== undefined && call.type === 'write');
    for (const { ttlMs = 0, call, askedMs } of changes)
      if (call.type === 'write' && call.endsMs !== undefined)
        assert.ok(call.endsMs <= askedMs + ttlMs && call.endsMs > askedMs);
    assert.ok(asked.some(({ isOwnRead }) => !isOwnRead));
  });

  it('is written down so that what was not answered is known, and what was refused counts for nothing', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cache-journal-'));
    try {
      const path = join(folder, 'journal');
      const journal = new CacheJournal(path);
      journal.read({ type: 'read', key: 'k' }, 1, { type: 'value', version: 0, value: null });
      journal
        .change({ type: 'write', key: 'k', value: 'a' }, 2)
        .answered({ type: 'written', version: 5 });
      journal.change({ type: 'write', key: 'k', value: 'b' }, 3);
      journal.change({ type: 'delete', key: 'k', fenceToken: 4 }, 4).refused('hold_not_current');
      const { operations, refusedHolds } = readCacheJournal('c', path);
      assert.equal(refusedHolds, 1);
      assert.deepEqual(
        operations.map(({ call, calledAtMs, outcome }) => [call.type, calledAtMs, outcome.type]),
        [
          ['read', 1, 'answered'],
          ['write', 2, 'answered'],
          ['write', 3, 'unknown'],
        ],
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
