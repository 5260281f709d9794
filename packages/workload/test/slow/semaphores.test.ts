import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connect, HoldfastError } from '@holdfast/client';
import { threeNodes } from '../integration/support/cluster.ts';

describe('A semaphore of three processes', () => {
  it('never has more permits out than its limit, repeats no token, and goes on when the leader is killed', async () => {
    await using nodes = await threeNodes();
    const { cluster } = nodes;
    await using client = await connect({ endpoints: cluster.urls });
    const limit = 3;
    let out = 0;
    let most = 0;
    const tokens: number[] = [];
    const until = new AbortController();
    const worker = async (permits: number): Promise<void> => {
      await using session = await client.session({ timeoutSeconds: 30 });
      while (!until.signal.aborted) {
        const taken = await session.permits('exports', { permits, limit, waitMs: 20_000 });
        out += permits;
        most = Math.max(most, out);
        tokens.push(taken.fenceToken);
        taken.assertHeld();
        await new Promise((resolve) => setImmediate(resolve));
        out -= permits;
        await taken.release();
      }
    };
    const workers = [1, 1, 2, 3].map((permits) => worker(permits));
    const enough = async (count: number): Promise<void> => {
      while (tokens.length < count) await new Promise((resolve) => setImmediate(resolve));
    };
    await enough(50);
    const leader = await cluster.leader();
    await cluster.kill(leader, 'SIGKILL');
    await enough(tokens.length + 50);
    until.abort();
    await Promise.all(workers);
    assert.ok(most <= limit, `${String(most)} permits were out`);
    assert.ok(most > 1, 'permits are had together');
    assert.equal(new Set(tokens).size, tokens.length);
  });

  it('gives back the permits of a session that ends, and of an acquire that is cancelled', async () => {
    await using nodes = await threeNodes();
    await using client = await connect({ endpoints: nodes.cluster.urls });
    const first = await client.session();
    await using second = await client.session();
    await first.permits('s', { permits: 2, limit: 2 });
    await assert.rejects(second.permits('s'), isCode('no_permits'));
    const controller = new AbortController();
    const cancelled = second.permits('s', { waitMs: 20_000, signal: controller.signal });
    const waits = second.permits('s', { permits: 2, waitMs: 20_000 });
    controller.abort();
    await assert.rejects(cancelled, isCode('cancelled'));
    await first.end();
    const taken = await waits;
    assert.equal(taken.count, 2);
    await taken.release();
    assert.equal(taken.state, 'released');
    assert.equal((await client.call('semaphore_status', { name: 's' })).limit, null);
  });
});

const isCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof HoldfastError && error.code === code;
