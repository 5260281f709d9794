import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { version } from '../../src/version.ts';

test('the version that a lease node tells is that of its package', () => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const written: unknown = JSON.parse(text);
  assert.ok(typeof written === 'object' && written !== null && 'version' in written);
  assert.equal(version, written.version);
});
