import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeHead, encodeHead } from '../../src/snapshot-head.ts';

const membership = { members: [] };

test('the head of a snapshot is read as it was written', () => {
  const point = { index: 7, term: 0, membership };
  assert.deepEqual(decodeHead(encodeHead(point)), point);
});

test('a head whose index or term is none of a log is no head', () => {
  for (const wrong of [-1, 0.5, 2 ** 53, 1e300])
    for (const point of [
      { index: wrong, term: 1, membership },
      { index: 1, term: wrong, membership },
    ])
      assert.equal(decodeHead(encodeHead(point)), undefined, JSON.stringify(point));
  const text = Buffer.from(encodeHead({ index: 7, term: 1, membership })).toString();
  for (const wrong of ['null', '"7"', '7e400', '[7]'])
    assert.equal(decodeHead(Buffer.from(text.replace('"index":7', `"index":${wrong}`))), undefined);
});
