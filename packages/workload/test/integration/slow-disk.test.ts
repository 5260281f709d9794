import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connect } from '@holdfast/client';
import type { Client, Session } from '@holdfast/client';
import { urlOfNode } from '../../src/cluster-node.ts';
import { readClusterStatus, readStats } from '../../src/http-answer.ts';
import { median } from '../../src/statistics/median.ts';
import { threeNodes } from './support/cluster.ts';

const writeDelayMs = 50;
/** More than five of the longest election timeouts: a missed heartbeat would show. */
const observedMs = 3500;

/** Does `step` over and over for a while; returns how long each took. */
async function repeatedly(untilMs: number, step: () => Promise<unknown>): Promise<number[]> {
  const tookMs: number[] = [];
  while (performance.now() < untilMs) {
    const startMs = performance.now();
    await step();
    tookMs.push(performance.now() - startMs);
  }
  return tookMs;
}

function cycles(session: Session, name: string, untilMs: number): Promise<number[]> {
  return repeatedly(untilMs, async () => {
    const hold = await session.lock(name, { waitMs: 10_000 });
    await hold.release();
  });
}

describe(`Three processes whose every write takes ${String(writeDelayMs)} ms more`, () => {
  it('keep their leader, answer reads and keepalives at once and serve other clients meanwhile', async () => {
    await using nodes = await threeNodes({
      HOLDFAST_TEST_WRITE_DELAY_MS: String(writeDelayMs),
    });
    const { cluster } = nodes;
    const leaderUrl = urlOfNode(cluster, await cluster.leader());
    const followerUrl = cluster.urls.find((url) => url !== leaderUrl) ?? '';
    const clients: Client[] = [];
    try {
      const sessions: Session[] = [];
      for (let count = 0; count < 8; count++) {
        const client = await connect({ endpoints: cluster.urls });
        clients.push(client);
        sessions.push(await client.session({ timeoutSeconds: 30 }));
      }
      const [reader] = clients;
      const [keeper] = sessions;
      assert.ok(reader !== undefined && keeper !== undefined);
      const before = await readClusterStatus(leaderUrl);
      const untilMs = performance.now() + observedMs;
      const [writes, staleReads, reads, keepAlives] = await Promise.all([
        Promise.all(
          sessions.map((session, count) => cycles(session, `slow/${String(count)}`, untilMs)),
        ),
        repeatedly(untilMs, () => readStats(followerUrl, 'stale')),
        repeatedly(untilMs, () => reader.call('lock_status', { name: 'slow/0' })),
        repeatedly(untilMs, () => reader.call('keepalive', { session_id: keeper.id })),
      ]);
      const after = await readClusterStatus(leaderUrl);

      // The delay is there: a cycle is two writes, each on a majority's disks.
      assert.ok(median(writes.flat()) > 2 * writeDelayMs, 'the delay has not been put in');
      // Heartbeats went on: nobody asked for an election.
      assert.equal(after.term, before.term);
      assert.equal(after.leader, before.leader);
      // What needs no write does not wait for one.
      assert.ok(
        median(staleReads) < writeDelayMs / 2,
        `stale reads: ${String(median(staleReads))} ms`,
      );
      assert.ok(median(reads) < writeDelayMs, `reads: ${String(median(reads))} ms`);
      assert.ok(median(keepAlives) < writeDelayMs, `keepalives: ${String(median(keepAlives))} ms`);
      // Writers share the commits instead of queueing for one each: as many cycles as if alone.
      for (const own of writes) {
        assert.ok(own.length >= observedMs / (8 * writeDelayMs), `${String(own.length)} cycles`);
      }
    } finally {
      await Promise.allSettled(clients.map((client) => client.close()));
    }
  });
});
