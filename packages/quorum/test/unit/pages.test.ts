import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { Pages } from '../../src/node/pages.ts';

const names = Array.from({ length: 2500 }, (_, number) => `r${String(number)}`);
const refused = (error: unknown): boolean =>
  error instanceof HoldfastError && error.code === 'invalid_request';

describe('Pages', () => {
  it('are of one list, which is made once', () => {
    const pages = new Pages();
    let made = 0;
    const list = (): readonly string[] => {
      made += 1;
      return names;
    };
    const seen: string[] = [];
    for (let after: string | null = ''; after !== null;) {
      const page = pages.page(after, list);
      seen.push(...page.names);
      after = page.next;
    }
    assert.deepEqual(seen, names);
    assert.equal(made, 1);
    assert.deepEqual(
      pages.page('', () => []),
      { names: [], next: null },
    );
  });

  it('are forgotten when others have been begun since: nothing grows', () => {
    const pages = new Pages();
    const { next } = pages.page('', () => names);
    for (let others = 0; others < 7; others++) pages.page('', () => names);
    assert.throws(() => pages.page(next ?? '', () => names), refused);
  });

  it('of what nobody was told are refused', () => {
    const pages = new Pages();
    pages.page('', () => names);
    for (const after of ['nonsense', '1.-1000', '1.x', '9.1000', '1.1e99'])
      assert.throws(() => pages.page(after, () => names), refused, after);
  });
});
