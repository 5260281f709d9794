import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client } from '../../src/client.ts';
import { environmentOf, VirtualClock, VirtualNode } from '../virtual-nodes.ts';

describe('A keepalive (SESSION-LEASE-2)', () => {
  /** One node whose answers to this operation are on their way for so long. */
  const slow = (operation: string, delayMs: number) => {
    const clock = new VirtualClock();
    const node = new VirtualNode(clock, 'a');
    node.handle = (asked) => {
      if (asked.operation === operation) clock.after(delayMs, () => node.serve(asked));
      else node.serve(asked);
    };
    const client = new Client({ endpoints: [node.url] }, environmentOf(clock, [node]));
    return { clock, node, client };
  };

  it('is due at once where the answer that opened the session took long', async () => {
    const { clock, node, client } = slow('create_session', 4000);
    await clock.settled(client.session({ timeoutSeconds: 9 }));
    const openedAtMs = clock.nowMs;
    await clock.pass(500);
    const [first] = node.askedFor('keepalive');
    assert.ok(first !== undefined && first.atMs - openedAtMs <= 20);
    await clock.settled(client.close());
  });

  it('is due a third of the timeout after the one before was sent', async () => {
    const { clock, node, client } = slow('keepalive', 2000);
    await clock.settled(client.session({ timeoutSeconds: 9 }));
    await clock.pass(20_000);
    const sent = node.askedFor('keepalive').map(({ atMs }) => atMs);
    const pauses = sent.slice(1).map((atMs, index) => atMs - (sent[index] ?? 0));
    assert.ok(pauses.length >= 4);
    for (const pauseMs of pauses) assert.ok(Math.abs(pauseMs - 3000) <= 60, pauses.join(', '));
    await clock.settled(client.close());
  });
});
