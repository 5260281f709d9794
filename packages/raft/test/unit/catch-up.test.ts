import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MemberId } from '../../src/index.ts';
import { Network } from '../network.ts';

const [a, b, c] = ['a', 'b', 'c'] as MemberId[] as [MemberId, MemberId, MemberId];

/** A follower on a slow disk lags by fewer; a transfer takes more. */
const keptEntries = 12;

/** Under load that never stops, each running node but `except` stores a snapshot every ten steps. */
function load(network: Network, steps: number, except: MemberId): void {
  for (let step = 0; step < steps; step++) {
    const leader = network.leader();
    if (leader !== undefined && step % 3 === 0) network.propose(leader.id);
    if (step % 10 === 0)
      for (const id of [a, b, c]) if (id !== except) network.compact(id, keptEntries);
    network.step();
  }
}

describe('A follower that needs a snapshot, under load', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    it(`catches up although snapshots are stored faster than it receives one (seed ${String(seed)})`, () => {
      const network = new Network(seed, [a, b, c], { maxKeptBytes: 50_000 });
      const slow = network.nodes.get(c) ?? assert.fail();
      slow.writeDelay = 15;
      network.crash(c);
      load(network, 900, c);
      network.start(c);
      load(network, 1200, c);
      const leader = network.leader() ?? assert.fail('no leader');
      const lag = leader.appliedIndex - slow.appliedIndex;
      assert.ok(lag < 60, `c has ${String(slow.appliedIndex)} of ${String(leader.appliedIndex)}`);
      assert.ok(network.snapshotsInstalled <= 2, String(network.snapshotsInstalled));
    });
  }

  it('costs the leader a bounded log when it does not come back', () => {
    const network = new Network(6, [a, b, c], { maxKeptBytes: 1000, maxTransferIdleTicks: 1e9 });
    network.crash(c);
    load(network, 300, c);
    network.start(c);
    for (let step = 0; step < 100 && network.receiver() === undefined; step++) network.step();
    network.crash(c);
    load(network, 1500, c);
    const status = network.leader()?.raft?.status() ?? assert.fail('no leader');
    assert.equal(status.progress.find((peer) => peer.id === c)?.state, 'snapshot');
    const kept = status.lastIndex - status.firstIndex;
    assert.ok(kept < 60, `${String(kept)} entries are kept`);
  });

  it('costs the leader no log when it goes on with nothing for the longest time, however much may be kept (SND-2)', () => {
    const network = new Network(6, [a, b, c], { maxKeptBytes: 1e9, maxTransferIdleTicks: 60 });
    network.crash(c);
    load(network, 300, c);
    network.start(c);
    for (let step = 0; step < 100 && network.receiver() === undefined; step++) network.step();
    network.crash(c);
    load(network, 1500, c);
    const status = network.leader()?.raft?.status() ?? assert.fail('no leader');
    assert.equal(status.progress.find((peer) => peer.id === c)?.state, 'snapshot');
    const kept = status.lastIndex - status.firstIndex;
    assert.ok(kept < 60, `${String(kept)} entries are kept`);
  });
});
