import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '@holdfast/client';
import { urlOfNode } from '../../src/cluster-node.ts';
import { waitUntil } from '../../src/wait-until.ts';
import { threeNodes } from '../integration/support/cluster.ts';

const longestMs = 20_000;
const paceMs = 5;

describe('Three nodes that are restarted one after the other, the leader last', () => {
  it('show a client that takes locks meanwhile no error, and keep what it holds', async () => {
    await using nodes = await threeNodes();
    const { cluster } = nodes;
    await using client = await connect({ endpoints: cluster.urls });
    await using session = await client.session({ timeoutSeconds: 30 });
    const kept = await session.lock('kept');
    const enough = new AbortController();
    let cycles = 0;
    let latest = kept.fenceToken;
    const work = (async () => {
      while (!enough.signal.aborted) {
        const hold = await session.lock('worked', { waitMs: longestMs });
        hold.assertHeld();
        assert.ok(hold.fenceToken > latest, 'tokens rise');
        latest = hold.fenceToken;
        await hold.release();
        cycles += 1;
        await pause(paceMs); // The processors are for the nodes that start.
      }
    })();
    // A failure of it ends the test where it is awaited, and not before.
    work.catch(() => undefined);
    const leader = await cluster.leader();
    const followers = cluster.nodes.map(({ nodeId }) => nodeId).filter((id) => id !== leader);
    for (const id of [...followers, leader]) {
      const before = cycles;
      await cluster.kill(id, 'SIGTERM');
      await cluster.restart(id);
      await waitUntil(
        `${id} is ready`,
        longestMs,
        async () => (await fetch(`${urlOfNode(cluster, id)}/readyz`)).ok,
      );
      await waitUntil(`work goes on after ${id}`, longestMs, () => cycles > before);
    }
    enough.abort();
    await work;
    kept.assertHeld();
    await kept.release();
  });
});
