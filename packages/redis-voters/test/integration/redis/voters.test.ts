/** Real Redis servers as voters: what they promise while they run, are paused and are killed. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createClient } from '@redis/client';
import { HoldfastError } from '@holdfast/client';
import { redisVoters } from '@holdfast/redis-voters';
import { writeReport } from './examples/report.ts';
import { durable, redisProgram } from './redis-server.ts';
import { ask, counting, soon, Trio } from './trio.ts';

const skip =
  redisProgram === undefined && 'This machine has no Redis (Debian: apt-get install redis-server).';
const isCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof HoldfastError && error.code === code;

/** On a busy machine a first attempt may fail. */
const patient = { waitMs: 10_000 };

describe('Redis servers as voters', { skip }, () => {
  let trio: Trio;
  before(async () => {
    trio = await Trio.start(durable);
    await trio.admit({ isNewSet: true, longestTtlMs: 2000 });
  });
  after(async () => await trio[Symbol.asyncDispose]());

  it('grants to one at a time, with growing tokens', async () => {
    const [mine, other] = [trio.quorum(), trio.quorum()];
    const first = await mine.lock('a').acquire(patient);
    assert.equal(await other.lock('a').tryAcquire(), null);
    await first.release();
    const second = await other.lock('a').acquire(patient);
    assert.ok(second.fenceToken > first.fenceToken);
    const apart = await mine.lock('b').acquire(patient);
    assert.equal(apart.fenceToken, 1);
    await Promise.all([second.release(), apart.release()]);
  });

  it('needs one round where the servers agree', async () => {
    const plain = trio.voters();
    await Promise.all(plain.map((voter) => voter.look('one round', soon())));
    const { voters, counts } = counting(plain);
    const hold = await trio.quorum({ voters }).lock('one round').acquire();
    assert.deepEqual(counts, { acquires: 3, confirms: 0 });
    await hold.release();
  });

  it('confirms where they do not, and agrees from then on', async () => {
    const plain = trio.voters();
    for (const [place, token] of [10, 20, 30].entries()) {
      const lease = ask('apart', `preset ${String(place)}`);
      await plain[place]?.acquire(lease, soon());
      assert.equal(await plain[place]?.confirm(lease, token, soon()), true);
      await plain[place]?.release(lease, soon());
    }
    const { voters, counts } = counting(plain);
    const quorum = trio.quorum({ voters });
    const first = await quorum.lock('apart').acquire();
    assert.ok(first.fenceToken > 20, 'the larger one of any two');
    assert.equal(counts.confirms, 3);
    await first.release();
    const second = await quorum.lock('apart').acquire();
    assert.ok(second.fenceToken > first.fenceToken);
    await second.release();
  });

  it('gives the same lease the same token, and keeps others out for its time', async () => {
    const voter = trio.voter(0);
    const granted = await voter.acquire(ask('same', 'one'), soon());
    assert.deepEqual(await voter.acquire(ask('same', 'one'), soon()), granted);
    const denied = await voter.acquire(ask('same', 'two'), soon());
    assert.ok(denied.type === 'denied' && denied.remainingMs > 0 && denied.remainingMs <= 1000);
    assert.equal((await voter.look('same', soon())).clientId, 'the test');
  });

  it('confirms and renews only a lease that stands', async () => {
    const voter = trio.voter(0);
    const [one, two] = [ask('stands', 'stands 1', 100), ask('stands', 'stands 2')];
    await voter.acquire(one, soon());
    assert.equal(await voter.renew(one, 1000, soon()), true);
    assert.ok((await voter.look('stands', soon())).remainingMs > 100);
    assert.equal(await voter.renew(two, 1000, soon()), false);
    assert.equal(await voter.confirm(two, 77, soon()), false);
    assert.equal(await voter.confirm(one, 7, soon()), true);
    assert.equal(await voter.confirm(one, 3, soon()), true);
    await voter.release(one, soon());
    assert.equal(await voter.confirm(one, 77, soon()), false);
    assert.deepEqual(await voter.acquire(two, soon()), { type: 'granted', token: 8 });
  });

  it('lets a lease run out, and who waits has it then', async () => {
    for (const voter of trio.voters()) await voter.acquire(ask('runs out', 'left', 300), soon());
    const hold = await trio.quorum().lock('runs out').acquire(patient);
    assert.ok(hold.fenceToken > 1);
    await hold.release();
  });

  it('does not revive a lease that was released before its acquire came', async () => {
    const voter = trio.voter(0);
    await voter.release(ask('late', 'late 1'), soon());
    const late = await voter.acquire(ask('late', 'late 1'), soon());
    assert.deepEqual(late, { type: 'denied', remainingMs: 0 });
    assert.equal((await voter.look('late', soon())).clientId, undefined);
  });

  it('wakes who waits when the lock is released', async () => {
    const held = await trio.quorum().lock('wake').acquire(patient);
    const waiting = trio.quorum().lock('wake').acquire({ waitMs: 20_000 });
    const channel = '{holdfast-quorum}:free:wake';
    // A majority said no: they are listened to.
    const deadline = soon();
    for (let listening = 0; listening < 2;) {
      deadline.throwIfAborted();
      const counts = trio.servers.map((server) => server.ask('PUBSUB', 'NUMSUB', channel));
      listening = (await Promise.all(counts)).filter((count) =>
        String(count).endsWith(',1'),
      ).length;
    }
    await held.release();
    const hold = await waiting;
    assert.ok(hold.fenceToken > held.fenceToken);
    await hold.release();
  });

  it('runs the example of the document', async () => {
    const written: number[] = [];
    const deadline = soon(20_000);
    const run = () => writeReport(trio.urls, (fenceToken) => void written.push(fenceToken));
    // On a busy machine servers may not answer in time: then nothing was written.
    const again = async (error: unknown): Promise<void> => {
      if (!isCode('no_quorum')(error) || written.length > 0 || deadline.aborted) throw error;
      await run().catch(again);
    };
    await run().catch(again);
    assert.equal(written.length, 1);
  });

  it('refuses another configuration, and a longer ttl than it was admitted with', async () => {
    const apart = trio.voter(0, { epoch: 2 });
    await assert.rejects(apart.acquire(ask('refused', 'r'), soon()), isCode('wrong_epoch'));
    const long = trio.voter(0).acquire(ask('refused', 'r', 2001), soon());
    await assert.rejects(long, isCode('invalid_request'));
    assert.equal((await trio.voter(0).look('refused', soon())).clientId, undefined);
  });

  it('counts a server once, whatever it is called', async () => {
    const [url = ''] = trio.urls;
    const names = [url, url.replace('127.0.0.1', 'localhost')];
    const [one, two] = redisVoters(names, { createClient, onRefused: () => undefined });
    // By these names it is of another set: that is told as well, of the first one alone.
    await assert.rejects(async () => await one?.look('twice', soon()), isCode('another_set'));
    await assert.rejects(async () => await two?.look('twice', soon()), isCode('invalid_request'));
    one?.close();
  });

  it('goes on without one that is paused, at once', async () => {
    const quorum = trio.quorum({ ttlMs: 2000, nodeTimeoutMs: 1800 });
    await (await quorum.lock('still').acquire()).release();
    trio.server(2).standStill();
    const startedMs = performance.now();
    const hold = await quorum.lock('still').acquire();
    const tookMs = performance.now() - startedMs;
    trio.server(2).goOn();
    assert.ok(tookMs < 1500, `${String(tookMs)} ms`);
    await hold.release();
    // What was sent meanwhile is executed, in order: nothing stays.
    assert.equal((await trio.voter(2).look('still', soon())).clientId, undefined);
  });

  it('goes on without one that was killed, and not without two; with its data it counts again', async () => {
    const quorum = trio.quorum();
    const first = await quorum.lock('killed').acquire(patient);
    await trio.server(0).kill();
    await first.release();
    const second = await quorum.lock('killed').acquire(patient);
    await trio.server(1).kill();
    await assert.rejects(quorum.lock('other').acquire(), isCode('no_quorum'));
    // No step is kept for a server that is away.
    await assert.rejects(trio.voter(1).acquire(ask('away', 'away'), soon()));
    await Promise.all([trio.server(0).start(), trio.server(1).start()]);
    assert.equal((await trio.voter(1).look('away', soon())).clientId, undefined);
    assert.equal((await trio.voter(1).look('killed', soon())).maxToken, second.fenceToken);
    await second.release();
    await trio.server(2).kill();
    // The first lease was not released where nobody heard of it.
    const third = await quorum.lock('killed').acquire(patient);
    assert.ok(third.fenceToken > second.fenceToken);
    await third.release();
  });
});
