/** Each decision record says whether it holds, and since when. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const folder = new URL('../../docs/decisions/', import.meta.url);

test('decision records begin with a title, a status and a date', () => {
  const names = readdirSync(folder).filter((name) => name.endsWith('.md'));
  assert.ok(names.length > 15);
  for (const name of names) {
    const [title = '', , status = ''] = readFileSync(new URL(name, folder), 'utf8').split('\n');
    assert.match(title, /^# \S/, name);
    const said = /^Status: (?:accepted|replaced by \d{4})\. Date: 20\d\d-\d\d(?:-\d\d)?\.$/;
    assert.match(status, said, name);
  }
});
