import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClusterStatus } from '@holdfast/engine';
import type { AssembledEngine, Batch } from '@holdfast/engine/parts';
import type { Write } from '@holdfast/raft';
import type { Applied, Event } from '@holdfast/state';
import { Barriers } from '../../src/checks/barriers.ts';
import { Witness } from '../../src/checks/witness.ts';
import { World } from '../../src/world/world.ts';

const nothing: Batch = { time: 0, commands: [] };

describe('The check of barriers (BARRIER-CHECK-1)', () => {
  const told = (...events: readonly (readonly [type: string, sessionId?: string])[]): string[] => {
    const reports: string[] = [];
    const barriers = new Barriers(2, (message) => reports.push(message));
    for (const [type, sessionId] of events)
      barriers.onApplied(nothing, [
        { type, sessionId, name: 'gate', round: 7 } as unknown as Event,
      ]);
    return reports;
  };
  const [a, b] = [
    ['barrier_joined', 'a'],
    ['barrier_joined', 'b'],
  ] as const;

  it('lets a round open when all are inside', () => {
    assert.deepEqual(told(a, b, ['barrier_opened']), []);
    assert.deepEqual(told(a, ['barrier_left', 'a'], b, a, ['barrier_opened']), []);
  });

  it('tells of a round that opens too early, or for one that has left', () => {
    assert.equal(told(a, ['barrier_opened']).length, 1);
    assert.equal(told(a, ['barrier_left', 'a'], b, ['barrier_opened']).length, 1);
  });

  it('tells of one more that comes into a round that is open', () => {
    assert.equal(told(a, b, ['barrier_opened'], ['barrier_joined', 'c']).length, 1);
  });
});

describe('The check of leader completeness (WITNESS-3)', () => {
  type Replica = AssembledEngine['replica'];
  const state = { index: 1, digest: () => '' };
  const replicaOf = (role: string, term: number, termAt: number | undefined): Replica => {
    const membership = { members: [] };
    const status = { role, term, firstIndex: 1, membership, membershipIndex: 0 };
    return { status: () => status, termAt: () => termAt, state } as unknown as Replica;
  };
  const found = async (has: number | undefined, inTerm: number): Promise<string> => {
    const world = new World(1n);
    const witness = new Witness(world, 0);
    const leader = replicaOf('leader', 5, has);
    const status = { nodeId: 'a', role: 'leader', term: 5, firstIndex: 1 };
    witness.onStatus(status as unknown as ClusterStatus, leader);
    witness.disks.onApplied = () => undefined;
    const entries = [{ index: 1, term: 4, kind: 'command', data: Buffer.from('x') }];
    for (const node of ['b', 'c']) {
      witness.onStart(node, undefined);
      witness.onWrite(node, { id: 1, entries } as unknown as Write);
    }
    // The first to apply it has heard of a later term already.
    const applied = { results: [], events: [] } as unknown as Applied;
    witness.onApplied('b', 1, nothing, applied, replicaOf('follower', 9, 4));
    witness.onApplied('c', 1, nothing, applied, replicaOf('follower', inTerm, 4));
    return world.timeline.run(1).then(
      () => '',
      (error: unknown) => String(error),
    );
  };

  it('tells of one who leads already without an entry that is applied in an earlier term', async () => {
    assert.match(await found(undefined, 4), /a leads in term 5 without entry 1\/4/);
    assert.equal(await found(4, 4), '');
  });

  it('tells of one who begins to lead late, when what followed was applied in a later term', async () => {
    const world = new World(1n);
    const witness = new Witness(world, 0);
    witness.disks.onApplied = () => undefined;
    const entries = [1, 2].map((index) => ({
      index,
      term: 4,
      kind: 'command',
      data: Buffer.from('x'),
    }));
    witness.onStart('b', undefined);
    witness.onWrite('b', { id: 1, entries } as unknown as Write);
    const applied = { results: [], events: [] } as unknown as Applied;
    witness.onApplied('b', 1, nothing, applied, replicaOf('follower', 4, 4));
    witness.onApplied('b', 2, nothing, applied, replicaOf('follower', 9, 4));
    assert.equal(witness.lastApplied, 2);
    const status = { nodeId: 'a', role: 'leader', term: 5, firstIndex: 1 };
    witness.onStatus(status as unknown as ClusterStatus, replicaOf('leader', 5, undefined));
    await assert.rejects(world.timeline.run(1), /a leads in term 5 without entry 1\/4/);
  });

  it('tells nothing of what is applied in its own term or a later one (COMPLETE-1)', async () => {
    assert.equal(await found(undefined, 5), '');
  });
});
