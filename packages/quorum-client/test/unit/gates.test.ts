/** Very many waiters of one program. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { Gates, mostInside } from '../../src/gates.ts';
import type { QuorumHold } from '../../src/quorum-lock.ts';
import { atOnce, HandClock, settle } from './support/hand-clock.ts';
import type { MemoryVoter } from './support/memory-voter.ts';
import { isCode, quorumOf, votersOf } from './support/voters.ts';

describe('A thousand that wait for one lock in one program', () => {
  let clock: HandClock;
  let voters: MemoryVoter[];
  beforeEach(() => {
    clock = new HandClock();
    voters = votersOf(3, clock);
  });
  const asked = (): number => voters.reduce((sum, voter) => sum + voter.asked.length, 0);

  it('ask for a few of them alone, and have it one after the other, first come, first (GATE-1)', async () => {
    const quorum = quorumOf(voters, clock);
    const holder = await atOnce(quorum.lock('a').acquire());
    const before = asked();
    const order: number[] = [];
    const waits = Array.from({ length: 1000 }, async (_, number) => {
      const hold = await quorum.lock('a').acquire({ waitMs: 3_600_000 });
      order.push(number);
      await hold.release();
    });
    await settle();
    assert.ok(asked() - before <= mostInside * 3 * 3, `${String(asked() - before)} questions`);
    await holder.release();
    const all = Promise.all(waits);
    for (let passes = 0; passes < 3000 && order.length < 1000; passes++) await clock.pass(100);
    assert.equal(order.length, 1000);
    await all;
    const early = order.slice(0, 500).filter((number) => number >= 500 + mostInside);
    assert.deepEqual(early, [], 'nobody passes more than those inside');
    assert.ok(asked() / 1000 < 40, `${String(asked() / 1000)} questions each`);
  });

  it('end by their own deadlines and signals, with what those inside heard last (GATE-2)', async () => {
    const quorum = quorumOf(voters, clock);
    const holder = await atOnce(quorum.lock('a').acquire());
    const long = Array.from({ length: mostInside }, () =>
      quorum.lock('a').acquire({ waitMs: 5000 }),
    );
    const controller = new AbortController();
    const cancelled = quorum.lock('a').acquire({ waitMs: 5000, signal: controller.signal });
    const short = quorum.lock('a').acquire({ waitMs: 300 });
    for (const one of [...long, cancelled, short]) one.catch(() => undefined);
    await settle();
    controller.abort();
    await assert.rejects(atOnce(cancelled), isCode('cancelled'));
    await clock.pass(301);
    await assert.rejects(atOnce(short), isCode('wait_timeout'));
    await holder.release();
    for (const one of long) one.then((hold) => hold.release()).catch(() => undefined);
  });

  it('does not keep out who does not wait, nor those of another name', async () => {
    const quorum = quorumOf(voters, clock);
    await atOnce(quorum.lock('a').acquire());
    for (let waiters = 0; waiters < 100; waiters++)
      quorum
        .lock('a')
        .acquire({ waitMs: 60_000 })
        .catch(() => undefined);
    await settle();
    await assert.rejects(atOnce(quorum.lock('a').acquire()), isCode('lock_held'));
    const other = new Gates(clock);
    for (let count = 0; count < mostInside; count++) await other.enter('a', 1e6, undefined);
    assert.equal(await atOnce(other.enter('b', 1e6, undefined)), 'at_once');
  });
});

describe('Voters that have too much to do', () => {
  it('are asked ever more seldom, up to a bound, and often again when they answer', async () => {
    const clock = new HandClock();
    const voters = votersOf(3, clock, { tells: false });
    const full = (): Promise<never> =>
      Promise.reject(new HoldfastError('limit_exceeded', 'Too many wait here.'));
    for (const voter of voters) voter.wait = full;
    const quorum = quorumOf(voters, clock);
    let holder: QuorumHold | undefined = await atOnce(quorum.lock('a').acquire());
    const waiting = quorum.lock('a').acquire({ waitMs: 3_600_000 });
    waiting.catch(() => undefined);
    const [first] = voters;
    assert.ok(first);
    const askedIn = async (ms: number): Promise<number> => {
      const before = first.count('acquire');
      await clock.pass(ms);
      return first.count('acquire') - before;
    };
    const early = await askedIn(10_000);
    await askedIn(60_000);
    const late = await askedIn(60_000);
    assert.ok(early >= 5, String(early));
    assert.ok(late >= 2 && late <= 8, `${String(late)} times a minute`);
    await holder.release();
    holder = undefined;
    await clock.pass(30_000);
    assert.ok((await atOnce(waiting)).isHeld(), 'within the bound');
  });
});
