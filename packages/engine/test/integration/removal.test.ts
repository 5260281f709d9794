/** Removing the leader: it answers with the outcome, whoever was asked, and another one leads before it is gone. Who was removed is told so. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Engine } from '../../src/index.ts';
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

/** All that a node which was removed says of it: it is told, and does not campaign. */
const knowsOfRemoval = (engine: Engine): boolean => {
  const { isRemoved, leader, role } = engine.status();
  return isRemoved && leader === null && role === 'follower';
};

describe('A member that was removed, and still runs', () => {
  for (const role of ['leader', 'follower'] as const)
    it(`is told so by those that stay, and campaigns no more, where it was a ${role}`, async () => {
      const cluster = await startTestCluster(['a', 'b', 'c']);
      try {
        const leader = await cluster.leader();
        const all = [...cluster.engines.values()];
        const removed = role === 'leader' ? leader : all.find((engine) => engine !== leader);
        assert.ok(removed !== undefined);
        await leader.removeMember(removed.status().nodeId);
        await statusReached([removed], knowsOfRemoval);
        const others = all.filter((engine) => engine !== removed);
        await statusReached(others, (engine) => engine.status().ready);
        for (const engine of others) assert.equal(engine.status().isRemoved, false);
      } finally {
        await cluster.close();
      }
    });

  it('is told so at its next start, where it did not run then', async () => {
    const cluster = await startTestCluster(['a', 'b', 'c']);
    try {
      const leader = await cluster.leader();
      const away = [...cluster.engines.values()].find((engine) => engine !== leader);
      assert.ok(away !== undefined);
      const { nodeId } = away.status();
      await away.close();
      await leader.removeMember(nodeId);
      const returned = await cluster.start(nodeId);
      await statusReached([returned], knowsOfRemoval);
    } finally {
      await cluster.close();
    }
  });
});
