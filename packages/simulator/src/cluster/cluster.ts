/** The nodes of one run, those that come and go included. */
import { firstFeatureLevel, latestFeatureLevel } from '@holdfast/state';
import { DiskError } from '@holdfast/storage';
import type { CutLeaves } from '@holdfast/storage/parts';
import type { Witness } from '../checks/witness.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';
import { SimulatedNode } from './node.ts';
import type { Settings } from './node.ts';
import type { Listener } from './stream.ts';
import { SimulatedStreams } from './stream.ts';
import type { SimulatedTransport } from './transport.ts';

export interface ClusterOptions {
  readonly world: World;
  readonly random: Random;
  readonly witness: Witness;
  readonly settings: Settings;
  /** What differs from node to node. */
  readonly vary?: (settings: Settings) => Settings;
  readonly size: number;
  readonly clockDrift: number;
  /** Of a first member: that its program is of an older release. */
  readonly olderProbability?: number;
}

export class Cluster {
  readonly nodes: Map<string, SimulatedNode> = new Map();
  readonly streams: SimulatedStreams;
  /** Nodes whose disk cannot be trusted any more. */
  readonly damaged: Set<string> = new Set();
  /** Nodes that were taken out for good. */
  readonly retired: Set<string> = new Set();
  /** Nodes that are being added or removed at this moment. */
  readonly changing: Set<string> = new Set();
  /** Nodes with an older program than they had. */
  readonly #wentBack = new Set<string>();
  readonly #options: ClusterOptions;
  readonly #listeners = new Map<string, Listener>();
  readonly #switchboard = new Map<string, SimulatedTransport>();
  readonly #firstMembers: readonly string[];
  #nextNode = 1;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.streams = new SimulatedStreams(options.world, this.#listeners);
    this.#firstMembers = Array.from(
      { length: options.size },
      (_, index) => `n${String(index + 1)}`,
    );
    for (let count = 0; count < options.size; count++) this.#add(false);
  }

  get all(): readonly SimulatedNode[] {
    return [...this.nodes.values()];
  }

  get running(): readonly SimulatedNode[] {
    return this.all.filter((node) => node.machine.state === 'running' && node.engine !== undefined);
  }

  /** Who leads and is ready to, in the highest term. */
  leader(): SimulatedNode | undefined {
    let found: SimulatedNode | undefined;
    let foundTerm = -1;
    for (const node of this.running) {
      const status = node.replica?.status();
      if (status === undefined || status.role !== 'leader' || !status.ready) continue;
      if (status.term > foundTerm) [found, foundTerm] = [node, status.term];
    }
    return found;
  }

  /** A node that is to be taken into the cluster. */
  addNewcomer(): SimulatedNode {
    const node = this.#add(true);
    this.start(node);
    return node;
  }

  #add(join: boolean): SimulatedNode {
    const {
      world,
      random,
      witness,
      settings,
      vary,
      clockDrift,
      olderProbability = 0,
    } = this.#options;
    const isOlder = !join && olderProbability > 0 && random.withProbability(olderProbability);
    const name = `n${String(this.#nextNode++)}`;
    const node = new SimulatedNode({
      world,
      machine: world.machine(name, clockDrift),
      random: random.fork(),
      settings: vary === undefined ? settings : vary(settings),
      initialMembers: this.#firstMembers,
      join,
      supportedFeatureLevel: isOlder ? firstFeatureLevel : latestFeatureLevel,
      switchboard: this.#switchboard,
      witness,
      onEnd: (ended, error) => this.#ended(ended, error),
    });
    this.nodes.set(name, node);
    this.#listeners.set(name, node);
    return node;
  }

  start(node: SimulatedNode): void {
    if (node.machine.isOn || this.damaged.has(node.id) || this.retired.has(node.id)) return;
    const { world } = this.#options;
    world.tell(node.id, 'starts');
    node.start().catch((error: unknown) => this.#ended(node, error as Error));
  }

  /** From its next start on it is another program. */
  install(node: SimulatedNode, supportedFeatureLevel: number): void {
    this.#options.world.tell(node.id, `supports feature level ${String(supportedFeatureLevel)}`);
    if (supportedFeatureLevel < node.supportedFeatureLevel) this.#wentBack.add(node.id);
    node.supportedFeatureLevel = supportedFeatureLevel;
  }

  /**
   * A node stopped because its program does not support the level of its cluster (FEATURE-4 of the engine). That is right
   * only where an older program was put in the place of the one that had told that it does (FEATURE-2), and where it
   * is no member any more for those that know the level.
   */
  #isTooOld(node: SimulatedNode, error: Error): boolean {
    if (error.name !== 'FeatureLevelError') return false;
    const above = this.running.filter(
      ({ replica }) => (replica?.levels().inForce ?? 0) > node.supportedFeatureLevel,
    );
    if (above.length > 0 && above.every((other) => !other.counts(node.id))) {
      this.retire(node.id);
      return true;
    }
    if (!this.#wentBack.delete(node.id)) return false;
    this.kill(node);
    this.install(node, latestFeatureLevel);
    this.#options.world.timeline.after(10, () => this.start(node));
    return true;
  }

  /** With the power of its machine. @param leaves Of what its disk is writing. */
  kill(node: SimulatedNode, leaves?: CutLeaves): void {
    this.#end(node, 'is killed', () => node.kill(leaves));
  }

  /** As `kill -9` does: what the system had taken is there at the next start, synced or not. */
  killProcess(node: SimulatedNode): void {
    this.#end(node, 'is killed, and its machine is not', () => node.killProcess());
  }

  #end(node: SimulatedNode, how: string, act: () => void): void {
    if (!node.machine.isOn) return;
    this.#options.world.tell(node.id, how);
    this.streams.processEnded(node.machine);
    act();
  }

  /** It is no member any more: its operator switches it off. */
  retire(id: string): void {
    const node = this.nodes.get(id);
    if (node === undefined || this.retired.has(id)) return;
    this.retired.add(id);
    this.#options.world.tell(id, 'is retired');
    this.kill(node);
  }

  /**
   * A change of the members was told as done: it is in the log of a majority, and so in that of some node that runs,
   * where most of them run.
   */
  compareChange(id: string, isToBeMember: boolean): void {
    const there = this.all.filter((node) => !this.retired.has(node.id));
    const known = this.running
      .map((node) => node.replica?.status().membership.members ?? [])
      .filter((members) => members.length > 0);
    if (known.length * 2 <= there.length) return;
    if (known.some((members) => members.some((one) => one.id === id) === isToBeMember)) return;
    this.#options.world.violation(
      `A change of ${id} was told as done that no node which runs has in its log.`,
    );
  }

  /** Retires whoever no other node counts as a member. */
  retireStrangers(): void {
    for (;;) {
      const strangers = this.running.filter(
        ({ id }) => !this.changing.has(id) && this.running.every((other) => !other.counts(id)),
      );
      if (strangers.length === 0 || this.running.length === 1) return;
      for (const { id } of strangers) this.retire(id);
    }
  }

  /** Turns a bit of its disk and starts it: it must refuse, and say why. */
  damage(node: SimulatedNode): void {
    this.kill(node);
    const hit = node.disk.flipBit();
    if (hit !== undefined) this.#mustRefuse(node, `a turned bit in ${hit}`, 'StorageDamagedError');
  }

  /** Its log is lost and its identity is not: started as always it must refuse, or it would vote again. */
  loseLog(node: SimulatedNode): void {
    this.kill(node);
    if (node.disk.loseLog()) this.#mustRefuse(node, 'no log', 'LogMissingError');
  }

  /** An older identity is put back beside a log that was used: begun anew, the node would forget what it acknowledged. */
  putIdentityBack(node: SimulatedNode): void {
    this.kill(node);
    if (node.disk.forgetThatItWasMade())
      this.#mustRefuse(node, 'an older identity', 'LogMissingError');
  }

  #mustRefuse(node: SimulatedNode, what: string, errorName: string): void {
    const { world } = this.#options;
    world.tell(node.id, `has ${what}`);
    this.damaged.add(node.id);
    node.start().then(
      () => world.violation(`${node.id} started with ${what}.`),
      (error: unknown) => {
        this.kill(node);
        if (!(error instanceof Error) || error.name !== errorName)
          world.violation(`${node.id} met ${what} and said: ${String(error)}`, error);
        else world.tell(node.id, `refuses to start: ${error.message}`);
      },
    );
  }

  /** A node stops by itself only where its disk failed; it comes back when the disk does. */
  #ended(node: SimulatedNode, error: Error): void {
    const { world } = this.#options;
    if (this.#isTooOld(node, error)) return;
    if (node.disk.trouble === 'none') {
      const told = `${node.id} stopped: ${error.stack ?? error.message}`;
      if (error.name === 'FeatureLevelError') world.violation(told);
      else world.nodeFailed(told, error);
      return;
    }
    this.#compareReadError(node, error);
    world.tell(node.id, `stops: ${error.message}`);
    this.kill(node);
  }

  /** A disk that is not read tells nothing of what is on it: a node that says it is damaged, or empty, has its operator give it up. */
  #compareReadError(node: SimulatedNode, error: Error): void {
    if (!node.disk.failsReads) return;
    if (!tellsOfRead(error))
      this.#options.world.violation(
        `${node.id} could not read its disk, and stopped with another reason: ${String(error)}`,
        error,
      );
  }

  close(): void {
    for (const node of this.all) {
      if (node.machine.isOn) node.machine.end();
    }
  }
}

const tellsOfRead = (error: unknown): boolean =>
  error instanceof Error &&
  ((error instanceof DiskError && error.operation === 'read' && error.systemCode === 'EIO') ||
    tellsOfRead(error.cause));
