/** Removing the leader: it answers with the outcome, whoever was asked, and another one leads before it is gone. */
import assert from 'node:assert/strict';
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
        const { term } = leader.status();
        // As each of the others has the removal in its log, committed or not.
        const removedUnder: { readonly leader: string | null; readonly term: number }[] = [];
        for (const engine of others)
          engine.onStatus((status) => {
            if (status.members.some(({ id }) => id === leaderId)) return;
            removedUnder.push({ leader: status.leader, term: status.term });
          });
        await through?.removeMember(leaderId);
        await statusReached(others, (engine) => {
          const status = engine.status();
          return status.members.length === 2 && status.ready && status.leader !== leaderId;
        });
        const [first] = removedUnder;
        assert.ok(first !== undefined);
        assert.notEqual(
          first.leader,
          leaderId,
          'the next leader removes the one before (MEMBERS-3)',
        );
        assert.ok(first.term > term, `term ${String(first.term)} after ${String(term)}`);
      } finally {
        await cluster.close();
      }
    });
});
