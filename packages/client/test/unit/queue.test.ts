import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { Queue } from '../../src/queue.ts';
import type { QueueClient } from '../../src/queue.ts';
import { VirtualClock } from '../virtual-nodes.ts';

interface Asked {
  readonly operation: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A cluster of which a test says what it answers. */
class Cluster {
  readonly clock = new VirtualClock();
  readonly asked: Asked[] = [];
  /** What pops are answered with, one after the other; then nothing comes. */
  readonly messages: string[] = [];
  extendsFail: HoldfastError | undefined;
  /** What acknowledgements end with, one after the other; then they are answered. */
  readonly acksFail: HoldfastError[] = [];
  popTakesMs = 0;
  #ids = 0;

  readonly client: QueueClient = {
    clock: this.clock,
    newId: () => `id-${String((this.#ids += 1))}`,
    call: (async (
      operation: string,
      body: Readonly<Record<string, unknown>>,
      settings?: { signal?: AbortSignal },
    ) => {
      this.asked.push({ operation, body });
      return this.#answer(operation, body, settings?.signal);
    }) as QueueClient['call'],
  };

  of(operation: string): readonly Asked[] {
    return this.asked.filter((asked) => asked.operation === operation);
  }

  async #answer(
    operation: string,
    body: Readonly<Record<string, unknown>>,
    signal: AbortSignal | undefined,
  ): Promise<object> {
    if (operation === 'queue_push') return { id: 7, duplicate: false, queue: 'jobs' };
    if (operation === 'queue_extend' && this.extendsFail !== undefined) throw this.extendsFail;
    const failed = operation === 'queue_ack' ? this.acksFail.shift() : undefined;
    if (failed !== undefined) throw failed;
    if (operation !== 'queue_pop') return { queue: 'jobs', id: 7 };
    this.clock.nowMs += this.popTakesMs;
    const payloads = this.messages.splice(0, Number(body['count']));
    if (payloads.length === 0)
      await new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () =>
          reject(new HoldfastError('cancelled', 'cancelled')),
        );
      });
    return {
      queue: 'jobs',
      messages: payloads.map((payload, index) => ({
        id: index + 1,
        key: 'a',
        payload,
        delivery: 1,
        max_deliveries: 5,
        fence_token: 40 + index,
        receipt: `receipt of ${payload}`,
      })),
    };
  }
}

describe('A queue', () => {
  let cluster: Cluster;
  let queue: Queue;
  beforeEach(() => {
    cluster = new Cluster();
    queue = new Queue(cluster.client, 'jobs');
  });

  it('pushes with a dedup id of its own, so that what is sent again is one message', async () => {
    await queue.push('user:1', { a: 1 });
    await queue.push('user:1', 2, { dedupId: 'mine', maxDeliveries: 3 });
    assert.deepEqual(
      cluster.asked.map(({ body }) => [body['dedup_id'], body['max_deliveries']]),
      [
        ['id-1', undefined],
        ['mine', 3],
      ],
    );
  });

  it('gives the program nothing more once its signal has fired, also of what it has taken (CLIENT-QUEUE-4)', async () => {
    cluster.messages.push('one', 'two', 'three');
    const controller = new AbortController();
    const seen: unknown[] = [];
    for await (const message of queue.consume({ concurrency: 3, signal: controller.signal })) {
      seen.push(message.payload);
      await message.ack();
      controller.abort();
    }
    assert.deepEqual(seen, ['one']);
    assert.deepEqual(
      cluster.of('queue_nack').map(({ body }) => body['receipt']),
      ['receipt of two', 'receipt of three'],
    );
  });

  it('acknowledges a message when the loop comes to the next one, and gives back the one in which it ends', async () => {
    cluster.messages.push('one', 'two', 'three');
    const seen: unknown[] = [];
    for await (const message of queue.consume()) {
      seen.push(message.payload);
      if (seen.length === 2) break;
    }
    assert.deepEqual(seen, ['one', 'two']);
    assert.deepEqual(
      cluster.asked
        .filter(({ operation }) => operation !== 'queue_pop')
        .map(({ operation, body }) => [operation, body['receipt']]),
      [
        ['queue_ack', 'receipt of one'],
        ['queue_nack', 'receipt of two'],
      ],
    );
  });

  it('takes no more messages at once than may be open, and goes on when one is settled', async () => {
    cluster.messages.push('one', 'two', 'three');
    const controller = new AbortController();
    const loop = queue.consume({ concurrency: 2, signal: controller.signal });
    const first = (await loop.next()).value;
    const second = (await loop.next()).value;
    assert.ok(first && second);
    const third = loop.next();
    assert.equal(cluster.of('queue_pop').length, 1);
    await second.ack();
    assert.equal((await third).value?.payload, 'three');
    assert.deepEqual(
      cluster.of('queue_pop').map(({ body }) => body['count']),
      [2, 1],
    );
    controller.abort();
    assert.equal((await loop.next()).done, true);
    assert.equal(cluster.of('queue_nack').length, 2);
  });

  it('gives the program none of several that others may have by then (CLIENT-QUEUE-3)', async () => {
    cluster.messages.push('one', 'two', 'three');
    const loop = queue.consume({ concurrency: 2, visibilityMs: 3000 });
    assert.equal((await loop.next()).value?.payload, 'one');
    // Given a program that is slow to come back, and nodes that say that both were delivered again
    cluster.extendsFail = new HoldfastError('stale_receipt', 'stale');
    await cluster.clock.pass(2000);
    cluster.extendsFail = undefined;
    // Then what it gets next is one that it certainly has
    const next = (await loop.next()).value;
    assert.equal(next?.payload, 'three');
    assert.ok(next.isHeld());
    await loop.return();
  });

  for (const concurrency of [0, -1, 1.5, Number.NaN, Infinity])
    it(`refuses to take ${String(concurrency)} at once`, async () => {
      const refused = queue.consume({ concurrency }).next();
      await assert.rejects(refused, { code: 'invalid_request', details: { field: 'concurrency' } });
      assert.deepEqual(cluster.asked, []);
    });

  it('ends when its signal fires while it waits', async () => {
    const controller = new AbortController();
    const ended = queue.consume({ signal: controller.signal }).next();
    await cluster.clock.pass(1000);
    controller.abort();
    assert.equal((await ended).done, true);
  });

  it('extends a message while the handler runs, and then no more', async () => {
    cluster.messages.push('one');
    const loop = queue.consume({ visibilityMs: 3000 });
    const message = (await loop.next()).value;
    assert.ok(message);
    await cluster.clock.pass(10_000);
    assert.ok(message.isHeld());
    const extensions = cluster.of('queue_extend').length;
    assert.ok(extensions >= 9, String(extensions));
    await message.ack();
    await cluster.clock.pass(10_000);
    assert.equal(cluster.of('queue_extend').length, extensions);
  });

  it('knows by the clock that a message is lost, though no timer fired while the loop was blocked', async () => {
    cluster.messages.push('one');
    const message = (await queue.consume({ visibilityMs: 3000 }).next()).value;
    assert.ok(message);
    cluster.clock.nowMs += 2699;
    message.assertHeld();
    cluster.clock.nowMs += 1;
    assert.throws(() => message.assertHeld(), { code: 'hold_lost' });
  });

  it('knows that a message is lost as soon as the cluster says so', async () => {
    cluster.messages.push('one');
    cluster.extendsFail = new HoldfastError('stale_receipt', 'It was delivered again.');
    const message = (await queue.consume({ visibilityMs: 3000 }).next()).value;
    assert.ok(message);
    await cluster.clock.pass(1001);
    assert.throws(() => message.assertHeld(), { code: 'hold_lost' });
    await cluster.clock.pass(10_000);
    assert.equal(cluster.of('queue_extend').length, 1, 'it is not asked again');
  });

  it('extends a message that it was asked for long before, ahead of the handler', async () => {
    cluster.messages.push('one');
    cluster.popTakesMs = 2000;
    const message = (await queue.consume({ visibilityMs: 3000 }).next()).value;
    assert.ok(message);
    assert.equal(cluster.of('queue_extend').length, 1);
    cluster.clock.nowMs += 2500;
    message.assertHeld();
  });

  it('acknowledges again what nobody has answered, while nobody else can have the message (CLIENT-DELIVERY-1)', async () => {
    const { clock, acksFail, messages } = cluster;
    messages.push('one', 'two');
    acksFail.push(
      new HoldfastError('outcome_unknown', 'The leader was killed.'),
      new HoldfastError('stale_receipt', 'It is settled.'),
    );
    const loop = queue.consume({ visibilityMs: 30_000 });
    await loop.next();
    const second = await clock.settled(loop.next());
    assert.equal(second.value?.payload, 'two');
    assert.equal(cluster.of('queue_ack').length, 2);
  });

  it('takes the next message where no node answers before the visibility ends, and ends where it may not acknowledge', async () => {
    const { clock, acksFail, messages } = cluster;
    messages.push('one', 'two', 'three');
    for (let count = 0; count < 100; count++)
      acksFail.push(new HoldfastError('no_quorum', 'There is no leader.'));
    const loop = queue.consume({ visibilityMs: 3000 });
    await loop.next();
    const second = await clock.settled(loop.next());
    assert.equal(second.value?.payload, 'two');
    assert.ok(cluster.of('queue_ack').length > 3);
    acksFail.length = 0;
    acksFail.push(new HoldfastError('forbidden', 'No rule allows it.'));
    await assert.rejects(clock.settled(loop.next()), { code: 'forbidden' });
  });

  it('does not tell that nothing was done where an earlier attempt may have been executed (CLIENT-DELIVERY-2)', async () => {
    const { clock, acksFail, messages } = cluster;
    messages.push('one');
    const message = (await clock.settled(queue.consume({ concurrency: 2 }).next())).value;
    assert.ok(message);
    acksFail.push(
      new HoldfastError('outcome_unknown', 'The leader was killed.'),
      new HoldfastError('forbidden', 'No rule allows it any more.'),
    );
    await clock.settled(
      assert.rejects(
        message.ack(),
        (error) =>
          error instanceof HoldfastError &&
          error.code === 'outcome_unknown' &&
          error.details['refused_with'] === 'forbidden',
      ),
    );
  });

  it('ends with its signal while it pauses before it asks again', async () => {
    const { clock } = cluster;
    let isRefused = true;
    const { call } = cluster.client;
    const client: QueueClient = {
      ...cluster.client,
      call: (operation, body, settings) =>
        isRefused
          ? Promise.reject(new HoldfastError('no_quorum', 'There is no leader.'))
          : call(operation, body, settings),
    };
    const ending = new AbortController();
    const next = new Queue(client, 'jobs').consume({ signal: ending.signal }).next();
    await clock.pass(60_000);
    isRefused = false;
    ending.abort();
    const abortedAtMs = clock.nowMs;
    assert.equal((await clock.settled(next)).done, true);
    assert.ok(clock.nowMs - abortedAtMs <= 10);
  });

  it('tells that an acknowledgement came too late, where nobody can know what became of it', async () => {
    const { clock, acksFail, messages } = cluster;
    messages.push('one');
    const message = (await queue.consume({ visibilityMs: 3000 }).next()).value;
    assert.ok(message);
    clock.nowMs += 3000;
    acksFail.push(new HoldfastError('stale_receipt', 'It was delivered again.'));
    await assert.rejects(message.ack(), { code: 'stale_receipt' });
  });
});
