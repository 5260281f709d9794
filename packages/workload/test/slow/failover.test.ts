import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connect } from '@holdfast/client';
import { runDemo } from '../../src/demo/run.ts';
import type { DemoPlan, DemoSpectator } from '../../src/demo/run.ts';
import { urlOfNode } from '../../src/cluster-node.ts';
import { threeNodes } from '../integration/support/cluster.ts';

const plan: DemoPlan = {
  workers: 8,
  locks: 3,
  kills: 2,
  calmMs: 500,
  downMs: 100,
  longestHoldMs: 2,
  sessionTimeoutSeconds: 30,
};

describe('Three processes whose leader is killed again and again', () => {
  it('never have two holders, repeat no token and lose nothing acknowledged', async () => {
    await using nodes = await threeNodes();
    const killed: string[] = [];
    const served: string[] = [];
    const spectator: DemoSpectator = {
      started() {},
      killed(_kill, leader) {
        killed.push(leader);
      },
      served(_kill, leader) {
        served.push(leader);
      },
      restarted() {},
      cycle() {},
      resting() {},
    };
    const outcome = await runDemo(nodes.cluster, plan, spectator);
    for (const rule of outcome.verdict.rules) {
      assert.deepEqual(rule.violations, [], rule.rule);
      assert.ok(rule.checked > 0, `${rule.rule} has looked at nothing`);
    }
    assert.ok(outcome.verdict.holds);
    assert.equal(killed.length, plan.kills);
    killed.forEach((leader, kill) =>
      assert.notEqual(served[kill], leader, 'a dead node was taken for the leader'),
    );
    // Far above what is aimed at: a busy machine must not break the test, a stuck cluster must.
    for (const outageMs of outcome.outagesMs) assert.ok(outageMs < 5000, `${String(outageMs)} ms`);
    assert.ok(outcome.cycles > 100, `only ${String(outcome.cycles)} cycles`);
  });
});

describe('Three processes whose leader is paused with its connections open', () => {
  it('serve whoever asks a follower, and the clients that were connected to the leader', async () => {
    await using nodes = await threeNodes();
    const { cluster } = nodes;
    const leader = await cluster.leader();
    const leaderUrl = urlOfNode(cluster, leader);
    const followerUrl = cluster.urls.find((url) => url !== leaderUrl) ?? '';
    await using client = await connect({ endpoints: [leaderUrl] });
    await using session = await client.session();
    const before = await session.lock('frozen/before');

    await cluster.kill(leader, 'SIGSTOP');
    const asked = Date.now();
    const [fromFollower, hold] = await Promise.all([
      fetch(`${followerUrl}/locks/frozen%2Ffollower/acquire`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ client_id: 'curl', ttl_seconds: 10 }),
        signal: AbortSignal.timeout(10_000),
      }),
      session.lock('frozen/client', { waitMs: 5000 }),
    ]);
    const tookMs = Date.now() - asked;

    assert.equal(fromFollower.status, 200, await fromFollower.clone().text());
    assert.ok(hold.fenceToken > before.fenceToken);
    before.assertHeld();
    // Far above what is aimed at, far below every timeout of a request.
    assert.ok(tookMs < 4500, `${String(tookMs)} ms`);
    await cluster.kill(leader, 'SIGKILL');
  });
});
