/** Each decision record says whether it holds, since when, and what made it necessary. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const folder = new URL('../../docs/decisions/', import.meta.url);

test('decision records have a number of their own, and begin with a title, a status, a date and the context', () => {
  const names = readdirSync(folder).filter((name) => name.endsWith('.md'));
  assert.ok(names.length > 15);
  const numbers = names.map((name) => name.slice(0, 4));
  assert.deepEqual([...new Set(numbers)], numbers, 'Each number is of one record.');
  for (const name of names) {
    const text = readFileSync(new URL(name, folder), 'utf8');
    const [title = '', , status = ''] = text.split('\n');
    assert.match(title, /^# \S/, name);
    const said =
      /^Status: (?:proposed|accepted|replaced by \d{4})\. Date: 20\d\d-\d\d(?:-\d\d)?\.$/;
    assert.match(status, said, name);
    assert.match(text, /\*\*Context\.?\*\*|^## Context$/m, name);
  }
});
