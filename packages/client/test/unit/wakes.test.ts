/** What signals tell after the machine slept, without anybody asking. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { Voter } from '@holdfast/quorum-client';
import { Quorum } from '@holdfast/quorum-client';
import { Client } from '../../src/client.ts';
import { systemEnvironment } from '../../src/environment.ts';
import { Wakes } from '../../src/wakes.ts';
import { FakePeer } from '../fake-peer.ts';
import { TestClock } from '../test-clock.ts';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('A session whose machine slept for an hour', () => {
  let peer: FakePeer;
  let clock: TestClock;
  let client: Client;
  beforeEach(async () => {
    peer = await FakePeer.start();
    clock = new TestClock();
    client = new Client({ endpoints: [peer.url] }, { ...systemEnvironment, clock });
  });
  afterEach(async () => {
    peer.handle = (request) => request.answer({});
    await client.close();
    await peer.close();
  });

  for (const [what, refuse] of [
    ['the cluster has ended it', true],
    ['nobody answers', false],
  ] as const)
    it(`aborts its signals about a second after it woke where ${what} (SESSION-LEASE-1, WAKE-1)`, async () => {
      const session = await client.session({ timeoutSeconds: 30 });
      const { signal } = await session.lock('a');
      peer.handle = (request) => {
        if (refuse) request.refuse('session_expired');
      };
      clock.bootMs += 3_600_000;
      const wokeMs = clock.nowMs;
      while (!signal.aborted && clock.nowMs < wokeMs + 2000) {
        clock.pass(50);
        await settled();
      }
      assert.ok(signal.aborted && session.signal.aborted);
      assert.ok(clock.nowMs <= wokeMs + 1300, `${String(clock.nowMs - wokeMs)} ms`);
      assert.equal(session.state, 'lost');
    });

  it('goes on where the cluster says at once that it stands', async () => {
    const session = await client.session({ timeoutSeconds: 30 });
    const hold = await session.lock('a');
    clock.bootMs += 3_600_000;
    clock.pass(250);
    await peer.next('keepalive');
    while (!hold.isHeld()) await settled();
    clock.pass(5000);
    assert.equal(hold.signal.aborted, false);
    assert.equal(peer.received.filter(({ operation }) => operation === 'keepalive').length, 1);
  });

  it('is kept alive earlier where it slept for a part of its lease', async () => {
    const session = await client.session({ timeoutSeconds: 30 });
    clock.bootMs += 20_000;
    clock.pass(250);
    await settled();
    await peer.next('keepalive');
    assert.ok(session.isValid());
  });

  it('looks for sleep with one timer for all sessions, and none where there is none', () => {
    const timers = new TestClock();
    let planned = 0;
    const after = timers.after.bind(timers);
    timers.after = (delayMs, callback) => {
      planned += 1;
      return after(delayMs, callback);
    };
    const wakes = new Wakes(timers);
    let woke = 0;
    const ends = [1, 2, 3].map(() => wakes.listen(() => (woke += 1)));
    timers.pass(250);
    assert.deepEqual([planned, woke], [2, 0]);
    // Many short ones are a long one.
    for (const asleepMs of [30, 30]) {
      timers.bootMs += asleepMs;
      timers.pass(250);
    }
    assert.deepEqual([planned, woke], [4, 3]);
    for (const end of ends) end();
    timers.pass(250);
    timers.pass(250);
    assert.equal(planned, 4);
  });
});

describe('A hold by a quorum whose machine slept for an hour', () => {
  const stands = new Map<string, boolean>();
  const voterOf = (name: string): Voter => ({
    name,
    acquire: () =>
      Promise.resolve({ type: 'granted', token: 1, file: name.length + name.charCodeAt(1) }),
    confirm: () => Promise.resolve(true),
    renew: () =>
      stands.get(name) === true
        ? Promise.resolve(true)
        : Promise.reject(new HoldfastError('connection_lost', 'asleep')),
    release: () => Promise.resolve(),
  });

  for (const isAnswered of [true, false])
    it(`${isAnswered ? 'goes on where a renewal succeeds at once' : 'aborts its signal about a second after it woke where none does'} (WAKE-1)`, async () => {
      const clock = new TestClock();
      const voters = ['v1', 'v2', 'v3'].map(voterOf);
      const quorum = new Quorum(
        { voters, ttlMs: 30_000 },
        { clock, newId: () => globalThis.crypto.randomUUID() },
      );
      const hold = await quorum.lock('a').acquire();
      for (const { name } of voters) stands.set(name, isAnswered);
      clock.bootMs += 3_600_000;
      for (let step = 0; step < 26; step++) {
        clock.pass(50);
        await settled();
      }
      assert.equal(hold.signal.aborted, !isAnswered);
      assert.equal(hold.isHeld(), isAnswered);
      await hold.release();
      quorum.close();
    });
});
