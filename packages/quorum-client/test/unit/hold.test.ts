import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { QuorumHold } from '../../src/quorum-lock.ts';
import { atOnce, HandClock, settle } from './support/hand-clock.ts';
import type { MemoryVoter } from './support/memory-voter.ts';
import {
  driftBufferMs,
  isCode,
  nodeTimeoutMs,
  quorumOf,
  ttlMs,
  votersOf,
} from './support/voters.ts';

const validMs = ttlMs - driftBufferMs;
const renewalMs = ttlMs / 3;

describe('A hold of a quorum lock', () => {
  let clock: HandClock;
  let voters: MemoryVoter[];
  let first: MemoryVoter;
  let second: MemoryVoter;
  let third: MemoryVoter;
  let hold: QuorumHold;
  beforeEach(async () => {
    clock = new HandClock();
    voters = votersOf(3, clock);
    [first, second, third] = voters as [MemoryVoter, MemoryVoter, MemoryVoter];
    first.maxToken = 4;
    second.maxToken = 4;
    hold = await atOnce(quorumOf(voters, clock).lock('a').acquire());
  });

  const lost = isCode('hold_lost');

  it('is renewed by itself, under the same token, for as long as it is held', async () => {
    for (let rounds = 1; rounds <= 20; rounds++) {
      await clock.pass(renewalMs);
      await settle();
      assert.equal(second.count('renew'), rounds);
      assert.equal(hold.validForMs, validMs);
      assert.equal(hold.fenceToken, 5);
      hold.assertHeld();
    }
    assert.equal(first.maxToken, 5);
    assert.equal(first.count('acquire'), 1);
  });

  it('is valid after a renewal from before it was sent, not from its answer (QUORUM-3)', async () => {
    for (const voter of voters) voter.moods.renew = 'late';
    await clock.pass(renewalMs + 120);
    for (const voter of voters) voter.arrive();
    await settle();
    assert.equal(hold.validForMs, validMs - 120);
  });

  it('is not made shorter by an older renewal that is answered after a newer one (QUORUM-3)', async () => {
    await atOnce(hold.release());
    const patient = quorumOf(voters, clock, { nodeTimeoutMs: 400 });
    const own = await atOnce(patient.lock('a').acquire());
    for (const voter of voters) voter.moods.renew = 'late';
    await clock.pass(renewalMs);
    // The machine slept for a moment, so the next renewal does not wait for the one that is under way.
    clock.bootMs += 100;
    for (const voter of voters) voter.moods.renew = 'answers';
    await clock.pass(500 - renewalMs);
    await settle();
    assert.equal(first.count('renew'), 2);
    assert.equal(own.validForMs, validMs);
    for (const voter of voters) voter.arrive();
    await settle();
    assert.equal(own.validForMs, validMs);
    await atOnce(own.release());
  });

  it('is renewed by a majority, though one voter hangs and the clock is stopped', async () => {
    third.mood = 'hangs';
    await clock.pass(renewalMs);
    await settle();
    assert.equal(hold.validForMs, validMs);
  });

  for (const mood of ['fails', 'hangs', 'throws'] as const)
    it(`is lost where a majority ${mood} its renewals, before a voter can have ended it`, async () => {
      first.moods.renew = mood;
      third.moods.renew = mood;
      const { signal } = hold;
      const endsAtMs = Math.min(...voters.map(({ lease }) => lease?.endsAtMs ?? 0));
      await clock.pass(validMs - 1);
      assert.ok(hold.isHeld());
      assert.equal(signal.aborted, false);
      await clock.pass(1);
      assert.equal(hold.isHeld(), false);
      assert.equal(hold.state, 'lost');
      assert.equal(hold.endReason, 'expired');
      assert.equal(hold.validForMs, 0);
      assert.equal(signal.aborted, true);
      assert.ok(lost(signal.reason));
      assert.throws(() => hold.assertHeld(), lost);
      assert.ok(clock.now() < endsAtMs, 'no voter can have ended it');
      const asked = first.asked.length;
      await clock.pass(10 * ttlMs);
      assert.equal(first.asked.length, asked, 'it is not renewed any more');
      assert.equal(clock.timers, 0);
    });

  it('tries again while it is valid, and goes on where that succeeds', async () => {
    first.moods.renew = 'fails';
    third.moods.renew = 'fails';
    await clock.pass(validMs - 100);
    assert.ok(first.count('renew') > 2);
    first.moods.renew = 'answers';
    await clock.pass(ttlMs);
    hold.assertHeld();
    assert.equal(hold.fenceToken, 5);
  });

  it('is lost where the renewal is answered after its end: what has run out comes back no more', async () => {
    for (const voter of voters) voter.moods.renew = 'late';
    clock.stall(renewalMs);
    await clock.pass(0);
    clock.stall(validMs - renewalMs);
    for (const voter of voters) voter.arrive();
    await settle();
    assert.throws(() => hold.assertHeld(), lost);
    assert.equal(hold.state, 'lost');
  });

  it('is lost at once where a majority says that its lease does not stand: it never will again', async () => {
    first.moods.renew = 'refuses';
    const { signal } = hold;
    await clock.pass(renewalMs);
    await settle();
    hold.assertHeld();
    third.moods.renew = 'refuses';
    await clock.pass(renewalMs);
    await settle();
    assert.equal(hold.state, 'lost');
    assert.equal(signal.aborted, true);
    assert.match(String(signal.reason), /a majority reports/);
    assert.equal(clock.timers, 0);
  });

  for (const shortMs of [1, 0])
    it(`is ${shortMs > 0 ? '' : 'not '}renewed by what is answered ${String(shortMs)} ms before its end (QUORUM-3)`, async () => {
      for (const voter of voters) voter.moods.renew = 'late';
      await clock.pass(renewalMs);
      clock.stall(validMs - renewalMs - shortMs);
      for (const voter of voters) voter.arrive();
      await settle();
      assert.equal(hold.validForMs, shortMs > 0 ? renewalMs + shortMs : 0);
      assert.equal(hold.state, shortMs > 0 ? 'held' : 'lost');
    });

  it('is not asked to be renewed after its end (QUORUM-3)', async () => {
    clock.stall(validMs);
    await clock.pass(0);
    assert.equal(first.count('renew'), 0, 'nobody is asked for what is over');
    assert.equal(hold.state, 'lost');
  });

  it('is lost by comparing clocks, though no timer has fired', () => {
    clock.stall(validMs - 1);
    hold.assertHeld();
    clock.stall(1);
    assert.equal(hold.isHeld(), false);
    assert.equal(hold.state, 'lost');
    assert.equal(hold.signal.aborted, true);
  });

  it('is not certain after the machine was suspended, until it is renewed', async () => {
    clock.bootMs += 60_000;
    assert.equal(hold.isHeld(), false);
    assert.throws(() => hold.assertHeld(), lost);
    await clock.pass(renewalMs);
    await settle();
    hold.assertHeld();
  });

  it('is not certain for as long as before where the machine was suspended for a moment', () => {
    clock.bootMs += 300;
    assert.equal(hold.validForMs, validMs - 300);
    clock.bootMs += validMs - 301;
    assert.equal(hold.validForMs, 1);
    clock.bootMs += 1;
    assert.equal(hold.isHeld(), false);
    clock.bootMs -= 60_000;
    assert.equal(hold.validForMs, validMs, 'a clock that goes back says nothing');
  });

  it('is not made certain by a renewal that was on its way while the machine was suspended', async () => {
    for (const voter of voters) voter.moods.renew = 'late';
    await clock.pass(renewalMs);
    await settle();
    clock.bootMs += 60_000;
    for (const voter of voters) voter.arrive();
    await settle();
    assert.equal(hold.isHeld(), false);
  });

  it('is not held where the machine was suspended while it was asked for', async () => {
    await atOnce(hold.release());
    for (const voter of voters) voter.moods.acquire = 'late';
    const asked = quorumOf(voters, clock).lock('a').acquire();
    clock.bootMs += 60_000;
    for (const voter of voters) voter.arrive();
    await assert.rejects(atOnce(asked), isCode('lock_held'));
    for (const { lease } of voters) assert.equal(lease, undefined);
  });

  it('is given back to all, is renewed no more, and that once', async () => {
    const { signal } = hold;
    await atOnce(hold.release());
    assert.equal(hold.state, 'released');
    assert.equal(hold.endReason, 'released');
    assert.equal(clock.timers, 0);
    assert.equal(signal.aborted, true);
    assert.throws(() => hold.assertHeld(), lost);
    for (const { lease } of voters) assert.equal(lease, undefined);
    await atOnce(hold.release());
    await clock.pass(10 * ttlMs);
    for (const voter of voters) {
      assert.equal(voter.count('release'), 1);
      assert.equal(voter.count('renew'), 0);
    }
    assert.equal(clock.timers, 0);
    assert.equal((await atOnce(quorumOf(voters, clock).lock('a').acquire())).fenceToken, 6);
  });

  it('tells the error of a block and that of the release at its end, where both fail', async () => {
    const ofBlock = new Error('The block fails.');
    for (const voter of voters) voter.moods.release = 'fails';
    const ended = (async (): Promise<void> => {
      await using held = hold;
      held.assertHeld();
      throw ofBlock;
    })();
    ended.catch(() => undefined);
    await clock.pass(3 * nodeTimeoutMs + 1250);
    await assert.rejects(atOnce(ended), (error) => {
      assert.ok(error instanceof SuppressedError);
      assert.equal(error.suppressed, ofBlock);
      return isCode('no_quorum')(error.error);
    });
  });

  it('is not held from the moment of the release on, though voters have not heard of it', async () => {
    for (const voter of voters) voter.moods.release = 'late';
    const released = hold.release();
    assert.equal(hold.isHeld(), false);
    for (const voter of voters) voter.arrive();
    await atOnce(released);
  });

  it('is not brought back by a renewal that was under way at the release', async () => {
    for (const voter of voters) voter.moods.renew = 'late';
    await clock.pass(renewalMs);
    await atOnce(hold.release());
    for (const voter of voters) voter.arrive();
    await clock.pass(10 * ttlMs);
    assert.equal(hold.state, 'released');
    assert.equal(first.count('renew'), 1);
    for (const { lease } of voters) assert.equal(lease, undefined);
  });

  it('is given back also to a voter that had not answered, ahead of its acquire', async () => {
    await atOnce(hold.release());
    third.moods.acquire = 'late';
    const other = await atOnce(quorumOf(voters, clock).lock('a').acquire());
    await atOnce(other.release());
    third.arrive();
    await settle();
    assert.equal(third.lease, undefined);
    assert.equal(third.count('release'), 2);
  });

  it('is given back at once where a majority answers; one that hangs is told again, and then left', async () => {
    third.moods.release = 'hangs';
    await atOnce(hold.release());
    assert.equal(hold.state, 'released');
    assert.equal(first.lease, undefined);
    assert.equal(second.lease, undefined);
    await clock.pass(3 * nodeTimeoutMs + 1250);
    assert.equal(third.count('release'), 3);
    assert.equal(first.count('release'), 1);
    assert.equal(clock.timers, 0);
  });

  it('is not known to be given back where a majority does not hear it, and not held either', async () => {
    third.moods.release = 'hangs';
    first.moods.release = 'fails';
    const released = hold.release();
    released.catch(() => undefined);
    await clock.pass(3 * nodeTimeoutMs + 1250);
    await assert.rejects(atOnce(released), isCode('no_quorum'));
    assert.equal(hold.state, 'unknown');
    assert.equal(hold.isHeld(), false);
    assert.equal(clock.timers, 0);
  });

  it('is given back at the end of `await using`, also of one that throws', async () => {
    await atOnce(hold.release());
    const work = async (): Promise<void> => {
      await using own = await atOnce(quorumOf(voters, clock).lock('a').acquire());
      own.assertHeld();
      assert.equal(first.lease?.clientId, 'me');
      throw new Error('The work fails.');
    };
    await assert.rejects(atOnce(work()), /The work fails/);
    for (const { lease } of voters) assert.equal(lease, undefined);
  });
});
