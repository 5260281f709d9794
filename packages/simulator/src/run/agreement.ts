/** Whether the members of a cluster that is well agree, and whether what they agree on is what was applied. */
import type { Witness } from '../checks/witness.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { SimulatedNode } from '../cluster/node.ts';
import type { World } from '../world/world.ts';

/** Sessions of clients that are gone have expired, and members agree, within this. */
export const settleBoundMs = 40_000;

export class Agreement {
  readonly #world: World;
  readonly #cluster: Cluster;
  readonly #witness: Witness;

  constructor(world: World, cluster: Cluster, witness: Witness) {
    this.#world = world;
    this.#cluster = cluster;
    this.#witness = witness;
  }

  /** Those that run of the members that the leader knows. */
  get members(): readonly SimulatedNode[] {
    const members = this.#cluster.leader()?.replica?.status().membership.members ?? [];
    return this.#cluster.running.filter((node) => members.some((member) => member.id === node.id));
  }

  /** Members have applied the same entries. */
  get isReached(): boolean {
    const leader = this.#cluster.leader()?.replica;
    if (leader === undefined) return false;
    return this.members.every((node) => node.replica?.state.index === leader.state.index);
  }

  get progress(): string {
    return this.members
      .map((node) => `${node.id} at ${String(node.replica?.state.index)}`)
      .join(', ');
  }

  /** WITNESS-5, MESSAGES-4, MESSAGES-6. Once it is reached. */
  async compare(): Promise<void> {
    // MESSAGES-4 takes a snapshot of the leader's state, which takes one at a time.
    const isFree = (): boolean =>
      this.isReached && this.#cluster.leader()?.replica?.isSavingSnapshot === false;
    if (this.isReached && !isFree())
      await this.#world.timeline.run(this.#world.nowMs + settleBoundMs, isFree);
    const leader = this.#cluster.leader()?.replica;
    if (leader !== undefined) this.#witness.messages.compareState(leader.state);
    for (const { id, replica } of this.members)
      if (replica !== undefined) this.#witness.compareState(id, replica.state);
    await this.#comparePayloads();
    await this.#world.timeline.run(this.#world.nowMs);
  }

  /** MESSAGES-6: reading takes virtual time. */
  async #comparePayloads(): Promise<void> {
    let reading = 0;
    for (const { id, replica } of this.members) {
      if (replica === undefined) continue;
      reading += 1;
      void this.#witness.messages.compareStored(id, replica).then(() => (reading -= 1));
    }
    await this.#world.timeline.run(this.#world.nowMs + settleBoundMs, () => reading === 0);
    if (reading > 0) throw new Error('The payloads of a member were not read in time.');
  }
}
