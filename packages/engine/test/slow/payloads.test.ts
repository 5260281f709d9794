/** Payloads of messages beside the state, over real sockets and disks. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { latestFeatureLevel } from '@holdfast/state';
import type { Delivery, ResourceName } from '@holdfast/state';
import type { Engine } from '../../src/index.ts';
import { restoreBackup } from '../../src/index.ts';
import { createRaftEngine } from '../../src/index.ts';
import { oneNode } from '../one-node.ts';
import { startTestCluster, statusReached } from '../cluster.ts';
import type { TestCluster } from '../cluster.ts';
import { untilSo } from '../../../checker/src/waits.ts';

const caller = { identity: 'anonymous', proof: 'none', address: '192.0.2.1' };
const name = 'mail' as ResourceName;
const payloadOf = (number: number): string => `${String(number)} `.repeat(2000);

async function push(
  engine: Engine,
  from: number,
  through: number,
  payload = payloadOf,
): Promise<void> {
  const messages = [];
  for (let number = from; number <= through; number++)
    messages.push({ key: `key ${String(number)}`, payload: payload(number) });
  const pushed = await engine.submit({ type: 'queue_push', name, messages }, caller);
  assert.ok(pushed.ok);
}

async function pop(engine: Engine, count: number): Promise<readonly Delivery[]> {
  const popped = await engine.submit(
    { type: 'queue_pop', name, count, visibilityMs: 60_000 },
    caller,
  );
  assert.ok(popped.ok);
  return popped.deliveries;
}

/** In the order of their push, each whole. */
function assertWhole(deliveries: readonly Delivery[], from: number, expected = payloadOf): void {
  for (const [index, { payload }] of deliveries.entries())
    assert.equal(payload, JSON.stringify(expected(from + index)));
}

const raised = (engines: Iterable<Engine>): Promise<unknown> =>
  Promise.all(
    Array.from(engines, (engine) =>
      statusReached([engine], () => engine.status().featureLevel === latestFeatureLevel),
    ),
  );

/** Told by what it applies: a status tells no index by itself. */
async function applied(engine: Engine, leader: Engine): Promise<void> {
  const { appliedIndex } = leader.status();
  const isApplied = async (): Promise<boolean> => {
    if (engine.status().appliedIndex >= appliedIndex) return true;
    await leader.submit({ type: 'advance' }, { identity: 'holdfast' });
    return false;
  };
  const what = (): string => `applied ${String(engine.status().appliedIndex)}`;
  await untilSo(isApplied, { what, longestMs: 20_000 });
}

async function statsReached(
  engine: Engine,
  isSo: (payloads: ReturnType<Engine['stats']>['storage']['payloads']) => boolean,
): Promise<void> {
  const isReached = async (): Promise<boolean> => {
    if (isSo(engine.stats().storage.payloads)) return true;
    await engine.query({ type: 'queue', name }, 'linearizable', caller);
    return false;
  };
  const what = (): string => JSON.stringify(engine.stats().storage.payloads);
  // A loss is declared some 20 s after the first look, on a machine that has nothing else to do.
  await untilSo(isReached, { what, longestMs: 60_000 });
}

const bytesIn = (folder: string): Buffer =>
  Buffer.concat(readdirSync(folder).map((file) => readFileSync(join(folder, file))));

/** Turns the bytes of a payload over, wherever it stands. */
function damage(folder: string, number: number): void {
  for (const file of readdirSync(folder)) {
    const path = join(folder, file);
    const bytes = readFileSync(path);
    const at = bytes.indexOf(payloadOf(number));
    if (at < 0) continue;
    bytes.writeUInt8(bytes.readUInt8(at + 50) ^ 1, at + 50);
    writeFileSync(path, bytes);
  }
}

async function restart(cluster: TestCluster, id: string): Promise<Engine> {
  await cluster.engines.get(id)?.close();
  cluster.engines.delete(id);
  return cluster.start(id);
}

describe('Payloads beside the state', { timeout: 60_000 }, () => {
  it('go to a member that was away in a snapshot without them, and beside it only those that it lacks', async () => {
    const cluster = await startTestCluster(['n1', 'n2', 'n3'], { snapshotLogBytes: 500_000 });
    const large = (number: number): string => `${String(number)} `.padEnd(60_000, '.');
    try {
      await raised(cluster.engines.values());
      const leader = await cluster.leader();
      await push(leader, 1, 8, large);
      const [away = '', other] = [...cluster.engines].find(([, one]) => one !== leader) ?? [];
      assert.ok(other !== undefined);
      await applied(other, leader);
      await other.close();
      cluster.engines.delete(away);
      // The log keeps at most 16 MiB behind a snapshot.
      for (let from = 9; from < 320; from += 8) await push(leader, from, from + 7, large);
      const told: string[] = [];
      const note = (_fields: object, message: string): void => void told.push(message);
      const back = await cluster.start(away, { log: { info: note, warn: note, error: note } });
      await applied(back, leader);
      assert.ok(told.includes('Restored the state from a snapshot of the leader.'));
      // It leads alone with the third one, and has each of them.
      await leader.transferLeadership(away);
      await statusReached([back], () => back.status().ready && back.status().leader === away);
      await leader.close();
      for (let from = 1; from <= 320;) {
        const some = await pop(back, 64);
        assert.ok(some.length > 0);
        assertWhole(some, from, large);
        from += some.length;
      }
      assert.ok(!told.some((message) => message.includes('A payload was not on this disk')));
    } finally {
      await cluster.close();
    }
  });

  it('come to a member that joins, whose log names nobody yet, from the leader', async () => {
    const cluster = await startTestCluster(['n1'], {
      extraIds: ['n2'],
      snapshotLogBytes: 500_000,
    });
    const large = (number: number): string => `${String(number)} `.padEnd(60_000, '.');
    try {
      const leader = await cluster.leader();
      await raised([leader]);
      // The log keeps at most 16 MiB behind a snapshot.
      for (let from = 1; from < 320; from += 8) await push(leader, from, from + 7, large);
      (await leader.openBackup()).close();
      const told: string[] = [];
      const note = (_fields: object, message: string): void => void told.push(message);
      const log = { info: note, warn: note, error: note };
      const joined = await cluster.start('n2', { join: true, log });
      await leader.addMember('n2', `127.0.0.1:${String(cluster.ports.get('n2') ?? 0)}`);
      await applied(joined, leader);
      assert.ok(told.includes('Restored the state from a snapshot of the leader.'), told.join());
    } finally {
      await cluster.close();
    }
  });

  it('that are damaged on a disk are read on another member, and told where there is none', async () => {
    const cluster = await startTestCluster(['n1', 'n2', 'n3']);
    try {
      await raised(cluster.engines.values());
      const first = await cluster.leader();
      await push(first, 1, 10);
      for (const engine of cluster.engines.values()) await applied(engine, first);
      // Written when there is a snapshot, at the latest.
      for (const engine of cluster.engines.values()) (await engine.openBackup()).close();
      const payloads = (id: string): string => join(cluster.folder, id, 'payloads');
      const leaderId = (await cluster.leader()).status().nodeId;
      await cluster.engines.get(leaderId)?.close();
      cluster.engines.delete(leaderId);
      damage(payloads(leaderId), 1);
      for (const id of cluster.engines.keys()) {
        damage(payloads(id), 2);
      }
      damage(payloads(leaderId), 2);
      for (const id of ['n1', 'n2', 'n3'].filter((one) => one !== leaderId))
        await restart(cluster, id);
      const back = await cluster.start(leaderId);
      await statusReached([back], () => back.status().leader !== undefined);
      const now = await cluster.leader();
      if (now !== back) await now.transferLeadership(leaderId);
      await statusReached([back], () => back.status().ready && back.status().leader === leaderId);
      await statusReached([back], () => back.status().members.every(({ connected }) => connected));
      assertWhole(await pop(back, 1), 1);
      await assert.rejects(pop(back, 1), /is damaged or missing on each member/);
      assertWhole(await pop(back, 8), 3);
      // Then it is named as lost, on all of them, and in the way of no backup (LOST-1).
      for (const engine of cluster.engines.values())
        await statsReached(engine, ({ lost, missing }) => lost === 1 && missing === 0);
      (await back.openBackup()).close();
      const caught = await back.query({ type: 'queue', name }, 'linearizable', caller);
      assert.equal(caught.view?.counts.inFlight, 10);
    } finally {
      await cluster.close();
    }
  });

  it('are in a backup, and in the node that is made of it', async () => {
    const cluster = await startTestCluster(['n1']);
    let restored: Engine | undefined;
    try {
      await raised(cluster.engines.values());
      const leader = await cluster.leader();
      await push(leader, 1, 30);
      const backup = await leader.openBackup();
      // They end, and a snapshot is taken, while it is read.
      await leader.submit(
        { type: 'queue_purge', name, part: 'messages', through: 2 ** 40, count: 1000 },
        caller,
      );
      (await leader.openBackup()).close();
      const chunks: Uint8Array[] = [];
      for await (const chunk of backup.chunks) chunks.push(chunk);
      const file = join(cluster.folder, 'backup');
      writeFileSync(file, Buffer.concat(chunks));
      const folder = join(cluster.folder, 'restored');
      await restoreBackup({
        file,
        hash: backup.hash,
        folder,
        clusterId: 'test',
        nodeId: 'a',
        address: '127.0.0.1:1',
        sessions: 'end',
        onProgress: () => undefined,
      });
      assert.ok(!bytesIn(join(folder, 'snapshots')).includes(payloadOf(7)));
      restored = await createRaftEngine(oneNode(folder));
      await statusReached([restored], (engine) => engine.status().ready);
      assertWhole(await pop(restored, 30), 1);
    } finally {
      await restored?.close();
      await cluster.close();
    }
  });

  it('are all in a backup, or it is refused, where none of them is on this disk', async () => {
    const cluster = await startTestCluster(['n1']);
    try {
      await raised(cluster.engines.values());
      await push(await cluster.leader(), 1, 3);
      (await (await cluster.leader()).openBackup()).close();
      await cluster.engines.get('n1')?.close();
      cluster.engines.delete('n1');
      const payloads = join(cluster.folder, 'n1', 'payloads');
      for (const file of readdirSync(payloads)) rmSync(join(payloads, file));
      await cluster.start('n1');
      const back = await cluster.leader();
      await assert.rejects(back.openBackup(), /No backup can be made here/);
    } finally {
      await cluster.close();
    }
  });
});
