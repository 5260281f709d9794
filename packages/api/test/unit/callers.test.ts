import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { callerOf, PerCaller } from '../../src/callers.ts';
import { RequestError } from '../../src/request-error.ts';

describe('Who a caller is', () => {
  const told: readonly (readonly [string, string])[] = [
    ['127.0.0.1', '127.0.0.1'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::FFFF:10.1.2.3', '10.1.2.3'],
    ['::1', '0:0:0:0::/64'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:0001:2:ffff::9', '2001:db8:1:2::/64'],
    ['2001:db8::5', '2001:db8:0:0::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::10.1.2.3', '64:ff9b:0:0::/64'],
  ];
  for (const [address, caller] of told)
    it(`given no identity and the address ${address}, then it is ${caller} (CALLER-1)`, () => {
      assert.equal(callerOf('anonymous', address), caller);
    });

  it('given an identity, then the address does not matter', () => {
    assert.equal(callerOf('ann', '10.0.0.1'), callerOf('ann', '::1'));
    assert.notEqual(callerOf('ann', '10.0.0.1'), callerOf('bob', '10.0.0.1'));
    assert.notEqual(callerOf('10.0.0.1', undefined), callerOf('anonymous', '10.0.0.1'));
    assert.equal(callerOf('anonymous', undefined), callerOf('anonymous', undefined));
    assert.notEqual(callerOf('anonymous', undefined), callerOf('anonymous', '10.0.0.1'));
  });
});

describe('What callers share', () => {
  it('given any takings and givings back, then nobody has more than its share, and nothing is kept', () => {
    const step = fc.record({
      caller: fc.constantFrom('a', 'b', 'c'),
      back: fc.nat(9),
      take: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 200 }),
        fc.integer({ min: 1, max: 4 }),
        (all, most) => {
          const share = new PerCaller('max_things_per_caller', most, 'things');
          const taken: { readonly caller: string; readonly giveBack: () => void }[] = [];
          for (const { caller, back, take } of all) {
            const has = taken.filter((one) => one.caller === caller).length;
            if (take) {
              const given = share.take(caller);
              assert.equal(given instanceof RequestError, has >= most);
              if (!(given instanceof RequestError)) taken.push({ caller, giveBack: given });
            } else {
              const [one] = taken.splice(back, 1);
              one?.giveBack();
              one?.giveBack(); // Once.
            }
            assert.equal(share.callers, new Set(taken.map((one) => one.caller)).size);
          }
        },
      ),
      { seed: Number(process.env['SEED'] ?? 20_261_129) },
    );
  });

  it('given one too many, then it is told which limit, its value and what to do', () => {
    const share = new PerCaller('max_things_per_caller', 1, 'things');
    share.take('10.0.0.1');
    const refused = share.take('10.0.0.1');
    assert.ok(refused instanceof RequestError);
    assert.equal(refused.code, 'limit_exceeded');
    assert.deepEqual(refused.details, { limit: 'max_things_per_caller', value: 1, scope: 'node' });
    assert.match(refused.message, /10\.0\.0\.1 has that many things open .* Close some/);
  });

  it('given a caller that is not known, then it is not counted', () => {
    const share = new PerCaller('max_things_per_caller', 1, 'things');
    for (let count = 0; count < 3; count++)
      assert.ok(!(share.take(undefined) instanceof RequestError));
  });
});
