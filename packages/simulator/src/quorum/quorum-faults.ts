/** What goes wrong in a run of a quorum lease. */
import { calm } from '../world/network.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';
import type { Ballots } from './ballots.ts';
import type { LeaseMachine } from './lease-machine.ts';
import type { QuorumSets } from './quorum-sets.ts';
import type { QuorumWorker } from './quorum-worker.ts';

export const quorumFaultKinds = [
  'kill',
  'kill_all',
  'lose_file',
  'pause_node',
  'full_disk',
  'cut',
  'part',
  'weather',
  'wall_clock',
  'stall_client',
  'kill_client',
  'change_set',
  'stop_operator',
  'wrong_founding',
] as const;
export type QuorumFaultKind = (typeof quorumFaultKinds)[number];

export class QuorumFaults {
  readonly #world: World;
  readonly #random: Random;
  readonly #nodes: readonly LeaseMachine[];
  readonly #workers: readonly QuorumWorker[];
  readonly #ballots: Ballots;
  readonly #sets: QuorumSets;
  readonly #kinds: readonly QuorumFaultKind[];
  #over = false;

  constructor(
    world: World,
    nodes: readonly LeaseMachine[],
    workers: readonly QuorumWorker[],
    ballots: Ballots,
    sets: QuorumSets,
    kinds: readonly QuorumFaultKind[],
  ) {
    this.#world = world;
    this.#random = world.random.fork();
    this.#nodes = nodes;
    this.#workers = workers;
    this.#ballots = ballots;
    this.#sets = sets;
    this.#kinds = kinds;
  }

  start(meanPauseMs: number): void {
    if (this.#kinds.length === 0) return;
    this.#world.timeline.after(this.#random.between(0, 2 * meanPauseMs), () => {
      if (this.#over) return;
      const kind = this.#random.pick(this.#kinds);
      this.#world.tell('fault', kind);
      this.#strikes[kind]();
      this.start(meanPauseMs);
    });
  }

  /** Everything is as it should be from now on. */
  mend(): void {
    this.#over = true;
    this.#world.network.healAll();
    this.#world.network.conditions = calm;
    for (const node of this.#nodes) {
      node.full = false;
      node.machine.resume();
      node.start();
    }
    this.#sets.goOn();
    for (const worker of this.#workers) {
      worker.machine.resume();
      worker.start();
    }
  }

  #later(minMs: number, maxMs: number, mend: () => void): void {
    this.#world.timeline.after(this.#random.between(minMs, maxMs), () => {
      if (!this.#over) mend();
    });
  }

  readonly #strikes: Readonly<Record<QuorumFaultKind, () => void>> = {
    kill: () => this.#kill(this.#random.pick(this.#nodes)),
    kill_all: () => {
      for (const node of this.#nodes) this.#kill(node);
    },
    lose_file: () => this.#loseFile(),
    pause_node: () => {
      const { machine } = this.#random.pick(this.#nodes);
      machine.pause();
      this.#later(50, 8000, () => machine.resume());
    },
    full_disk: () => {
      const node = this.#random.pick(this.#nodes);
      node.full = true;
      this.#later(200, 4000, () => {
        node.full = false;
      });
    },
    cut: () => {
      const [one, other] = this.#random.shuffled(this.#names());
      this.#cut([one ?? ''], [other ?? '']);
    },
    part: () => {
      const names = this.#random.shuffled(this.#names());
      const size = 1 + this.#random.below(names.length - 1);
      this.#cut(names.slice(0, size), names.slice(size));
    },
    weather: () => {
      this.#world.network.conditions = {
        minDelayMs: this.#random.between(0.1, 20),
        maxDelayMs: this.#random.between(20, 3000),
        lossProbability: this.#random.withProbability(0.5) ? this.#random.between(0, 0.4) : 0,
        doubleProbability: this.#random.withProbability(0.5) ? this.#random.between(0, 0.4) : 0,
        reorders: true,
      };
      this.#later(500, 8000, () => {
        this.#world.network.conditions = calm;
      });
    },
    wall_clock: () => {
      const machines = [...this.#nodes, ...this.#workers].map(({ machine }) => machine);
      this.#random.pick(machines).jumpWallClock(this.#random.between(-3_600_000, 3_600_000));
    },
    stall_client: () => {
      const { machine } = this.#random.pick(this.#workers);
      machine.pause();
      this.#later(100, 9000, () => machine.resume());
    },
    kill_client: () => {
      const worker = this.#random.pick(this.#workers);
      worker.kill();
      this.#later(0, 1000, () => worker.start());
    },
    change_set: () => this.#sets.begin(),
    stop_operator: () => {
      this.#sets.stop();
      this.#later(0, 5000, () => this.#sets.goOn());
    },
    wrong_founding: () => this.#sets.foundWrongly(),
  };

  #kill(node: LeaseMachine): void {
    node.kill();
    this.#later(1, 3000, () => node.start());
  }

  /** Never a majority of files at once: nobody could know the tokens then. */
  #loseFile(): void {
    const left = this.#sets.members.filter((node) => node.votes && this.#sets.mayLose(node));
    if (left.length === 0) return;
    const node = this.#random.pick(left);
    node.lose();
    this.#ballots.forgets(node.machine.name);
    this.#later(1, 1000, () => node.start());
  }

  #names(): string[] {
    return [...this.#nodes, ...this.#workers].map(({ machine }) => machine.name);
  }

  #cut(left: readonly string[], right: readonly string[]): void {
    const { network } = this.#world;
    // Often in one direction alone.
    const bothWays = this.#random.withProbability(0.6);
    const pairs = left.flatMap((one) => right.map((other) => [one, other] as const));
    for (const [one, other] of pairs) {
      network.cut(one, other);
      if (bothWays) network.cut(other, one);
    }
    this.#later(200, 6000, () => {
      for (const [one, other] of pairs) {
        network.heal(one, other);
        network.heal(other, one);
      }
    });
  }
}
