/** Messages of which some are in flight, for certain, when a node is killed. */
import assert from 'node:assert/strict';
import type { Client } from '@holdfast/client';
import type { QueueMessage, QueueOwner } from '@holdfast/protocol';
import { untilSo } from '../../../../checker/src/waits.ts';

const messageCount = 60;
const heldCount = 20;
/** Longer than the test takes. */
const heldSeconds = 3600;
/** Where the answer to a pop is lost with its node, its messages come again after this. */
const visibilitySeconds = 20;

/**
 * None is lost, and none is delivered twice within its visibility: those in flight stay so, and their receipts acknowledge them.
 *
 * @param kill Kills a node that has messages in flight, of which it is told by owner. @returns How many those were.
 */
export async function outliveTheirNode(
  client: Client,
  queue: string,
  kill: (owners: readonly QueueOwner[]) => Promise<number>,
): Promise<void> {
  const keys = Array.from({ length: messageCount }, (_, at) => `key-${String(at)}`);
  for (const key of keys) await client.queue(queue).push(key, key);
  const held: QueueMessage[] = [];
  while (held.length < heldCount) {
    const count = heldCount - held.length;
    const body = { queue, count, visibility_seconds: heldSeconds };
    for (const message of (await client.call('queue_pop', body)).messages) held.push(message);
  }
  const owners = await untilSo(
    async () => {
      const told = await client.call('queue_stats', { queue });
      return told.queues[0]?.in_flight === heldCount ? told.owners : undefined;
    },
    { what: 'they are in flight', longestMs: 20_000, pauseMs: 50 },
  );
  const inFlight = await kill(owners);
  assert.ok(inFlight > 0, 'it had messages in flight when it was killed');

  const taken = new Map<number, QueueMessage>();
  const takeSome = async (): Promise<boolean> => {
    const body = { queue, count: heldCount, visibility_seconds: visibilitySeconds };
    const popped = await client.call('queue_pop', body).catch(() => undefined);
    for (const message of popped?.messages ?? []) {
      assert.ok(!held.some(({ id }) => id === message.id), `${message.key} is in flight`);
      taken.set(message.id, message);
    }
    return taken.size === messageCount - heldCount;
  };
  await untilSo(takeSome, { what: 'all others are delivered', longestMs: 100_000, pauseMs: 100 });
  assert.deepEqual([...held, ...taken.values()].map(({ key }) => key).toSorted(), keys.toSorted());
  // The delivery from before the kill is the current one.
  for (const { receipt } of held)
    await client.call('queue_ack', { queue, receipt: receipt ?? assert.fail() });
  const { queues } = await client.call('queue_stats', { queue });
  assert.equal(queues[0]?.totals.acknowledged, heldCount);
  assert.equal(queues[0]?.depth, messageCount - heldCount);
}
