/** What becomes of requests whose callers were told that they failed. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { Barrier } from '../../src/barrier.ts';
import { Client } from '../../src/client.ts';
import { Election } from '../../src/election.ts';
import { systemEnvironment } from '../../src/environment.ts';
import { MultiLock } from '../../src/multi-lock.ts';
import { NumberedRequests } from '../../src/numbered-requests.ts';
import type { Session } from '../../src/session.ts';
import { FakePeer } from '../fake-peer.ts';
import type { Received } from '../fake-peer.ts';
import { TestClock } from '../test-clock.ts';
import { untilSo } from '../../../checker/src/waits.ts';

const failsWith = (code: string, effect: string) => (error: unknown) =>
  error instanceof HoldfastError && error.code === code && error.effect === effect;

/** Of virtual time, 50 ms each. What has not happened by then is waited for no longer. */
const mostSteps = 200_000;

/** Lets what was settled go on, and sockets speak. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('A request of a session', () => {
  let peer: FakePeer;
  let clock: TestClock;
  let client: Client;
  let session: Session;
  beforeEach(async () => {
    peer = await FakePeer.start();
    clock = new TestClock();
    client = new Client({ endpoints: [peer.url] }, { ...systemEnvironment, clock });
    session = await client.session({ timeoutSeconds: 600 });
  });
  afterEach(async () => {
    peer.handle = (request) => request.answer({});
    await client.close();
    await peer.close();
  });

  const silent = (): void => undefined;
  /** Time goes on until it has happened; pings are answered, so that the node is not left. */
  const passUntil = async <T>(happens: Promise<T>): Promise<T> => {
    const state = { over: false };
    const end = (): void => {
      state.over = true;
    };
    void happens.then(end, end);
    for (let steps = 0; !state.over; steps++) {
      if (steps > mostSteps) assert.fail('It does not happen, however much time passes.');
      clock.pass(50);
      await breathe();
    }
    return happens;
  };
  const answeringPings =
    (others: (request: Received) => void) =>
    (request: Received): void => {
      if (request.operation === 'ping' || request.operation === 'keepalive') request.answer({});
      else others(request);
    };

  const acquires: Readonly<Record<string, readonly [string, () => Promise<unknown>]>> = {
    lock: ['lock', () => session.lock('x')],
    'shared lock': ['lock', () => session.lock('x', { mode: 'shared' })],
    'waiting lock': ['lock', () => session.lock('x', { waitMs: 1000 })],
    permits: ['semaphore', () => session.permits('x', { limit: 3 })],
    campaign: ['election', () => new Election(session, 'x').campaign()],
    several: ['many', () => new MultiLock(session, ['x', 'y']).acquire()],
    barrier: ['barrier', () => new Barrier(session, 'x', 2).enter({ waitMs: 1000 })],
  };
  for (const [name, [kind, acquire]] of Object.entries(acquires)) {
    it(`that is not answered in time is cancelled until that is answered (${name})`, async () => {
      let refusals = ['no_quorum', 'outcome_unknown', 'internal', 'overloaded'];
      peer.handle = answeringPings((request) => {
        if (request.operation !== 'cancel_request') return;
        const [code, ...rest] = refusals;
        refusals = rest;
        if (code === undefined) request.answer({ cancelled: true });
        else request.refuse(code);
      });
      const asked = acquire();
      await assert.rejects(passUntil(asked), failsWith('deadline_exceeded', 'perhaps'));
      const { body } = await passUntil(peer.next('cancel_request', 5));
      assert.deepEqual(body, { session_id: 's1', request_id: 1, kind, name: 'x' });
      assert.equal(session.state, 'active');
      // Nothing is asked any more.
      for (let step = 0; step < 100; step++) {
        clock.pass(50);
        await breathe();
      }
      assert.equal(
        peer.received.filter(({ operation }) => operation === 'cancel_request').length,
        5,
      );
    });
  }

  it('that is being cancelled is not among those whose answers may be forgotten (NUMBERED-1)', async () => {
    peer.handle = answeringPings(silent);
    const unknown = session.lock('x');
    await assert.rejects(passUntil(unknown), failsWith('deadline_exceeded', 'perhaps'));
    const cancelRequest = await passUntil(peer.next('cancel_request'));
    peer.handle = answeringPings((request) => peer.answerNormally(request));
    await passUntil(session.lock('y'));
    const later = await peer.next('acquire', 2);
    assert.deepEqual([later.body['request_id'], later.ackedBelow], [2, 1]);
    cancelRequest.answer({ cancelled: true });
    await breathe();
    await passUntil(session.lock('z').then(breathe));
    await passUntil(session.lock('z'));
    assert.equal((await peer.next('acquire', 4)).ackedBelow, 4);
  });

  it('that is refused by a node after an earlier copy was lost is one whose outcome is unknown (CONNECTION-5)', async () => {
    let copies = 0;
    peer.handle = answeringPings((request) => {
      if (request.operation !== 'acquire') return peer.answerNormally(request);
      copies += 1;
      if (copies === 1) return peer.dropConnections();
      return request.refuse('overloaded');
    });
    await assert.rejects(passUntil(session.lock('x')), failsWith('outcome_unknown', 'perhaps'));
    assert.equal((await passUntil(peer.next('cancel_request'))).body['request_id'], 1);
    // What the cluster decided holds for all copies.
    copies = 0;
    peer.handle = answeringPings((request) => {
      copies += 1;
      if (copies === 1) peer.dropConnections();
      else request.refuse('lock_held');
    });
    await assert.rejects(passUntil(session.lock('x')), failsWith('lock_held', 'none'));
    assert.equal(peer.received.filter(({ operation }) => operation === 'cancel_request').length, 1);
  });

  it('that no node was sent had no effect, and nothing has to be cancelled', async () => {
    await peer.close();
    // The first may have been sent before it is noticed that nobody is there.
    await assert.rejects(passUntil(session.lock('w')));
    await assert.rejects(passUntil(session.lock('x')), failsWith('deadline_exceeded', 'none'));
    const controller = new AbortController();
    const given = session.lock('x', { signal: controller.signal });
    await breathe();
    controller.abort();
    await assert.rejects(given, failsWith('cancelled', 'none'));
    await passUntil(client.close());
    peer = await FakePeer.start();
  });

  it('of which its session is over is not cancelled any more', async () => {
    peer.handle = answeringPings(silent);
    await assert.rejects(passUntil(session.lock('x')), failsWith('deadline_exceeded', 'perhaps'));
    (await passUntil(peer.next('cancel_request'))).refuse('session_expired');
    peer.push('session_ended', { session_id: 's1', reason: 'expired' });
    await untilSo(() => session.state !== 'active');
    for (let step = 0; step < 100; step++) {
      clock.pass(50);
      await breathe();
    }
    assert.equal(peer.received.filter(({ operation }) => operation === 'cancel_request').length, 1);
  });

  it('to release can be repeated under its number, and is answered once (GIVE-BACK-1, GIVE-BACK-3)', async () => {
    const hold = await session.lock('x');
    const again = await session.lock('x');
    peer.handle = answeringPings(silent);
    await assert.rejects(passUntil(hold.release()), failsWith('deadline_exceeded', 'perhaps'));
    assert.equal(hold.state, 'unknown');
    const repeated = hold.release();
    assert.deepEqual(hold.signal.aborted, true);
    const numbers = (): unknown[] => [
      ...new Set(
        peer.received
          .filter(({ operation }) => operation === 'release')
          .map(({ body }) => body['request_id']),
      ),
    ];
    const count = (): number =>
      peer.received.filter(({ operation }) => operation === 'release').length;
    while (count() < 3) {
      clock.pass(50);
      await breathe();
    }
    peer.handle = answeringPings((request) => request.answer({ released: true }));
    for (const request of peer.received)
      if (request.operation === 'release') request.answer({ released: true });
    await repeated;
    assert.equal(hold.state, 'released');
    assert.deepEqual(numbers(), [3], 'one release');
    await hold.release();
    await again.release();
    assert.deepEqual(numbers(), [3, 4]);
  });

  it('to release that may have been executed keeps its number, whatever a node refuses later (GIVE-BACK-4)', async () => {
    const hold = await session.lock('x');
    const again = await session.lock('x');
    peer.handle = answeringPings(silent);
    await assert.rejects(passUntil(hold.release()), failsWith('deadline_exceeded', 'perhaps'));
    // Given the node authorizes nobody for now, whoever asks: the caller, or what goes on in the background
    peer.handle = answeringPings((request) => request.refuse('forbidden'));
    await assert.rejects(passUntil(hold.release()), failsWith('forbidden', 'none'));
    await assert.rejects(passUntil(hold.release()), failsWith('forbidden', 'none'));
    // Then nothing of it may be forgotten, and no other number has given it back a second time
    peer.handle = answeringPings((request) => {
      if (request.operation !== 'release') peer.answerNormally(request);
    });
    await passUntil(session.lock('y'));
    const { body, ackedBelow } = await peer.next('acquire', 3);
    assert.deepEqual([body['request_id'], ackedBelow], [4, 3]);
    // And once the cluster answers, in the background, it is done with
    peer.handle = answeringPings((request) => peer.answerNormally(request));
    while (hold.state !== 'released') {
      clock.pass(50);
      await breathe();
    }
    const numbers = peer.received
      .filter(({ operation }) => operation === 'release')
      .map((request) => request.body['request_id']);
    assert.deepEqual([...new Set(numbers)], [3], 'one release');
    assert.ok(again.isHeld());
    await passUntil(session.lock('z'));
    assert.equal((await peer.next('acquire', 4)).ackedBelow, 5);
  });

  it('to release that was refused before anything was sent on has another number next time (GIVE-BACK-4)', async () => {
    const hold = await session.lock('x');
    peer.handle = answeringPings((request) => request.refuse('forbidden'));
    await assert.rejects(passUntil(hold.release()), failsWith('forbidden', 'none'));
    peer.handle = answeringPings((request) => peer.answerNormally(request));
    await passUntil(session.lock('y'));
    assert.equal((await peer.next('acquire', 2)).ackedBelow, 3, 'the first is done with');
    await passUntil(hold.release());
    assert.equal(hold.state, 'released');
    assert.equal((await peer.next('release', 2)).body['request_id'], 4);
  });

  it('to release goes on in the background until it is answered (GIVE-BACK-2)', async () => {
    const hold = await session.lock('x');
    peer.handle = answeringPings(silent);
    await assert.rejects(passUntil(hold.release()), failsWith('deadline_exceeded', 'perhaps'));
    (await passUntil(peer.next('release', 2))).answer({ released: true });
    await untilSo(() => hold.state === 'released');
    const before = peer.received.length;
    await hold.release();
    assert.equal(peer.received.length, before, 'nothing has to be asked for');
  });

  it('to resign that is answered late ends no later leadership of the session', async () => {
    const election = new Election(session, 'x');
    const elected = (epoch: number) => ({ elected: true, resource: 'x', fence_token: epoch });
    const led = election.campaign();
    peer.handle = answeringPings(silent);
    (await peer.next('campaign')).answer(elected(4));
    const first = await led;
    await assert.rejects(passUntil(first.resign()), failsWith('deadline_exceeded', 'perhaps'));
    // Given the resignation was executed, and the session leads again before that is answered
    const again = election.campaign();
    (await passUntil(peer.next('campaign', 2))).answer(elected(5));
    const second = await again;
    (await passUntil(peer.next('resign', 2))).answer({ resigned: true });
    await untilSo(() => first.state === 'released');
    assert.equal(second.state, 'held');
    assert.deepEqual(session.holds, [second]);
  });
});

describe('The numbers of requests', () => {
  const nothing = (): void => undefined;
  const turn = { timeoutMs: 1000 };

  it('wait where one is kept that is far behind: the cluster remembers only so many (NUMBERED-2)', async () => {
    const clock = new TestClock();
    const numbers = new NumberedRequests(clock);
    const kept = await numbers.open(nothing, turn);
    kept.keep();
    for (let count = 1; count < 448; count++) (await numbers.open(nothing, turn)).close();
    let begun = false;
    const next = Promise.resolve(numbers.open(nothing, turn)).then((number) => {
      begun = true;
      return number;
    });
    await breathe();
    assert.equal(begun, false);
    kept.close();
    assert.equal((await next).id, 449);
  });

  it('are left for what gives back where all others wait, and those have an end too (NUMBERED-3)', async () => {
    const numbers = new NumberedRequests(new TestClock());
    for (let count = 0; count < 448; count++) await numbers.open(nothing, turn);
    const inLine: string[] = [];
    const wants = Promise.resolve(numbers.open(nothing, turn)).then(() => inLine.push('wants'));
    const release = { ...turn, givesBack: true };
    const given = Array.from({ length: 64 }, () => numbers.open(nothing, release));
    for (const one of given) assert.ok(!(one instanceof Promise));
    const last = Promise.resolve(numbers.open(nothing, release)).then(() => inLine.push('gives'));
    const [first] = given;
    assert.ok(first !== undefined && !(first instanceof Promise));
    first.close();
    await last;
    assert.deepEqual(inLine, ['gives']);
    for (const one of given.slice(1)) if (!(one instanceof Promise)) one.close();
    numbers.wakeAll();
    void wants;
  });

  it('are waited for by a bounded number, and by what gives back in any case (NUMBERED-4)', async () => {
    const numbers = new NumberedRequests(new TestClock());
    for (let count = 0; count < 448; count++) await numbers.open(nothing, turn);
    const waiting = Array.from({ length: 10_000 }, () => numbers.open(nothing, turn));
    const refused = Promise.resolve(numbers.open(nothing, turn));
    await assert.rejects(refused, failsWith('overloaded', 'none'));
    assert.ok(!(numbers.open(nothing, { ...turn, givesBack: true }) instanceof Promise));
    numbers.wakeAll();
    void waiting;
  });

  it('are not waited for longer than a request may take, and nothing was sent then', async () => {
    const clock = new TestClock();
    const numbers = new NumberedRequests(clock);
    for (let count = 0; count < 448; count++) await numbers.open(nothing, turn);
    const late = Promise.resolve(numbers.open(nothing, turn));
    clock.pass(1000);
    await assert.rejects(late, failsWith('deadline_exceeded', 'none'));
    const controller = new AbortController();
    const given = Promise.resolve(numbers.open(nothing, { ...turn, signal: controller.signal }));
    controller.abort();
    await assert.rejects(given, failsWith('cancelled', 'none'));
  });
});
