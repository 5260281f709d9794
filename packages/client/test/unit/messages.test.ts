/** What a client takes for a message of a node. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answersIn, clusterIn, leaseIn } from '../../src/messages.ts';

describe('A message of a node', () => {
  it('is read where it is one', () => {
    const push = '[[0,"cache",{"memory_id":"m","seq":7,"keys":["k"]}]]';
    for (const text of ['[]', '[[7,0,{"a":1}]]', '[[7,1,{}],[0,"later",{}]]', push])
      assert.deepEqual(answersIn(text), JSON.parse(text));
  });

  it('is none where it is anything else, and nothing is thrown', () => {
    const whole = ['', 'HTTP/1.1 400', '{}', '7', 'null', '"a"', '[', '[7]', '[null]', '[{}]'];
    const pushes = [
      '[[0,"watch",{"watch_id":1}]]',
      '[[0,"watch",{"events":[]}]]',
      '[[0,"cache",{}]]',
      '[[0,"cache",{"memory_id":"m","keys":["k"]}]]',
      '[[0,"cache",{"memory_id":"m","seq":"7","keys":["k"]}]]',
      '[[0,"cache",{"memory_id":"m","seq":7,"keys":[7]}]]',
      '[[0,"cache",{"memory_id":"m","seq":7,"keys":[],"all":1}]]',
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

describe('What a node grants with a value of the cache', () => {
  const whole = { term: 1, seq: 2, lease_ms: 800, line: 'shared', expires_in_seconds: null };

  it('is read where all of it can be', () => {
    const grant = { seq: 2, leaseMs: 800, line: 'shared' };
    assert.deepEqual(leaseIn(whole), { term: 1, grant });
    assert.deepEqual(leaseIn({ ...whole, expires_in_seconds: 0.5 }), { term: 1, grant });
    assert.deepEqual(leaseIn({ ...whole, line: 'over' }), { term: 1, grant: 'over' });
  });

  it('is nothing where a part of it is something else', () => {
    for (const field of Object.keys(whole))
      for (const wrong of [undefined, '800', {}, [], true]) {
        const changed = { ...whole, [field]: wrong };
        assert.equal(leaseIn(changed), undefined, JSON.stringify(changed));
      }
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
