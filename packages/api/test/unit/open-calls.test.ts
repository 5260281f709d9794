/** What is open ends with the key that it stands on, also where nobody says anything: when that expires (DENY-4). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Event } from '@holdfast/state';
import { StillClock } from '../../../engine/test/unit/still-clock.ts';
import { AccessControl } from '../../src/pipeline/access-control.ts';
import { OpenCalls } from '../../src/pipeline/open-calls.ts';
import { newKey } from '../../src/pipeline/api-keys.ts';
import { RequestError } from '../../src/request-error.ts';
import { MemoryEngine } from '../memory-engine.ts';
import { StreamClient } from '../stream-client.ts';
import { codeOf, startGrpcHarness } from './grpc/grpc-client.ts';
import type { GrpcHarness } from './grpc/grpc-client.ts';
import { untilSo } from '../../../checker/src/waits.ts';

const gone = new RequestError('unauthorized', 'Gone.');
const changed = { type: 'access_changed' } as Event;

/** Turns end when the test says so, and timers are counted. */
class TurnClock extends StillClock {
  timers = 0;
  #ends: (() => void)[] = [];

  override after(delayMs: number, callback: () => void): () => void {
    this.timers += 1;
    return super.after(delayMs, () => {
      this.timers -= 1;
      callback();
    });
  }

  override endOfTurn(callback: () => void): void {
    this.#ends.push(callback);
  }

  /** False: nothing is planned for the end of this turn. */
  end(): boolean {
    const ends = this.#ends;
    this.#ends = [];
    for (const callback of ends) callback();
    return ends.length > 0;
  }
}

async function startCalls() {
  const engine = new MemoryEngine();
  const { id, hash } = newKey();
  const root = { identity: 'root', roles: ['admin'], createdAtMs: 1 };
  await engine.submit({ type: 'auth_create_key', id, hash, ...root }, { identity: 'holdfast' });
  await engine.submit({ type: 'auth_enable' }, { identity: 'holdfast' });
  let tell: (events: readonly Event[]) => void = () => assert.fail();
  engine.onEvents = (listener) => {
    tell = (events) => listener(1, events, undefined);
    return () => undefined;
  };
  const clock = new TurnClock();
  const calls = new OpenCalls(engine, clock);
  return { calls, clock, tell: (event: Event) => tell([event]) };
}

describe('a node that is told to have authentication, where that is turned off (DENY-3)', () => {
  test('tells no other machine of what it watches, and ends that', () => {
    const engine = new MemoryEngine();
    const clock = new TurnClock();
    const control = new AccessControl({
      engine,
      isRequired: true,
      clock,
      onKeyUsed: () => undefined,
    });
    const [here, elsewhere] = ['127.0.0.1', '192.0.2.1'].map((address) =>
      control.authenticate({ authorization: undefined, certificateNames: () => [], address }),
    );
    assert.ok(here !== undefined && !(here instanceof RequestError));
    assert.ok(elsewhere !== undefined && !(elsewhere instanceof RequestError));
    assert.ok(control.mayRead(here, 'lock', 'x'));
    assert.ok(!control.mayRead(elsewhere, 'lock', 'x'));
    const ended: string[] = [];
    for (const [name, caller] of Object.entries({ here, elsewhere }))
      control.open.add({
        check: () => control.standing(caller),
        end: ({ code }) => void ended.push(`${name} ${code}`),
      });
    control.open.look();
    while (clock.end());
    assert.deepEqual(ended, ['elsewhere unauthorized']);
    control.open.close();
  });
});

describe('open calls', () => {
  test('are looked at by one timer for all, a slice a turn (OPEN-1, OPEN-2)', async () => {
    const { calls, clock } = await startCalls();
    let checked = 0;
    const check = (): undefined => {
      checked += 1;
    };
    const forgets = Array.from({ length: 1000 }, () =>
      calls.add({ check, end: () => assert.fail() }),
    );
    assert.equal(clock.timers, 1);
    assert.equal(checked, 0);
    clock.pass(500);
    let before = 0;
    do {
      assert.ok(checked - before <= 200, `${String(checked - before)} in one turn`);
      before = checked;
    } while (clock.end());
    assert.equal(checked, 1000);
    assert.equal(clock.timers, 1);
    for (const forget of forgets) forget();
    clock.pass(500);
    assert.equal(clock.timers, 0, 'where nothing is open nothing is planned');
    assert.equal(checked, 1000);
    calls.add({ check, end: () => assert.fail() });
    assert.equal(clock.timers, 1);
    calls.close();
    clock.pass(5000);
    assert.equal(checked, 1000);
  });

  test('that begin while the rules change are ended by the next look (OPEN-2)', async () => {
    const { calls, clock, tell } = await startCalls();
    tell(changed);
    let ended: RequestError | undefined;
    calls.add({ check: () => gone, end: (refused) => (ended = refused) });
    assert.equal(ended, undefined);
    clock.pass(1000);
    assert.equal(ended, gone);
    assert.equal(calls.count, 0);
  });

  test('are ended once, and before any time passes, when the rules change', async () => {
    const { calls, clock, tell } = await startCalls();
    let ends = 0;
    calls.add({ check: () => gone, end: () => (ends += 1) });
    tell(changed);
    assert.equal(ends, 1, 'before any time has passed');
    tell(changed);
    while (clock.end());
    clock.pass(2000);
    assert.equal(ends, 1);
  });
});

interface Opened {
  readonly of: string;
  /** How it ends. */
  readonly ended: () => Promise<string>;
  readonly hangUp?: () => void;
}

/** Opens one of each kind with a key. */
async function openAll(harness: GrpcHarness, url: string, key: string): Promise<Opened[]> {
  const headers = { authorization: `Bearer ${key}` };
  const stream = await StreamClient.open(url);
  await stream.call('hello', { api_key: key });
  const listen = async (path: string): Promise<IncomingMessage> => {
    const [answer] = (await once(get(url + path, { headers, agent: false }), 'response')) as [
      IncomingMessage,
    ];
    assert.equal(answer.statusCode, 200);
    return answer;
  };
  const textOf = async (answer: IncomingMessage): Promise<string> => {
    let text = '';
    for await (const chunk of answer) text += String(chunk);
    return text;
  };
  const watch = await listen('/watch');
  const watched = textOf(watch);
  const backup = await listen('/cluster/snapshot');
  const backupClosed = new Promise<void>((resolve) => {
    backup.once('close', () => resolve());
    backup.once('error', () => undefined);
  });
  const made = await harness.request('POST', '/sessions', {}, headers);
  const session_id = String(made.body['session_id']);
  const path = `/sessions/${session_id}/locks/x`;
  const wait = { wait_seconds: 50 };
  const httpWait = harness.request('POST', path, { ...wait, request_id: 1 }, headers);
  const grpcWait = harness.call(
    'Locks.Acquire',
    { session_id, name: 'x', request_id: 2, ...wait },
    { metadata: headers },
  );
  const grpcEnded = grpcWait.then(() => 'granted', codeOf);
  const grpcWatch = harness.read('Events.Watch', {}, headers);
  return [
    { of: 'client stream', ended: () => stream.closed.then(({ code }) => String(code)) },
    {
      of: 'watch of HTTP',
      ended: () => watched.then((text) => /"code":"(\w+)"/.exec(text)?.[1] ?? text),
    },
    {
      of: 'backup',
      ended: async () => {
        backup.resume(); // Unread until now, so that it has not come to its end.
        await backupClosed;
        return backup.complete ? 'complete' : 'cut off';
      },
      hangUp: () => backup.destroy(),
    },
    { of: 'wait of HTTP', ended: () => httpWait.then(({ body }) => String(body['code'])) },
    { of: 'wait of gRPC', ended: () => grpcEnded },
    { of: 'watch of gRPC', ended: () => grpcWatch.failure().then(codeOf) },
  ];
}

const howEnded = {
  'client stream': '1008',
  'watch of HTTP': 'unauthorized',
  backup: 'cut off',
  'wait of HTTP': 'unauthorized',
  'wait of gRPC': 'unauthorized',
  'watch of gRPC': 'unauthorized',
};

describe('a key', () => {
  for (const how of ['expires', 'is revoked'] as const)
    test(`that ${how} ends all that is open by it within a second, and nothing else (DENY-4)`, async (t) => {
      const clock = new StillClock();
      const harness = await startGrpcHarness(t, { clock });
      const { engine, built } = harness;
      engine.backupPadding = new Uint8Array(32 * 1024 * 1024);
      const keyOf = async (more: { readonly expiresAtMs?: number }) => {
        const { id, text, hash } = newKey();
        const of = { identity: 'ann', roles: ['admin'], createdAtMs: 1 };
        await engine.submit(
          { type: 'auth_create_key', id, hash, ...of, ...more },
          { identity: 'holdfast' },
        );
        return { id, text };
      };
      const ends = await keyOf({ expiresAtMs: clock.wallNow() + 3000 });
      const stays = await keyOf({});
      await engine.submit({ type: 'auth_enable' }, { identity: 'holdfast' });
      const url = await built.app.listen({ host: '127.0.0.1', port: 0 });
      const headers = { authorization: `Bearer ${stays.text}` };
      const holder = await harness.request('POST', '/sessions', {}, headers);
      const held = `/sessions/${String(holder.body['session_id'])}/locks/x`;
      await harness.request('POST', held, {}, headers);
      const opened = await openAll(harness, url, ends.text);
      const others = await openAll(harness, url, stays.text);
      const open = built.service.control?.open;
      assert.ok(open);
      await untilSo(() => open.count === 12);
      clock.pass(2999);
      await pause(1);
      assert.equal(open.count, 12, 'it holds until then');
      if (how === 'is revoked')
        await engine.submit({ type: 'auth_revoke_key', id: ends.id }, { identity: 'holdfast' });
      else clock.pass(1001);
      const found = await Promise.all(opened.map(async ({ of, ended }) => [of, await ended()]));
      assert.deepEqual(Object.fromEntries(found), howEnded);
      await untilSo(() => open.count <= 6);
      assert.equal(open.count, others.length, 'those of the other key go on');
      for (const { hangUp } of others) hangUp?.();
      // The node's deadlines come when the clock is moved.
      const closing = built.close();
      let isClosed = false;
      void closing.finally(() => (isClosed = true));
      await untilSo(() => {
        clock.pass(100);
        return isClosed;
      });
    });
});
