import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runDemo } from '../../src/demo/run.ts';
import type { DemoPlan, DemoSpectator } from '../../src/demo/run.ts';
import { threeNodes } from './support/cluster.ts';

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
