import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Quorum } from '../../src/quorum.ts';
import type { QuorumHold } from '../../src/quorum-lock.ts';
import { atOnce, HandClock, settle } from './support/hand-clock.ts';
import type { MemoryVoter, Mood } from './support/memory-voter.ts';
import {
  driftBufferMs,
  isCode,
  nodeTimeoutMs,
  quorumOf,
  ttlMs,
  votersOf,
} from './support/voters.ts';

describe('A quorum lock', () => {
  let clock: HandClock;
  let voters: MemoryVoter[];
  let first: MemoryVoter;
  let second: MemoryVoter;
  let third: MemoryVoter;
  beforeEach(() => {
    clock = new HandClock();
    voters = votersOf(3, clock);
    [first, second, third] = voters as [MemoryVoter, MemoryVoter, MemoryVoter];
  });

  const asked = (): string[] => voters.map((voter) => voter.asked.join(' '));
  const lock = () => quorumOf(voters, clock).lock('a');
  /** Nobody has anything of this client, and all that had not refused it were told so. */
  async function assertGivenBack(): Promise<void> {
    await settle();
    for (const { name, lease, moods, asked: questions } of voters) {
      assert.equal(lease, undefined, `${name} has a lease`);
      const refused = moods.acquire === 'refuses';
      assert.ok(refused || questions.includes('release'), `${name} was not told`);
    }
  }

  it('takes one round where the answers agree', async () => {
    const hold = await atOnce(lock().acquire());
    assert.equal(hold.fenceToken, 1);
    assert.equal(hold.kind, 'lock');
    assert.equal(hold.name, 'a');
    assert.ok(hold.isHeld());
    assert.deepEqual(asked(), ['acquire', 'acquire', 'acquire']);
    assert.equal(
      clock.timers,
      3,
      'its renewal, its end, and the look for sleep: no question is waited for',
    );
  });

  it('takes one round where a majority agrees on the largest', async () => {
    [first.maxToken, second.maxToken, third.maxToken] = [7, 7, 3];
    const hold = await atOnce(lock().acquire());
    assert.equal(hold.fenceToken, 8);
    assert.deepEqual(asked(), ['acquire', 'acquire', 'acquire']);
  });

  it('confirms the largest by a majority where the answers do not agree (QUORUM-2)', async () => {
    [first.maxToken, second.maxToken, third.maxToken] = [4, 9, 0];
    const hold = await atOnce(lock().acquire());
    assert.equal(hold.fenceToken, 10);
    assert.deepEqual(asked(), ['acquire confirm', 'acquire confirm', 'acquire confirm']);
    assert.deepEqual(
      voters.map(({ maxToken }) => maxToken),
      [10, 10, 10],
    );
  });

  it('is not held where a majority agrees on less than the largest that was heard, until that is confirmed (QUORUM-2)', async () => {
    voters = votersOf(5, clock);
    const [one, two, three, four] = voters as [MemoryVoter, MemoryVoter, MemoryVoter, MemoryVoter];
    one.maxToken = 30;
    for (const voter of [two, three, four]) voter.moods.confirm = 'refuses';
    await assert.rejects(atOnce(lock().acquire()), isCode('lock_held'));
    await assertGivenBack();
  });

  it('is held where a minority refuses the confirm, and by its own lease where it never knew of it', async () => {
    second.maxToken = 9;
    third.moods.confirm = 'refuses';
    const hold = await atOnce(lock().acquire());
    assert.equal(hold.fenceToken, 10);
  });

  for (const mood of ['refuses', 'fails'] as const)
    it(`is not held where the confirm ${mood} at a majority, and is given back everywhere (QUORUM-2, QUORUM-4)`, async () => {
      second.maxToken = 9;
      first.moods.confirm = mood;
      third.moods.confirm = mood;
      await assert.rejects(
        atOnce(lock().acquire()),
        isCode(mood === 'refuses' ? 'lock_held' : 'no_quorum'),
      );
      await assertGivenBack();
    });

  it('asks again under a new id, not under the one that was given back (QUORUM-4)', async () => {
    second.maxToken = 9;
    first.moods.confirm = 'refuses';
    third.moods.confirm = 'refuses';
    const ids = new Set<string>();
    const { acquire } = first;
    first.acquire = (ask) => {
      ids.add(ask.leaseId);
      return acquire.call(first, ask);
    };
    const waited = lock().acquire({ waitMs: 1000 });
    await clock.pass(100);
    assert.ok(ids.size > 1);
    assert.equal(ids.size, first.count('acquire'));
    for (const voter of voters) voter.moods.confirm = 'answers';
    await clock.pass(1000);
    await atOnce(waited);
  });

  describe('needs a majority of all that are configured, never of those that answered (QUORUM-1):', () => {
    const others: readonly Mood[] = ['refuses', 'fails', 'hangs', 'throws', 'deaf'];
    for (const count of [3, 5, 7])
      for (const mood of others)
        it(`${String(count)} voters, of which some ${mood}`, async () => {
          for (let granting = 0; granting <= count; granting++) {
            voters = votersOf(count, clock);
            for (const voter of voters.slice(granting)) voter.moods.acquire = mood;
            const tried = lock()
              .acquire()
              .then(
                () => 'held',
                (error: { code: string }) => error.code,
              );
            await clock.pass(nodeTimeoutMs);
            const refused = mood === 'refuses' ? 'lock_held' : 'no_quorum';
            assert.equal(
              await atOnce(tried),
              granting > count / 2 ? 'held' : refused,
              String(granting),
            );
            if (granting < count / 2) await assertGivenBack();
          }
        });
  });

  it('is not delayed by a voter that hangs, while the clock is stopped', async () => {
    second.mood = 'hangs';
    third.maxToken = 5;
    const hold = await atOnce(lock().acquire());
    assert.equal(hold.fenceToken, 6);
    assert.equal(hold.validForMs, ttlMs - driftBufferMs);
  });

  it('is refused at once where a majority denies, while another voter hangs', async () => {
    first.mood = 'hangs';
    second.moods.acquire = 'refuses';
    third.moods.acquire = 'refuses';
    await assert.rejects(atOnce(lock().acquire()), isCode('lock_held'));
  });

  it('says of each voter that is silent why', async () => {
    first.mood = 'hangs';
    second.mood = 'fails';
    const tried = lock().acquire();
    tried.catch(() => undefined);
    await clock.pass(nodeTimeoutMs);
    await assert.rejects(atOnce(tried), /"a"\. v2 fails; v1: no answer within 200 ms\.$/);
  });

  it('is told to who granted before the caller hears that it is not held', async () => {
    first.moods.acquire = 'refuses';
    second.moods.acquire = 'refuses';
    third.moods.release = 'late';
    third.onGrant = () => undefined;
    let isOver = false;
    // The one that grants answers first, or it would not be known to have.
    voters.reverse();
    const tried = lock().acquire();
    tried.catch(() => undefined).finally(() => (isOver = true));
    await settle();
    assert.equal(isOver, false);
    third.arrive();
    await assert.rejects(atOnce(tried), isCode('lock_held'));
    assert.equal(third.lease, undefined);
  });

  it('gives a voter that is silent its time, and no more', async () => {
    first.mood = 'hangs';
    second.mood = 'hangs';
    let settled = false;
    const tried = lock().acquire();
    tried.catch(() => undefined).finally(() => (settled = true));
    await clock.pass(nodeTimeoutMs - 1);
    assert.equal(settled, false);
    await clock.pass(1);
    await assert.rejects(atOnce(tried), isCode('no_quorum'));
    await clock.pass(10 * nodeTimeoutMs);
    assert.equal(third.lease, undefined);
    assert.equal(clock.timers, 0, 'nothing goes on');
  });

  it('waits for all where one is silent and one refuses: why it is not to be had hangs on the third', async () => {
    const tried = async (answers: boolean): Promise<QuorumHold | null> => {
      first.mood = 'fails';
      second.moods.acquire = 'refuses';
      third.mood = 'answers';
      third.moods.acquire = answers ? 'late' : 'hangs';
      const trying = lock().tryAcquire();
      trying.catch(() => undefined);
      await settle();
      third.arrive();
      await settle();
      if (!answers) await clock.pass(nodeTimeoutMs);
      return atOnce(trying);
    };
    assert.equal(await tried(true), null, 'a majority is there');
    await assert.rejects(tried(false), isCode('no_quorum'));
  });

  it('is null for who only tries, where another holds it', async () => {
    await atOnce(lock().acquire());
    assert.equal(await atOnce(lock().tryAcquire()), null);
    await assert.rejects(atOnce(lock().acquire()), isCode('lock_held'));
    voters[0]!.mood = 'fails';
    voters[1]!.mood = 'fails';
    await assert.rejects(atOnce(lock().tryAcquire()), isCode('no_quorum'));
  });

  it('is valid for its ttl less the drift buffer, counted from before the first request left (QUORUM-3)', async () => {
    for (const voter of voters) voter.moods.acquire = 'late';
    const tried = lock().acquire();
    await clock.pass(150);
    for (const voter of voters) voter.arrive();
    const hold = await atOnce(tried);
    assert.equal(hold.validForMs, ttlMs - driftBufferMs - 150);
  });

  for (const slow of ['acquire', 'confirm'] as const)
    it(`is not held where the answers to ${slow} took until its validity was over (QUORUM-3)`, async () => {
      for (const shortMs of [1, 0]) {
        voters = votersOf(3, clock);
        voters[0]!.maxToken = 9;
        for (const voter of voters) voter.moods[slow] = 'late';
        const patient = quorumOf(voters, clock, { nodeTimeoutMs: ttlMs });
        const tried = patient.lock('a').acquire();
        await clock.pass(ttlMs - driftBufferMs - shortMs);
        for (const voter of voters) voter.arrive();
        if (shortMs > 0) {
          assert.equal((await atOnce(tried)).validForMs, shortMs);
          continue;
        }
        await assert.rejects(atOnce(tried), isCode('lock_held'));
        await assertGivenBack();
      }
    });

  it('is given back also by voters whose answer is still under way: a late acquire grants nothing', async () => {
    first.moods.acquire = 'refuses';
    second.moods.acquire = 'refuses';
    third.moods.acquire = 'late';
    await assert.rejects(atOnce(lock().acquire()), isCode('lock_held'));
    await settle();
    assert.deepEqual(third.asked, ['acquire', 'release']);
    third.arrive();
    assert.equal(third.lease, undefined);
  });

  it('is given back with some patience where a voter does not hear it', async () => {
    first.moods.release = 'fails';
    first.moods.acquire = 'deaf';
    second.moods.acquire = 'refuses';
    third.moods.acquire = 'refuses';
    await assert.rejects(atOnce(lock().acquire()), isCode('lock_held'));
    assert.equal(first.count('release'), 1);
    await clock.pass(2000);
    assert.equal(first.count('release'), 3);
    assert.equal(third.count('release'), 0, 'who refused has nothing to give back');
  });
});

describe('A quorum', () => {
  const clock = new HandClock();
  const refused = isCode('invalid_request');

  it('has 3, 5 or 7 voters', () => {
    for (const count of [0, 1, 2, 4, 6, 8, 9])
      assert.throws(() => quorumOf(votersOf(count, clock), clock), refused, String(count));
    for (const count of [3, 5, 7]) quorumOf(votersOf(count, clock), clock);
  });

  it('counts each voter once', () => {
    const [one, two] = votersOf(2, clock) as [MemoryVoter, MemoryVoter];
    assert.throws(() => quorumOf([one, two, one], clock), refused);
    const nodes = ['http://a:1', 'http://b:1', 'http://a:1/'];
    assert.throws(() => quorumOf([], clock, { voters: undefined, nodes } as never), refused);
  });

  it('gives each voter a time above 0, and at most the ttl', () => {
    const voters = votersOf(3, clock);
    const made = (timeoutMs: number) => quorumOf(voters, clock, { nodeTimeoutMs: timeoutMs });
    for (const timeoutMs of [0, -1, Number.NaN, ttlMs + 1])
      assert.throws(() => made(timeoutMs), refused);
    made(1);
    made(ttlMs);
  });

  it('takes nothing for lease nodes beside voters that are given: it would say nothing', () => {
    const voters = votersOf(3, clock);
    for (const options of [
      { epoch: 2 },
      { apiKey: 'k' },
      { nodes: [] },
      { transport: 'http' } as const,
    ])
      assert.throws(() => quorumOf(voters, clock, options), refused);
  });

  it('has a drift buffer that fits the ttl by default, whatever that is', () => {
    const voters = votersOf(3, clock);
    const environment = { clock, newId: () => 'id' };
    for (const ttl of [510, 10_000, 30_000, 60_000, 86_400_000])
      new Quorum({ voters, ttlMs: ttl }, environment).close();
    for (const ttl of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      assert.throws(() => new Quorum({ voters, ttlMs: ttl }, environment), refused, String(ttl));
    assert.throws(() => quorumOf(voters, clock, { driftBufferMs: Number.NaN }), refused);
  });

  it('is asked at addresses that can be ones', () => {
    const made = (...nodes: string[]) => new Quorum({ nodes });
    for (const wrong of ['', 'http://', 'ftp://a:1', 'http://a:1/path', 'a:b', 'http://a:1?x'])
      assert.throws(() => made(wrong, 'http://b:1', 'http://c:1'), refused, wrong);
    made('a:5001', 'http://b:5001/', 'https://c').close();
    assert.throws(
      () => made('a:5001', 'http://a:5001', 'http://b:5001'),
      refused,
      'one of them twice',
    );
    assert.throws(() => new Quorum({}), /Name all of them/);
  });

  it('has locks with names that nodes take', () => {
    const quorum = quorumOf(votersOf(3, clock), clock);
    for (const name of ['', 'x'.repeat(257)]) assert.throws(() => quorum.lock(name), refused);
    quorum.lock('x'.repeat(256));
  });

  it('has a drift buffer of at least its share of the ttl, and less than all of it', () => {
    const voters = votersOf(3, clock);
    const made = (buffer: number) =>
      quorumOf(voters, clock, { ttlMs: 1000, driftBufferMs: buffer });
    assert.throws(() => made(19.9), refused);
    assert.throws(() => made(0), refused);
    assert.throws(() => made(1000), refused);
    made(20);
    made(999);
    assert.throws(() => quorumOf(voters, clock, { ttlMs: 60_000, driftBufferMs: 500 }), refused);
  });
});
