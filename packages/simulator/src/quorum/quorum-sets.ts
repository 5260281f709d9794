/**
 * The set of the nodes, and how its operator changes it: dies in between, goes on later, and tells clients late. Some
 * clients and nodes are told wrong ones meanwhile.
 *
 * Whatever is told to nodes and clients here, one rule is kept: never more than a minority of the files of a set is
 * lost and not learned again at one time.
 */
import { setIdOf } from '@holdfast/protocol';
import type { QuorumSet, QuorumSetAnswer } from '@holdfast/protocol';
import { changeSet } from '@holdfast/quorum/parts';
import type { SetQuestion } from '@holdfast/quorum/parts';
import type { Machine } from '../world/machine.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';
import type { Ballots } from './ballots.ts';
import type { LeaseMachine } from './lease-machine.ts';
import type { NetworkLines } from './lines.ts';
import { over } from './simulated-voter.ts';

const answerWithinMs = 2000;
const againMs = 3000;

export interface QuorumSetsOptions {
  readonly world: World;
  readonly random: Random;
  readonly operator: Machine;
  readonly nodes: readonly LeaseMachine[];
  readonly lines: NetworkLines;
  readonly ballots: Ballots;
  readonly first: QuorumSet;
  readonly longestTtlMs: number;
}

export class QuorumSets {
  readonly #options: QuorumSetsOptions;
  readonly #older: QuorumSet[] = [];
  #current: QuorumSet;
  #pending: QuorumSet | undefined;
  #changes = 0;

  constructor(options: QuorumSetsOptions) {
    this.#options = options;
    this.#current = options.first;
  }

  get current(): QuorumSet {
    return this.#current;
  }

  get isChanging(): boolean {
    return this.#pending !== undefined;
  }

  get changes(): number {
    return this.#changes;
  }

  /** The nodes of the current set. */
  get members(): readonly LeaseMachine[] {
    return this.#of(this.#current);
  }

  /** What a client is told that was told wrong: an older list, one that is to come, a part, one with a stranger. */
  wrong(): QuorumSet {
    const { random, nodes } = this.#options;
    const { epoch, members } = this.#current;
    const names = random.shuffled(nodes.map(({ machine }) => machine.name));
    const mistyped = [...members];
    const stranger = names.find((name) => !members.includes(name));
    if (stranger !== undefined) mistyped[random.below(mistyped.length)] = stranger;
    const lists = [
      { epoch, members: random.shuffled(members).slice(0, 3).sort() },
      { epoch, members: names.slice(0, random.pick([3, 5])).sort() },
      { epoch, members: mistyped.sort() },
      ...this.#older,
      ...(this.#pending === undefined ? [] : [this.#pending]),
    ];
    return random.pick(lists);
  }

  mayLose(node: LeaseMachine): boolean {
    return [this.#current, this.#pending].every((set) => {
      if (set?.members.includes(node.machine.name) !== true) return true;
      const lacking = this.#of(set).filter((other) => other !== node && other.lacksFileOf(set));
      return (lacking.length + 1) * 2 < set.members.length;
    });
  }

  /** Another set, which may share all, some or no members with the one that is. */
  begin(): void {
    const { world, random, nodes, ballots } = this.#options;
    if (this.#pending !== undefined) return;
    const names = random.shuffled(nodes.map(({ machine }) => machine.name));
    const sizes = [3, 5, 7].filter((size) => size <= names.length);
    const members = names.slice(0, random.pick(sizes)).sort();
    for (const node of this.#of({ epoch: 0, members })) {
      const { name } = node.machine;
      if (this.#current.members.includes(name)) continue;
      node.renew(undefined);
      ballots.forgets(name);
      node.start();
    }
    this.#pending = { epoch: this.#current.epoch + 1, members };
    world.tell('operator', `changes the set to ${members.join(', ')}`);
    this.goOn();
  }

  /** Nodes that are no members are told sets in which members are. */
  foundWrongly(): void {
    const { random, ballots, world } = this.#options;
    const spares = this.#spares();
    if (spares.length < 2) return;
    const { epoch, members } = this.#current;
    const wrong = [
      { epoch, members: [members[0] ?? '', ...this.#names(spares.slice(0, 2))].sort() },
      { epoch, members: [...members.slice(0, 3), ...this.#names(spares.slice(0, 2))].sort() },
    ];
    const set = random.pick(wrong);
    world.tell('operator', `starts nodes with ${set.members.join(', ')}`);
    for (const node of spares.slice(0, 2)) {
      node.renew(set);
      ballots.forgets(node.machine.name);
      node.start();
    }
  }

  /** The operator dies, wherever the change is. */
  stop(): void {
    this.#options.operator.end();
  }

  goOn(): void {
    const { operator, world } = this.#options;
    if (operator.isOn || this.#pending === undefined) return;
    operator.start();
    this.#change(this.#pending).catch((error: unknown) => world.timeline.fail(error));
  }

  async #change(to: QuorumSet): Promise<void> {
    const { operator, world, longestTtlMs } = this.#options;
    for (;;) {
      try {
        await changeSet({
          from: this.#current,
          to,
          ask: (member, question) => this.#ask(member, question),
          pause: (ms) => operator.sleep(ms),
          now: () => operator.now(),
          tell: (line) => world.tell('operator', line),
          patienceMs: 3 * longestTtlMs + 10_000,
        });
        break;
      } catch (error) {
        world.tell('operator', error instanceof Error ? error.message : String(error));
        if (error instanceof Error && /start it with --join/.test(error.message))
          this.#joinAnew(to);
        await operator.sleep(againMs);
      }
    }
    this.#done(to);
    operator.end();
  }

  /** Members of the set that is to come which stand in one from before the set that is. */
  #joinAnew(to: QuorumSet): void {
    for (const node of this.#of(to)) {
      const { epoch = this.#current.epoch } = node.set ?? {};
      if (epoch >= this.#current.epoch) continue;
      node.joinAnew();
      this.#options.ballots.forgets(node.machine.name);
    }
  }

  #done(to: QuorumSet): void {
    this.#older.push(this.#current);
    this.#current = to;
    this.#pending = undefined;
    this.#changes += 1;
    for (const node of this.#of(to)) node.correct(to);
  }

  #ask(member: string, question: SetQuestion): Promise<QuorumSetAnswer> {
    const { operator, lines } = this.#options;
    const [to] = this.#of({ epoch: 0, members: [member] });
    if (to === undefined) return Promise.reject(new Error(`There is no ${member}.`));
    const asked = over(lines, operator, to, (host) => {
      switch (question.type) {
        case 'look':
          return host.ofSet();
        case 'close': {
          const { from, next } = question;
          return host.closeSet({ epoch: from.epoch, set: setIdOf(from), next });
        }
        case 'prepare': {
          const { next, after, floor } = question;
          return host.prepare({ next, after, floor });
        }
      }
    });
    const within = new Promise<never>((_resolve, reject) => {
      operator.after(answerWithinMs, () => reject(new Error('does not answer')));
    });
    return Promise.race([asked, within]);
  }

  #spares(): readonly LeaseMachine[] {
    const taken = [...this.#current.members, ...(this.#pending?.members ?? [])];
    return this.#options.nodes.filter(({ machine }) => !taken.includes(machine.name));
  }

  #of({ members }: QuorumSet): readonly LeaseMachine[] {
    return this.#options.nodes.filter(({ machine }) => members.includes(machine.name));
  }

  #names(nodes: readonly LeaseMachine[]): readonly string[] {
    return nodes.map(({ machine }) => machine.name);
  }
}
