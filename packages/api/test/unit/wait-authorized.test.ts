/** A wait ends with the right to it, also where a rule of whoever embeds the api takes that away (ACCESS-1). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { untilSo } from '../../../checker/src/waits.ts';
import { StillClock } from '../../../engine/test/unit/still-clock.ts';
import { assertProblem, startHarness } from '../harness.ts';
import type { Answer } from '../harness.ts';

/** Longer than the time after which a wait is authorized again. */
const aLookMs = 600;

const ways: readonly (readonly [how: string, refuse: () => never, status: number, code: string])[] =
  [
    [
      'refuses it',
      () => {
        throw new HoldfastError('forbidden', 'Not any more.');
      },
      403,
      'forbidden',
    ],
    [
      'fails',
      () => {
        throw new TypeError('a defect');
      },
      500,
      'internal',
    ],
  ];

describe('given a wait, and authentication that is off', () => {
  for (const [how, refuse, status, code] of ways)
    test(`when the own rule ${how}, then the wait ends with that, and nothing is left of it`, async (t) => {
      const clock = new StillClock();
      let rule = (): void => undefined;
      const harness = startHarness(t, { clock, authorize: () => rule() });
      const holder = await harness.session();
      const own = await harness.session();
      await harness.acquire(holder, 'x');
      let answered: Answer | undefined;
      void harness
        .request('POST', '/locks/x/acquire', { session_id: own, wait_seconds: 30 })
        .then((answer) => (answered = answer));
      await untilSo(() => harness.engine.waiterCount === 1);
      clock.pass(aLookMs);
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(answered, undefined, 'it is admitted as before');
      let wasAsked = false;
      rule = () => {
        wasAsked = true;
        refuse();
      };
      clock.pass(aLookMs);
      await new Promise((resolve) => setImmediate(resolve));
      assert.ok(wasAsked, 'it is authorized again');
      await untilSo(() => answered !== undefined);
      assert.ok(answered !== undefined);
      assertProblem(answered, status, code);
      assert.equal(harness.engine.state.stats().waiters, 0);
    });
});
