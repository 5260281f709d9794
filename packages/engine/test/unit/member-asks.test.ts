import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MemberAsks } from '../../src/member-asks.ts';

const nobody = { call: () => Promise.reject(new Error('There is no other member.')) };

describe('what members ask each other', () => {
  test('goes to who answers about it, and what names nothing to who answers those (ASK-2)', async () => {
    const asks = new MemberAsks('a', nobody);
    asks.onAsked(async (body) => ['queues', body]);
    asks.onAsked(async (body) => ['machine', body], 'machine');
    assert.deepEqual(await asks.answer({ command: 1 }), ['queues', { command: 1 }]);
    assert.deepEqual(await asks.answer({ about: 'machine' }), ['machine', { about: 'machine' }]);
    assert.deepEqual(await asks.ask('a', { about: 'machine' }, { identity: 'holdfast' }), [
      'machine',
      { about: 'machine' },
    ]);
  });

  test('is refused where nobody answers it: by a member of an older release, or of whatever form it is (ASK-2)', () => {
    const asks = new MemberAsks('a', nobody);
    asks.onAsked(async () => 'queues');
    for (const body of [{ about: 'weather' }, { about: 7 }, { about: null }])
      assert.throws(() => asks.answer(body), /answers no such question/);
    const silent = new MemberAsks('a', nobody);
    for (const body of [{ command: 1 }, null, 'text'])
      assert.throws(() => silent.answer(body), /answers no such question/);
  });
});
