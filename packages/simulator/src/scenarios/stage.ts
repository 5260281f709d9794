/** What a scenario plays on: a whole cluster in virtual time with all its checks, and clients that do as they are told. */
import type { Write } from '@holdfast/raft';
import { Beliefs } from '../checks/beliefs.ts';
import { Witness } from '../checks/witness.ts';
import { Cluster } from '../cluster/cluster.ts';
import type { Settings, SimulatedNode } from '../cluster/node.ts';
import type { Random } from '../world/random.ts';
import { Violation, World } from '../world/world.ts';
import { Actor } from './actor.ts';

const lookEveryMs = 1;
/** To bring a situation about. */
const patienceMs = 30_000;

export const usualSettings: Settings = {
  heartbeatMs: 50,
  electionTimeoutMinMs: 150,
  electionTimeoutMaxMs: 300,
  snapshotLogBytes: 64 * 1024 * 1024,
  keptEntries: 1000,
  maxAppendBytes: 1024 * 1024,
  maxBatchBytes: 1024 * 1024,
  snapshotChunkBytes: 256 * 1024,
  maxEntriesPerTurn: 1000,
};

export interface ScenarioSetting {
  readonly size?: number;
  readonly settings?: Partial<Settings>;
}

export interface Scenario extends ScenarioSetting {
  readonly play: (stage: Stage) => Promise<void>;
}
export type Scenarios = Readonly<Record<string, Scenario>>;

class StageWitness extends Witness {
  afterWrite: (node: string, write: Write) => void = () => undefined;

  override onWrite(node: string, write: Write): void {
    super.onWrite(node, write);
    this.afterWrite(node, write);
  }
}

export class Stage {
  readonly world: World;
  readonly random: Random;
  readonly witness: StageWitness;
  readonly cluster: Cluster;
  readonly beliefs: Beliefs;
  readonly actors: Actor[] = [];

  constructor(world: World, { size = 3, settings = {} }: ScenarioSetting) {
    this.world = world;
    this.random = world.random.fork();
    this.witness = new StageWitness(world, 0);
    this.beliefs = new Beliefs((message) => world.violation(message));
    this.cluster = new Cluster({
      world,
      random: this.random.fork(),
      witness: this.witness,
      settings: { ...usualSettings, ...settings },
      size,
      clockDrift: 0,
    });
  }

  /** Starts all nodes. @returns who leads. */
  async begin(): Promise<SimulatedNode> {
    for (const node of this.cluster.all) this.cluster.start(node);
    return this.leader();
  }

  /** @param among Names of nodes; default: all. */
  actor(name: string, among?: readonly string[]): Actor {
    const actor = new Actor(
      this,
      this.world.machine(name, 0),
      this.random.fork(),
      among ?? this.names(),
    );
    this.actors.push(actor);
    return actor;
  }

  /** Of all nodes but these. */
  names(...but: readonly string[]): string[] {
    return this.cluster.all.map(({ id }) => id).filter((id) => !but.includes(id));
  }

  node(id: string): SimulatedNode {
    const node = this.cluster.nodes.get(id);
    if (node === undefined) throw new Error(`There is no ${id}.`);
    return node;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.world.timeline.after(ms, resolve);
    });
  }

  /** The situation is there, or the scenario cannot go on: that is no broken promise. */
  async until(what: string, isSo: () => boolean, withinMs: number = patienceMs): Promise<void> {
    if (!(await this.#becomes(isSo, withinMs)))
      throw new Error(`The scenario was not brought about: ${what}.`);
  }

  /** @throws Violation with what should not be, where it stays so. */
  async must(broken: string, isSo: () => boolean, withinMs: number): Promise<void> {
    if (!(await this.#becomes(isSo, withinMs))) throw new Violation(broken);
  }

  async #becomes(isSo: () => boolean, withinMs: number): Promise<boolean> {
    const untilMs = this.world.nowMs + withinMs;
    while (!isSo()) {
      if (this.world.nowMs >= untilMs) return false;
      await this.sleep(lookEveryMs);
    }
    return true;
  }

  /** Who leads, and is ready to, other than these. */
  async leader(...but: readonly string[]): Promise<SimulatedNode> {
    let found: SimulatedNode | undefined;
    await this.until('a leader', () => {
      found = this.cluster.leader();
      return found !== undefined && !but.includes(found.id);
    });
    if (found === undefined) throw new Error('There is no leader.');
    return found;
  }

  /** In one direction. */
  cut(from: string, to: readonly string[]): void {
    for (const one of to) this.world.network.cut(from, one);
  }

  /** In both directions. */
  part(one: string, others: readonly string[]): void {
    for (const other of others) {
      this.cut(one, [other]);
      this.cut(other, [one]);
    }
  }

  slow(from: string, to: string, byMs: number): void {
    this.world.network.slow(from, to, byMs);
  }

  kill(node: SimulatedNode): void {
    this.cluster.kill(node);
  }

  start(node: SimulatedNode): void {
    this.cluster.start(node);
  }

  healAll(): void {
    this.world.network.healAll();
  }

  /** By what a node's process says of itself. */
  lastIndex(node: SimulatedNode): number {
    return node.replica?.status().lastIndex ?? 0;
  }

  /** Calls it now and then, until the scenario is over. */
  every(ms: number, act: () => void): void {
    this.world.timeline.after(ms, () => {
      act();
      this.every(ms, act);
    });
  }
}
