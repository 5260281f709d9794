/** What a client takes for a message of a node. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answersIn, clusterIn } from '../../src/messages.ts';

describe('A message of a node', () => {
  it('is read where it is one', () => {
    for (const text of ['[]', '[[7,0,{"a":1}]]', '[[7,1,{}],[0,"later",{}]]'])
      assert.deepEqual(answersIn(text), JSON.parse(text));
  });

  it('is none where it is anything else, and nothing is thrown', () => {
    const whole = ['', 'HTTP/1.1 400', '{}', '7', 'null', '"a"', '[', '[7]', '[null]', '[{}]'];
    const pushes = [
      '[[0,"watch",{"watch_id":1}]]',
      '[[0,"watch",{"events":[]}]]',
      '[[0,"cache",{}]]',
    ];
    const answers = [
      '[[]]',
      '[[7,0,null]]',
      '[["7",0,{}]]',
      '[[7,1,null]]',
      '[[7,1,"no"]]',
      '[[0,0,7]]',
    ];
    const oneOfTwo = ['[[7,0,{}],[7,1,null]]', '[[7,0,{}],7]'];
    for (const text of [...whole, ...pushes, ...answers, ...oneOfTwo])
      assert.equal(answersIn(text), undefined, text);
  });
});

describe('What a node says of its cluster', () => {
  const whole = {
    cluster_id: 'x',
    node_id: 'a',
    leader: 'a',
    members: [{ node_id: 'a', url: '' }],
  };

  it('is read where all of it can be', () => {
    assert.deepEqual(clusterIn(whole), whole);
    assert.deepEqual(clusterIn({ ...whole, leader: null, more: 1 }), { ...whole, leader: null });
  });

  it('is nothing where a part of it is something else', () => {
    const parts = [{ cluster_id: 7 }, { node_id: null }, { leader: 7 }, { members: {} }];
    const members = [[null], [7], [{}], [{ node_id: 'a' }], [{ node_id: 'a', url: 7 }]];
    const changes = [...parts, ...members.map((wrong) => ({ members: wrong }))];
    const changed = changes.map((change) => ({ ...whole, ...change }));
    for (const wrong of [null, undefined, 7, 'text', [], ...changed])
      assert.equal(clusterIn(wrong), undefined, JSON.stringify(wrong));
  });
});
