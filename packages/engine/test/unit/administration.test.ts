import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { MemberId } from '@holdfast/raft';
import { Administration } from '../../src/administration.ts';
import { Interrupted } from '../../src/interrupted.ts';
import type { LeaderRoute } from '../../src/leader-route.ts';
import type { Replica } from '../../src/replica.ts';
import { silentLog } from '../cluster.ts';
import { StillClock } from './still-clock.ts';

const logged: object[] = [];

/** Proposes at index 5 in term 3; the test decides what is found there when it has been applied. */
function propose(foundTerm: number | undefined): Promise<string | null> {
  const members = ['a', 'b', 'c'].map((id) => ({ id, address: `${id}:1`, role: 'voter' }));
  const administration = new Administration({
    nodeId: 'a' as MemberId,
    clock: new StillClock(),
    log: { ...silentLog, info: (fields) => logged.push(fields) },
    // What a change needs of them, and no more.
    replica: {
      status: () => ({ membership: { members }, applied: 7 }),
      changeMembership: () => ({ ok: true, index: 5, term: 3 }),
      termAt: () => foundTerm,
    } as unknown as Replica,
    route: {} as unknown as LeaderRoute,
    reachable: true,
  });
  return administration.execute({ type: 'remove_member', id: 'c', identity: 'ann' }, 10_000);
}

describe('A change of the members', () => {
  it('is done when its very entry has been applied', async () => {
    assert.equal(await propose(3), null);
  });

  it('is logged by the leader with who asked for it', async () => {
    logged.length = 0;
    await propose(3);
    assert.deepEqual(logged, [{ identity: 'ann', change: 'remove_member', target: 'c' }]);
  });

  it("is not done when another leader's entry took its place: it is tried again with that one", async () => {
    await assert.rejects(propose(4), (error) => error instanceof Interrupted && !error.begun);
  });

  it('is of unknown outcome when its place is behind a snapshot already', async () => {
    await assert.rejects(
      propose(undefined),
      (error) => error instanceof HoldfastError && error.code === 'outcome_unknown',
    );
  });
});
