/** What a scenario of the quorum lease plays on: three nodes, two sides of a network, clients that do as they are told. */
import { Quorum } from '@holdfast/quorum-client';
import type { QuorumHold } from '@holdfast/quorum-client';
import { HoldfastError } from '@holdfast/protocol';
import { Ballots } from '../quorum/ballots.ts';
import { LeaseMachine } from '../quorum/lease-machine.ts';
import { NetworkLines } from '../quorum/lines.ts';
import { peersOf } from '../quorum/peers.ts';
import { Promises } from '../quorum/promises.ts';
import { SimulatedVoter } from '../quorum/simulated-voter.ts';
import type { Machine } from '../world/machine.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';

/** Of the nodes and of the clients, how fast. */
export interface Clocks {
  readonly ofNodes: number;
  readonly ofClients: number;
}

export interface QuorumSetting {
  readonly clocks?: Clocks;
  readonly ttlMs?: number;
  readonly maxRows?: number;
}

const names = ['node1', 'node2', 'node3'] as const;
export type NodeName = (typeof names)[number];
const set = { epoch: 1, members: names };
const nodeTimeoutMs = 400;
const patienceMs = 30_000;

export class QuorumStage {
  readonly world: World;
  readonly random: Random;
  readonly #nodes: LeaseMachine[] = [];
  readonly #clients: Machine[] = [];
  readonly #holds: QuorumHold[] = [];
  readonly #lines: NetworkLines;
  readonly #ballots: Ballots;
  readonly #promises: Promises;
  readonly #clocks: Clocks;
  readonly #ttlMs: number;
  readonly #driftBufferMs: number;

  constructor(
    world: World,
    { clocks = { ofNodes: 1, ofClients: 1 }, ttlMs = 3000, maxRows = 100 }: QuorumSetting,
  ) {
    this.world = world;
    this.random = world.random.fork();
    this.#clocks = clocks;
    this.#ttlMs = ttlMs;
    this.#driftBufferMs = ttlMs * 0.02;
    this.#lines = new NetworkLines(world.network, this.random.fork());
    this.#promises = new Promises(ttlMs - this.#driftBufferMs);
    this.#ballots = new Ballots(clocks.ofNodes === clocks.ofClients, this.#promises, (message) =>
      world.violation(message),
    );
    for (const name of names) {
      const machine = world.machineAt(name, clocks.ofNodes);
      this.#nodes.push(
        new LeaseMachine({
          world,
          machine,
          random: this.random.fork(),
          longestTtlMs: ttlMs,
          driftBufferMs: this.#driftBufferMs,
          maxRows,
          told: set,
          ...peersOf(this.#lines, machine, this.#nodes),
        }),
      );
    }
  }

  /** That nodes gave. */
  get votes(): number {
    return this.#ballots.votes;
  }

  /** Starts all nodes, until they vote. */
  async begin(): Promise<void> {
    for (const node of this.#nodes) node.start();
    await this.until('nodes that vote', () => this.#nodes.every(({ votes }) => votes));
  }

  node(name: NodeName): LeaseMachine {
    const node = this.#nodes.find(({ machine }) => machine.name === name);
    if (node === undefined) throw new Error(`There is no ${name}.`);
    return node;
  }

  /** Its file is gone, and it is there again at once. */
  lose(name: NodeName): void {
    this.node(name).lose();
    this.#ballots.forgets(name);
    this.node(name).start();
  }

  /** @param without Nodes that it does not reach, and that do not reach it. */
  client(name: string, ...without: readonly NodeName[]): Machine {
    const machine = this.world.machineAt(name, this.#clocks.ofClients);
    machine.start();
    this.#clients.push(machine);
    this.part(name, ...without);
    return machine;
  }

  /** @returns undefined where it is not to be had in time. */
  async acquire(machine: Machine, name: string, waitMs = 0): Promise<QuorumHold | undefined> {
    const voters = this.#nodes.map(
      (node) =>
        new SimulatedVoter(
          this.#lines,
          machine,
          node,
          { ballots: this.#ballots, promises: this.#promises },
          set,
        ),
    );
    const random = this.random.fork();
    const quorum = new Quorum(
      {
        voters,
        clientId: machine.name,
        ttlMs: this.#ttlMs,
        driftBufferMs: this.#driftBufferMs,
        nodeTimeoutMs,
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
    try {
      const hold = await quorum.lock(name).acquire({ waitMs });
      this.#ballots.held(machine, hold);
      this.#holds.push(hold);
      return hold;
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      return undefined;
    }
  }

  /** Holds it so often, one after the other: its token rises on the nodes that the client reaches. */
  async cycle(machine: Machine, name: string, times: number): Promise<void> {
    for (let time = 0; time < times; time++) {
      const hold = await this.acquire(machine, name, 5000);
      if (hold === undefined) throw new Error(`${machine.name} did not get ${name}.`);
      await hold.release();
      await this.sleep(5);
    }
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.world.timeline.after(ms, resolve);
    });
  }

  async until(what: string, isSo: () => boolean): Promise<void> {
    const untilMs = this.world.nowMs + patienceMs;
    while (!isSo()) {
      if (this.world.nowMs >= untilMs)
        throw new Error(`The scenario was not brought about: ${what}.`);
      await this.sleep(1);
    }
  }

  part(one: string, ...others: readonly string[]): void {
    const { network } = this.world;
    for (const other of others) {
      network.cut(one, other);
      network.cut(other, one);
    }
  }

  join(one: string, ...others: readonly string[]): void {
    const { network } = this.world;
    for (const other of others) {
      network.heal(one, other);
      network.heal(other, one);
    }
  }

  slow(from: string, to: string, byMs: number): void {
    this.world.network.slow(from, to, byMs);
  }

  /** All is mended, and what was held is given back: somebody who comes new gets each of these. */
  async servesAgain(...resources: readonly string[]): Promise<void> {
    this.world.network.healAll();
    for (const node of this.#nodes) {
      node.full = false;
      node.start();
    }
    await Promise.allSettled(this.#holds.map((hold) => hold.release()));
    const comer = this.client('comer');
    for (const resource of resources) {
      const hold = await this.acquire(comer, resource, 60_000);
      if (hold === undefined) this.world.violation(`Mended nodes did not give "${resource}".`);
      await hold?.release();
    }
  }

  end(): void {
    for (const node of this.#nodes) node.kill();
    for (const machine of this.#clients) machine.end();
  }
}
