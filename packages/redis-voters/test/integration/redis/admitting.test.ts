/** Which Redis servers vote: what is refused, what a loss of data does, and how a server comes back. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createClient } from '@redis/client';
import { HoldfastError } from '@holdfast/client';
import { redisVoters } from '@holdfast/redis-voters';
import { durable, forgetful, redisProgram, RedisServer } from './redis-server.ts';
import { ask, soon, Trio } from './trio.ts';

const skip =
  redisProgram === undefined && 'This machine has no Redis (Debian: apt-get install redis-server).';
const isCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof HoldfastError && error.code === code;
const says = (part: RegExp) => (error: unknown) =>
  isCode('invalid_request')(error) && part.test((error as Error).message);
const times = { ttlMs: 300, driftBufferMs: 10, nodeTimeoutMs: 290 };
/** On a busy machine a first attempt may fail. */
const patient = { waitMs: 10_000 };

describe('Redis servers that lose their data', { skip }, () => {
  let trio: Trio;
  before(async () => {
    trio = await Trio.start(forgetful, { allowLossOnRestart: true });
    await trio.admit({ isNewSet: true });
  });
  after(async () => await trio[Symbol.asyncDispose]());

  it('are not counted after a restart until they are admitted, above all tokens of the others', async () => {
    const quorum = trio.quorum(times);
    const before = await quorum.lock('a').acquire(patient);
    await before.release();
    await trio.server(0).kill();
    await trio.server(0).start();
    const refused: string[] = [];
    const voter = trio.voter(0, { onRefused: (_name, { code }) => refused.push(code) });
    for (const lease of ['1', '2'])
      await assert.rejects(voter.acquire(ask('a', lease, 100), soon()), isCode('not_voting'));
    assert.deepEqual(refused, ['not_voting'], 'told once');
    const meanwhile = await quorum.lock('a').acquire(patient);
    await meanwhile.release();
    const states = (await trio.admit()).map(({ state }) => state);
    assert.deepEqual(states, ['admitted', 'voting', 'voting']);
    assert.ok((await voter.look('a', soon())).maxToken >= meanwhile.fenceToken);
    await trio.server(1).kill();
    const later = await quorum.lock('a').acquire(patient);
    assert.ok(later.fenceToken > meanwhile.fenceToken);
    await later.release();
    await trio.server(1).start();
    assert.equal((await trio.admit())[1]?.state, 'admitted');
  });

  it('are not counted with data of an earlier process', async () => {
    const server = trio.server(2);
    await server.ask('SAVE');
    const voter = trio.voter(2);
    await voter.acquire(ask('old', 'old', 100), soon());
    await server.kill();
    await server.start();
    assert.equal(await server.ask('HEXISTS', '{holdfast-quorum}:server', 'run'), 1);
    await assert.rejects(voter.look('old', soon()), isCode('not_voting'));
    await trio.admit();
    assert.ok((await voter.look('old', soon())).maxToken > 0);
  });

  it('are not counted when somebody deletes all keys', async () => {
    const voter = trio.voter(1);
    await voter.look('a', soon());
    await trio.server(1).ask('FLUSHALL');
    await assert.rejects(voter.acquire(ask('a', '3', 100), soon()), isCode('not_voting'));
    await trio.admit();
    await voter.look('a', soon());
  });

  it('fold their tokens into a floor when there are too many', async () => {
    const voter = trio.voter(1);
    const fill = "for i = 1, 100000 do redis.call('HSET', KEYS[1], i, 1) end";
    await trio.server(1).ask('EVAL', fill, '1', '{holdfast-quorum}:tokens');
    const lease = ask('large', 'large', 100);
    await trio.server(1).ask('HSET', '{holdfast-quorum}:tokens', 'large', '5');
    await voter.acquire(lease, soon());
    await voter.confirm(lease, 5000, soon());
    const granted = await voter.acquire(ask('one more', 'one more', 100), soon());
    assert.deepEqual(granted, { type: 'granted', token: 5001 });
    assert.equal((await voter.look('large', soon())).maxToken, 5000);
    assert.equal(await trio.server(1).ask('HLEN', '{holdfast-quorum}:tokens'), 1);
  });

  it('are paused when a majority has restarted, until somebody says that the set is new', async () => {
    const quorum = trio.quorum(times);
    const before = await quorum.lock('b').acquire(patient);
    await Promise.all([trio.server(0).kill(), trio.server(1).kill()]);
    await Promise.all([trio.server(0).start(), trio.server(1).start()]);
    // No majority can hear it; on a slow machine its time is over by then, and there is nothing to give back.
    await before.release().catch((error: unknown) => assert.ok(isCode('no_quorum')(error)));
    await assert.rejects(quorum.lock('b').acquire(), isCode('no_quorum'));
    await assert.rejects(trio.admit(), isCode('no_quorum'));
    await trio.admit({ isNewSet: true, floorToken: 1_000_000 });
    const after = await quorum.lock('b').acquire(patient);
    assert.ok(after.fenceToken > 1_000_000);
    await after.release();
  });

  it('move to another configuration together, and keep their tokens', async () => {
    const largest = (await trio.voter(0).look('b', soon())).maxToken;
    await assert.rejects(trio.admit({ epoch: 2 }), isCode('no_quorum'));
    await trio.admit({ epoch: 2, isNewSet: true, floorToken: 0 });
    await assert.rejects(trio.voter(0).look('b', soon()), isCode('wrong_epoch'));
    await assert.rejects(trio.admit(), isCode('wrong_epoch'));
    const { maxToken } = await trio.voter(0, { epoch: 2 }).look('b', soon());
    assert.ok(maxToken >= largest);
  });
});

describe('Redis servers that cannot be voters', { skip }, () => {
  async function refusal(settings: readonly string[], part: RegExp): Promise<void> {
    await using server = await RedisServer.start(settings);
    const told: string[] = [];
    const [voter] = redisVoters([server.url], {
      createClient,
      onRefused: (_name, { message }) => told.push(message),
    });
    await assert.rejects(async () => await voter?.look('a', soon()), says(part));
    assert.equal(told.length, 1);
  }

  it('are those that drop keys', async () => {
    await refusal([...durable, '--maxmemory-policy', 'volatile-lru'], /maxmemory-policy/);
  });

  it('are replicas', async () => {
    await using master = await RedisServer.start(durable);
    const port = new URL(master.url).port;
    await refusal([...durable, '--replicaof', '127.0.0.1', port], /replica/);
  });

  it('are those that may lose what they answered, unless that is allowed', async () => {
    await using trio = await Trio.start(['--appendonly', 'yes', '--appendfsync', 'everysec']);
    await assert.rejects(trio.admit({ isNewSet: true }), says(/appendfsync always/));
    await trio.admit({ isNewSet: true, allowLossOnRestart: true });
    await assert.rejects(trio.voter(0).look('a', soon()), says(/appendfsync always/));
    const voter = trio.voter(0, { allowLossOnRestart: true });
    await voter.look('a', soon());
    await trio.server(0).kill();
    await trio.server(0).start();
    await assert.rejects(voter.look('a', soon()), isCode('not_voting'));
  });

  it('are, after a restart, those that somebody saw when they might lose what they answered', async () => {
    await using trio = await Trio.start(durable);
    await trio.admit({ isNewSet: true });
    const restart = async (place: number): Promise<void> => {
      await trio.server(place).kill();
      await trio.server(place).start();
    };
    const [seen, unseen] = [0, 1];
    for (const place of [seen, unseen]) {
      await trio.server(place).ask('CONFIG', 'SET', 'appendfsync', 'everysec');
      if (place === seen)
        await assert.rejects(trio.voter(place).look('a', soon()), says(/appendfsync always/));
      await trio.server(place).ask('CONFIG', 'SET', 'appendfsync', 'always');
      await trio.voter(place).look('a', soon());
      await restart(place);
    }
    await assert.rejects(trio.voter(seen).look('a', soon()), isCode('not_voting'));
    await trio.voter(unseen).look('a', soon());
    const states = (await trio.admit()).map(({ state }) => state);
    assert.deepEqual(states, ['admitted', 'voting', 'voting']);
    await restart(seen);
    await trio.voter(seen).look('a', soon());
  });

  it('are those of which nobody has said that the set is new', async () => {
    await using trio = await Trio.start(durable);
    await assert.rejects(trio.admit(), isCode('no_quorum'));
    await assert.rejects(trio.quorum(times).lock('a').acquire(), isCode('no_quorum'));
    await trio.admit({ isNewSet: true });
    await (await trio.quorum(times).lock('a').acquire(patient)).release();
  });
});
