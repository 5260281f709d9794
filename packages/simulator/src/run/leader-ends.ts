/** Nodes that go just after they have voted or begun to lead, and come again: what they forget then is missed. */
import type { Cluster } from '../cluster/cluster.ts';
import type { SimulatedNode } from '../cluster/node.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';

export class LeaderEnds {
  readonly #world: World;
  readonly #random: Random;
  readonly #cluster: Cluster;
  readonly #isOver: () => boolean;

  constructor(world: World, random: Random, cluster: Cluster, isOver: () => boolean) {
    this.#world = world;
    this.#random = random;
    this.#cluster = cluster;
    this.#isOver = isOver;
  }

  /** Nodes go and come again within moments, just after they have voted or begun to lead. */
  storm(): void {
    const leader = this.#cluster.leader();
    if (leader !== undefined) this.#goFor(leader, 0.5, 30);
    const untilMs = this.#world.nowMs + this.#random.between(1000, 4000);
    this.#world.onNotable = (id) => {
      if (this.#isOver() || this.#world.nowMs > untilMs || this.#random.withProbability(0.4))
        return;
      this.#goSoon(id, 8, [0.5, 30]);
    };
  }

  /**
   * Whoever begins to lead is gone before, while or after its first entry has reached others, and comes again
   * when another one leads, or before.
   */
  endLeaders(): void {
    const untilMs = this.#world.nowMs + this.#random.between(1000, 4000);
    const leader = this.#cluster.leader();
    if (leader !== undefined) this.#goSoon(leader.id, 5, [50, 300]);
    this.#world.onNotable = (id, what) => {
      if (what === 'votes' || this.#isOver() || this.#world.nowMs > untilMs) return;
      if (this.#random.withProbability(0.8))
        this.#goSoon(
          id,
          this.#random.pick([1, 4, 12]),
          this.#random.pick([[1, 40] as const, [80, 400] as const]),
        );
    };
  }

  #goSoon(id: string, longestMs: number, [minMs, maxMs]: readonly [number, number]): void {
    const node = this.#cluster.nodes.get(id);
    this.#world.timeline.after(this.#random.between(0, longestMs), () => {
      if (node !== undefined && !this.#isOver()) this.#goFor(node, minMs, maxMs);
    });
  }

  /** Gone, and there again: only what is on its disk is left. */
  #goFor(node: SimulatedNode, minMs: number, maxMs: number): void {
    this.#cluster.kill(node);
    const delayMs = this.#isOver() ? 0 : this.#random.between(minMs, maxMs);
    this.#world.timeline.after(delayMs, () => this.#cluster.start(node));
  }
}
