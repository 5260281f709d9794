/** Queues in the replicated state whose leader is killed while messages are in flight; those in Redis: redis-queues.test.ts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connect } from '@holdfast/client';
import { threeNodes } from '../integration/support/cluster.ts';
import { outliveTheirNode } from '../integration/support/messages-in-flight.ts';

describe('Queues in the replicated state', () => {
  it('given messages in flight, when the leader is killed, then each is delivered once within its visibility and none is lost', async () => {
    await using nodes = await threeNodes();
    const { cluster } = nodes;
    await using client = await connect({ endpoints: cluster.urls, timeoutMs: 20_000 });
    await outliveTheirNode(client, 'jobs', async (owners) => {
      const leader = await cluster.leader();
      // All are known to the leader, whoever owns them.
      const inFlight = owners.reduce((sum, { in_flight: count }) => sum + count, 0);
      await cluster.kill(leader, 'SIGKILL');
      assert.notEqual(await cluster.leader(30_000), leader);
      return inFlight;
    });
  });
});
