/** The short form: configurations small enough for every run of the tests, each to the end. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { raftConfigurations } from '../../src/raft/configurations.ts';
import { RaftModel } from '../../src/raft/raft-model.ts';
import type { Budget, RaftConfiguration } from '../../src/raft/bounds.ts';
import type { Happening } from '../../src/raft/happenings.ts';
import { search } from '../../src/search/breadth-first.ts';
import type { SearchResult } from '../../src/search/breadth-first.ts';

const unlimited = { maxStates: 2_000_000, maxDepth: 1000, maxMs: Infinity, now: () => 0 };

function smaller(from: RaftConfiguration, budget: Partial<Budget>): RaftConfiguration {
  return { ...from, budget: { ...from.budget, ...budget } };
}

function happened(model: RaftModel, type: Happening['type']): boolean {
  const { happenings } = model.steps;
  return Array.from({ length: happenings.size }, (_, number) => happenings.value(number)).some(
    (happening) => happening.some((one) => one.type === type),
  );
}

async function walk(model: RaftModel): Promise<SearchResult> {
  const found = await search(model, unlimited);
  assert.equal(found.broken, undefined, found.broken?.trace.join('\n'));
  assert.equal(found.ended, 'exhausted');
  return found;
}

it('keeps every promise in two campaigns on slow disks', async () => {
  const found = await walk(
    new RaftModel(smaller(raftConfigurations.elections, { crashes: 0, duplicates: 0 })),
  );
  assert.ok(found.distinct > 10_000, String(found.distinct));
});

it('keeps every promise while members are removed and leaders change', async () => {
  const found = await walk(new RaftModel(raftConfigurations.membership));
  assert.ok(found.distinct > 10_000, String(found.distinct));
});

it('keeps every promise while a third node joins and gets a vote', async () => {
  const found = await walk(new RaftModel(raftConfigurations.joining));
  assert.ok(found.distinct > 20_000, String(found.distinct));
});

it('keeps every promise while a snapshot is on its way, damaged at times', async () => {
  const model = new RaftModel(smaller(raftConfigurations.snapshots, { crashes: 0 }));
  const found = await walk(model);
  assert.ok(found.distinct > 20_000, String(found.distinct));
  assert.ok(happened(model, 'restored'), 'a snapshot was installed');
});

it('proves no read that misses what was committed before it was asked', async () => {
  const small = smaller(raftConfigurations.reads, { reads: 1, proposals: 0 });
  const model = new RaftModel({ ...small, lineCapacity: 1 });
  await walk(model);
  assert.ok(happened(model, 'proven'), 'a read was proven');
});

/** Counts each state as often as there are namings of it. */
class NamedModel extends RaftModel {
  namings = 0;

  override judge(state: Int32Array): string | undefined {
    this.namings += this.symmetries / this.row.likenesses(state);
    return super.judge(state);
  }
}

const { elections, membership, snapshots, reads, joining } = raftConfigurations;
const small: Readonly<Record<string, RaftConfiguration>> = {
  elections: smaller(elections, { ticks: 1, crashes: 1, duplicates: 0 }),
  membership,
  snapshots: smaller(snapshots, { ticks: 2, crashes: 1 }),
  reads: { ...smaller(reads, { ticks: 1, reads: 2, proposals: 0 }), lineCapacity: 1 },
  joining: smaller(joining, { ticks: 1, changes: 2 }),
};

for (const [name, configuration] of Object.entries(small))
  it(`finds the same states with symmetry and without, as many as there are namings of them: ${name}`, async () => {
    const model = new NamedModel(configuration);
    const one = await walk(model);
    const all = await walk(new RaftModel({ ...configuration, interchangeable: [] }));
    assert.equal(all.depth, one.depth);
    assert.equal(all.distinct, model.namings);
  });

for (const [name, configuration] of Object.entries(small))
  it(`leaves nothing out of the image of a node: what looks the same does and sends the same: ${name}`, async () => {
    const model = new RaftModel(configuration);
    await walk(model);
    const compared = model.audit();
    assert.ok(compared > 100, String(compared));
  });

it('ends with an error, and not with a broken promise, where the search itself goes wrong', () => {
  const model = new RaftModel(raftConfigurations.elections);
  const unknownInput = 15;
  assert.throws(() => model.steps.step(0, unknownInput), /There is no input/);
});

it('comes to the same stats in every run', async () => {
  const first = await walk(new RaftModel(raftConfigurations.membership));
  const second = await walk(new RaftModel(raftConfigurations.membership));
  assert.deepEqual(first, second);
});
