/** An acquire of the command line in a session that it was given, whose node is killed before it has answered. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { connect } from '@holdfast/client';
import type { LocalCluster } from '@holdfast/server';
import { urlOfNode } from '../../src/cluster-node.ts';
import { waitUntil } from '../../src/wait-until.ts';
import { threeNodes } from './support/cluster.ts';
import { startHoldfast } from './support/command.ts';

/** Which of them has a caller that waits. */
async function askedBy(cluster: LocalCluster): Promise<string> {
  for (const { nodeId } of cluster.nodes) {
    const answer = await fetch(`${urlOfNode(cluster, nodeId)}/metrics`);
    if (/^holdfast_waiting_callers(\{[^}]*\})? 1$/m.test(await answer.text())) return nodeId;
  }
  throw new Error('No node has a caller that waits.');
}

describe('An acquire by the command line in a given session', () => {
  it('whose node is killed is cancelled through another one, and holds nothing later (ACQUIRE-ONCE-2)', async () => {
    await using nodes = await threeNodes();
    const { cluster } = nodes;
    // Of a program that keeps it alive and numbers its requests.
    await using client = await connect({ endpoints: cluster.urls });
    await using session = await client.session({ timeoutSeconds: 60 });
    await (await session.lock('first')).release();
    await using rival = await client.session({ timeoutSeconds: 60 });
    await using held = await rival.lock('job');

    const endpoints = cluster.urls.flatMap((url) => ['--endpoint', url]);
    const words = ['lock', 'acquire', 'job', '--wait', '60', '--session', session.id];
    const command = startHoldfast([...endpoints, ...words]);
    let stderr = '';
    command.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = once(command, 'close');
    const isWaiting = async (): Promise<boolean> =>
      (await client.call('lock_status', { name: 'job' })).waiter_count === 1;
    await waitUntil('the command does not wait', 30_000, isWaiting);
    await cluster.kill(await askedBy(cluster), 'SIGKILL');

    const [status] = (await ended) as [number | null];
    assert.notEqual(status, 0);
    assert.match(stderr, /It was cancelled: nothing is held by it/);
    assert.equal(await isWaiting(), false);
    await held.release();
    const { locked } = await client.call('lock_status', { name: 'job' });
    assert.equal(locked, false);
    // The numbers of the session are its program's still.
    await (await session.lock('next')).release();
  });
});

describe('An acquire by the command line without a session', () => {
  it('that is killed while it waits keeps others away for its ttl at most', async () => {
    await using nodes = await threeNodes();
    const { cluster } = nodes;
    await using client = await connect({ endpoints: cluster.urls });
    await using session = await client.session({ timeoutSeconds: 60 });
    const held = await session.lock('job');
    const endpoints = cluster.urls.flatMap((url) => ['--endpoint', url]);
    const words = ['lock', 'acquire', 'job', '--wait', '60', '--ttl', '3'];
    const command = startHoldfast([...endpoints, ...words]);
    const ended = once(command, 'close');
    await waitUntil(
      'the command does not wait',
      30_000,
      async () => (await client.call('lock_status', { name: 'job' })).waiter_count === 1,
    );
    command.kill('SIGKILL');
    await ended;
    await held.release();
    // Its place, or what it was granted, is over after its ttl, whatever its wait.
    await (await session.lock('job', { waitMs: 15_000 })).release();
  });
});
