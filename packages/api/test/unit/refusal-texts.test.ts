import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { requestErrorOf } from '../../src/request-error.ts';

describe('What a refusal of the state machine says', () => {
  it('names the cycle of a deadlock', () => {
    const waits = { kind: 'lock', waits_for: 'x' };
    const members = [
      { client_id: 'a', ...waits },
      { client_id: 'b', ...waits },
    ];
    const { message } = requestErrorOf({
      ok: false,
      code: 'deadlock',
      message: 'stored',
      details: { members },
    });
    assert.match(message, /^Waiting would cause a deadlock: a → b → a\./);
  });

  it('tells how long the lock-delay period lasts', () => {
    const details = { delayed_for_ms: 4180 };
    const { message } = requestErrorOf({
      ok: false,
      code: 'lock_delayed',
      message: 'stored',
      details,
    });
    assert.match(message, /lock-delay period for another 4\.2 s/);
  });

  it('is the stored text where nothing better can be made of the details', () => {
    for (const code of ['deadlock', 'lock_delayed', 'not_holder'] as const)
      assert.equal(
        requestErrorOf({ ok: false, code, message: 'stored', details: {} }).message,
        'stored',
      );
  });
});
