import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MemberId } from '../../src/index.ts';
import { Network } from '../network.ts';

const steps = 1500;

/** One run: faults first, then a healed cluster that must make progress. */
function live(seed: number): {
  readonly committed: number;
  readonly reads: number;
  readonly snapshots: number;
  readonly damage: number;
} {
  const size = seed % 3 === 0 ? 5 : 3;
  const ids = ['a', 'b', 'c', 'd', 'e'].slice(0, size) as MemberId[];
  const network = new Network(seed, ids);
  const { random } = network;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  let next = 0;
  for (let step = 0; step < steps; step++) {
    const all = [...network.nodes.keys()];
    if (step % 200 === 0) {
      network.faults = {
        loss: pick([0, 0.05, 0.3]),
        duplication: pick([0, 0.1]),
        maxDelay: pick([1, 3, 12]),
        slowDisk: pick([1, 3, 15]),
        damage: pick([0, 0, 0.03]),
      };
      for (const node of network.nodes.values()) node.tickEvery = pick([1, 1, 1, 4]);
    }
    const draw = random();
    if (draw < 0.01) cut(network, all);
    else if (draw < 0.02) network.cuts.clear();
    else if (draw < 0.03) {
      const victim = pick(all);
      network.crash(victim);
      if (random() < 0.6) network.start(victim); // At once: what it forgot shows now.
    } else if (draw < 0.045)
      for (const node of network.nodes.values())
        if (node.raft === undefined) network.start(node.id);
    const receiver = network.receiver();
    if (receiver !== undefined && random() < 0.01) {
      network.crash(receiver.id);
      if (random() < 0.8) network.start(receiver.id);
    }
    if (random() < 0.01) network.compact(pick(all));
    if (random() < 0.3) network.propose(pick(all));
    if (random() < 0.2) network.read(pick(all));
    const leader = network.leader();
    const isSending = leader?.raft?.status().progress.some((peer) => peer.state === 'snapshot');
    if (leader?.raft !== undefined && random() < (isSending === true ? 0.03 : 0.005)) {
      leader.raft.transferLeadership(random() < 0.5 ? null : pick(all));
      network.pump(leader);
    }
    if (leader?.raft !== undefined && random() < 0.01) next = changeMembers(network, next);
    network.step();
    if (step % 50 === 0) network.checkLogs();
  }
  heal(network);
  return {
    committed: network.committed.length,
    reads: network.provenReads,
    snapshots: network.snapshotsInstalled,
    damage: network.damageFound,
  };
}

function cut(network: Network, all: readonly MemberId[]): void {
  const alone = all[Math.floor(network.random() * all.length)];
  const oneWay = network.random() < 0.3;
  for (const other of all) {
    if (other === alone) continue;
    network.cuts.add(`${String(alone)} ${other}`);
    if (!oneWay) network.cuts.add(`${other} ${String(alone)}`);
  }
}

function changeMembers(network: Network, next: number): number {
  const leader = network.leader();
  if (leader?.raft === undefined) return next;
  const { members } = leader.raft.status().membership;
  const learner = members.find((member) => member.role === 'learner');
  let added = next;
  if (learner !== undefined && network.random() < 0.7) {
    leader.raft.changeMembership({ type: 'promote', id: learner.id });
  } else if (members.length < 5 && network.random() < 0.6) {
    const id = `n${String(next)}` as MemberId;
    added += 1;
    network.addNode(id, { members: [] });
    leader.raft.changeMembership({ type: 'add_learner', id, address: id });
  } else if (members.length > 3) {
    const victim = members[Math.floor(network.random() * members.length)];
    if (victim !== undefined) leader.raft.changeMembership({ type: 'remove', id: victim.id });
  }
  network.pump(leader);
  return added;
}

function heal(network: Network): void {
  network.cuts.clear();
  network.faults = { loss: 0, duplication: 0, maxDelay: 2, slowDisk: 2, damage: 0 };
  for (const node of network.nodes.values()) node.tickEvery = 1;
  for (const node of network.nodes.values()) if (node.raft === undefined) network.start(node.id);
  const before = network.committed.length;
  for (let step = 0; step < 600; step++) {
    const leader = network.leader();
    if (leader !== undefined) network.propose(leader.id);
    network.step();
  }
  network.checkLogs();
  assert.ok(
    network.committed.length > before + 5,
    `no progress after healing: ${String(network.committed.length - before)} entries`,
  );
  const leader = network.leader() ?? assert.fail('no leader after healing');
  // Let the followers learn of the last commit.
  for (let step = 0; step < 60; step++) network.step();
  const members = leader.raft?.status().membership.members ?? [];
  for (const member of members) {
    assert.deepEqual(
      network.nodes.get(member.id)?.applied,
      leader.applied,
      `${member.id} has another state than the leader`,
    );
  }
}

describe('The Raft core in a bad network', () => {
  const only = process.env['SEED'];
  const seeds =
    only === undefined
      ? Array.from({ length: Number(process.env['SEEDS'] ?? 120) }, (_, seed) => seed + 1)
      : [Number(only)];
  it(`keeps its promises after every step and makes progress once healed (${String(seeds.length)} runs)`, () => {
    const total = { committed: 0, reads: 0, snapshots: 0, damage: 0 };
    for (const seed of seeds) {
      try {
        const result = live(seed);
        total.committed += result.committed;
        total.reads += result.reads;
        total.snapshots += result.snapshots;
        total.damage += result.damage;
      } catch (error) {
        throw new Error(
          `seed ${String(seed)} (replay with SEED=${String(seed)}): ${String(error)}`,
          { cause: error },
        );
      }
    }
    // The faults leave room for work; else nothing above was tested.
    if (only === undefined)
      assert.ok(
        total.committed > 3000 && total.reads > 300 && total.snapshots > 6,
        JSON.stringify(total),
      );
  });
});
