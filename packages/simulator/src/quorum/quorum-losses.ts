/**
 * Lost files, and what makes them worse: while a cluster begins, with a node cut off soon after, over lines
 * that are slow in one direction.
 *
 * Never more than a minority of the files is lost and not learned again at one time, also before anybody has
 * voted: nobody could know the tokens then.
 */
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';
import type { Ballots } from './ballots.ts';
import type { LeaseMachine } from './lease-machine.ts';
import type { Lines } from './lines.ts';

export interface QuorumLossesOptions {
  readonly world: World;
  readonly nodes: readonly LeaseMachine[];
  /** Of the machines of all clients. */
  readonly clients: readonly string[];
  readonly lines: Lines;
  readonly ballots: Ballots;
  readonly longestTtlMs: number;
}

export class QuorumLosses {
  readonly #options: QuorumLossesOptions;
  readonly #random: Random;
  #over = false;

  constructor(options: QuorumLossesOptions) {
    this.#options = options;
    this.#random = options.world.random.fork();
  }

  /** Starts all nodes: at once, or some later than others, of which some lose their files meanwhile. */
  begin(): void {
    const { nodes } = this.#options;
    const random = this.#random;
    if (random.chance(0.5)) {
      for (const node of nodes) node.start();
      return;
    }
    for (const node of nodes) {
      if (random.chance(0.5)) node.start();
      else this.#later(0, 3000, () => node.start());
    }
    if (random.chance(0.5)) this.#slowDown(random.pick(nodes));
    for (let losses = random.below(4); losses > 0; losses--)
      this.#later(0, random.pick([10, 100, 1000, 4000]), () => {
        const node = this.#lose();
        this.#later(0, random.pick([1, 1000]), () => node.start());
      });
  }

  start(meanPauseMs: number): void {
    this.#later(0, 2 * meanPauseMs, () => {
      if (this.#random.chance(0.5)) this.#loseAndCut();
      else this.#loseOnSlowLines();
      this.start(meanPauseMs);
    });
  }

  /** Cuts are healed, and nodes started, by who mends all else. */
  mend(): void {
    this.#over = true;
    this.#options.lines.mendAll();
  }

  /** It is there again at once, and then this node or another one does not hear from some for long. */
  #loseAndCut(): void {
    const { nodes, longestTtlMs } = this.#options;
    const lost = this.#lose();
    this.#later(0, 50, () => lost.start());
    this.#later(0, this.#random.pick([10, 500, longestTtlMs]), () => {
      const { network } = this.#options.world;
      const one = this.#random.chance(0.5) ? lost : this.#random.pick(nodes);
      const pairs = this.#someLines(one, this.#names(nodes));
      for (const [from, to] of pairs) network.cut(from, to);
      this.#later(longestTtlMs * 1.05, longestTtlMs * 2.5, () => {
        for (const [from, to] of pairs) network.heal(from, to);
      });
    });
  }

  #loseOnSlowLines(): void {
    const { nodes } = this.#options;
    const random = this.#random;
    // Questions and answers of before may still be under way when it is back.
    const node = random.pick(nodes);
    this.#slowDown(random.chance(0.5) ? node : random.pick(nodes));
    this.#later(0, 2000, () => {
      const lost = this.#lose(node);
      this.#later(0, random.pick([20, 1000]), () => lost.start());
    });
  }

  #slowDown(one: LeaseMachine): void {
    const { nodes, clients, lines, longestTtlMs } = this.#options;
    this.#options.world.tell('fault', `slow lines of ${one.machine.name}`);
    const pairs = this.#someLines(one, [...this.#names(nodes), ...clients]);
    const upToMs = this.#random.between(100, 4000);
    for (const [from, to] of pairs) lines.slow(from, to, upToMs);
    this.#later(1000, 1000 + longestTtlMs * 2, () => {
      for (const [from, to] of pairs) lines.mend(from, to);
    });
  }

  /** Between it and some others, in one direction or both. */
  #someLines(
    { machine: { name } }: LeaseMachine,
    names: readonly string[],
  ): readonly (readonly [from: string, to: string])[] {
    const others = this.#random.shuffled(names.filter((other) => other !== name));
    const some = others.slice(0, 1 + this.#random.below(others.length));
    const away = some.map((other) => [name, other] as const);
    const towards = some.map((other) => [other, name] as const);
    return this.#random.pick([away, towards, [...away, ...towards]]);
  }

  /** @param wanted This one, where it may be. */
  #lose(wanted?: LeaseMachine): LeaseMachine {
    const { nodes, ballots } = this.#options;
    const lacking = nodes.filter((node) => node.lacksItsFile);
    const mayLose = (lacking.length + 1) * 2 < nodes.length ? nodes : lacking;
    const node =
      wanted !== undefined && mayLose.includes(wanted) ? wanted : this.#random.pick(mayLose);
    node.lose();
    ballots.forgets(node.machine.name);
    return node;
  }

  #later(minMs: number, maxMs: number, happen: () => void): void {
    this.#options.world.timeline.after(this.#random.between(minMs, maxMs), () => {
      if (!this.#over) happen();
    });
  }

  #names(nodes: readonly LeaseMachine[]): readonly string[] {
    return nodes.map(({ machine }) => machine.name);
  }
}
