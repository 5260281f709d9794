import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PagedTable } from '../../src/paged-table.ts';

interface Record {
  readonly name: string;
}

function printed(json: boolean, pages: readonly (readonly Record[])[]): string {
  let text = '';
  const write = (more: string): void => {
    text += more;
  };
  const table = new PagedTable({ json, write }, { name: 'locks', heads: ['NAME', 'X'] });
  for (const page of pages) table.page(page, ({ name }) => [name, 'x']);
  table.end({ total_locks: table.count, next_after: null });
  return text;
}

describe('a table that comes in pages', () => {
  it('given two pages, then the head stands once, and columns grow with what comes', () => {
    const text = printed(false, [[{ name: 'ab' }], [{ name: 'abcdef' }, { name: 'c' }]]);
    assert.equal(text, 'NAME  X\nab    x\nabcdef  x\nc       x\n');
  });

  it('given no row at all, then the head alone', () => {
    assert.equal(printed(false, []), 'NAME  X\n');
  });

  it('as JSON, then it is one object, however many pages there were', () => {
    for (const pages of [[], [[]], [[{ name: 'a' }]], [[{ name: 'a' }], [], [{ name: 'b' }]]]) {
      const locks = pages.flat();
      const rest = { total_locks: locks.length, next_after: null };
      assert.deepEqual(JSON.parse(printed(true, pages)), { locks, ...rest });
    }
  });
});
