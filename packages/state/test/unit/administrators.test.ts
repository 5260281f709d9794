/** Who may administer access: counted as it changes, beside a naive look at everything (AUTH-3, AUTH-6). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { Access, accessBounds, administratorRole } from '../../src/primitives/access/access.ts';
import type { AdministrationState } from '../../src/primitives/access/access.ts';
import type { AccessRule } from '../../src/index.ts';
import { Rights } from '../../src/primitives/access/rights.ts';

function rightsOf({ roles, bindings }: Access, identity: string): Rights {
  const ofAdministrator: readonly AccessRule[] = [{ verb: 'admin' }];
  return new Rights(
    (bindings.get(identity)?.roles ?? []).flatMap((role) => {
      const rules = role === administratorRole ? ofAdministrator : roles.get(role)?.rules;
      return (rules ?? []).map((rule) => ({ role, rule }));
    }),
  );
}

function naive(access: Access): AdministrationState {
  const { keys, certificates } = access;
  const isOne = ({ identity }: { readonly identity: string }): boolean =>
    identity !== 'anonymous' && rightsOf(access, identity).permits('admin', 'auth', undefined);
  const ones = [...keys.values()].filter(isOne);
  if (ones.some(({ expiresAtMs }) => expiresAtMs === undefined)) return 'lasting';
  if ([...certificates.values()].some(isOne)) return 'lasting';
  return ones.length > 0 ? 'ending' : 'none';
}

const named = (...names: string[]): fc.Arbitrary<string> => fc.constantFrom(...names);
const identity = named('ann', 'bob', 'anonymous');
const role = named('r', 's', administratorRole);
const rule: fc.Arbitrary<AccessRule> = fc.record(
  {
    verb: fc.constantFrom<AccessRule['verb'][]>('admin', 'read'),
    kind: fc.constantFrom<NonNullable<AccessRule['kind']>[]>('auth', 'lock'),
    name: named('n'),
    prefix: named('', 'p'),
  },
  { requiredKeys: ['verb'] },
);
type Step = (access: Access) => void;
const step: fc.Arbitrary<Step> = fc.oneof(
  fc
    .record({ id: named('k', 'l'), identity, expiresAtMs: fc.constantFrom(undefined, 9) })
    .map((key): Step => (access) => {
      access.keys.set(key.id, { ...key, hash: '', createdAtMs: 1, lastUsedMs: undefined });
    }),
  named('k', 'l').map(
    (id): Step =>
      (access) =>
        void access.keys.delete(id),
  ),
  fc.tuple(identity, fc.uniqueArray(role, { maxLength: 3 })).map(([who, roles]): Step => {
    return (access) => access.bind(who, roles, 1);
  }),
  fc.tuple(named('r', 's'), fc.option(fc.array(rule, { maxLength: 2 }), { nil: undefined })).map(
    ([name, rules]): Step =>
      (access) =>
        access.define(name, rules, 1),
  ),
  identity.map((who): Step => (access) => {
    access.certificates.set('dns x', { field: 'dns', value: 'x', identity: who });
  }),
  fc.constant<Step>((access) => void access.certificates.delete('dns x')),
);

describe('who may administer access', () => {
  test('is counted as a look at everything finds it, after whatever has changed', () => {
    const seen = new Set<AdministrationState>();
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const access = new Access();
        for (const act of steps) {
          act(access);
          assert.equal(access.administration, naive(access));
          seen.add(access.administration);
        }
      }),
      { numRuns: 300 },
    );
    assert.deepEqual([...seen].toSorted(), ['ending', 'lasting', 'none']);
  });

  test('and the rights of identities are those of their roles, after whatever has changed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const access = new Access();
        for (const act of steps) {
          act(access);
          for (const who of ['ann', 'bob']) {
            const fresh = rightsOf(access, who);
            const asked = ['read', 'lock', 'n'] as const;
            assert.equal(access.rightsOf(who).permits(...asked), fresh.permits(...asked));
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('costs a change no look at all keys, and compiles no rights, at the bounds (AUTH-6)', () => {
    const access = new Access();
    const { keys, roles } = accessBounds;
    for (let index = 0; index < roles; index++) {
      const rules = Array.from({ length: 20 }, (_, at): AccessRule => {
        return { verb: 'read', kind: 'lock', name: `${String(index)}-${String(at)}` };
      });
      access.define(`r${String(index)}`, rules, 1);
    }
    for (let index = 0; index < keys; index++) {
      const who = `i${String(index)}`;
      const some = Array.from({ length: 16 }, (_, at) => `r${String((index * 7 + at) % roles)}`);
      access.bind(who, some, 1);
      const id = `k${String(index)}`;
      const times = { createdAtMs: 1, expiresAtMs: undefined, lastUsedMs: undefined };
      access.keys.set(id, { id, identity: who, hash: '', ...times });
    }
    access.bind('i0', [administratorRole], 1);
    let looks = 0;
    const counted = <Row>(table: Map<string, Row>): void => {
      const values = table.values.bind(table);
      table.values = function* counting(): MapIterator<Row> {
        for (const row of values()) {
          looks += 1;
          yield row;
        }
        return undefined;
      };
    };
    counted(access.keys);
    counted(access.bindings);
    counted(access.certificates);
    const compile = access.rightsOf.bind(access);
    access.rightsOf = (who) => {
      looks += keys;
      return compile(who);
    };
    const last = access.keys.get('k9');
    assert.ok(last);
    access.keys.delete('k9');
    assert.equal(access.administration, 'lasting');
    access.keys.set('k9', last);
    access.define('r1', [{ verb: 'read', kind: 'lock' }], 2);
    access.bind('i5', ['r1'], 2);
    assert.equal(access.administration, 'lasting');
    assert.equal(looks, 0);
    access.define('r2', [{ verb: 'admin' }], 3);
    access.bind('i0', [], 3);
    assert.equal(access.administration, 'lasting', 'those of the role');
    assert.ok(looks <= accessBounds.identities, 'once through the bindings');
  });
});
