import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { maxPayloadBytes, tooLargePayload } from '../../src/operations/queue-wire.ts';

const refused = (payload: string | { readonly text: string }): boolean =>
  tooLargePayload([{ payload }], false) !== undefined;

describe('Payloads that are pushed', () => {
  it('are measured as the JSON that they are kept as, whatever has to be escaped in it', () => {
    for (const [unit, bytes] of [
      ['x', 1],
      ['"', 2],
      ['ö', 2],
      ['\u0001', 6],
      ['\ud83d', 6],
    ] as const) {
      const most = Math.floor((maxPayloadBytes - 2) / bytes);
      assert.equal(refused(unit.repeat(most)), false, JSON.stringify(unit));
      assert.equal(refused(unit.repeat(most + 1)), true, JSON.stringify(unit));
    }
    assert.equal(refused({ text: 'x'.repeat(maxPayloadBytes) }), true);
  });
});
