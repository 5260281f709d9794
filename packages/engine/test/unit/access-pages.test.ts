import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessTables } from '@holdfast/state';
import { findAccess } from '../../src/access-queries.ts';

test('given 2,000 names, then a page of them looks at those that it shows, and the next one goes on', () => {
  const names = Array.from({ length: 2000 }, (_, at) => `i/${String(at).padStart(5, '0')}`);
  let looked = 0;
  let walked = 0;
  const bindings = {
    names: {
      *from(first: string) {
        for (let at = names.findIndex((name) => name >= first); at < names.length; at++) {
          looked += 1;
          yield names[at];
        }
      },
    },
    get: (identity: string) => ({ identity, roles: [], changedAt: 1 }),
    keys: () => {
      walked += 1;
      return names.values();
    },
  };
  const access = { isEnabled: true, bindings } as unknown as AccessTables;
  const about = { type: 'access', part: 'identities', limit: 10 } as const;
  const shown = (after?: string): readonly (string | undefined)[] => {
    const found = findAccess(access, after === undefined ? about : { ...about, after });
    assert.ok(found.type === 'access' && 'identities' in found);
    return [...found.identities.rows.map(({ identity }) => identity), found.identities.nextAfter];
  };
  assert.deepEqual(shown('i/00999'), [...names.slice(1000, 1010), 'i/01009']);
  assert.deepEqual([looked, walked], [12, 0]);
  assert.deepEqual(shown('i/01989'), [...names.slice(1990), undefined]);
});
