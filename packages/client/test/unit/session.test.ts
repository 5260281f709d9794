import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { Client } from '../../src/client.ts';
import { systemEnvironment } from '../../src/environment.ts';
import { FakePeer } from '../fake-peer.ts';
import { TestClock } from '../test-clock.ts';
import { environmentOf, VirtualClock, VirtualNode } from '../virtual-nodes.ts';

const isCode = (code: string) => (error: unknown) =>
  error instanceof HoldfastError && error.code === code;

describe('A session', () => {
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

  it('counts its lease from the moment the request was sent, not from the answer (CLIENT-SESSION-1)', async () => {
    peer.handle = (request) => {
      if (request.operation === 'create_session') clock.nowMs += 4000;
      peer.answerNormally(request);
    };
    const session = await client.session({ timeoutSeconds: 10 });
    // 10 s, less 4 s on the way, less the margin of 1 s.
    assert.equal(session.validForMs, 5000);
  });

  it('finds out that its lease is over though no timer has fired (CLIENT-SESSION-2)', async () => {
    const session = await client.session({ timeoutSeconds: 10 });
    const hold = await session.lock('a');
    hold.assertHeld();
    clock.timersRun = false;
    clock.pass(9000);
    assert.throws(() => hold.assertHeld(), isCode('hold_lost'));
    assert.equal(hold.signal.aborted, true);
    assert.equal(hold.state, 'lost');
    assert.equal(session.state, 'lost');
  });

  it('fires the signal of a hold before the lease can have ended (CLIENT-SESSION-3)', async () => {
    const session = await client.session({ timeoutSeconds: 10 });
    const hold = await session.lock('a');
    peer.handle = () => {
      // No answers any more.
    };
    let firedAtMs = 0;
    hold.signal.addEventListener('abort', () => (firedAtMs = clock.nowMs));
    for (let step = 0; step < 100; step++) clock.pass(100);
    assert.equal(firedAtMs, 1000 + 9000);
  });

  it('lives on while keepalives are answered, and each counts from when it was sent', async () => {
    const session = await client.session({ timeoutSeconds: 9 });
    for (let round = 1; round <= 5; round++) {
      clock.pass(3000);
      await peer.next('keepalive', round);
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(session.state, 'active');
    }
    assert.ok(session.validForMs > 5000);
  });

  it('counts a renewed lease from the moment the keepalive was sent (CLIENT-SESSION-1)', async () => {
    const session = await client.session({ timeoutSeconds: 9 });
    peer.handle = (request) => {
      // On the way for 2 s.
      if (request.operation === 'keepalive') {
        clock.nowMs += 2000;
        clock.bootMs += 2000;
      }
      peer.answerNormally(request);
    };
    clock.pass(3000);
    await peer.next('keepalive');
    while (session.validForMs < 4000) await new Promise((resolve) => setImmediate(resolve));
    // 9 s, less 2 s on the way, less the margin of 0.9 s.
    assert.equal(session.validForMs, 6100);
  });

  it('believes nothing after a suspend until a keepalive succeeds (CLIENT-SESSION-4)', async () => {
    const session = await client.session({ timeoutSeconds: 30 });
    const hold = await session.lock('a');
    // Asleep, but not for so long that the lease may have ended: its margin is a second.
    clock.bootMs += 28_900;
    hold.assertHeld();
    assert.equal(Math.round(session.validForMs), 100);
    clock.bootMs += 100;
    assert.equal(hold.isHeld(), false);
    assert.equal(session.state, 'active');
    clock.pass(10_000);
    await peer.next('keepalive');
    while (!hold.isHeld()) await new Promise((resolve) => setImmediate(resolve));
    hold.assertHeld();
  });

  it('counts a suspend between a keepalive and its answer (CLIENT-SESSION-4)', async () => {
    peer.handle = (request) => {
      if (request.operation === 'create_session') clock.bootMs += 28_000;
      peer.answerNormally(request);
    };
    const session = await client.session({ timeoutSeconds: 30 });
    assert.equal(Math.round(session.validForMs), 1000);
  });

  it('believes in no exclusive hold from the moment its downgrade is asked for', async () => {
    const session = await client.session({ timeoutSeconds: 9 });
    const hold = await session.lock('a');
    assert.equal(hold.mode, 'exclusive');
    // Readers may be in before the answer is.
    let modeWhenAsked = '';
    peer.handle = (request) => {
      modeWhenAsked = hold.mode;
      peer.answerNormally(request);
    };
    await hold.downgrade();
    assert.equal(modeWhenAsked, 'shared');
    assert.equal(hold.mode, 'shared');
  });

  it('that the cluster has ended is lost for good (CLIENT-SESSION-5)', async () => {
    const session = await client.session({ timeoutSeconds: 9 });
    const hold = await session.lock('a');
    peer.handle = (request) => request.refuse('session_expired');
    const lost = new Promise((resolve) => hold.signal.addEventListener('abort', resolve));
    clock.pass(3000);
    await lost;
    peer.handle = (request) => peer.answerNormally(request);
    assert.equal(session.state, 'lost');
    await assert.rejects(session.lock('b'), isCode('hold_lost'));
  });
});

describe('A request', () => {
  let peer: FakePeer;
  let client: Client;
  beforeEach(async () => {
    peer = await FakePeer.start();
    client = new Client({ endpoints: [peer.url], timeoutMs: 5000 });
  });
  afterEach(async () => {
    peer.handle = (request) => request.answer({});
    await client.close();
    await peer.close();
  });

  it('whose connection broke is sent again with the same number', async () => {
    const session = await client.session();
    let first = true;
    peer.handle = (request) => {
      if (request.operation === 'acquire' && first) {
        first = false;
        peer.dropConnections();
      } else peer.answerNormally(request);
    };
    await session.lock('a');
    const [one, other] = peer.received.filter((request) => request.operation === 'acquire');
    assert.equal(one?.body['request_id'], other?.body['request_id']);
    assert.notEqual(one?.body['request_id'], undefined);
  });

  it('that finds no leader is repeated with the same number, other refusals are not', async () => {
    const session = await client.session();
    let refusals = 2;
    peer.handle = (request) => {
      if (request.operation === 'acquire' && refusals-- > 0) request.refuse('not_leader');
      else peer.answerNormally(request);
    };
    await session.lock('a');
    const ids = peer.received
      .filter((request) => request.operation === 'acquire')
      .map((request) => request.body['request_id']);
    assert.deepEqual(ids, [ids[0], ids[0], ids[0]]);
    peer.handle = (request) => request.refuse('lock_held');
    await assert.rejects(session.lock('b'), isCode('lock_held'));
    assert.equal(await session.tryLock('c'), null);
  });

  it('that was authorized by rights that have changed is sent again, whatever it is', async () => {
    let refusals = 2;
    peer.handle = (request) => {
      if (refusals-- > 0) request.refuse('access_changed');
      else peer.answerNormally(request);
    };
    await client.call('lock_status', { name: 'a' });
    refusals = 2;
    await assert.doesNotReject(client.call('force_release', { name: 'a' }));
    assert.equal(peer.received.length, 6);
  });

  it('that was authorized by rights that go on changing fails, and has had no effect', async () => {
    const clock = new VirtualClock();
    const node = new VirtualNode(clock, 'a');
    node.handle = (asked) => asked.refuse('access_changed');
    const refused = new Client({ endpoints: [node.url] }, environmentOf(clock, [node]));
    await clock.settled(
      assert.rejects(
        refused.call('force_release', { name: 'a' }, { timeoutMs: 200 }),
        (error) => isCode('access_changed')(error) && (error as HoldfastError).effect === 'none',
      ),
    );
    await refused.close();
  });

  it('that may not be executed twice is not repeated', async () => {
    peer.handle = (request) => {
      if (request.operation === 'force_release') peer.dropConnections();
      else peer.answerNormally(request);
    };
    await assert.rejects(client.call('force_release', { name: 'a' }), isCode('outcome_unknown'));
    assert.equal(peer.received.length, 1);
  });

  it('ends at its deadline though nobody answers', async () => {
    peer.handle = () => {
      // Silence.
    };
    await assert.rejects(
      client.call('lock_status', { name: 'a' }, { timeoutMs: 100 }),
      isCode('deadline_exceeded'),
    );
  });

  it('that is cancelled tells the node at once', async () => {
    const session = await client.session();
    peer.handle = (request) => {
      if (request.operation === 'cancel_request') request.answer({ cancelled: true });
      // An acquire waits.
    };
    const controller = new AbortController();
    const waiting = session.lock('a', { waitMs: 10_000, signal: controller.signal });
    const acquire = await peer.next('acquire');
    controller.abort();
    await assert.rejects(waiting, isCode('cancelled'));
    const { body } = await peer.next('cancel_request');
    const { request_id } = acquire.body;
    assert.deepEqual(body, { session_id: 's1', request_id, kind: 'lock', name: 'a' });
  });

  it('that has no number is let go of by the node when it is cancelled', async () => {
    peer.handle = () => {
      // It waits.
    };
    const controller = new AbortController();
    const body = { name: 'a', client_id: 'me', wait_seconds: 10 };
    const waiting = client.call('acquire', body, { signal: controller.signal });
    const acquire = await peer.next('acquire');
    controller.abort();
    await assert.rejects(waiting, isCode('cancelled'));
    assert.equal((await peer.next('cancel')).body['request'], acquire.id);
  });

  it('tells all of its 101 places in queues, which are more than a page (session_waits)', async () => {
    const session = await client.session();
    const places = Array.from({ length: 101 }, (_, index) => ({
      kind: 'lock',
      resource: `lock-${String(index)}`,
      position: 1,
      ahead: ['other'],
    }));
    peer.handle = (request) => {
      if (request.operation !== 'session_waits') return peer.answerNormally(request);
      const { after = 0, limit = 100 } = request.body as { after?: number; limit?: number };
      const end = after + limit;
      return request.answer({
        wait_count: places.length,
        next_after: end < places.length ? end : null,
        waits: places.slice(after, end),
      });
    };
    assert.deepEqual(await session.waits(), places);
  });

  it('that is cancelled while no node can be reached is cancelled with the next one', async () => {
    const session = await client.session();
    const controller = new AbortController();
    peer.handle = (request) => {
      if (request.operation !== 'acquire') return;
      peer.handle = (other) => peer.answerNormally(other);
      peer.dropConnections();
      controller.abort();
    };
    await assert.rejects(
      session.lock('a', { waitMs: 10_000, signal: controller.signal }),
      isCode('cancelled'),
    );
    const acquire = await peer.next('acquire');
    const { body } = await peer.next('cancel_request');
    assert.equal(body['request_id'], acquire.body['request_id']);
  });

  describe('whose node', () => {
    let other: FakePeer;
    let clock: TestClock;
    beforeEach(async () => {
      other = await FakePeer.start();
      clock = new TestClock();
      await client.close();
      client = new Client({ endpoints: [peer.url, other.url] }, { ...systemEnvironment, clock });
    });
    afterEach(() => other.close());
    const sweep = (): void => clock.pass(50);
    const sweepUntil = async (count: number, over: () => boolean): Promise<number> => {
      for (let sweeps = 1; sweeps <= count; sweeps++) {
        sweep();
        // Lets the sockets speak.
        await new Promise((resolve) => setTimeout(resolve, 2));
        if (over()) return sweeps;
      }
      return Infinity;
    };

    it('says nothing is sent again to the next node (REACH-3)', async () => {
      const session = await client.session();
      peer.handle = () => {
        // The process is paused.
      };
      const lock = session.lock('a', { waitMs: 60_000 });
      await peer.next('acquire');
      const sweeps = await sweepUntil(60, () => other.received.length > 0);
      assert.ok(sweeps <= 45, `after ${String(sweeps)} sweeps`);
      assert.equal((await lock).name, 'a');
      assert.ok(peer.received.some(({ operation }) => operation === 'ping'));
    });

    it('answers pings is given the time that a wait needs (REACH-3)', async () => {
      const session = await client.session({ timeoutSeconds: 60 });
      peer.handle = (request) => {
        if (request.operation === 'ping') request.answer({});
      };
      const lock = session.lock('a', { waitMs: 15_000 });
      const acquire = await peer.next('acquire');
      assert.equal(await sweepUntil(200, () => other.received.length > 0), Infinity);
      acquire.answer({ acquired: true, fence_token: 7, mode: 'exclusive', hold_count: 1 });
      assert.equal((await lock).fenceToken, 7);
    });

    it('knows no leader for long is left for the next one (REACH-3)', async () => {
      const session = await client.session();
      other.greeting = { node_id: 'n2', leader: 'n2', members: [] };
      peer.handle = (request) => {
        if (request.operation === 'ping') request.answer({});
        if (request.operation === 'acquire')
          peer.push('cluster', { node_id: 'n1', leader: null, members: [] });
      };
      const lock = session.lock('a', { waitMs: 60_000 });
      await peer.next('acquire');
      const sweeps = await sweepUntil(60, () => other.received.length > 0);
      assert.ok(sweeps <= 40, `after ${String(sweeps)} sweeps`);
      assert.equal((await lock).name, 'a');
    });
  });

  it('that is told of a leader which cannot be reached stays with the node that told it (ROUTE-4)', async () => {
    await client.close();
    const url = 'http://127.0.0.1:9'; // Nobody listens there.
    peer.greeting = {
      node_id: 'n1',
      leader: 'n2',
      members: [
        { node_id: 'n1', url: peer.url },
        { node_id: 'n2', url },
      ],
    };
    client = new Client({ endpoints: [peer.url], timeoutMs: 5000 });
    const session = await client.session();
    assert.equal((await session.lock('a')).name, 'a');
  });

  it('of one event-loop turn shares its message with the others', async () => {
    const session = await client.session();
    const before = peer.received.length;
    await Promise.all([session.lock('a'), session.lock('b'), session.lock('c')]);
    const ids = peer.received.slice(before).map((request) => request.body['request_id']);
    assert.deepEqual(ids, [1, 2, 3]);
  });

  it('release is sent once, by dispose too', async () => {
    const session = await client.session();
    {
      await using hold = await session.lock('a');
      await hold.release();
      await hold.release();
      assert.equal(hold.state, 'released');
    }
    assert.equal(peer.received.filter((request) => request.operation === 'release').length, 1);
  });
});
