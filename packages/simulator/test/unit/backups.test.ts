import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { Witness } from '../../src/checks/witness.ts';
import type { Cluster } from '../../src/cluster/cluster.ts';
import type { SimulatedNode } from '../../src/cluster/node.ts';
import { SnapshotFaults } from '../../src/run/snapshot-faults.ts';
import { Violation, World } from '../../src/world/world.ts';

/** Of a node that answers who asks for a backup with this error, and whose disk refuses so many operations meanwhile. */
async function backUp(error: Error, ready = true, refusals = 0): Promise<void> {
  const world = new World(1n);
  const machine = world.machine('a', 0);
  machine.start();
  const disk = { trouble: 'none', refusals: 1 };
  const openBackup = (): Promise<never> => {
    disk.refusals += refusals;
    return Promise.reject(error);
  };
  const engine = { openBackup, status: () => ({ ready }) };
  const node = { id: 'a', machine, disk, engine } as unknown as SimulatedNode;
  const cluster = {} as unknown as Cluster;
  const witness = new Witness(world, 0);
  new SnapshotFaults({ world, random: world.random, cluster, witness }).backUp(node);
  await new Promise((resolve) => setImmediate(resolve));
  await world.timeline.run(world.nowMs + 1);
}

test('a node that is well and gives no backup is a violation', async () => {
  await assert.rejects(
    backUp(new Error('it cannot be read')),
    (error) => error instanceof Violation && /a is well and gave no backup/.test(error.message),
  );
  const other = new HoldfastError('internal', 'nobody knows why');
  await assert.rejects(backUp(other), Violation);
});

test('one that has no room for it, or stops, is none', async () => {
  await backUp(new HoldfastError('overloaded', 'no room'));
  await backUp(new HoldfastError('shutting_down', 'it stops'));
  await backUp(new HoldfastError('internal', 'no payload', { message_id: 7 }));
  await backUp(new Error('the storage is closed'), false);
});

test('one whose disk has failed meanwhile is none', async () => {
  await backUp(new Error('it cannot be read'), true, 1);
});
