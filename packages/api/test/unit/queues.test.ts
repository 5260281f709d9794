/** Queues over HTTP: the curls of the seed as printed, and everything that can be asked of a delivery. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { systemClock } from '@holdfast/engine/parts';
import type { Clock } from '@holdfast/engine/parts';
import { HoldfastError } from '@holdfast/protocol';
import type { Command, CommandResult, QueueCommand } from '@holdfast/state';
import { startHarness } from '../harness.ts';
import type { Answer, Harness } from '../harness.ts';
import { StreamClient } from '../stream-client.ts';
import { assertEnds, untilSo } from '../../../checker/src/waits.ts';

type Message = Readonly<Record<string, unknown>> & { readonly receipt: string };

const messagesOf = ({ body }: Answer): readonly Message[] => body['messages'] as readonly Message[];

async function taken(harness: Harness, query = 'visibility_seconds=30'): Promise<Message> {
  const [message] = messagesOf(await harness.request('GET', `/queue/pop?${query}`));
  assert.ok(message, 'a message was taken');
  return message;
}

async function pushed(t: TestContext, ...payloads: readonly unknown[]): Promise<Harness> {
  const harness = startHarness(t);
  for (const payload of payloads) {
    const answer = await harness.request('POST', '/queue/push', { key: 'user:123', payload });
    assert.equal(answer.status, 200, answer.text);
  }
  return harness;
}

/** An engine in which each purge ends a thousand messages, and there are always more; a clock on which each takes a second. */
function withEndlessPurges(t: TestContext) {
  const asked: (QueueCommand & { type: 'queue_purge' })[] = [];
  const timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  let nowMs = 0;
  const clock: Clock = {
    ...systemClock,
    after: (delayMs, callback) => {
      const timer = { atMs: nowMs + delayMs, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const harness = startHarness(t, { clock });
  const purge = (command: Command): Promise<CommandResult> => {
    assert.equal(command.type, 'queue_purge');
    asked.push(command);
    nowMs += 1000;
    for (const timer of timers) if (timer.atMs <= nowMs) timer.callback();
    return Promise.resolve({
      ok: true,
      type: 'queue_moved',
      count: 1000,
      more: true,
      through: 9000,
    });
  };
  harness.engine.submit = purge as Harness['engine']['submit'];
  return { harness, ofPurges: () => asked };
}

describe('queues over HTTP', () => {
  test('given a node, when the curls of the seed are sent as printed, then the message comes back', async (t) => {
    const { request } = startHarness(t);
    const push = await request('POST', '/queue/push', '{"key":"user:123","payload":"hello"}');
    assert.equal(push.status, 200);
    assert.equal(push.body['queue'], 'default');
    const pop = await request('GET', '/queue/pop');
    const [message] = messagesOf(pop);
    assert.equal(message?.['key'], 'user:123');
    assert.equal(message['payload'], 'hello');
    assert.equal(message.receipt, null, 'it is acknowledged at once');
    assert.deepEqual(messagesOf(await request('GET', '/queue/pop')), []);
  });

  test('given a delivery, when it is acknowledged twice, then the second is told that it is stale and changes nothing', async (t) => {
    const harness = await pushed(t, 'a', 'b');
    const { receipt } = await taken(harness);
    const first = await harness.request('POST', '/queue/ack', { receipt });
    assert.equal(first.body['acknowledged'], true);
    const second = await harness.request('POST', '/queue/ack', { receipt });
    assert.equal(second.status, 409);
    assert.equal(second.body['code'], 'stale_receipt');
    assert.match(String(second.body['detail']), /was acknowledged or purged/);
    const { body } = await harness.request('GET', '/queue/stats?queue=default');
    assert.equal((body['queues'] as readonly { depth: number }[])[0]?.depth, 1);
  });

  test('given a delivery, when it is given back and extended, then both say until when', async (t) => {
    const harness = await pushed(t, { a: [1, 'two'] });
    const { receipt } = await taken(harness);
    const extended = await harness.request('POST', '/queue/extend', {
      receipt,
      visibility_seconds: 60,
    });
    assert.equal(extended.body['visibility_seconds'], 60);
    const back = await harness.request('POST', '/queue/nack', { receipt, reason: 'busy' });
    assert.deepEqual(back.body['retry_in_seconds'], 1);
    harness.engine.advance(1000);
    const again = await taken(harness);
    assert.equal(again['delivery'], 2);
    assert.deepEqual(again['payload'], { a: [1, 'two'] });
  });

  test('given a batch, when one message cannot be pushed, then none is', async (t) => {
    const { request } = startHarness(t);
    const wrong = await request('POST', '/queue/push-batch', {
      messages: [
        { key: 'a', payload: 1 },
        { key: 'a', payload: 2, delay_seconds: 5 },
      ],
    });
    assert.equal(wrong.body['code'], 'queue_order');
    assert.deepEqual((await request('GET', '/queue/stats')).body['queues'], []);
    const right = await request('POST', '/queue/push-batch', {
      queue: 'jobs',
      messages: [
        { key: 'a', payload: 1 },
        { key: 'b', payload: 2 },
      ],
    });
    assert.equal(messagesOf(right).length, 2);
    const both = await request('POST', '/queue/pop', {
      queue: 'jobs',
      count: 5,
      visibility_seconds: 30,
    });
    assert.deepEqual(
      messagesOf(both).map((message) => message['payload']),
      [1, 2],
    );
  });

  test('given dead letters, when they are listed, redriven and purged, then each is told', async (t) => {
    const harness = startHarness(t);
    const { request } = harness;
    await request('POST', '/queue/configure', { max_deliveries: 1, on_dead: 'block' });
    for (const payload of [1, 2]) await request('POST', '/queue/push', { key: 'a', payload });
    const { receipt } = await taken(harness);
    await request('POST', '/queue/nack', { receipt, reason: 'cannot' });
    const { body: dead } = await request('GET', '/queue/dead');
    const [letter] = dead['dead_letters'] as readonly Readonly<Record<string, unknown>>[];
    assert.equal(letter?.['reason'], 'cannot');
    assert.equal(letter['deliveries'], 1);
    assert.equal(letter['queue'], 'default');
    const { body: blocked } = await request('GET', '/queue/blocked');
    assert.deepEqual(
      (blocked['keys'] as readonly { because: string }[]).map(({ because }) => because),
      ['dead_letter'],
    );
    const redriven = await request('POST', '/queue/redrive', { id: letter['id'] });
    assert.deepEqual(redriven.body, {
      queue: 'default',
      redriven: 1,
      more: false,
      next_after: null,
      through: letter['id'],
    });
    assert.equal((await taken(harness))['payload'], 1);
    const purged = await request('POST', '/queue/purge', {});
    const { through, ...told } = purged.body;
    assert.deepEqual(told, { queue: 'default', purged: 2, more: false });
    assert.equal(typeof through, 'number');
    assert.equal((await request('POST', '/queue/delete', {})).body['deleted'], true);
  });

  test('given dead letters that die again at once, when all are redriven by parts, then each is once (REDRIVE-1)', async (t) => {
    const { request } = startHarness(t);
    await request('POST', '/queue/configure', { max_deliveries: 1 });
    const push = async (key: string): Promise<void> => {
      await request('POST', '/queue/push', { key, payload: key });
    };
    const die = async (): Promise<readonly unknown[]> => {
      const taken = messagesOf(await request('GET', '/queue/pop?visibility_seconds=30&count=100'));
      for (const { receipt } of taken) await request('POST', '/queue/nack', { receipt });
      return taken.map(({ payload }) => payload);
    };
    for (const key of ['a', 'b', 'c', 'd', 'e']) await push(key);
    await die();
    const redriven: unknown[] = [];
    let answer = await request('POST', '/queue/redrive', { count: 2 });
    const { through } = answer.body;
    redriven.push(...(await die()));
    await push('late');
    await die();
    for (let rounds = 0; answer.body['more'] === true && rounds < 10; rounds++) {
      const after = answer.body['next_after'];
      answer = await request('POST', '/queue/redrive', { count: 2, after, through });
      redriven.push(...(await die()));
    }
    assert.deepEqual(redriven, ['a', 'b', 'c', 'd', 'e']);
    const { next_after, more } = answer.body;
    assert.deepEqual([next_after, more], [null, false]);
    const all = await request('POST', '/queue/redrive', {});
    assert.deepEqual([all.body['redriven'], all.body['more']], [6, false]);
  });

  test('given more than it can end in its time, when a queue is purged, then the answer says that more are left (PURGE-1)', async (t) => {
    const { harness, ofPurges } = withEndlessPurges(t);
    const first = await harness.request('POST', '/queue/purge', {});
    const { purged, ...rest } = first.body;
    assert.deepEqual(rest, { queue: 'default', more: true, through: 9000 });
    assert.equal(purged, 1000 * ofPurges().length);
    assert.ok(ofPurges().length <= 4, `${String(ofPurges().length)} commands`);
    // What one of the next commands ends with is told to who asks again.
    const before = ofPurges().length;
    harness.engine.submit = () => Promise.reject(new HoldfastError('no_quorum', 'There is none.'));
    const failed = await harness.request('POST', '/queue/purge', { through: 9000 });
    assert.equal(failed.body['code'], 'no_quorum');
    assert.equal(ofPurges().length, before);
  });

  test('given a purge that has ended some, when the next command fails, then it tells them, and that more are left (PURGE-1)', async (t) => {
    const { harness, ofPurges } = withEndlessPurges(t);
    const submit = harness.engine.submit.bind(harness.engine);
    harness.engine.submit = (command, options) =>
      ofPurges().length < 2
        ? submit(command, options)
        : Promise.reject(new HoldfastError('no_quorum', 'There is none.'));
    const { body } = await harness.request('POST', '/queue/purge', { through: 9500 });
    assert.deepEqual(body, { queue: 'default', purged: 2000, more: true, through: 9000 });
    assert.deepEqual(
      ofPurges().map(({ through }) => through),
      [9500, 9000],
    );
  });

  test('given wrong input, when it is sent, then a problem says so and nothing changed', async (t) => {
    const harness = await pushed(t, 'here');
    const { receipt } = await taken(harness);
    const before = harness.engine.state.index;
    const wrong: readonly (readonly [string, object, string])[] = [
      ['/queue/push', { key: 'a' }, 'invalid_request'],
      ['/queue/push', { key: '', payload: 1 }, 'invalid_request'],
      ['/queue/push', { key: 'k'.repeat(257), payload: 1 }, 'invalid_request'],
      ['/queue/push', { key: 'a', payload: 1, queue: 'q'.repeat(257) }, 'name_too_long'],
      ['/queue/push', { key: 'a', payload: 1, delay_seconds: -1 }, 'invalid_request'],
      ['/queue/push', { key: 'a', payload: 1, max_deliveries: 0 }, 'invalid_request'],
      ['/queue/push', { key: 'a', payload: 'x'.repeat(70_000) }, 'body_too_large'],
      ['/queue/pop', { visibility_seconds: 0.01 }, 'invalid_request'],
      ['/queue/pop', { visibility_seconds: 50_000 }, 'invalid_request'],
      ['/queue/pop', { count: 101 }, 'invalid_request'],
      ['/queue/pop', { wait_seconds: 3600 }, 'invalid_request'],
      ['/queue/ack', { receipt: 'nonsense' }, 'invalid_request'],
      ['/queue/nack', { receipt, delay_seconds: -1 }, 'invalid_request'],
      ['/queue/extend', { receipt, visibility_seconds: 0 }, 'invalid_request'],
    ];
    for (const [path, body, code] of wrong) {
      const answer = await harness.request('POST', path, body);
      assert.equal(answer.body['code'], code, `${path} ${JSON.stringify(body).slice(0, 80)}`);
      assert.match(answer.type, /problem\+json/);
    }
    assert.equal(harness.engine.state.index, before, 'nothing reached the log');
    const unknown = await harness.request('POST', '/queue/ack', { receipt: '1.1.2' });
    assert.equal(unknown.body['code'], 'stale_receipt');
    const elsewhere = await harness.request('POST', '/queue/ack', { receipt, queue: 'other' });
    assert.equal(elsewhere.body['code'], 'queue_not_found');
    assert.equal((await harness.request('POST', '/queue/ack', { receipt })).status, 200);
  });

  test('given no room for payloads, when messages are popped, then nothing is taken before there is some', async (t) => {
    const harness = await pushed(t, 'here');
    const { popRoom } = harness.built.service;
    const bytes = 32 * 1024 * 1024;
    assert.ok(popRoom.tryEnter('one', bytes) && popRoom.tryEnter('two', bytes));
    const before = harness.engine.state.index;
    let isOver = false;
    const popping = taken(harness, 'wait_seconds=20').finally(() => (isOver = true));
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([isOver, harness.engine.state.index], [false, before]);
    popRoom.leave('one', bytes);
    assert.equal((await popping)['payload'], 'here');
    // Whoever has its answer takes no room.
    assert.ok(popRoom.tryEnter('three', bytes));
  });

  test('given a page of another site, when it embeds the path of a pop, then nothing is taken', async (t) => {
    const harness = await pushed(t, 'mine');
    const refused = await harness.request('GET', '/queue/pop', undefined, {
      'sec-fetch-site': 'cross-site',
    });
    assert.equal(refused.body['code'], 'forbidden');
    const response = await harness.built.app.inject({ method: 'HEAD', url: '/queue/pop' });
    assert.equal(response.statusCode, 200, 'whoever asks for headers takes nothing');
    assert.equal((await taken(harness))['payload'], 'mine');
  });
});

describe('a pop that waits', () => {
  test('is answered as soon as a message is pushed, and asks the log only then', async (t) => {
    const harness = startHarness(t);
    const waiting = harness.request('GET', '/queue/pop?wait_seconds=20');
    await untilSo(
      () => harness.built.service.queueWaiters.count === 1 && harness.engine.queried > 0,
    );
    await harness.request('POST', '/queue/push', { key: 'a', payload: 'now' });
    // Long before it looks again by itself.
    const answer = await assertEnds(waiting, { longestMs: 2000, what: 'the pop is answered' });
    assert.deepEqual(
      messagesOf(answer).map(({ payload }) => payload),
      ['now'],
    );
    assert.deepEqual(
      harness.engine.submitted.map(({ command }) => command.type),
      ['queue_push', 'queue_pop'],
    );
  });

  test('wakes one of many for one message', async (t) => {
    const harness = startHarness(t);
    const pops = [1, 2, 3].map(() => harness.request('GET', '/queue/pop?wait_seconds=20'));
    await untilSo(() => harness.built.service.queueWaiters.count === 3);
    for (const payload of [1, 2, 3]) {
      const before = harness.engine.submitted.length;
      await harness.request('POST', '/queue/push', { key: 'a', payload });
      await untilSo(() => harness.built.service.waiting.count === 3 - payload);
      // Here each command is an entry of its own: the message is told as ready before the pop behind it has it.
      const pops = harness.engine.submitted.length - before - 1;
      assert.ok(pops <= 2, 'the push, the pop behind it, and one for what has become ready');
    }
    const payloads = (await Promise.all(pops)).flatMap(messagesOf).map(({ payload }) => payload);
    assert.deepEqual(new Set(payloads), new Set([1, 2, 3]));
  });

  test('passes on what it was woken for when it fails (QWAIT-2)', async (t) => {
    const harness = startHarness(t);
    const { engine } = harness;
    const submit = engine.submit.bind(engine);
    let fails = 2;
    engine.submit = (command, options) => {
      if (command.type !== 'queue_pop' || fails-- <= 0) return submit(command, options);
      return Promise.reject(new HoldfastError('overloaded', 'This node has too much to do.'));
    };
    const pops = [1, 2, 3].map(() => harness.request('GET', '/queue/pop?wait_seconds=20'));
    await untilSo(() => harness.built.service.queueWaiters.count === 3);
    await harness.request('POST', '/queue/push', { key: 'a', payload: 'now' });
    // Without another look at what is ready, which comes seconds later.
    for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(harness.built.service.waiting.count, 0);
    const answers = await Promise.all(pops);
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((one, other) => one - other),
      [200, 503, 503],
    );
  });

  test('leaves the others waiting where they would fail alike (QWAIT-2)', async (t) => {
    const harness = startHarness(t);
    const { engine } = harness;
    const submit = engine.submit.bind(engine);
    let fails = 2;
    engine.submit = (command, options) => {
      if (command.type !== 'queue_pop' || fails-- <= 0) return submit(command, options);
      return Promise.reject(new HoldfastError('no_quorum', 'There is no leader.'));
    };
    const pops = [1, 2, 3].map(() => harness.request('GET', '/queue/pop?wait_seconds=1'));
    await untilSo(() => harness.built.service.queueWaiters.count === 3);
    await harness.request('POST', '/queue/push', { key: 'a', payload: 'now' });
    const answers = await Promise.all(pops);
    const statuses = answers.map(({ status }) => status).toSorted((one, other) => one - other);
    assert.deepEqual(statuses, [200, 503, 503], 'one woken by the push, one by the message');
  });

  test('takes nothing for a caller that has gone while it waited for room (POP-2)', async (t) => {
    const harness = await pushed(t, 'stays');
    const { popRoom } = harness.built.service;
    const bytes = 32 * 1024 * 1024;
    assert.ok(popRoom.tryEnter('one', bytes) && popRoom.tryEnter('two', bytes));
    const url = await harness.built.app.listen({ host: '127.0.0.1', port: 0 });
    const client = await StreamClient.open(url);
    void client.call('queue_pop', { wait_seconds: 20 }).catch(() => undefined);
    await untilSo(() => harness.built.service.waiting.count === 1);
    client.hangUp();
    await client.closed;
    // The node has noticed it as well.
    while (!/^holdfast_streams 0$/m.test((await harness.request('GET', '/metrics')).text));
    popRoom.leave('one', bytes);
    await untilSo(() => harness.built.service.waiting.count === 0);
    assert.deepEqual(
      harness.engine.submitted.map(({ command }) => command.type),
      ['queue_push'],
    );
  });

  test('is answered without messages when its time is over', async (t) => {
    const harness = startHarness(t);
    const answer = await harness.request('GET', '/queue/pop?wait_seconds=0.05');
    assert.deepEqual(answer.body, { queue: 'default', messages: [] });
    assert.equal(harness.built.service.waiting.count, 0);
  });
});
