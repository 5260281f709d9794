/**
 * Situations around logs and snapshots that operators and busy clusters bring about: a log that is lost
 * while the identity stays, leadership that changes half way through a transfer, backups that are read
 * slowly.
 */
import { createHash } from 'node:crypto';
import { HoldfastError } from '@holdfast/protocol';
import { restoreStateMachine } from '@holdfast/state';
import type { Witness } from '../checks/witness.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { SimulatedNode } from '../cluster/node.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';

const pollMs = 2;
const patienceMs = 4000;

export interface SnapshotFaultsOptions {
  readonly world: World;
  readonly random: Random;
  readonly cluster: Cluster;
  readonly witness: Witness;
}

export class SnapshotFaults {
  readonly #options: SnapshotFaultsOptions;

  constructor(options: SnapshotFaultsOptions) {
    this.#options = options;
  }

  /** As soon as the leader sends a snapshot, somebody else leads, by transfer or by the leader's end. */
  disturbTransfer(kill: (node: SimulatedNode) => void): void {
    const { world, random, cluster } = this.#options;
    const untilMs = world.nowMs + patienceMs;
    const look = (): void => {
      const leader = cluster.leader();
      const progress = leader?.replica?.status().progress ?? [];
      const receivers = progress.filter(({ state }) => state === 'snapshot').map(({ id }) => id);
      if (leader !== undefined && receivers.length > 0) {
        world.timeline.after(random.between(0, 20), () => {
          if (random.withProbability(0.4)) this.#deafenTo(leader, receivers);
          if (random.withProbability(0.3)) kill(leader);
          else void leader.engine?.transferLeadership(null).catch(() => undefined);
        });
      } else if (world.nowMs < untilMs) world.timeline.after(pollMs, look);
    };
    look();
  }

  /**
   * For a while a leader hears only those to whom it sends a snapshot: that somebody else leads it learns
   * from their answers, behind others that were under way.
   */
  #deafenTo(leader: SimulatedNode, receivers: readonly string[]): void {
    const { world, random, cluster } = this.#options;
    const others = cluster.all.map(({ id }) => id).filter((id) => !receivers.includes(id));
    for (const other of others) world.network.cut(other, leader.id);
    world.timeline.after(random.between(50, 500), () => {
      for (const other of others) world.network.heal(other, leader.id);
    });
  }

  /** A backup is read slowly while everything goes on: it must be the state of one moment, whole. */
  backUp(node: SimulatedNode): void {
    const { world, random, witness } = this.#options;
    const { machine, engine, disk } = node;
    const { process } = machine;
    const { refusals } = disk;
    if (engine === undefined) return;
    const read = async (): Promise<void> => {
      const chunks: Uint8Array[] = [];
      const backup = await engine.openBackup();
      for await (const chunk of backup.chunks) {
        if (machine.process !== process || !machine.isOn) return;
        chunks.push(chunk);
        await machine.sleep(random.between(0, 200));
      }
      const bytes = Buffer.concat(chunks);
      const hash = createHash('sha256').update(bytes).digest('hex');
      if (hash !== backup.hash || bytes.byteLength !== backup.byteLength)
        world.violation(`A backup of ${node.id} is not what its hash names.`);
      const stateOffset = bytes.indexOf('\n') + 1;
      witness.compareState(node.id, restoreStateMachine([bytes.subarray(stateOffset)]));
      world.tell(node.id, `gave a backup of ${String(bytes.byteLength)} bytes`);
    };
    read().catch((error: unknown) => {
      // A node that stops, or whose disk fails or has failed meanwhile, gives no backup.
      if (machine.process !== process || !machine.isOn) return;
      if (disk.trouble !== 'none' || disk.refusals !== refusals) return;
      const told = `gave no backup: ${String(error)}`;
      if (mayRefuse(error) || !engine.status().ready) world.tell(node.id, told);
      else world.violation(`${node.id} is well and ${told}`, error);
    });
  }
}

/** What a node that is well tells who asks for a backup: it has no room, or waits for a payload that it lost. */
const mayRefuse = (error: unknown): boolean =>
  error instanceof HoldfastError &&
  (error.code === 'overloaded' || error.code === 'shutting_down' || 'message_id' in error.details);
