/** Many large requests at once: none of them, and no batch of them, is one that no member takes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connect } from '@holdfast/client';
import { errorDefinitions } from '@holdfast/protocol';
import { urlOfNode } from '../../src/cluster-node.ts';
import { waitUntil } from '../../src/wait-until.ts';
import { threeNodes } from '../integration/support/cluster.ts';

const count = 520;
const askers = 4;
const resourcesOfOne = 64;
const timeoutMs = 90_000;

/** A body of 65 kB; each asker asks for its own resources again and again. */
const bodyOf = (asker: number, sessionId: string): string =>
  JSON.stringify({
    session_id: sessionId,
    resources: Array.from({ length: resourcesOfOne }, (_, position) => ({
      kind: 'lock',
      // As many bytes as a name of 256 characters may have, nearly.
      name: `${String(asker)}/${String(position)}/${'🔒'.repeat(245)}`,
    })),
  });

interface Answer {
  readonly code?: string;
  readonly acquired?: boolean;
}

describe('Acquires of many resources, 520 bodies of 65 kB at once', () => {
  it('are granted, or end in errors that say what was done, and the cluster goes on under its leader', async () => {
    await using nodes = await threeNodes();
    const { cluster } = nodes;
    const leader = await cluster.leader();
    const url = urlOfNode(cluster, leader);
    const others = cluster.nodes.map(({ nodeId }) => nodeId).filter((id) => id !== leader);
    await using client = await connect({ endpoints: cluster.urls });
    const termOf = async (): Promise<number> => {
      const answer = await fetch(`${url}/cluster/status`);
      return ((await answer.json()) as { readonly term: number }).term;
    };
    const sessionIds: string[] = [];
    for (let asker = 0; asker < askers; asker++) {
      const made = await client.call('create_session', { client_id: 'large', timeout: 300 });
      sessionIds.push(made.session_id);
    }
    const bodies = sessionIds.map((id, asker) => bodyOf(asker, id));
    for (const body of bodies) {
      const bytes = Buffer.byteLength(body);
      assert.ok(bytes > 64_000 && bytes <= 65_536, String(bytes));
    }

    // Nothing is committed for a moment: what comes meanwhile is gathered.
    for (const nodeId of others) await cluster.kill(nodeId, 'SIGSTOP');
    const asked = Array.from({ length: count }, async (_, position): Promise<Answer> => {
      const answer = await fetch(`${url}/locks/acquire-many`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: bodies[position % askers] ?? '',
        signal: AbortSignal.timeout(timeoutMs),
      });
      return (await answer.json()) as Answer;
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (const nodeId of others) await cluster.kill(nodeId, 'SIGCONT');
    const answers = await Promise.all(asked);

    for (const { acquired, code } of answers)
      assert.ok(acquired === true || (code !== undefined && code in errorDefinitions), code);
    const granted = answers.filter(({ acquired }) => acquired === true).length;
    assert.ok(granted > 0, JSON.stringify(answers.slice(0, 3)));
    // An entry that no frame carries would end each leadership without a commit, for ever.
    const calls = Array.from({ length: 20 }, (_, position) =>
      client.call('acquire', { name: `after/${String(position)}`, client_id: 'after' }),
    );
    await Promise.all(calls);
    await waitUntil('elections go on', 60_000, async () => {
      const term = await termOf();
      await new Promise((resolve) => setTimeout(resolve, 3000));
      return (await termOf()) === term;
    });
    for (const session_id of sessionIds) await client.call('end_session', { session_id });
  });
});
