/** Removing the leader: it answers with the outcome, whoever was asked. */
import { describe, it } from 'node:test';
import { startTestCluster, statusReached } from '../cluster.ts';

describe('A leader that is removed', () => {
  for (const asked of ['itself', 'another member'] as const)
    it(`answers with the outcome when ${asked} is asked`, async () => {
      const cluster = await startTestCluster(['a', 'b', 'c']);
      try {
        const leader = await cluster.leader();
        const leaderId = leader.status().nodeId;
        const others = [...cluster.engines.values()].filter((engine) => engine !== leader);
        const through = asked === 'itself' ? leader : others[0];
        await through?.removeMember(leaderId);
        await statusReached(others, (engine) => {
          const status = engine.status();
          return status.members.length === 2 && status.ready && status.leader !== leaderId;
        });
      } finally {
        await cluster.close();
      }
    });
});
