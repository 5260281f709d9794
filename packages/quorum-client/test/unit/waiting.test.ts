import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { WaitOptions } from '@holdfast/client';
import type { QuorumHold } from '../../src/quorum-lock.ts';
import { atOnce, HandClock, settle } from './support/hand-clock.ts';
import type { MemoryVoter } from './support/memory-voter.ts';
import { isCode, nodeTimeoutMs, quorumOf, ttlMs, votersOf } from './support/voters.ts';

describe('Waiting for a quorum lock', () => {
  let clock: HandClock;
  let voters: MemoryVoter[];
  /** What another client holds. */
  let other: QuorumHold;
  beforeEach(() => begin());

  async function begin(options = {}): Promise<void> {
    clock = new HandClock();
    voters = votersOf(3, clock, options);
    other = await atOnce(quorumOf(voters, clock, { clientId: 'other' }).lock('a').acquire());
  }

  const acquire = (options: WaitOptions): Promise<QuorumHold> =>
    quorumOf(voters, clock).lock('a').acquire(options);
  const counts = (operation: 'acquire' | 'wait'): number[] =>
    voters.map((voter) => voter.count(operation));
  const clients = (): (string | undefined)[] => voters.map(({ lease }) => lease?.clientId);
  const waiters = (): number[] => voters.map((voter) => voter.waiters);
  /** Nothing of the client that waited is left anywhere, and nothing of it goes on. */
  async function assertGone(): Promise<void> {
    await settle();
    assert.ok(!clients().includes('me'), clients().join());
    assert.deepEqual(waiters(), [0, 0, 0]);
    const asked = counts('acquire');
    await atOnce(other.release());
    await clock.pass(100 * ttlMs);
    assert.deepEqual(counts('acquire'), asked);
    assert.equal(clock.timers, 0);
  }

  it('ends when a voter tells, while the clock is stopped; waits are cancelled then', async () => {
    const waited = acquire({ waitMs: 5000 });
    await settle();
    assert.deepEqual(counts('acquire'), [2, 2, 2]);
    assert.deepEqual(waiters(), [1, 1, 1]);
    await atOnce(other.release());
    const hold = await atOnce(waited);
    assert.equal(hold.fenceToken, 2);
    await settle();
    assert.equal(
      clock.timers,
      3,
      'its renewal, its end, and the look for sleep: nothing waits any more',
    );
    assert.deepEqual(waiters(), [0, 0, 0]);
  });

  it('asks for nothing while nobody tells: it does not poll', async () => {
    const waited = acquire({ waitMs: 60_000 });
    await clock.pass(19_000);
    assert.deepEqual(counts('acquire'), [2, 2, 2]);
    assert.deepEqual(counts('wait'), [1, 1, 1]);
    await atOnce(other.release());
    await atOnce(waited);
  });

  it('looks again now and then, where voters tell nothing though it is free', async () => {
    other.lose('lost'); // And is not renewed any more: it ends by itself, and no voter tells.
    const waited = acquire({ waitMs: 60_000 });
    await clock.pass(20_000);
    assert.equal((await atOnce(waited)).fenceToken, 2);
  });

  it('tries when a majority has told, and says so: not before', async () => {
    const waited = acquire({ waitMs: 5000 });
    await settle();
    voters[0]?.tellAll();
    await clock.pass(49);
    assert.deepEqual(counts('acquire'), [2, 2, 2], 'one may know nothing of the lease');
    await atOnce(other.release());
    await atOnce(waited);
    assert.deepEqual(counts('acquire'), [3, 3, 3]);
    for (const { toldToPass } of voters) assert.deepEqual(toldToPass.slice(1), [false, true]);
  });

  it('tries after a while where one tells and the others do not, and keeps its places there', async () => {
    const waited = acquire({ waitMs: 5000 });
    await settle();
    voters[0]?.tellAll();
    await clock.pass(50);
    assert.deepEqual(counts('acquire'), [3, 3, 3]);
    assert.deepEqual(voters[0]?.toldToPass.slice(1), [false, false]);
    assert.deepEqual(counts('wait'), [2, 1, 1]);
    assert.deepEqual(waiters(), [1, 1, 1]);
    await atOnce(other.release());
    await atOnce(waited);
  });

  it('tries ever more seldom where one goes on to tell that it is free', async () => {
    const waited = acquire({ waitMs: 60_000 });
    await settle();
    const first = voters[0]!;
    first.lease = undefined;
    first.tellAll();
    await clock.pass(10_000);
    assert.ok(
      first.count('acquire') > 15 && first.count('acquire') < 35,
      String(first.count('acquire')),
    );
    await atOnce(other.release());
    await clock.pass(1000);
    await atOnce(waited);
  });

  it('does not miss what it is told while it asks', async () => {
    const waited = acquire({ waitMs: 5000 });
    await settle();
    for (const voter of voters) voter.moods.acquire = 'late';
    voters[0]?.tellAll();
    await settle();
    for (const voter of voters) voter.arrive();
    voters[1]?.tellAll();
    for (const voter of voters) voter.moods.acquire = 'answers';
    await atOnce(other.release());
    await atOnce(waited);
  });

  it('asks again after a pause where no voter can tell', async () => {
    await begin({ tells: false });
    const waited = acquire({ waitMs: 5000 });
    await clock.pass(2000);
    const [asked = 0] = counts('acquire');
    assert.ok(asked > 5 && asked < 15, `${String(asked)} times`);
    await atOnce(other.release());
    await clock.pass(500);
    assert.equal((await atOnce(waited)).fenceToken, 2);
  });

  for (const mood of ['fails', 'throws'] as const)
    it(`asks again after a pause where every wait ${mood}`, async () => {
      for (const voter of voters) voter.moods.wait = mood;
      const waited = acquire({ waitMs: 5000 });
      await clock.pass(100);
      assert.ok((counts('acquire')[0] ?? 0) > 2);
      await atOnce(other.release());
      await clock.pass(500);
      await atOnce(waited);
    });

  it('looks for itself where too few can tell', async () => {
    voters[0]!.moods.wait = 'fails';
    voters[1]!.moods.wait = 'fails';
    voters[2]!.moods.wait = 'hangs';
    const waited = acquire({ waitMs: 60_000 });
    await clock.pass(2000);
    await atOnce(other.release());
    await clock.pass(1000);
    await atOnce(waited);
  });

  it('stands anew where a place has ended without a word', async () => {
    for (const voter of voters) voter.moods.wait = 'hangs';
    const waited = acquire({ waitMs: 60_000 });
    await clock.pass(19_999);
    assert.deepEqual(counts('wait'), [1, 1, 1]);
    await clock.pass(20_002);
    assert.deepEqual(counts('wait'), [2, 2, 2]);
    await atOnce(other.release());
    await clock.pass(20_000);
    await atOnce(waited);
  });

  it('is over after its time, with a last look', async () => {
    const waited = acquire({ waitMs: 300 });
    waited.catch(() => undefined);
    await clock.pass(299);
    assert.deepEqual(counts('acquire'), [2, 2, 2]);
    await clock.pass(1);
    await assert.rejects(atOnce(waited), isCode('wait_timeout'));
    assert.deepEqual(counts('acquire'), [3, 3, 3]);
    await assertGone();
  });

  it('says that there is no quorum where a majority is silent at its end', async () => {
    voters[0]!.mood = 'fails';
    voters[1]!.mood = 'fails';
    const waited = acquire({ waitMs: 300 });
    waited.catch(() => undefined);
    await clock.pass(300);
    await assert.rejects(atOnce(waited), isCode('no_quorum'));
  });

  it('goes on when a majority is back', async () => {
    await atOnce(other.release());
    voters[0]!.mood = 'fails';
    voters[1]!.mood = 'fails';
    const waited = acquire({ waitMs: 5000 });
    await clock.pass(1000);
    voters[0]!.mood = 'answers';
    await clock.pass(500);
    assert.ok((await atOnce(waited)).isHeld());
  });

  it('asks nobody where the caller cancelled before', async () => {
    const asked = counts('acquire');
    const options = { waitMs: 5000, signal: AbortSignal.abort() };
    await assert.rejects(atOnce(acquire(options)), isCode('cancelled'));
    assert.deepEqual(counts('acquire'), asked);
    await assertGone();
  });

  it('ends at once, and cancels its waits, where the caller cancels', async () => {
    const controller = new AbortController();
    const waited = acquire({ waitMs: 5000, signal: controller.signal });
    await settle();
    assert.deepEqual(waiters(), [1, 1, 1]);
    controller.abort();
    await assert.rejects(atOnce(waited), isCode('cancelled'));
    await assertGone();
  });

  it('ends at once where the caller cancelled while voters were asked in vain', async () => {
    const controller = new AbortController();
    for (const voter of voters) voter.moods.acquire = 'late';
    const waited = acquire({ waitMs: 5000, signal: controller.signal });
    await settle();
    controller.abort();
    await assert.rejects(atOnce(waited), isCode('cancelled'), 'nobody has answered');
    for (const voter of voters) voter.arrive();
    await assertGone();
  });

  it('gives everything back where the caller cancels at the moment of the grant', async () => {
    for (const at of [0, 1, 2]) {
      await begin();
      const controller = new AbortController();
      voters[at]!.onGrant = () => controller.abort();
      const waited = acquire({ waitMs: 5000, signal: controller.signal });
      waited.catch(() => undefined);
      await settle();
      await atOnce(other.release());
      await assert.rejects(atOnce(waited), isCode('cancelled'));
      await settle();
      assert.deepEqual(clients(), [undefined, undefined, undefined]);
      await assertGone();
    }
  });

  it('either holds, or is given back, whenever the caller cancels while it is granted', async () => {
    const ends = new Set<string>();
    for (let steps = 0; steps < 30; steps++) {
      await begin();
      await atOnce(other.release());
      const controller = new AbortController();
      const tried = acquire({ signal: controller.signal }).then(
        (hold) => hold,
        () => undefined,
      );
      for (let step = 0; step < steps; step++) await Promise.resolve();
      controller.abort();
      const hold = await atOnce(tried);
      await settle();
      ends.add(hold === undefined ? 'given back' : 'held');
      const kept = hold === undefined ? undefined : 'me';
      assert.deepEqual(clients(), [kept, kept, kept], `after ${String(steps)} steps`);
    }
    assert.deepEqual([...ends].toSorted(), ['given back', 'held']);
  });

  it('gives back also what is granted after the caller cancelled', async () => {
    await atOnce(other.release());
    voters[2]!.moods.acquire = 'late';
    voters[1]!.moods.acquire = 'hangs';
    const controller = new AbortController();
    const tried = acquire({ signal: controller.signal });
    tried.catch(() => undefined);
    await clock.pass(nodeTimeoutMs / 2);
    controller.abort();
    voters[2]?.arrive();
    await assert.rejects(atOnce(tried), isCode('cancelled'));
    await assertGone();
  });
});
