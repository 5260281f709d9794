/** Of which set a Redis server is, and how another set follows. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createClient } from '@redis/client';
import { HoldfastError } from '@holdfast/client';
import { Quorum } from '@holdfast/quorum-client';
import { admitRedisServers, reconfigureRedisServers, redisVoters } from '@holdfast/redis-voters';
import type { AdmittedServer, ReconfigureOptions, RedisVoter } from '@holdfast/redis-voters';
import { durable, redisProgram, RedisServer } from '../../integration/redis/redis-server.ts';
import { ask, soon, Trio } from '../../integration/redis/trio.ts';

const skip =
  redisProgram === undefined && 'This machine has no Redis (Debian: apt-get install redis-server).';
const isCode =
  (code: string, text = /./) =>
  (error: unknown): boolean =>
    error instanceof HoldfastError && error.code === code && text.test(error.message);
const longestTtlMs = 300;
const times = { ttlMs: 300, driftBufferMs: 10, nodeTimeoutMs: 290 };
const patient = { waitMs: 10_000 };

describe('The set of Redis servers', { skip }, () => {
  let trio: Trio;
  let fourth: RedisServer;
  let voters: RedisVoter[];
  beforeEach(async () => {
    voters = [];
    trio = await Trio.start(durable);
    fourth = await RedisServer.start(durable);
    await trio.admit({ isNewSet: true });
  });
  afterEach(async () => {
    for (const voter of voters) voter.close();
    await fourth[Symbol.asyncDispose]();
    await trio[Symbol.asyncDispose]();
  });

  function votersOf(urls: readonly string[], epoch = 1): RedisVoter[] {
    const made = redisVoters(urls, { createClient, epoch, onRefused: () => undefined });
    voters.push(...made);
    return made;
  }
  const quorumOf = (urls: readonly string[], epoch = 1): Quorum =>
    new Quorum({ voters: votersOf(urls, epoch), ...times });
  const next = (): readonly string[] => [trio.server(0).url, trio.server(1).url, fourth.url];
  const change = (options: Partial<ReconfigureOptions> = {}): Promise<readonly AdmittedServer[]> =>
    reconfigureRedisServers(trio.urls, { createClient, longestTtlMs, to: next(), ...options });

  it('is told to clients of another one, for which nothing is granted (REDIS-9)', async () => {
    const [voter] = votersOf(next());
    assert.ok(voter !== undefined);
    const told = isCode('another_set', new RegExp(`it has epoch 1: .*${trio.server(2).url}`));
    await assert.rejects(voter.acquire(ask('a', 'l'), soon()), told);
    await assert.rejects(voter.look('a', soon()), told);
    const hold = await quorumOf(trio.urls.toReversed()).lock('a').acquire(patient);
    assert.ok(hold.isHeld(), 'in whatever order they are named');
    await assert.rejects(quorumOf(next()).lock('a').acquire(patient), isCode('another_set'));
    await hold.release();
  });

  it('is told with each step, also where the server was of their set when they connected (REDIS-9)', async () => {
    const [voter] = votersOf(trio.urls);
    assert.ok(voter !== undefined);
    await voter.look('a', soon());
    for (const place of [0, 1]) await trio.server(place).ask('FLUSHALL');
    await admitRedisServers(next(), { createClient, longestTtlMs, isNewSet: true });
    await assert.rejects(voter.acquire(ask('a', 'l', 100), soon()), isCode('another_set'));
  });

  it('of an earlier version is written down when the servers are admitted again', async () => {
    const key = '{holdfast-quorum}:server';
    for (const server of trio.servers) await server.ask('HDEL', key, 'set', 'members');
    await assert.rejects(trio.voter(0).look('a', soon()), isCode('not_voting'));
    const states = (await trio.admit()).map(({ state }) => state);
    assert.deepEqual(states, ['voting', 'voting', 'voting']);
    await trio.voter(0).look('a', soon());
  });

  it('is followed by another one, above its tokens, when its leases have ended', async () => {
    const old = quorumOf(trio.urls);
    const before = await old.lock('a').acquire(patient);
    const startedMs = performance.now();
    const states = await change();
    assert.deepEqual(
      states.map(({ state }) => state),
      ['voting', 'voting', 'voting'],
    );
    assert.ok(performance.now() - startedMs >= longestTtlMs);
    assert.ok(!before.isHeld());
    const after = await quorumOf(next(), 2).lock('a').acquire(patient);
    assert.ok(after.fenceToken > before.fenceToken);
    await after.release();
    const [, , left] = votersOf(trio.urls);
    const ended = isCode('another_set', /has ended. Use the one that follows it: epoch 2/);
    await assert.rejects(async () => await left?.acquire(ask('b', 'l'), soon()), ended);
    await assert.rejects(trio.admit(), isCode('wrong_epoch'));
    await change();
    assert.ok((await quorumOf(next(), 2).lock('a').acquire(patient)).isHeld(), 'safe to repeat');
  });

  it('does not open again for one that lost its data', async () => {
    const [first] = trio.urls;
    await assert.rejects(
      change({ signal: AbortSignal.timeout(50) }),
      isCode('cancelled'),
      'it ends when all are closed',
    );
    await trio.server(2).ask('FLUSHALL');
    await assert.rejects(trio.admit(), isCode('another_set', /has ended/), first);
    await change();
    assert.ok((await quorumOf(next(), 2).lock('a').acquire(patient)).isHeld());
  });

  it('that began in part is completed by the same change', async () => {
    await change();
    await fourth.ask('FLUSHALL');
    const states = (await change()).map(({ state }) => state);
    assert.deepEqual(states, ['voting', 'voting', 'admitted']);
  });

  it('stays where a server of the new one, or a majority of the old one, is missing', async () => {
    await trio.server(0).kill();
    await assert.rejects(change(), isCode('no_quorum', /cannot be reached/));
    await trio.server(0).start();
    await trio.server(1).ask('FLUSHALL');
    await trio.server(2).ask('FLUSHALL');
    await assert.rejects(change(), isCode('no_quorum', /Only 1 of 3/));
  });

  it('that is closed for one is not for another, unless it is said that the first will not be', async () => {
    await assert.rejects(change({ signal: AbortSignal.timeout(50) }), isCode('cancelled'));
    const fifth = await RedisServer.start(durable);
    try {
      const to = [trio.server(0).url, trio.server(1).url, fifth.url];
      await assert.rejects(change({ to }), isCode('another_set', /has ended/));
      await change({ to, insteadOfAnother: true });
      assert.ok((await quorumOf(to, 2).lock('a').acquire(patient)).isHeld());
      // What was not finished never begins: two of its servers are of another set by now.
      for (const insteadOfAnother of [false, true])
        await assert.rejects(change({ insteadOfAnother }), HoldfastError);
      assert.equal(await fourth.ask('HEXISTS', '{holdfast-quorum}:server', 'set'), 0);
    } finally {
      await fifth[Symbol.asyncDispose]();
    }
  });
});
