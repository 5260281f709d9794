import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hashOfShown, staleScreenshots } from '../check-screenshots.ts';

const style = 'td { padding: 8px; }';
const page = `
import { html } from './library.ts';
type Kind = 'lock' | 'latch';
const row = (name: string) => html\`<tr>
  <td>\${name}</td>
  <td class="number">Holders</td></tr>\`;
export const title = 'Resources';
`;
const hash = (...sources: readonly string[]): string => hashOfShown(sources, style);

describe('What the dashboard shows (SCREENSHOT-2)', () => {
  it('is the same when code is moved, renamed, explained or taken apart', () => {
    const refactored = [
      "// Of a list.\nexport const heading = 'Resources';",
      `import { html } from './parts.ts';
       type Kind = 'lock' | 'latch' | 'queue';
       const holders = html\`<td class="number">Holders</td>\`;
       const line = (one: string) => html\`<tr><td>\${one}</td>\${holders}</tr>\`;`,
    ];
    assert.equal(hash(...refactored), hash(page));
    assert.equal(hashOfShown([page], 'td {\n  padding: 8px;\n}'), hash(page));
  });

  it('is another one with another text, tag or style', () => {
    for (const [from, to] of [
      ['Resources', 'Locks'],
      ['Holders', 'Held by'],
      ['class="number"', 'class="name"'],
    ] as const)
      assert.notEqual(hash(page.replace(from, to)), hash(page), from);
    assert.notEqual(hashOfShown([page], 'td { padding: 9px; }'), hash(page));
  });
});

describe('Screenshots that are to be taken anew (SCREENSHOT-1)', () => {
  it('are those of an earlier dashboard, and those without a record', () => {
    assert.deepEqual(staleScreenshots(['audit', 'cache', 'new'], { audit: 'b', cache: 'a' }, 'b'), [
      'cache',
      'new',
    ]);
  });
});
