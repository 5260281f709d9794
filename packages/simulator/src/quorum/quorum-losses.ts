/**
 * Lost files, and what makes them worse: while a cluster begins, with a node cut off soon after, over lines
 * that are slow in one direction, between a vote and the others that make it a majority.
 *
 * Never more than a minority of the files is lost and not learned again at one time, also before anybody has
 * voted: nobody could know the tokens then.
 */
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';
import type { Ballots } from './ballots.ts';
import type { LeaseMachine } from './lease-machine.ts';
import type { NetworkLines } from './lines.ts';
import type { QuorumSets } from './quorum-sets.ts';

export interface QuorumLossesOptions {
  readonly world: World;
  readonly sets: QuorumSets;
  /** Of the machines of all clients. */
  readonly clients: readonly string[];
  readonly lines: NetworkLines;
  readonly ballots: Ballots;
  readonly longestTtlMs: number;
}

/** Lines, each in one direction. */
type Pairs = readonly (readonly [from: string, to: string])[];

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
    const nodes = this.#options.sets.members;
    const random = this.#random;
    if (random.withProbability(0.5)) {
      for (const node of nodes) node.start();
      return;
    }
    for (const node of nodes) {
      if (random.withProbability(0.5)) node.start();
      else this.#later(0, 3000, () => node.start());
    }
    if (random.withProbability(0.5)) this.#slowDown(random.pick(nodes));
    for (let losses = random.below(4); losses > 0; losses--)
      this.#later(0, random.pick([10, 100, 1000, 4000]), () => {
        const node = this.#lose();
        this.#later(0, random.pick([1, 1000]), () => node.start());
      });
  }

  start(meanPauseMs: number): void {
    this.#later(0, 2 * meanPauseMs, () => {
      const [what, strike] = this.#random.pick(this.#strikes);
      this.#options.world.tell('fault', what);
      strike();
      this.start(meanPauseMs);
    });
  }

  /** Cuts are healed, and nodes started, by who mends all else. */
  mend(): void {
    this.#over = true;
    this.#options.lines.mendAll();
  }

  readonly #strikes: readonly (readonly [what: string, strike: () => void])[] = [
    ['lose_and_cut', () => this.#loseAndCut()],
    ['lose_on_slow_lines', () => this.#loseOnSlowLines()],
    ['lose_what_was_voted', () => this.#loseWhatWasVoted()],
  ];

  /** It is there again at once, and then this node or another one does not hear from some for long. */
  #loseAndCut(): void {
    const { longestTtlMs, sets } = this.#options;
    const nodes = sets.members;
    const lost = this.#lose();
    this.#later(0, 50, () => lost.start());
    this.#later(0, this.#random.pick([10, 500, longestTtlMs]), () => {
      const one = this.#random.withProbability(0.5) ? lost : this.#random.pick(nodes);
      this.#cutLines(this.#someLines(one, this.#names(nodes)), this.#ttls(1.05, 2.5));
    });
  }

  #loseOnSlowLines(): void {
    const nodes = this.#options.sets.members;
    const random = this.#random;
    // Questions and answers of before may still be under way when it is back.
    const node = random.pick(nodes);
    this.#slowDown(random.withProbability(0.5) ? node : random.pick(nodes));
    this.#later(0, 2000, () => {
      const lost = this.#lose(node);
      this.#later(0, random.pick([20, 1000]), () => lost.start());
    });
  }

  /**
   * A vote is part of a majority with others that come later, when the file that it was written to is gone;
   * the rest of the nodes know nothing of it. Its node asks the others before they have voted, and does not
   * hear from them again until it may vote.
   */
  #loseWhatWasVoted(): void {
    const { clients, ballots, sets } = this.#options;
    const nodes = sets.members;
    const [one, ...others] = this.#random.shuffled(nodes);
    if (one === undefined) return;
    const half = others.length / 2;
    const late = this.#names(others.slice(0, half));
    const deaf = this.#names(others.slice(half));
    this.#slow(
      clients.flatMap((client) => late.map((node) => [client, node] as const)),
      350,
      this.#random.between(2000, 4000),
    );
    this.#cut(clients, deaf, this.#ttls(0.5, 1.5));
    let waits = true;
    ballots.onVote = (node) => {
      if (node !== one.machine.name || !waits) return;
      waits = false;
      // Its answer has left by then.
      this.#later(0.1, 50, () => {
        const lost = this.#lose(one);
        lost.start();
        if (lost !== one) return;
        this.#later(1, 50, () => this.#cut([node], late, this.#ttls(1.1, 1.5)));
        // What the majority knew may be asked of the others alone.
        this.#later(this.#ttls(1, 1), this.#ttls(1, 1.5), () =>
          this.#cut(clients, late, this.#ttls(0.2, 1)),
        );
      });
    };
  }

  /** In both directions. */
  #cut(left: readonly string[], right: readonly string[], forMs: number): void {
    const pairs = left.flatMap((one) => right.map((other) => [one, other] as const));
    this.#cutLines([...pairs, ...pairs.map(([one, other]) => [other, one] as const)], forMs);
  }

  #cutLines(pairs: Pairs, forMs: number): void {
    const { network } = this.#options.world;
    for (const [from, to] of pairs) network.cut(from, to);
    this.#later(forMs, forMs, () => {
      for (const [from, to] of pairs) network.heal(from, to);
    });
  }

  #slowDown(one: LeaseMachine): void {
    const { clients, longestTtlMs, sets } = this.#options;
    const nodes = sets.members;
    this.#options.world.tell('fault', `slow lines of ${one.machine.name}`);
    this.#slow(
      this.#someLines(one, [...this.#names(nodes), ...clients]),
      this.#random.between(100, 4000),
      this.#random.between(1000, 1000 + longestTtlMs * 2),
    );
  }

  #slow(pairs: Pairs, upToMs: number, forMs: number): void {
    const { lines } = this.#options;
    for (const [from, to] of pairs) lines.slow(from, to, upToMs);
    this.#later(forMs, forMs, () => {
      for (const [from, to] of pairs) lines.mend(from, to);
    });
  }

  /** Between it and some others, in one direction or both. */
  #someLines({ machine: { name } }: LeaseMachine, names: readonly string[]): Pairs {
    const others = this.#random.shuffled(names.filter((other) => other !== name));
    const some = others.slice(0, 1 + this.#random.below(others.length));
    const away = some.map((other) => [name, other] as const);
    const towards = some.map((other) => [other, name] as const);
    return this.#random.pick([away, towards, [...away, ...towards]]);
  }

  /** @param wanted This one, where it may be. @returns the one that did; where none may, one that goes on as it is. */
  #lose(wanted?: LeaseMachine): LeaseMachine {
    const { ballots, sets } = this.#options;
    const losable = sets.members.filter((node) => sets.mayLose(node));
    // One lacks its file of this set, another one that of the next.
    if (losable.length === 0) return this.#random.pick(sets.members);
    const node =
      wanted !== undefined && losable.includes(wanted) ? wanted : this.#random.pick(losable);
    node.lose();
    ballots.forgets(node.machine.name);
    return node;
  }

  /** So many times the longest ttl, in ms. */
  #ttls(min: number, max: number): number {
    return this.#options.longestTtlMs * this.#random.between(min, max);
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
