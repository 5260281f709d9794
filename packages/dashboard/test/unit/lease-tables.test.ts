/** What the page of lease nodes works out of what they tell. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { QuorumLeaseSeen, QuorumNodeSeen } from '@holdfast/protocol';
import {
  clockOf,
  shortName,
  standsOn,
  stateOf,
  untilItVotes,
} from '../../src/page/lease-tables.ts';

const told = {
  name: 'http://a:5001',
  version: '0.1.0',
  voting: true,
  epoch: 1,
  set: '3-x',
  waits_ms: 0,
  running_ms: 1000,
  wall_ms: 0,
  leases: 0,
  leases_ms: 0,
  released: 0,
  most_released: 10,
};
const node: QuorumNodeSeen = {
  name: 'http://a:5001',
  problem: null,
  same_set: true,
  round_trip_ms: 2,
  clock_ahead_ms: 0,
  told,
};
const gone: QuorumNodeSeen = {
  ...node,
  name: 'https://b:5001',
  problem: 'connect ECONNREFUSED',
  same_set: false,
  round_trip_ms: null,
  clock_ahead_ms: null,
  told: null,
};

describe('A lease node on the page', () => {
  it('votes, does not vote, is of another set, or gives no answer', () => {
    assert.equal(stateOf(node).text, 'votes');
    assert.equal(stateOf({ ...node, told: { ...told, voting: false } }).text, 'does not vote');
    assert.equal(stateOf({ ...node, same_set: false }).text, 'of another set');
    assert.equal(stateOf(gone).text, 'no answer');
  });

  it('says until when it is unsafe that it votes', () => {
    assert.equal(untilItVotes(node), '');
    assert.equal(untilItVotes(gone), '');
    const waiting = { ...told, voting: false, waits_ms: 12_000 };
    assert.equal(untilItVotes({ ...node, told: waiting }), 'not before 12 s have passed');
    assert.match(untilItVotes({ ...node, told: { ...waiting, waits_ms: 0 } }), /the others/);
  });

  it('has an equal clock where that cannot be told apart from that of the asked node', () => {
    assert.equal(clockOf(node), 'equal');
    assert.equal(clockOf({ ...node, clock_ahead_ms: 10, round_trip_ms: 20 }), 'equal');
    assert.equal(clockOf({ ...node, clock_ahead_ms: -1500, round_trip_ms: 20 }), '1.5 s behind');
    assert.equal(clockOf({ ...node, clock_ahead_ms: 40, round_trip_ms: 20 }), '40 ms ahead');
    assert.equal(clockOf(gone), '–');
  });

  it('is named without what all names have in common', () => {
    assert.equal(shortName('https://a:5001'), 'a:5001');
  });
});

describe('A lease on the page', () => {
  it('names the nodes that do not have it', () => {
    const lease: QuorumLeaseSeen = {
      resource: 'r',
      lease: 'x',
      client_id: 'c',
      token: 1,
      on: [node.name],
      majority: false,
      remaining_ms: null,
      waiters: 0,
    };
    assert.equal(standsOn(lease, [node]), '1 of 1');
    assert.equal(standsOn(lease, [node, gone]), '1 of 2, not b:5001');
  });
});
