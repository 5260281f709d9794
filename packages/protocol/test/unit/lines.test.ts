/** The rules of the lines of one memory (`lines.ts`), each by itself. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Lines } from '../../src/cache/lines.ts';
import type { PendingFetch, FetchAnswer, Line, LineStore } from '../../src/cache/lines.ts';

class Store extends Map<string, Line<string>> implements LineStore<string> {
  peek(key: string): Line<string> | undefined {
    return this.get(key);
  }
  share(key: string): void {
    const line = this.get(key);
    if (line !== undefined) this.set(key, { ...line, state: 'shared' });
  }
  get calculatedSize(): number {
    return this.size;
  }
}

const leaseMs = 1000;
const granted = (seq: number, { term = 1, value = 'old' } = {}): FetchAnswer<string> => ({
  term,
  value,
  expiresInMs: undefined,
  grant: { seq, leaseMs, line: 'shared' },
});

describe('The lines of a memory', () => {
  let lines: Lines<string>;
  beforeEach(() => {
    lines = new Lines('process', new Store(), 0);
  });

  const asked = (nowMs = 0): PendingFetch => lines.beginFetch('key', nowMs);
  const invalidate = (seq: number): boolean =>
    lines.invalidate({ term: 1, memoryId: lines.memoryId, seq, keys: ['key'], shared: [] });
  const kept = (nowMs = 1): string | undefined => lines.read('key', nowMs)?.value;

  it('are answered until the lease has run out, by the clock at that very read (LINE-1)', () => {
    lines.endFetch(asked(), granted(1), false, 0);
    assert.equal(kept(leaseMs - 1), 'old');
    assert.equal(kept(leaseMs), undefined);
  });

  it('have a lease that counts from before it was asked for (LINE-5)', () => {
    lines.endFetch(asked(), granted(1), false, 600);
    assert.equal(kept(leaseMs - 1), 'old');
    assert.equal(kept(leaseMs), undefined);
  });

  it('do not take an answer that its invalidation has overtaken (LINE-3)', () => {
    const fetch = asked();
    invalidate(2);
    assert.equal(lines.endFetch(fetch, granted(1), false, 1), 'invalid');
    assert.equal(kept(), undefined);
  });

  it('do not take it where an older invalidation came after the newer one, either (LINE-3)', () => {
    const fetch = asked();
    invalidate(7);
    invalidate(5);
    assert.equal(lines.endFetch(fetch, granted(6), false, 1), 'invalid');
    assert.equal(kept(), undefined);
  });

  it('take an answer that was granted after the last invalidation (LINE-3)', () => {
    const fetch = asked();
    invalidate(5);
    assert.equal(lines.endFetch(fetch, granted(6, { value: 'new' }), false, 1), 'shared');
    assert.equal(kept(), 'new');
  });

  it('are gone when an invalidation is acknowledged (LINE-4)', () => {
    lines.endFetch(asked(), granted(1), false, 0);
    assert.equal(invalidate(2), true);
    assert.equal(kept(), undefined);
  });

  it('are all gone where another leader grants them, and so is its answer (LINE-2)', () => {
    lines.endFetch(asked(), granted(1), false, 0);
    const before = lines.memoryId;
    assert.equal(lines.endFetch(asked(), granted(1, { term: 2 }), false, 1), 'invalid');
    assert.equal(kept(), undefined);
    assert.notEqual(lines.memoryId, before);
  });

  it('take nothing of a memory id that is over (LINE-2)', () => {
    const fetch = asked();
    lines.drop();
    assert.equal(lines.endFetch(fetch, granted(1), false, 1), 'invalid');
    assert.equal(kept(), undefined);
  });

  it('take nothing of a leader before the one for which all was dropped (LINE-8)', () => {
    const fetch = asked();
    lines.dropBefore(2);
    assert.equal(lines.endFetch(fetch, granted(1), false, 1), 'invalid');
    assert.equal(kept(), undefined);
  });

  for (const [text, wrong] of [
    ['absent', undefined],
    ['null', null],
    ['NaN', Number.NaN],
    ['infinite', Number.POSITIVE_INFINITY],
    ['a text', '1000'],
    ['an object', {}],
  ] as const)
    for (const what of ['term', 'seq', 'leaseMs'] as const)
      it(`take nothing of an answer whose ${what} is ${text}, and live no longer (LINE-9)`, () => {
        const changed = { [what]: wrong } as Readonly<Record<string, never>>;
        const answer = granted(1);
        const { grant } = answer;
        assert.ok(grant !== 'over');
        const strange = { ...answer, ...changed, grant: { ...grant, ...changed } };
        assert.equal(lines.endFetch(asked(), strange, false, 0), 'invalid');
        assert.equal(kept(), undefined);
        lines.endFetch(asked(), granted(2), false, 0);
        lines.endFetch(asked(1), strange, false, 1);
        assert.equal(kept(leaseMs - 1), 'old');
        assert.equal(kept(leaseMs), undefined);
        assert.equal(kept(1e12), undefined);
      });
});
