import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ownersOf } from '../../src/index.ts';

const nodes = ['node-1', 'node-2', 'node-3', 'node-4', 'node-5'];
const moved = (before: readonly string[], after: readonly string[]): number =>
  before.filter((owner, partition) => owner !== after[partition]).length;

describe('Owners of partitions', () => {
  it('are the same in whatever order the nodes are told, and each node has its share', () => {
    const owners = ownersOf(nodes);
    assert.equal(owners.length, 64);
    assert.deepEqual(ownersOf(nodes.toReversed()), owners);
    for (const node of nodes) {
      const share = owners.filter((owner) => owner === node).length;
      assert.ok(share >= 4 && share <= 26, `${node} has ${String(share)} of 64`);
    }
  });

  it('stay where they are when a node goes, but for its own partitions', () => {
    const before = ownersOf(nodes);
    for (const gone of nodes) {
      const after = ownersOf(nodes.filter((node) => node !== gone));
      const its = before.filter((owner) => owner === gone).length;
      assert.equal(moved(before, after), its);
      assert.ok(its <= 26, `${String(its)} of 64`);
    }
  });

  it('move to a node that comes, and from no node to another of the old ones', () => {
    const before = ownersOf(nodes);
    const after = ownersOf([...nodes, 'node-6']);
    const changed = after.filter((owner, partition) => owner !== before[partition]);
    assert.ok(changed.length >= 2 && changed.length <= 22, `${String(changed.length)} of 64`);
    assert.ok(changed.every((owner) => owner === 'node-6'));
  });
});
