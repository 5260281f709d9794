/**
 * What every run does to its disks at the end, whichever faults were drawn: the power of one node goes in the middle of a
 * write to its log, and it must start and agree with the others; then a bit of one disk is turned, and that node must refuse to start.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { ResourceName } from '@holdfast/state';
import { mail } from '../checks/messages.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { SimulatedNode } from '../cluster/node.ts';
import type { Random } from '../world/random.ts';
import { Violation } from '../world/world.ts';
import type { World } from '../world/world.ts';
import { settleBoundMs } from './agreement.ts';
import type { Agreement } from './agreement.ts';

/** To read a disk that is well, behind a write that a slow one began. */
export const startBoundMs = 3000;
/** A write begins on the node that was chosen within this. */
const writeBoundMs = 2000;
/** The power is cut again where what is left is too little for recovery to recognise: about one time in five. */
const mostCuts = 20;
/** From this feature level on there are queues. */
const queuesLevel = 2;

export interface LastFaultsOptions {
  readonly world: World;
  readonly random: Random;
  readonly cluster: Cluster;
  readonly agreement: Agreement;
}

export class LastFaults {
  readonly #options: LastFaultsOptions;

  constructor(options: LastFaultsOptions) {
    this.#options = options;
  }

  /** @param canAgree Enough disks are left for a leader. */
  async tearOne(canAgree: boolean): Promise<void> {
    const { world, random, cluster, agreement } = this.#options;
    const { members } = agreement;
    const among = canAgree && members.length > 0 ? members : cluster.running;
    if (among.length === 0) return;
    const node = random.pick(among);
    for (let cuts = 0; cuts < mostCuts; cuts++) {
      this.#makeItWrite(node, canAgree);
      await world.timeline.run(world.nowMs + writeBoundMs, () => node.disk.isWriting);
      if (!node.disk.isWriting) continue;
      cluster.kill(node, 'a part');
      const { torn } = node.disk;
      if (torn !== undefined) world.tell(node.id, `has a part of a frame in ${torn}`);
      await this.#mustStart(node);
      if (canAgree) await this.#mustAgree();
      if (torn !== undefined) return;
    }
    throw new Error(`No write of ${node.id} was cut short in ${String(mostCuts)} attempts.`);
  }

  /** By an entry; or by a start, which writes to the log as well and needs no other node. */
  #makeItWrite(node: SimulatedNode, canAgree: boolean): void {
    const { world, random, cluster } = this.#options;
    const leader = cluster.leader();
    if (!canAgree || leader === undefined || random.withProbability(0.2)) {
      cluster.kill(node);
      cluster.start(node);
      return;
    }
    this.#submit(leader).catch((error: unknown) => {
      if (!(error instanceof HoldfastError)) world.timeline.fail(error);
    });
  }

  async #submit({ engine, replica }: SimulatedNode): Promise<void> {
    const { random } = this.#options;
    const caller = { identity: 'simulator', timeoutMs: writeBoundMs };
    if ((replica?.levels().inForce ?? 0) < queuesLevel) {
      await engine?.submit({ type: 'checkpoint' }, caller);
      return;
    }
    // Of one sector and of several.
    const payload = `${random.id()} `.repeat(1 + random.below(100));
    const messages = [{ key: 'last', payload }];
    await engine?.submit({ type: 'queue_push', name: mail as ResourceName, messages }, caller);
  }

  async #mustStart(node: SimulatedNode): Promise<void> {
    const { world, cluster } = this.#options;
    cluster.start(node);
    const isUp = (): boolean => node.replica !== undefined;
    await world.timeline.run(world.nowMs + startBoundMs, isUp);
    if (!isUp())
      throw new Violation(`${node.id} does not start: its power had gone while it wrote.`);
  }

  async #mustAgree(): Promise<void> {
    const { world, cluster, agreement } = this.#options;
    const agreed = (): boolean => agreement.isReached;
    await world.timeline.run(world.nowMs + settleBoundMs, agreed);
    if (!agreed())
      throw new Violation(
        `Not all members agree within ${String(settleBoundMs)} ms of a power cut: ${agreement.progress || `no leader of ${String(cluster.running.length)}`}.`,
      );
    await agreement.compare();
  }

  /** Damage is in every run: what this run wrote can be told from what the disk made of it. */
  async damageOne(): Promise<void> {
    const { world, random, cluster } = this.#options;
    const { running } = cluster;
    if (running.length === 0) return;
    const node = random.pick(running);
    cluster.damage(node);
    await world.timeline.run(world.nowMs + startBoundMs, () => !node.machine.isOn);
    if (node.machine.isOn) throw new Violation(`${node.id} neither starts nor refuses its disk.`);
  }
}
