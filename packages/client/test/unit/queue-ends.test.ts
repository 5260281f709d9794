/** What becomes of messages and loops when a loop, or its client, ends. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { Client } from '../../src/client.ts';
import type { QueueDelivery } from '../../src/index.ts';
import { environmentOf, VirtualClock, VirtualNode } from '../virtual-nodes.ts';
import type { Asked } from '../virtual-nodes.ts';

const messageOf = (id: number) => ({
  id,
  key: 'a',
  payload: id,
  delivery: 1,
  max_deliveries: 5,
  fence_token: 40 + id,
  receipt: `receipt ${String(id)}`,
});

/** One node that gives out so many messages, each once. */
function queueOf(messages: number): {
  readonly clock: VirtualClock;
  readonly node: VirtualNode;
  readonly client: Client;
  readonly givenBack: () => readonly unknown[];
} {
  const clock = new VirtualClock();
  const node = new VirtualNode(clock, 'a');
  let next = 1;
  node.handle = (asked: Asked) => {
    if (asked.operation !== 'queue_pop') return node.serve(asked);
    const taken = [];
    for (let left = Number(asked.body['count']); left > 0 && next <= messages; left--)
      taken.push(messageOf(next++));
    if (taken.length > 0) asked.answer({ queue: 'jobs', messages: taken });
  };
  const client = new Client({ endpoints: [node.url] }, environmentOf(clock, [node]));
  const givenBack = (): readonly unknown[] =>
    node.askedFor('queue_nack').map(({ body }) => [body['receipt'], body['delay_seconds']]);
  return { clock, node, client, givenBack };
}

describe('A loop over messages', () => {
  it('gives back at once what the program never had, and the others as deliveries that failed (CLIENT-QUEUE-5)', async () => {
    const { clock, client, givenBack } = queueOf(3);
    const loop = client.queue('jobs').consume({ concurrency: 3 });
    assert.equal((await clock.settled(loop.next())).value?.payload, 1);
    await clock.settled(loop.return());
    assert.deepEqual(givenBack(), [
      ['receipt 1', undefined],
      ['receipt 2', 0],
      ['receipt 3', 0],
    ]);
    await client.close();
  });

  it('gives back all at once where its signal has ended it (CLIENT-QUEUE-5)', async () => {
    const { clock, client, givenBack } = queueOf(3);
    const controller = new AbortController();
    const loop = client.queue('jobs').consume({ concurrency: 3, signal: controller.signal });
    assert.equal((await clock.settled(loop.next())).value?.payload, 1);
    controller.abort();
    assert.equal((await clock.settled(loop.next())).done, true);
    assert.deepEqual(givenBack(), [
      ['receipt 1', 0],
      ['receipt 2', 0],
      ['receipt 3', 0],
    ]);
    await client.close();
  });

  for (const when of ['while it waits for messages', 'while it pauses before it asks again'])
    it(`ends when its client is closed ${when} (CLIENT-QUEUE-6)`, async () => {
      const { clock, node, client } = queueOf(0);
      if (when.includes('pauses')) node.handle = (asked) => asked.refuse('overloaded');
      let endedWith: unknown;
      const next = client.queue('jobs').consume().next();
      const ended = next.catch((error: unknown) => {
        endedWith = error;
      });
      await clock.pass(1000);
      await clock.settled(client.close());
      await clock.pass(6000);
      assert.ok(endedWith instanceof HoldfastError, 'it is over');
      assert.equal(endedWith.code, 'connection_lost');
      await ended;
    });

  it('acknowledges no more, and extends no more, once its client is closed (CLIENT-QUEUE-6)', async () => {
    const { clock, node, client } = queueOf(1);
    const loop = client.queue('jobs').consume({ concurrency: 2, visibilityMs: 30_000 });
    const message: QueueDelivery | void = (await clock.settled(loop.next())).value;
    assert.ok(message !== undefined);
    await clock.settled(client.close());
    const closedAtMs = clock.nowMs;
    await clock.settled(assert.rejects(message.ack(), { code: 'connection_lost', effect: 'none' }));
    assert.ok(clock.nowMs - closedAtMs < 1000, 'long before its visibility ends');
    await clock.pass(60_000);
    assert.deepEqual(node.askedFor('queue_extend'), []);
  });
});

describe('A pop that nobody waits for any more', () => {
  it('gives back what it is answered with (CONNECTION-7)', async () => {
    const { clock, node, client, givenBack } = queueOf(0);
    const controller = new AbortController();
    const next = client.queue('jobs').consume({ concurrency: 2, signal: controller.signal }).next();
    await clock.pass(100);
    controller.abort();
    assert.equal((await clock.settled(next)).done, true);
    // Given it took messages before its node heard that it is cancelled
    node
      .askedFor('queue_pop')[0]
      ?.answer({ queue: 'jobs', messages: [messageOf(1), messageOf(2)] });
    await clock.pass(100);
    assert.deepEqual(givenBack(), [
      ['receipt 1', 0],
      ['receipt 2', 0],
    ]);
    await client.close();
  });

  it('gives back nothing where the messages were acknowledged with it', async () => {
    const { clock, node, client, givenBack } = queueOf(0);
    const late = client.call('queue_pop', { queue: 'jobs' }, { timeoutMs: 200 });
    await clock.settled(assert.rejects(late, { code: 'deadline_exceeded' }));
    const messages = [{ ...messageOf(1), receipt: null }];
    node.askedFor('queue_pop')[0]?.answer({ queue: 'jobs', messages });
    await clock.pass(100);
    assert.deepEqual(givenBack(), []);
    await client.close();
  });
});
