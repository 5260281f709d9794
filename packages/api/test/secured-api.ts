/** An api whose cluster has authentication, for tests. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { startHarness } from './harness.ts';
import type { Harness } from './harness.ts';

type Headers = Readonly<Record<string, string>>;
export const withKey = (key: string): Headers => ({ authorization: `Bearer ${key}` });

export interface Secured extends Harness {
  readonly root: Headers;
  /** A key of an identity with a role of these rules. */
  identity(name: string, ...rules: readonly object[]): Promise<Headers>;
  keyOf(headers: Headers): string;
}

const keyIdOf = (headers: Headers): string =>
  /hf_([a-z0-9]+)_/.exec(String(headers['authorization']))?.[1] ?? '';

/** An api whose cluster has authentication. */
export async function secured<Of extends Harness = Harness>(
  test: TestContext,
  options: Parameters<typeof startHarness>[1] = {},
  harness: Of = startHarness(test, options) as Of,
): Promise<Secured & Of> {
  const made = await harness.request('POST', '/auth/keys', { identity: 'root', roles: ['admin'] });
  assert.equal(made.status, 200, made.text);
  const root = withKey(String(made.body['key']));
  const enabled = await harness.request('POST', '/auth/enable', {}, root);
  assert.equal(enabled.status, 200, enabled.text);
  return {
    ...harness,
    /** What is not valid is refused before any rule is asked: a test of rules that sends it shows nothing. */
    async request(...asked) {
      const answer = await harness.request(...asked);
      assert.notEqual(answer.body['code'], 'invalid_request', answer.text);
      return answer;
    },
    root,
    keyOf: keyIdOf,
    async identity(name, ...rules) {
      for (const rule of rules) {
        const granted = await harness.request('POST', `/auth/roles/of-${name}/grant`, rule, root);
        assert.equal(granted.status, 200, granted.text);
      }
      const roles = rules.length === 0 ? [] : [`of-${name}`];
      const key = await harness.request('POST', '/auth/keys', { identity: name, roles }, root);
      assert.equal(key.status, 200, key.text);
      return withKey(String(key.body['key']));
    },
  };
}
