import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MemberId } from '@holdfast/raft';
import { StateDigests } from '../../src/state-digests.ts';

const [a, b, c] = ['a', 'b', 'c'] as MemberId[] as [MemberId, MemberId, MemberId];
const voters = [a, b, c];
const digest = (index: number, hash: string, formatVersion = 1) => ({ index, hash, formatVersion });

describe('Digests of the state', () => {
  it('given equal hashes, say nothing', () => {
    const digests = new StateDigests(a);
    digests.note(a, digest(10, 'x'), voters);
    assert.equal(digests.note(b, digest(10, 'x'), voters).type, 'equal_or_unknown');
    assert.equal(digests.note(c, digest(10, 'x'), voters).type, 'equal_or_unknown');
  });

  it('given a majority with another hash, find the fault here (DIGEST-1)', () => {
    const digests = new StateDigests(a);
    digests.note(a, digest(10, 'x'), voters);
    assert.equal(digests.note(b, digest(10, 'y'), voters).type, 'differs');
    const verdict = digests.note(c, digest(10, 'y'), voters);
    assert.deepEqual(verdict, { type: 'wrong_here', index: 10, others: [b, c] });
  });

  it('given the others first, find the fault as soon as the own hash is known (DIGEST-1)', () => {
    const digests = new StateDigests(a);
    digests.note(b, digest(10, 'y'), voters);
    digests.note(c, digest(10, 'y'), voters);
    assert.equal(digests.note(a, digest(10, 'x'), voters).type, 'wrong_here');
  });

  it('given one other that differs, stop nobody (DIGEST-2)', () => {
    const digests = new StateDigests(a);
    digests.note(a, digest(10, 'x'), voters);
    digests.note(b, digest(10, 'x'), voters);
    assert.equal(digests.note(c, digest(10, 'y'), voters).type, 'differs');
  });

  it('count voters only: learners do not make a majority (DIGEST-1)', () => {
    const digests = new StateDigests(a);
    const learners = ['d', 'e'] as MemberId[];
    digests.note(a, digest(10, 'x'), voters);
    for (const learner of learners)
      assert.equal(digests.note(learner, digest(10, 'y'), voters).type, 'equal_or_unknown');
  });

  it('compare one format of the state only (DIGEST-3)', () => {
    const digests = new StateDigests(a);
    digests.note(a, digest(10, 'x', 4), voters);
    digests.note(b, digest(10, 'y', 5), voters);
    assert.equal(digests.note(c, digest(10, 'y', 5), voters).type, 'equal_or_unknown');
  });

  it('of one member push out none of another: what it tells is bounded by itself (DIGEST-7)', () => {
    const digests = new StateDigests(a);
    digests.note(a, digest(10, 'x'), voters);
    digests.note(b, digest(10, 'y'), voters);
    for (let index = 11; index <= 1000; index++) digests.note(c, digest(index, 'z'), voters);
    assert.deepEqual(digests.note(c, digest(10, 'y'), voters), {
      type: 'wrong_here',
      index: 10,
      others: [b, c],
    });
  });

  it('of members that are no longer there are forgotten when others come (DIGEST-7)', () => {
    const digests = new StateDigests(a);
    digests.note(a, digest(10, 'x'), voters);
    digests.note(b, digest(10, 'y'), voters);
    const d = 'd' as MemberId;
    digests.note(d, digest(10, 'x'), [a, c, d]);
    assert.equal(digests.judge(digest(10, 'x'), voters).type, 'equal_or_unknown');
  });

  it('remember a bounded number of indexes, the latest ones', () => {
    const digests = new StateDigests(a);
    for (let index = 1; index <= 1000; index++) digests.note(a, digest(index, 'x'), voters);
    assert.equal(digests.note(b, digest(1, 'y'), voters).type, 'equal_or_unknown');
    assert.equal(digests.note(b, digest(1000, 'y'), voters).type, 'differs');
  });
});
