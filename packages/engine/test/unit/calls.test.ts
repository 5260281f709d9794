import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isCall } from '../../src/calls.ts';

describe('A digest that a peer tells', () => {
  const call = (fields: object): object => ({
    type: 'state_digest',
    timeoutMs: 1000,
    index: 7,
    hash: 'a'.repeat(64),
    formatVersion: 1,
    ...fields,
  });

  it('is taken where its hash is one of SHA-256', () => {
    assert.ok(isCall(call({}), 2));
  });

  for (const hash of ['a'.repeat(63), 'a'.repeat(65), 'A'.repeat(64), 'a'.repeat(16), '', 7, null])
    it(`is refused with the hash ${JSON.stringify(hash)}`, () => {
      assert.equal(isCall(call({ hash }), 2), false);
    });

  it('is refused with an index that is no whole number from 0', () => {
    for (const index of [-1, 0.5, '7', 2 ** 53, undefined])
      assert.equal(isCall(call({ index }), 2), false);
  });
});
