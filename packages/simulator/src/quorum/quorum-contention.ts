/**
 * Very many that wait for one lock, in virtual time: how often it goes from one to the next does not depend on how busy
 * the machine is that counts it. Nodes do one question after the other, each in a time of its own.
 */
import { Quorum } from '@holdfast/quorum-client';
import type { QuorumHold } from '@holdfast/quorum-client';
import { setIdOf } from '@holdfast/protocol';
import type { QuorumSet } from '@holdfast/protocol';
import type { LeaseHost } from '@holdfast/quorum/parts';
import type { Machine } from '../world/machine.ts';
import { World } from '../world/world.ts';
import { Ballots } from './ballots.ts';
import { LeaseMachine } from './lease-machine.ts';
import { NetworkLines } from './lines.ts';
import { Promises } from './promises.ts';
import { over, SimulatedVoter } from './simulated-voter.ts';

export interface ContentionOptions {
  readonly seed: bigint;
  readonly waiters: number;
  /** How many programs they belong to. */
  readonly programs: number;
  readonly countedMs: number;
}

export interface ContentionStats {
  readonly grants: number;
  /** Asked of nodes, of any kind. */
  readonly questions: number;
  /** Leases that ended while they were held. */
  readonly lost: number;
}

const ttlMs = 10_000;
const driftBufferMs = 500;
const holdMs = 5;
/** What a question costs a node. */
const questionMs = 0.05;
const warmUpMs = 5000;
const name = 'the one lock';

export async function runContention(options: ContentionOptions): Promise<ContentionStats> {
  const contention = new Contention(options);
  try {
    return await contention.run();
  } finally {
    contention.end();
  }
}

class Contention {
  readonly #options: ContentionOptions;
  readonly #world: World;
  readonly #lines: NetworkLines;
  readonly #ballots: Ballots;
  readonly #promises = new Promises(ttlMs - driftBufferMs);
  readonly #set: QuorumSet = { epoch: 1, members: ['node1', 'node2', 'node3'] };
  readonly #nodes: LeaseMachine[] = [];
  readonly #programs: Machine[];
  #grants = 0;
  #holders = 0;
  #questions = 0;
  #lost = 0;

  constructor(options: ContentionOptions) {
    this.#options = options;
    const world = new World(options.seed);
    this.#world = world;
    this.#lines = new BusyLines(world, () => (this.#questions += 1));
    this.#ballots = new Ballots(true, this.#promises, (message) => world.violation(message));
    for (const member of this.#set.members) this.#nodes.push(this.#node(member));
    this.#programs = Array.from({ length: options.programs }, (_, index) =>
      world.machine(`program${String(index + 1)}`, 0.001),
    );
  }

  async run(): Promise<ContentionStats> {
    const { timeline } = this.#world;
    for (const node of this.#nodes) node.start();
    await timeline.run(1000, () => this.#nodes.every((node) => node.votes));
    const { waiters, countedMs } = this.#options;
    for (const [index, machine] of this.#programs.entries()) {
      machine.start();
      const quorum = this.#quorum(machine);
      for (let waiter = index; waiter < waiters; waiter += this.#programs.length)
        this.#wait(quorum, machine).catch((error: unknown) => timeline.fail(error));
    }
    await timeline.run(timeline.nowMs + warmUpMs);
    this.#grants = 0;
    this.#questions = 0;
    await timeline.run(timeline.nowMs + countedMs);
    return { grants: this.#grants, questions: this.#questions, lost: this.#lost };
  }

  end(): void {
    for (const node of this.#nodes) node.kill();
    for (const machine of this.#programs) machine.end();
  }

  async #wait(quorum: Quorum, machine: Machine): Promise<void> {
    for (;;) {
      const hold: QuorumHold = await quorum.lock(name).acquire({ waitMs: 3_600_000 });
      this.#grants += 1;
      if (++this.#holders > 1) this.#world.violation(`Two hold "${name}".`);
      await machine.sleep(holdMs);
      this.#holders -= 1;
      if (!hold.isHeld()) this.#lost += 1;
      await hold.release();
    }
  }

  #quorum(machine: Machine): Quorum {
    const random = this.#world.random.fork();
    const witnesses = { ballots: this.#ballots, promises: this.#promises };
    return new Quorum(
      {
        voters: this.#nodes.map(
          (node) => new SimulatedVoter(this.#lines, machine, node, witnesses, this.#set),
        ),
        clientId: machine.name,
        ttlMs,
        driftBufferMs,
      },
      {
        clock: {
          now: () => machine.now(),
          bootNow: () => machine.bootNow(),
          after: (delayMs, callback) => machine.after(delayMs, callback),
          random: () => random.next(),
        },
        newId: () => random.id(),
        wallNow: () => machine.wallNow(),
      },
    );
  }

  #node(member: string): LeaseMachine {
    const world = this.#world;
    const machine = world.machine(member, 0.001);
    const at = <T>(peer: string, ask: (host: LeaseHost) => T | Promise<T>): Promise<T> => {
      const to = this.#nodes.find((node) => node.machine.name === peer);
      if (to === undefined) return Promise.reject(new Error(`There is no ${peer}.`));
      return over(this.#lines, machine, to, ask);
    };
    return new LeaseMachine({
      world,
      machine,
      random: world.random.fork(),
      longestTtlMs: ttlMs,
      driftBufferMs,
      maxRows: 100,
      told: this.#set,
      ask: (peer, after) =>
        at(peer, (host) => (after === undefined ? host.said() : host.tokens(after))),
      propose: (peer, set, bootstrapSet) =>
        at(peer, (host) =>
          host.begin({ epoch: set.epoch, set: setIdOf(set), bootstrap_set: bootstrapSet }),
        ),
    });
  }
}

/** What arrives at a node stands behind what arrived before. */
class BusyLines extends NetworkLines {
  readonly #world: World;
  readonly #count: () => void;
  readonly #busyUntilMs = new Map<string, number>();

  constructor(world: World, count: () => void) {
    super(world.network, world.random.fork());
    this.#world = world;
    this.#count = count;
  }

  override send(from: Machine, to: Machine, arrive: () => void): void {
    if (!to.name.startsWith('node')) {
      super.send(from, to, arrive);
      return;
    }
    super.send(from, to, () => {
      this.#count();
      const { nowMs } = this.#world;
      const doneMs = Math.max(nowMs, this.#busyUntilMs.get(to.name) ?? 0) + questionMs;
      this.#busyUntilMs.set(to.name, doneMs);
      to.post(doneMs - nowMs, arrive);
    });
  }
}
