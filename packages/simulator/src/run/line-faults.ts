/** What goes wrong with single lines and for single clients: slow ones, one-sided ones, those of a leader that is replaced. */
import type { Cluster } from '../cluster/cluster.ts';
import type { Courier } from '../clients/courier.ts';
import type { CacheKeeper } from '../clients/keeper.ts';
import type { Player } from '../clients/player.ts';
import type { Worker } from '../clients/worker.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';

export interface LineFaultsOptions {
  readonly world: World;
  readonly random: Random;
  readonly cluster: Cluster;
  readonly workers: readonly (Worker | Player | Courier | CacheKeeper)[];
  /** Later, unless faults are over by then. */
  readonly later: (minMs: number, maxMs: number, act: () => void) => void;
}

export class LineFaults {
  readonly #options: LineFaultsOptions;

  constructor(options: LineFaultsOptions) {
    this.#options = options;
  }

  /** Everything to or from one node takes long, in this direction alone. */
  slowLine(): void {
    const { random, cluster, world, later } = this.#options;
    const one = random.pick(cluster.all).id;
    const others = random.withProbability(0.5) ? this.#names : [random.pick(this.#names)];
    const pairs = others
      .filter((name) => name !== one)
      .map((name) =>
        random.withProbability(0.5) ? ([one, name] as const) : ([name, one] as const),
      );
    const byMs = random.between(20, 1500);
    for (const [from, to] of pairs) world.network.slow(from, to, byMs);
    later(500, 4000, () => {
      for (const [from, to] of pairs) world.network.quicken(from, to);
    });
  }

  /** What a client is told comes late; then nothing that it says arrives any more. */
  lapseClient(): void {
    const { random, cluster, world, workers, later } = this.#options;
    const client = random.pick(workers).machine.name;
    const nodes = cluster.all.map(({ id }) => id);
    const byMs = random.between(100, 1500);
    for (const node of nodes) world.network.slow(node, client, byMs);
    later(byMs, byMs + 2500, () => {
      for (const node of nodes) world.network.cut(client, node);
      later(1000, 6000, () => {
        for (const node of nodes) {
          world.network.heal(client, node);
          world.network.quicken(node, client);
        }
      });
    });
  }

  /**
   * What others answer the leader is under way for long; then they hear it no longer and elect another one, while
   * it goes on to get their old answers. Some clients reach it alone, the others reach all but it.
   */
  deposeLeader(): void {
    const { random, cluster, world, workers, later } = this.#options;
    const leader = cluster.leader()?.id;
    if (leader === undefined) return;
    const { network } = world;
    const others = cluster.all.map(({ id }) => id).filter((id) => id !== leader);
    const clients = workers.map(({ machine }) => machine.name);
    const close = random.shuffled(clients).slice(0, 1 + random.below(clients.length));
    const cuts: (readonly [string, string])[] = [];
    const cut = (from: string, to: string): void => {
      network.cut(from, to);
      cuts.push([from, to]);
    };
    const byMs = random.between(10, 500);
    for (const other of others) network.slow(other, leader, byMs);
    for (const client of clients) {
      for (const node of close.includes(client) ? others : [leader]) {
        cut(client, node);
        cut(node, client);
      }
    }
    later(byMs, byMs + 600, () => {
      for (const other of others) cut(leader, other);
      later(500, 4000, () => {
        for (const [from, to] of cuts) network.heal(from, to);
        for (const other of others) network.quicken(other, leader);
      });
    });
  }

  get #names(): string[] {
    const { cluster, workers } = this.#options;
    return [...cluster.all, ...workers].map(({ machine }) => machine.name);
  }
}
