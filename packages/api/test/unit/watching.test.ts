/** Events: by pages, as server-sent events, and on the stream. */
import assert from 'node:assert/strict';
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { assertProblem, startHarness } from '../harness.ts';
import type { Harness } from '../harness.ts';
import { callerFrom } from '../../src/pipeline/caller.ts';
import { otherOf } from '../../src/pipeline/perform.ts';
import { StreamWatches } from '../../src/stream/watches.ts';
import { StreamClient } from '../stream-client.ts';

interface Told {
  readonly id: string;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Reads server-sent events one after the other. */
class EventReader {
  readonly #events: Told[] = [];
  #wake = (): void => undefined;
  readonly ended: Promise<void>;

  constructor(response: IncomingMessage) {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const lines = text.slice(0, end).split('\n');
        text = text.slice(end + 2);
        const field = (name: string): string =>
          lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
        if (field('data') === '') continue;
        const data = JSON.parse(field('data')) as Told['data'];
        this.#events.push({ id: field('id'), event: field('event'), data });
        this.#wake();
      }
    });
    this.ended = new Promise((resolve) => response.on('close', resolve));
  }

  async next(): Promise<Told> {
    for (;;) {
      const told = this.#events.shift();
      if (told !== undefined) return told;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

async function listen({ built }: Harness): Promise<string> {
  await built.app.listen({ host: '127.0.0.1', port: 0 });
  return `http://127.0.0.1:${String((built.app.server.address() as AddressInfo).port)}`;
}

async function open(t: TestContext, url: string, lastId?: string): Promise<EventReader> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = lastId === undefined ? {} : { 'last-event-id': lastId };
    const request = get(url, { headers }, resolve).on('error', reject);
    t.after(() => request.destroy());
  });
  assert.equal(response.statusCode, 200);
  return new EventReader(response);
}

describe('events by pages', () => {
  test('given changes, then the latest are told, and those after a position by pages', async (t) => {
    const { request, session, acquire } = startHarness(t);
    const a = await session({ client_id: 'ann' });
    await acquire(a, 'jobs/x');
    await acquire(a, 'other');
    await request('DELETE', `/sessions/${a}/locks/${encodeURIComponent('jobs/x')}`);
    const latest = await request('GET', '/events?prefix=jobs/');
    const events = latest.body['events'] as Record<string, unknown>[];
    assert.deepEqual(
      events.map(({ type, resource, client_id }) => [type, resource, client_id]),
      [
        ['granted', 'jobs/x', 'ann'],
        ['released', 'jobs/x', 'ann'],
      ],
    );
    // As the leader had it when it logged the change, in seconds.
    for (const { time } of events) assert.equal(time, 1_769_164_037);
    const first = await request('GET', `/events?after=0&limit=1`);
    assert.equal(first.body['more'], true);
    const rest = await request('GET', `/events?after=${String(first.body['position'])}`);
    assert.deepEqual(
      (rest.body['events'] as Record<string, unknown>[]).map(({ type }) => type),
      ['granted', 'released'],
    );
    assertProblem(await request('GET', '/events?after=x'), 400, 'invalid_request');
  });

  test('given none yet and a wait, then it is told when it comes', async (t) => {
    const harness = startHarness(t);
    const { request, session, acquire, built } = harness;
    const a = await session();
    const waiting = request('GET', '/events?after=1&wait_seconds=5');
    while (built.service.waiting.count === 0) await new Promise((resolve) => setImmediate(resolve));
    await acquire(a, 'x');
    assert.equal(((await waiting).body['events'] as object[]).length, 1);
  });

  test('given more than are kept, then compacted', async (t) => {
    const { request, session, acquire } = startHarness(t, { limits: { maxEventsKept: 5 } });
    const a = await session();
    for (let number = 0; number < 10; number++) await acquire(a, `x${String(number)}`);
    assertProblem(await request('GET', '/events?after=1'), 410, 'compacted');
    assertProblem(await request('GET', '/watch?after=1'), 410, 'compacted');
  });
});

describe('a position that the cluster has not reached (POSITION-2)', () => {
  const future = '99999999';

  test('given it on any interface, then it is refused at once and nobody waits', async (t) => {
    const harness = startHarness(t);
    const { request, session, acquire, engine } = harness;
    await acquire(await session(), 'x');
    const client = await StreamClient.open(await listen(harness));
    t.after(() => client.hangUp());
    const next = String(engine.state.index + 1);
    for (const after of [future, next, `${next}-1`]) {
      for (const path of ['/events', '/watch', '/elections/e/observe'])
        assertProblem(await request('GET', `${path}?after=${after}`), 409, 'future_position');
      const waiting = await request('GET', `/events?after=${after}&wait_seconds=30`);
      assertProblem(waiting, 409, 'future_position');
      const answer = await client.call('watch', { after });
      assert.equal(answer.body['code'], 'future_position');
    }
    const { body } = await request('GET', `/events?after=${future}`);
    assert.match(
      String(body['detail']),
      /The cluster has not reached position 99999999: its latest revision is \d+\. .* watch without a position\./,
    );
    // And the present is no future
    const now = await request('GET', `/events?after=${String(engine.state.index)}`);
    assert.deepEqual(now.body['events'], []);
  });

  test('given that this node alone lags behind, then it is waited for', async (t) => {
    const harness = startHarness(t);
    const { engine, request, session, acquire, built } = harness;
    const a = await session();
    const query = engine.query.bind(engine);
    engine.query = async (asked, consistency, options) => {
      const found = await query(asked, consistency, options);
      return consistency === 'linearizable' ? { ...found, revision: found.revision + 1 } : found;
    };
    const position = `${String(engine.state.index + 1)}-0`;
    const waiting = request('GET', `/events?after=${position}&wait_seconds=5`);
    const client = await StreamClient.open(await listen(harness));
    t.after(() => client.hangUp());
    assert.equal((await client.call('watch', { after: position })).failed, false);
    while (built.service.waiting.count === 0) await new Promise((resolve) => setImmediate(resolve));
    await acquire(a, 'x');
    assert.equal(((await waiting).body['events'] as object[]).length, 1);
    assert.equal(((await client.pushed('watch'))['events'] as object[]).length, 1);
  });

  test('given that nobody can say how far the cluster is, then that is told', async (t) => {
    const { engine, request } = startHarness(t);
    engine.failWith = new HoldfastError('no_quorum', 'Nobody leads.');
    for (const path of ['/events', '/watch', '/elections/e/observe'])
      assertProblem(await request('GET', `${path}?after=${future}`), 503, 'no_quorum');
  });

  test('given a client that leaves while that is asked, then nothing of its watch is left', async (t) => {
    const { engine, built } = startHarness(t);
    const context = { service: built.service, caller: callerFrom(undefined) };
    const watches = new StreamWatches(
      () => context,
      () => undefined,
    );
    const before = built.service.feed.readers;
    const gate = Promise.withResolvers<void>();
    engine.gate = gate.promise;
    const query = engine.query.bind(engine);
    engine.query = async (asked, consistency, options) => ({
      ...(await query(asked, consistency, options)),
      revision: 1e6,
    });
    const begun = watches.perform(otherOf('watch'), { after: '999999' });
    watches.end();
    gate.resolve();
    await begun;
    assert.equal(built.service.feed.readers, before);
  });
});

describe('server-sent events', () => {
  test('given a watch, then every change is told with its reason, and it resumes after the last seen', async (t) => {
    const harness = startHarness(t);
    const url = await listen(harness);
    const { engine, acquire, session, request } = harness;
    const a = await session({ client_id: 'ann' });
    const reader = await open(t, `${url}/watch?prefix=x`);
    const token = await acquire(a, 'x');
    const granted = await reader.next();
    assert.deepEqual([granted.event, granted.data['fence_token']], ['granted', token]);
    await request('POST', '/admin/locks/x/force-release', { reason: 'stuck' });
    const forced = await reader.next();
    assert.deepEqual(
      [forced.event, forced.data['reason'], forced.data['note']],
      ['released', 'forced', 'stuck'],
    );
    await acquire(a, 'x');
    engine.expire(a);
    assert.equal((await reader.next()).event, 'granted');
    assert.equal((await reader.next()).event, 'expired');
    const resumed = await open(t, `${url}/watch?prefix=x`, granted.id);
    assert.equal((await resumed.next()).id, forced.id);
  });

  test('given an election, then who leads now is told first, then every change', async (t) => {
    const harness = startHarness(t);
    const url = await listen(harness);
    const { session, request } = harness;
    const a = await session({ client_id: 'ann' });
    const won = await request('POST', '/election/e/campaign', { session_id: a, value: 1 });
    const { fence_token } = won.body;
    const reader = await open(t, `${url}/election/e/observe`);
    const current = await reader.next();
    assert.deepEqual(current.data['leader'], { client_id: 'ann', fence_token, value: 1 });
    await request('POST', '/election/e/proclaim', { session_id: a, fence_token, value: 2 });
    await request('POST', '/election/e/resign', { session_id: a });
    const proclaimed = await reader.next();
    assert.equal((proclaimed.data['leader'] as { value: unknown }).value, 2);
    const ended = await reader.next();
    assert.deepEqual([ended.data['change'], ended.data['leader']], ['ended', null]);
    const resumed = await open(t, `${url}/election/e/observe`, proclaimed.id);
    assert.equal((await resumed.next()).data['change'], 'ended');
  });

  test('given that the node stops, then watchers are told and let go', async (t) => {
    const harness = startHarness(t);
    const reader = await open(t, `${await listen(harness)}/watch`);
    await harness.built.close();
    assert.equal((await reader.next()).data['code'], 'shutting_down');
    await reader.ended;
  });
});

describe('a watch on the stream', () => {
  test('given changes, then they are pushed until it is ended', async (t) => {
    const harness = startHarness(t);
    const client = await StreamClient.open(await listen(harness));
    t.after(() => client.hangUp());
    const a = await harness.session();
    const watch = await client.call('watch', { prefix: 'x' });
    const { watch_id } = watch.body;
    await harness.acquire(a, 'x1');
    const push = await client.pushed('watch');
    assert.equal(push['watch_id'], watch_id);
    assert.equal((push['events'] as { type: string }[])[0]?.type, 'granted');
    assert.deepEqual((await client.call('unwatch', { watch_id })).body, { watch_id, ended: true });
    await harness.acquire(a, 'x2');
    await client.call('ping', null);
    assert.equal(client.pushes.filter(([kind]) => kind === 'watch').length, 1);
    assert.equal((await client.call('watch', { after: 'no' })).failed, true);
  });

  test('given a hold that is released by force, then the holder is told why', async (t) => {
    const harness = startHarness(t);
    const client = await StreamClient.open(await listen(harness));
    t.after(() => client.hangUp());
    const session_id = await harness.session();
    const taken = await client.call('acquire', { session_id, name: 'x' });
    await harness.request('POST', '/admin/locks/x/force-release', { reason: 'stuck' });
    const { fence_token } = taken.body;
    assert.deepEqual(await client.pushed('hold_ended'), {
      session_id,
      kind: 'lock',
      resource: 'x',
      fence_token,
      reason: 'forced',
      note: 'stuck',
    });
  });
});
