/** Requests that are under way while authentication is turned on (ACCESS-2). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilSo } from '../../../checker/src/waits.ts';
import { startHarness } from '../harness.ts';
import { withKey } from '../secured-api.ts';

test('given a node that requires authentication, when two copies of auth_enable come at once, then both are answered', async (t) => {
  const { request, engine } = startHarness(t, { requiresAuthentication: true });
  const made = await request('POST', '/auth/keys', { identity: 'root', roles: ['admin'] });
  assert.equal(made.status, 200, made.text);
  const root = withKey(String(made.body['key']));
  const gate = Promise.withResolvers<void>();
  engine.gate = gate.promise;
  const submitted = t.mock.method(engine, 'submit');
  // Both are authorized before the rules are in force: the second is executed under the rules of the first.
  const copies = [1, 2].map(() => request('POST', '/auth/enable', {}, root));
  await untilSo(() => submitted.mock.callCount() === 2);
  gate.resolve();
  for (const copy of await Promise.all(copies)) assert.equal(copy.status, 200, copy.text);
});
