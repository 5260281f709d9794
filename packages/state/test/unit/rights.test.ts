import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Rights, verbs } from '../../src/index.ts';
import type { AccessRule, RoleRule, Verb } from '../../src/index.ts';

const seed = Number(process.env['SEED'] ?? 20_261_129);

/** A linear congruential generator: the same of the same seed. */
function randomOf(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const rights = (...rules: readonly AccessRule[]): Rights =>
  new Rights(rules.map((rule): RoleRule => ({ role: 'r', rule })));

/** The rules, read as they stand. */
function naively(
  rules: readonly AccessRule[],
  verb: Verb,
  kind: string,
  name: string | undefined,
): boolean {
  return rules.some((rule) => {
    if (rule.verb !== verb && rule.verb !== 'admin') return false;
    if (rule.kind !== undefined && rule.kind !== kind) return false;
    if (rule.name !== undefined) return rule.name === name;
    if (rule.prefix === undefined || rule.prefix === '') return true;
    return name?.startsWith(rule.prefix) === true;
  });
}

describe('the rights of an identity', () => {
  test('are none without a rule (RIGHTS-1)', () => {
    for (const verb of verbs) assert.equal(rights().permits(verb, 'lock', 'a'), false);
  });

  test('end with the name: a rule of one name is not one of those that begin with it', () => {
    const one = rights({ verb: 'read', kind: 'lock', name: 'a' });
    assert.equal(one.permits('read', 'lock', 'a'), true);
    assert.equal(one.permits('read', 'lock', 'ab'), false);
    assert.equal(one.permits('read', 'semaphore', 'a'), false);
    assert.equal(one.permits('acquire', 'lock', 'a'), false);
    assert.equal(one.permits('read', 'lock', undefined), false);
  });

  test(`agree with the rules as they stand, whatever the rules (seed ${String(seed)})`, () => {
    const random = randomOf(seed);
    const kinds = ['lock', 'queue'];
    const letters = 'ab/';
    const nameOf = (): string =>
      Array.from({ length: random(5) }, () => letters.charAt(random(letters.length))).join('');
    const ruleOf = (): AccessRule => {
      const verb = verbs[random(verbs.length)] ?? 'read';
      const kind = random(4) === 0 ? {} : { kind: kinds[random(2)] ?? 'lock' };
      const which = random(7);
      if (which === 0) return { verb, ...kind };
      return which < 4 ? { verb, ...kind, name: nameOf() } : { verb, ...kind, prefix: nameOf() };
    };
    let permitted = 0;
    for (let round = 0; round < 400; round++) {
      const rules = Array.from({ length: random(8) }, ruleOf);
      const compiled = rights(...rules);
      for (let ask = 0; ask < 50; ask++) {
        const verb = verbs[random(verbs.length)] ?? 'read';
        const kind = kinds[random(2)] ?? 'lock';
        const name = random(6) === 0 ? undefined : nameOf();
        const expected = naively(rules, verb, kind, name);
        const asked = JSON.stringify({ rules, verb, kind, name });
        assert.equal(compiled.permits(verb, kind, name), expected, asked);
        if (expected) permitted += 1;
        if (expected) assert.equal(compiled.permitsSome(verb, kind), true, asked);
        const ranges = compiled.rangesOf(verb, kind);
        if (name === undefined) continue;
        const inRange =
          ranges?.filter(({ start, isName }) => (isName ? name === start : name.startsWith(start)))
            .length ?? 1;
        assert.equal(inRange, expected ? 1 : 0, `ranges of ${asked}`);
      }
    }
    assert.ok(permitted > 1000, 'it is not refused all the time');
  });
});
