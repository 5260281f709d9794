/** What no voter takes is refused before anything is asked, or when enough voters have said so: never asked again. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { ErrorCode } from '@holdfast/protocol';
import { redisVoters } from '@holdfast/redis-voters';
import { Quorum } from '../../src/quorum.ts';
import { atOnce, HandClock, settle } from './support/hand-clock.ts';
import { isCode, quorumOf, votersOf } from './support/voters.ts';

const invalid = isCode('invalid_request');
const halfACharacter = 'a\ud800b';

describe('What is given to a quorum', () => {
  const nodes = ['http://a:1', 'http://b:1', 'http://c:1'];
  const wrong: Readonly<Record<string, readonly unknown[]>> = {
    nodes: ['http://a:1', 3, {}, [1, 2, 3], [...nodes, null]],
    ttlMs: [
      '100',
      Number.NaN,
      Number.POSITIVE_INFINITY,
      0,
      0.5,
      -1,
      86_400_001,
      null,
      {},
      [100],
      true,
    ],
    driftBufferMs: ['500', Number.NaN, -1, null],
    nodeTimeoutMs: ['500', Number.NaN, null, {}],
    epoch: [-1, 1.5, Number.NaN, '1', null, 2 ** 53, Number.POSITIVE_INFINITY],
    apiKey: [5, '', null],
    transport: ['quic', '', 'Stream', 5, null],
    clientId: ['', 5, null, 'x'.repeat(257), halfACharacter],
  };
  for (const [option, values] of Object.entries(wrong))
    it(`is refused where "${option}" is none (ARGUMENT-1)`, () => {
      for (const value of values)
        assert.throws(
          () => new Quorum({ nodes, [option]: value }),
          invalid,
          `${option}: ${String(value)}`,
        );
    });

  it('is refused where there are no options, or voters that are none (ARGUMENT-1)', () => {
    for (const options of [undefined, null, 5, 'nodes'])
      assert.throws(() => new Quorum(options as never), invalid, String(options));
    for (const voters of ['abc', [1, 2, 3], [{}, {}, {}], [null, null, null], [{ name: 5 }]])
      assert.throws(() => new Quorum({ voters } as never), invalid, JSON.stringify(voters));
  });

  it('is refused where it names no Redis servers (ARGUMENT-1)', () => {
    const createClient = () => assert.fail('nothing is asked for');
    const urls = ['redis://a:1', 'redis://b:1', 'redis://c:1'];
    for (const epoch of [-1, 0.5, '1', null, Number.NaN])
      assert.throws(() => redisVoters(urls, { createClient, epoch: epoch as never }), invalid);
    for (const wrong of ['redis://:100%@a', 'redis://a:0', 'redis://a/x', 'http://a', 'a:1'])
      assert.throws(() => redisVoters([wrong, ...urls.slice(1)], { createClient }), invalid, wrong);
    for (const given of ['redis://a:1', [5, 6, 7], [''], null])
      assert.throws(() => redisVoters(given as never, { createClient }), invalid);
    assert.throws(() => redisVoters(urls, {} as never), invalid);
    assert.throws(() => redisVoters(urls, { createClient, silenceMs: Number.NaN }), invalid);
  });

  it('is told, with what is wrong with it', () => {
    assert.throws(
      () => new Quorum({ nodes, ttlMs: '100' as never }),
      /A ttl is a number of ms .*not "100"/,
    );
  });
});

describe('What is given to a quorum lock', () => {
  it('is a name that voters take (ARGUMENT-1)', () => {
    const clock = new HandClock();
    const quorum = quorumOf(votersOf(3, clock), clock);
    for (const name of [5, undefined, null, {}, '', 'x'.repeat(257), halfACharacter])
      assert.throws(() => quorum.lock(name as never), invalid, JSON.stringify(name));
    quorum.lock('x'.repeat(256));
    quorum.lock('🔒');
  });

  for (const options of [
    { waitMs: Number.NaN },
    { waitMs: '100' },
    { waitMs: -1 },
    { waitMs: Number.POSITIVE_INFINITY },
    { waitMs: null },
    { signal: {} },
    { signal: null },
    null,
    5,
  ])
    it(`is a wait that ends: ${JSON.stringify(options)} is not asked for (ARGUMENT-1)`, async () => {
      const clock = new HandClock();
      const voters = votersOf(3, clock);
      const holder = await atOnce(quorumOf(voters, clock).lock('a').acquire());
      const asked = voters.map((voter) => voter.count('acquire'));
      const lock = quorumOf(voters, clock).lock('a');
      await assert.rejects(atOnce(lock.acquire(options as never)), invalid);
      assert.deepEqual(
        voters.map((voter) => voter.count('acquire')),
        asked,
      );
      void holder.release();
    });

  /** The voters at these places answer so whatever they are asked for. */
  function refusing(places: readonly number[], code: ErrorCode, count: number) {
    const clock = new HandClock();
    const voters = votersOf(count, clock);
    for (const place of places) {
      const voter = voters[place];
      if (voter === undefined) continue;
      voter.acquire = () => {
        voter.asked.push('acquire');
        return Promise.reject(new HoldfastError(code, `${voter.name}: it says ${code}.`));
      };
    }
    return { clock, voters };
  }

  for (const code of ['invalid_request', 'wrong_epoch', 'unauthorized', 'route_not_found'] as const)
    it(`that a majority answers with ${code} ends at once, however long it may wait (ARGUMENT-1)`, async () => {
      const { clock, voters } = refusing([0, 2], code, 3);
      const lock = quorumOf(voters, clock).lock('a');
      await assert.rejects(
        atOnce(lock.acquire({ waitMs: 60_000 })),
        (error) =>
          isCode(code)(error) && /2 of 3 voters reject it. v1: it says/.test(String(error)),
      );
      await settle();
      assert.equal(voters[0]?.count('acquire'), 1, 'it is not asked again');
      assert.equal(voters[1]?.lease, undefined, 'what was granted is given back');
    });

  it('that one of three refuses is had from the others', async () => {
    const { clock, voters } = refusing([1], 'wrong_epoch', 3);
    assert.ok((await atOnce(quorumOf(voters, clock).lock('a').acquire())).isHeld());
  });

  it('that one of three refuses, and another cannot answer, is asked for again', async () => {
    const { clock, voters } = refusing([1], 'wrong_epoch', 3);
    const [first] = voters;
    assert.ok(first);
    first.mood = 'fails';
    const acquire = quorumOf(voters, clock).lock('a').acquire({ waitMs: 5000 });
    await clock.pass(100);
    first.mood = 'answers';
    await clock.pass(2000);
    assert.ok((await atOnce(acquire)).isHeld());
  });

  it('that a majority refuses ends at once also where the rest is heard of first', async () => {
    const { clock, voters } = refusing([1, 2], 'invalid_request', 3);
    const [first] = voters;
    assert.ok(first);
    first.mood = 'throws';
    const lock = quorumOf(voters, clock).lock('a');
    await assert.rejects(atOnce(lock.acquire({ waitMs: 60_000 })), invalid);
  });

  it('that voters cannot do now is asked for until the wait is over', async () => {
    const { clock, voters } = refusing([0, 1, 2], 'not_voting', 3);
    const acquire = quorumOf(voters, clock).lock('a').acquire({ waitMs: 3000 });
    acquire.catch(() => undefined);
    await clock.pass(2000);
    assert.ok((voters[0]?.count('acquire') ?? 0) > 2);
    await clock.pass(3000);
    await assert.rejects(atOnce(acquire), isCode('no_quorum'));
  });
});
