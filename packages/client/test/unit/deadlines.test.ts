import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { HoldfastError } from '@holdfast/protocol';
import { Client } from '../../src/client.ts';
import { Barrier } from '../../src/barrier.ts';
import { Election } from '../../src/election.ts';
import { Latch } from '../../src/latch.ts';
import { Lock } from '../../src/lock.ts';
import { MultiLock } from '../../src/multi-lock.ts';
import { Semaphore } from '../../src/semaphore.ts';
import type { Session } from '../../src/session.ts';
import { environmentOf, VirtualClock, VirtualNode } from '../virtual-nodes.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const isCode = (code: string) => (error: unknown) =>
  error instanceof HoldfastError && error.code === code;

/** Every call of a session, and of what is made with it. None of them waits. */
const calls: Readonly<Record<string, (session: Session) => Promise<unknown>>> = {
  lock: (session) => session.lock('a'),
  permits: (session) => session.permits('a', { limit: 1 }),
  waits: (session) => session.waits(),
  'Lock.acquire': (session) => new Lock(session, 'a').acquire(),
  'Semaphore.acquire': (session) => new Semaphore(session, 'a', { limit: 1 }).acquire(),
  'MultiLock.acquire': (session) => new MultiLock(session, ['a', 'b']).acquire(),
  'Election.campaign': (session) => new Election(session, 'a').campaign(),
  'Election.leader': (session) => new Election(session, 'a').leader(),
  'Barrier.enter': (session) => new Barrier(session, 'a', 2).enter(),
  'Barrier.leave': (session) => new Barrier(session, 'a', 2).leave(),
  'Latch.countDown': (session) => new Latch(session, 'a').countDown(),
  end: (session) => session.end(),
};

describe('The time that a client was given for its calls', () => {
  let clock: VirtualClock;
  let node: VirtualNode;
  let answersCalls: boolean;
  beforeEach(() => {
    clock = new VirtualClock();
    node = new VirtualNode(clock, 'a');
    answersCalls = true;
    node.handle = (asked) => {
      if (answersCalls || asked.operation === 'keepalive') node.serve(asked);
    };
  });

  const clientWith = (timeoutMs?: number): Client =>
    new Client(
      { endpoints: [node.url], ...(timeoutMs === undefined ? {} : { timeoutMs }) },
      environmentOf(clock, [node]),
    );
  const sessionOf = async (client: Client, timeoutSeconds = 30): Promise<Session> => {
    const made = client.session({ timeoutSeconds });
    await clock.pass(100);
    return made;
  };
  /** How long it takes to fail, in ms. */
  const failsAfterMs = async (call: Promise<unknown>, code: string): Promise<number> => {
    const askedAtMs = clock.nowMs;
    await clock.settled(assert.rejects(call, isCode(code)));
    return clock.nowMs - askedAtMs;
  };
  const isAbout = (actualMs: number, wantedMs: number): void =>
    assert.ok(
      actualMs >= wantedMs && actualMs <= wantedMs + 150,
      `${String(actualMs)} ms instead of ${String(wantedMs)}`,
    );

  for (const [name, call] of Object.entries(calls))
    it(`holds for ${name}`, async () => {
      const session = await sessionOf(clientWith(1500));
      answersCalls = false;
      isAbout(await failsAfterMs(call(session), 'deadline_exceeded'), 1500);
    });

  it('holds for what is held', async () => {
    const session = await sessionOf(clientWith(1500));
    const taken = session.lock('a');
    await clock.pass(100);
    const hold = await taken;
    answersCalls = false;
    isAbout(await failsAfterMs(hold.release(), 'deadline_exceeded'), 1500);
  });

  it('comes on top of what is waited for', async () => {
    const session = await sessionOf(clientWith(1500));
    answersCalls = false;
    isAbout(await failsAfterMs(session.lock('a', { waitMs: 2000 }), 'deadline_exceeded'), 3500);
  });

  it('comes on top of what the body of any call asks to wait', async () => {
    const client = clientWith(1500);
    answersCalls = false;
    const filled = client.call('cache_fill', { k: 'a', wait_seconds: 5, fill_seconds: 10 });
    isAbout(await failsAfterMs(filled, 'deadline_exceeded'), 6500);
    const taken = client.call('queue_pop', { queue: 'a', wait_seconds: 20 });
    isAbout(await failsAfterMs(taken, 'deadline_exceeded'), 21_500);
  });

  it('holds for each pop of a consumer, and for each turn of a loader', async () => {
    const client = clientWith(1500);
    answersCalls = false;
    const askedAtMs: number[] = [];
    const serve = node.handle;
    node.handle = (asked) => {
      if (asked.operation === 'queue_pop') askedAtMs.push(clock.nowMs);
      serve(asked);
    };
    const ending = new AbortController();
    const consumed = client.queue('a').consume({ signal: ending.signal }).next();
    await clock.pass(30_000);
    const [first, second] = askedAtMs;
    isAbout((second ?? 0) - (first ?? 0), 21_500);
    ending.abort();
    await clock.settled(consumed);
    const options = { fill: async () => 1, fillTimeoutMs: 1000 };
    isAbout(await failsAfterMs(client.cache.get('k', options), 'deadline_exceeded'), 1500);
  });

  it('is ten seconds where none was given', async () => {
    const session = await sessionOf(clientWith());
    answersCalls = false;
    isAbout(await failsAfterMs(session.lock('a'), 'deadline_exceeded'), 10_000);
  });

  it('gives way to the time of one call', async () => {
    const client = clientWith(1500);
    answersCalls = false;
    const asked = client.call('list_locks', { limit: 1 }, { timeoutMs: 300 });
    isAbout(await failsAfterMs(asked, 'deadline_exceeded'), 300);
  });

  it('is that of each end of a session: a failed one can be repeated, two at a time are one', async () => {
    const session = await sessionOf(clientWith(300));
    const hold = await clock.settled(session.lock('a'));
    const asked = (): number => node.askedFor('end_session').length;
    answersCalls = false;
    await Promise.all(
      [session.end(), session.end()].map((end) => failsAfterMs(end, 'deadline_exceeded')),
    );
    assert.deepEqual([asked(), hold.state, session.state], [1, 'unknown', 'ended']);
    answersCalls = true;
    await assert.doesNotReject(clock.settled(session.end()), 'it is asked for again');
    assert.deepEqual([asked(), hold.state], [2, 'released']);
    await session.end();
    assert.equal(asked(), 2, 'it has ended');
  });
});

describe('The calls of a session that is over', () => {
  let clock: VirtualClock;
  let node: VirtualNode;
  let client: Client;
  beforeEach(() => {
    clock = new VirtualClock();
    node = new VirtualNode(clock, 'a');
    client = new Client({ endpoints: [node.url], timeoutMs: 60_000 }, environmentOf(clock, [node]));
  });

  const begin = async (): Promise<{
    readonly session: Session;
    readonly failed: string[];
  }> => {
    const made = client.session({ timeoutSeconds: 9 });
    await clock.pass(100);
    const session = await made;
    const taken = session.lock('held');
    await clock.pass(100);
    const hold = await taken;
    node.handle = ({ operation, body, ...asked }) => {
      if (operation === 'end_session') node.serve({ operation, body, ...asked });
      // Nothing else is answered.
    };
    const failed: string[] = [];
    const follow = (name: string, call: Promise<unknown>): void =>
      void call.catch((error: unknown) => {
        assert.ok(isCode('hold_lost')(error), `${name}: ${String(error)}`);
        failed.push(name);
      });
    follow('lock', session.lock('a', { waitMs: 50_000 }));
    follow('permits', session.permits('b', { limit: 1, waitMs: 50_000 }));
    follow('campaign', new Election(session, 'c').campaign({ waitMs: 50_000 }));
    follow('waits', session.waits());
    void hold.release().finally(() => failed.push(`release: ${hold.state}`));
    await clock.pass(100);
    assert.deepEqual(failed, []);
    return { session, failed };
  };
  const all = ['lock', 'permits', 'campaign', 'waits'];

  it('end at once when the cluster says that it has ended it', async () => {
    const { session, failed } = await begin();
    node.push('session_ended', { session_id: session.id, reason: 'expired' });
    await clock.pass(10);
    assert.equal(session.state, 'lost');
    assert.deepEqual(new Set(failed), new Set([...all, 'release: lost']));
  });

  it('end at once when its lease has run out', async () => {
    const { session, failed } = await begin();
    await clock.pass(8000);
    assert.equal(session.state, 'lost');
    assert.deepEqual(new Set(failed), new Set([...all, 'release: lost']));
  });

  it('end with it when it is ended', async () => {
    const { session, failed } = await begin();
    const ended = session.end();
    await clock.pass(10);
    await ended;
    assert.deepEqual(new Set(failed), new Set([...all, 'release: lost']));
  });

  it('leave the calls of others alone', async () => {
    const { session } = await begin();
    let isOver = false;
    const other = client.call('keepalive', { session_id: 'other' }).finally(() => (isOver = true));
    node.push('session_ended', { session_id: session.id, reason: 'expired' });
    await clock.pass(10);
    assert.equal(isOver, false);
    await Promise.allSettled([client.close(), other]);
  });
});

describe('Calls that failed while no node could be reached', () => {
  it('are kept nowhere, and not sent later (CONNECTION-2)', async () => {
    const clock = new VirtualClock();
    const node = new VirtualNode(clock, 'a');
    node.refuses = true;
    const client = new Client(
      { endpoints: [node.url], timeoutMs: 200 },
      environmentOf(clock, [node]),
    );
    const kept: WeakRef<object>[] = [];
    const ask = (index: number): Promise<unknown> => {
      const body = { name: `lock-${String(index)}` };
      kept.push(new WeakRef(body));
      return assert.rejects(client.call('lock_status', body), isCode('deadline_exceeded'));
    };
    await clock.settled(Promise.all(Array.from({ length: 100 }, (_, index) => ask(index))));
    await clock.pass(1000);
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    const left = kept.filter((body) => body.deref() !== undefined).length;
    assert.ok(left <= 1, `${String(left)} of 100 are still kept`);
    node.refuses = false;
    await clock.settled(client.call('lock_status', { name: 'later' }));
    assert.equal(node.askedFor('lock_status').length, 1);
    await client.close();
  });
});
