import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { ErrorCode } from '@holdfast/protocol';
import { Held } from '../../src/held.ts';
import { underHold } from '../../src/with-lock.ts';

describe('withLock', () => {
  let releases: number;
  let isValid: boolean;
  /** What the release is refused with; undefined: it is done. */
  let refusal: ErrorCode | undefined;
  let hold: Held;
  class TestHold extends Held {}
  beforeEach(() => {
    releases = 0;
    isValid = true;
    refusal = undefined;
    hold = new TestHold(
      { isValid: () => isValid },
      {
        kind: 'lock',
        name: 'a',
        fenceToken: 7,
        release: () => {
          releases += 1;
          return refusal === undefined
            ? Promise.resolve()
            : Promise.reject(new HoldfastError(refusal, refusal, { end_reason: 'forced' }));
        },
      },
    );
  });

  it('gives back, and passes on what the work comes to', async () => {
    assert.equal(await underHold(hold, () => Promise.resolve(7)), 7);
    assert.deepEqual([releases, hold.state], [1, 'released']);
  });

  it('gives back where the work fails, and passes its error on', async () => {
    refusal = 'not_holder';
    await assert.rejects(
      underHold(hold, () => Promise.reject(new Error('work'))),
      /work/,
    );
    assert.equal(releases, 1);
  });

  it('leaves alone what the work has given back itself', async () => {
    assert.equal(await underHold(hold, (held) => held.release().then(() => 7)), 7);
    assert.equal(releases, 1);
  });

  it('fails where the hold was lost meanwhile', async () => {
    const lost = underHold(hold, (held) => held.lose('lost', 'it was released by force', 'forced'));
    await assert.rejects(lost, {
      code: 'hold_lost',
      details: { fence_token: 7, end_reason: 'forced' },
    });
    assert.equal(releases, 0);
  });

  it('fails where the hold is not certain at the end of the work, and gives it back all the same (WITH-LOCK-2)', async () => {
    const uncertain = underHold(hold, () => {
      isValid = false;
    });
    await assert.rejects(uncertain, { code: 'hold_lost' });
    assert.deepEqual([releases, hold.state], [1, 'released']);
  });

  for (const code of [
    'not_holder',
    'stale_fence_token',
    'lock_not_found',
    'session_expired',
  ] as const)
    it(`fails where the cluster finds at the release that it was not held any more (${code}, WITH-LOCK-1)`, async () => {
      refusal = code;
      await assert.rejects(
        underHold(hold, () => 7),
        { code: 'hold_lost', details: { fence_token: 7, end_reason: 'forced' } },
      );
      assert.equal(hold.state, 'lost');
    });

  it('fails where nobody knows what became of the release', async () => {
    refusal = 'outcome_unknown';
    await assert.rejects(
      underHold(hold, () => 7),
      { code: 'outcome_unknown' },
    );
  });

  it('fails where the work was refused the release of its own, though it took that for done (WITH-LOCK-1)', async () => {
    refusal = 'not_holder';
    await assert.rejects(
      underHold(hold, (held) => held.release()),
      { code: 'hold_lost' },
    );
  });
});
