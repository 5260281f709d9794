import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isCall } from '../../src/calls.ts';

describe('A call that a peer passes on', () => {
  const call = (fields: object): object => ({
    type: 'keep_alive',
    timeoutMs: 1000,
    sessionId: 's',
    identity: 'ann',
    proof: 'certificate',
    address: '192.0.2.1',
    ...fields,
  });

  it('says who asked for it, whatever it asks', () => {
    for (const type of [
      'keep_alive',
      'query',
      'add_member',
      'promote_member',
      'remove_member',
      'transfer',
    ]) {
      assert.ok(isCall(call({ type }), 2), type);
      for (const wrong of [{ identity: undefined }, { identity: 7 }, { proof: {} }, { address: 1 }])
        assert.equal(isCall(call({ type, ...wrong }), 2), false, JSON.stringify(wrong));
      assert.ok(isCall(call({ type, proof: undefined, address: undefined }), 2), type);
    }
  });

  it('submits no command of which this program does not know a part (FEATURE-3)', () => {
    const submit = (command: object): boolean => isCall(call({ type: 'submit', command }), 2);
    assert.ok(submit({ type: 'advance' }));
    assert.equal(submit({ type: 'advance', by: 1 }), false);
    assert.equal(submit({ type: 'later' }), false);
  });
});

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
