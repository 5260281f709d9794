import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { Client } from '../../src/client.ts';
import { silentSweepsFor, sweepEveryMs } from '../../src/silence.ts';
import type { Session } from '../../src/session.ts';
import { clusterOf, environmentOf, VirtualClock, VirtualNode } from '../virtual-nodes.ts';

const isCode = (code: string) => (error: unknown) =>
  error instanceof HoldfastError && error.code === code;

describe('A client whose node says nothing any more', () => {
  let clock: VirtualClock;
  let a: VirtualNode;
  let b: VirtualNode;
  let c: VirtualNode;
  beforeEach(() => {
    clock = new VirtualClock();
    [a, b, c] = [
      new VirtualNode(clock, 'a'),
      new VirtualNode(clock, 'b'),
      new VirtualNode(clock, 'c'),
    ];
  });

  const clientOf = (...nodes: readonly VirtualNode[]): Client =>
    new Client(
      { endpoints: nodes.map(({ url }) => url), timeoutMs: 20_000 },
      environmentOf(clock, [a, b, c]),
    );
  const settled = <T>(promise: Promise<T>): Promise<T> => clock.settled(promise);
  const sessionOf = (client: Client, timeoutSeconds: number): Promise<Session> =>
    settled(client.session({ timeoutSeconds }));

  for (const seconds of [1, 1.5, 2, 3, 6, 10, 30, 600]) {
    it(`tries another way well before half of a lease of ${String(seconds)} s is gone (REACH-3)`, async () => {
      const client = clientOf(a, b);
      const session = await sessionOf(client, seconds);
      const provenAtMs = a.asked.at(-1)?.atMs ?? 0;
      a.isSilent = true;
      await clock.pass(seconds * 1000 * 20);
      assert.equal(session.state, 'active');
      const triedAfterMs = (b.triedAtMs[0] ?? Infinity) - provenAtMs;
      assert.ok(
        triedAfterMs < 0.45 * seconds * 1000 + 2 * sweepEveryMs,
        `after ${String(triedAfterMs)} ms of ${String(seconds * 1000)}`,
      );
      assert.ok(b.askedFor('keepalive').length > 10);
    });
  }

  it('keeps a session of 3 s though two of its three ways are silent', async () => {
    const client = clientOf(a, b, c);
    const session = await sessionOf(client, 3);
    a.isSilent = true;
    b.isSilent = true;
    await clock.pass(30_000);
    assert.equal(session.state, 'active');
    assert.ok(c.askedFor('keepalive').length > 20);
  });

  it('keeps a session of 3 s though the way goes silent again and again', async () => {
    const client = clientOf(a, b);
    const session = await sessionOf(client, 3);
    const hold = await settled(session.lock('a'));
    for (let round = 0; round < 20; round++) {
      a.isSilent = round % 2 === 0;
      b.isSilent = round % 2 === 1;
      await clock.pass(4000);
      hold.assertHeld();
    }
  });

  it('keeps a session of 3 s that waits though the way goes silent again and again', async () => {
    const client = clientOf(a, b);
    for (const node of [a, b])
      node.handle = (asked) => {
        if (asked.operation !== 'acquire') node.serve(asked);
      };
    const session = await sessionOf(client, 3);
    const stop = new AbortController();
    const waiting = assert.rejects(
      session.lock('a', { waitMs: 600_000, signal: stop.signal }),
      isCode('cancelled'),
    );
    for (let round = 0; round < 20; round++) {
      const [silent, other] = round % 2 === 0 ? [a, b] : [b, a];
      silent.isSilent = true;
      other.isSilent = false;
      const tries = other.triedAtMs.length;
      const silentAtMs = clock.nowMs;
      await clock.pass(4000);
      assert.equal(session.state, 'active');
      const triedAfterMs = (other.triedAtMs[tries] ?? Infinity) - silentAtMs;
      assert.ok(
        round === 0 || triedAfterMs < 700,
        `round ${String(round)}: ${String(triedAfterMs)} ms`,
      );
    }
    stop.abort();
    await settled(waiting);
  });

  for (const [seconds, mostPings] of [
    [3, 17],
    [6, 9],
    [30, 6],
  ] as const)
    it(`asks its node for a word at most ${String(mostPings)} times in 5 s while a session of ${String(seconds)} s waits`, async () => {
      const client = clientOf(a, b);
      a.handle = (asked) => {
        if (asked.operation !== 'acquire') a.serve(asked);
      };
      const session = await sessionOf(client, seconds);
      const stop = new AbortController();
      const lock = session.lock('a', { waitMs: 600_000, signal: stop.signal });
      const waiting = assert.rejects(lock, isCode('cancelled'));
      await clock.pass(1000);
      const before = a.askedFor('ping').length;
      await clock.pass(5000);
      const pings = a.askedFor('ping').length - before;
      assert.ok(pings >= 3 && pings <= mostPings, `${String(pings)} pings`);
      assert.deepEqual(b.triedAtMs, []);
      stop.abort();
      await settled(waiting);
    });

  it('does not go back to it because the next node takes it for the leader (ROUTE-4)', async () => {
    for (const node of [a, b]) node.greeting = clusterOf(node, a, [a, b]);
    const client = clientOf(a, b);
    const session = await sessionOf(client, 3);
    a.isSilent = true;
    await clock.pass(120_000);
    assert.equal(session.state, 'active');
    assert.equal(b.connections, 1);
    // Looked for again, at ever longer intervals, beside the way that there is.
    assert.ok(a.triedAtMs.length < 12, `tried ${String(a.triedAtMs.length)} times`);
    a.isSilent = false;
    await clock.pass(70_000);
    assert.equal(session.state, 'active');
    assert.deepEqual([a.connections, b.connections], [1, 0], 'it leads, and serves again');
  });

  it('tries a leader that it cannot reach ever more rarely (ROUTE-4)', async () => {
    for (const node of [a, b]) node.greeting = clusterOf(node, a, [a, b]);
    a.refuses = true;
    const client = clientOf(b);
    const session = await sessionOf(client, 3);
    await clock.pass(120_000);
    assert.equal(session.state, 'active');
    const tries = a.triedAtMs.length;
    assert.ok(tries >= 2 && tries < 12, `tried ${String(tries)} times`);
    assert.equal(b.triedAtMs.length, 1);
  });

  it('is not held up by one that opens and then says nothing, though others call it leader (ROUTE-4)', async () => {
    for (const node of [a, b]) node.greeting = clusterOf(node, a, [a, b]);
    const client = clientOf(a, b);
    const session = await sessionOf(client, 3);
    a.isMute = true;
    await clock.pass(60_000);
    assert.equal(session.state, 'active');
    assert.equal(b.connections, 1);
  });

  it('that never answered at all is passed by when it connects', async () => {
    a.isSilent = true;
    const client = clientOf(a, b);
    const askedAtMs = clock.nowMs;
    await settled(client.call('list_locks', { limit: 1 }));
    assert.ok(clock.nowMs - askedAtMs < 1200, `${String(clock.nowMs - askedAtMs)} ms`);
    assert.equal(b.askedFor('list_locks').length, 1);
    assert.equal(a.connections, 0);
  });

  it('waits for nobody who is slow to be reached before it tries the next one (REACH-6)', async () => {
    a.delayMs = 250;
    b.delayMs = 300;
    const client = clientOf(a, b);
    await settled(client.call('list_locks', { limit: 1 }));
    assert.equal(a.askedFor('list_locks').length, 1, 'the first one that is there');
    await clock.pass(5000);
    assert.deepEqual([a.connections, b.connections], [1, 0]);
  });

  it('stays with one that is slow where no other is faster (REACH-6)', async () => {
    const client = clientOf(a, b);
    const session = await sessionOf(client, 3);
    a.delayMs = 300;
    b.refuses = true;
    await clock.pass(60_000);
    assert.equal(session.state, 'active');
    assert.equal(a.connections, 1);
    assert.ok(a.triedAtMs.length < 10, `tried ${String(a.triedAtMs.length)} times`);
    // It is known to be slow: each keepalive does not set off a search.
    assert.ok(b.triedAtMs.length < 10, `tried ${String(b.triedAtMs.length)} times`);
    // Not for ever: when it is fast again, its silence is noticed as soon as that of others.
    a.delayMs = 1;
    b.refuses = false;
    await clock.pass(60_000);
    const tries = b.triedAtMs.length;
    const provenAtMs = a.asked.at(-1)?.atMs ?? 0;
    a.isSilent = true;
    await clock.pass(3000);
    assert.ok((b.triedAtMs[tries] ?? Infinity) - provenAtMs < 1450);
    assert.equal(session.state, 'active');
  });

  it('does not take its own pause for silence', async () => {
    const client = clientOf(a, b);
    const session = await sessionOf(client, 60);
    for (let round = 0; round < 5; round++) {
      const lock = session.lock('a');
      await clock.pass(0);
      clock.block(5000);
      await settled(lock);
    }
    assert.deepEqual(b.triedAtMs, []);
  });

  it('tells at once that what cannot be sent again may have been done, but waits longer for it (REQUEST-1, REACH-6)', async () => {
    const client = clientOf(a, b);
    const session = await sessionOf(client, 3);
    a.isSilent = true;
    const askedAtMs = clock.nowMs;
    await assert.rejects(
      settled(client.call('force_release', { name: 'a' })),
      isCode('outcome_unknown'),
    );
    const tookMs = clock.nowMs - askedAtMs;
    assert.ok(tookMs > 800 && tookMs < 1100, `${String(tookMs)} ms`);
    assert.equal(session.state, 'active');
  });

  it('goes to the leader without failing what cannot be sent again (REACH-6)', async () => {
    for (const node of [a, b]) node.greeting = clusterOf(node, a, [a, b]);
    b.handle = (asked) => void clock.after(400, () => b.serve(asked));
    const client = clientOf(b);
    await settled(client.call('force_release', { name: 'a' }));
    await settled(client.call('list_locks', { limit: 1 }));
    await clock.pass(1000);
    assert.deepEqual([a.connections, b.connections], [1, 0]);
  });

  it('stays where no leader is known while nobody else knows one, and moves when one does (REACH-3)', async () => {
    const client = clientOf(a, b);
    const session = await sessionOf(client, 10);
    a.handle = (asked) => asked.refuse('not_leader');
    for (const node of [a, b]) node.greeting = clusterOf(node, null, [a, b]);
    a.push('cluster', clusterOf(a, null, [a, b]));
    const lock = session.lock('a');
    await clock.pass(5000);
    assert.deepEqual([a.connections, b.connections], [1, 0]);
    const tries = b.triedAtMs.length;
    assert.ok(tries >= 2 && tries <= 8, `tried ${String(tries)} times`);
    b.greeting = clusterOf(b, c, [a, b]);
    assert.equal((await settled(lock)).name, 'a');
    assert.equal(b.connections, 1);
  });

  it('is told what happens though all that it does is listen (REACH-3)', async () => {
    const client = clientOf(a, b);
    const begun = { watch_id: 7, position: '1' };
    for (const node of [a, b])
      node.handle = (asked) =>
        asked.operation === 'watch' ? asked.answer(begun) : node.serve(asked);
    const next = client.watch().next();
    await clock.pass(20_000);
    assert.equal(a.connections, 1);
    assert.deepEqual(b.triedAtMs, []);
    a.isSilent = true;
    await clock.pass(10_000);
    const event = { type: 'granted', position: '2' };
    b.push('watch', { watch_id: 7, events: [event] });
    assert.deepEqual((await clock.settled(next)).value, event);
    assert.deepEqual(b.askedFor('watch')[0]?.body, { after: '1' });
    await client.close();
  });

  it('leaves one that talks as no node does', async () => {
    const client = clientOf(a, b);
    const session = await sessionOf(client, 3);
    const hold = await settled(session.lock('a'));
    for (const text of [
      '',
      'HTTP/1.1 400',
      '{}',
      '7',
      '[[]]',
      '[[7,1,null]]',
      '[[0,"watch",null]]',
    ]) {
      const [from, to] = a.connections === 1 ? [a, b] : [b, a];
      from.say(text);
      await clock.pass(2000);
      assert.deepEqual([from.connections, to.connections], [0, 1], text);
    }
    hold.assertHeld();
  });
});

describe('The silence that is allowed', () => {
  it('is a share of the shortest lease, between a floor and a cap', () => {
    const boundMs = (leaseMs: number | undefined): number =>
      silentSweepsFor(leaseMs) * sweepEveryMs;
    assert.equal(boundMs(undefined), 850);
    assert.equal(boundMs(3_600_000), 850);
    assert.equal(boundMs(6000), 500);
    assert.equal(boundMs(3000), 250);
    assert.equal(boundMs(1000), 150);
    assert.equal(boundMs(1), 150);
  });
});
