/** A program that uses quorum locks through the client as it ships. */
import { Quorum } from '@holdfast/quorum-client';
import type { QuorumHold } from '@holdfast/quorum-client';
import { HoldfastError } from '@holdfast/protocol';
import type { QuorumSet } from '@holdfast/protocol';
import type { Machine } from '../world/machine.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';
import type { Ballots } from './ballots.ts';
import type { LeaseMachine } from './lease-machine.ts';
import type { NetworkLines } from './lines.ts';
import type { Promises } from './promises.ts';
import type { QuorumSets } from './quorum-sets.ts';
import { SimulatedVoter } from './simulated-voter.ts';

export interface QuorumWorkerOptions {
  readonly world: World;
  readonly machine: Machine;
  readonly random: Random;
  readonly nodes: readonly LeaseMachine[];
  readonly sets: QuorumSets;
  readonly lines: NetworkLines;
  readonly ballots: Ballots;
  readonly promises: Promises;
  readonly resources: readonly string[];
  readonly ttlMs: number;
  readonly driftBufferMs: number;
}

const nodeTimeoutMs = 400;

export class QuorumWorker {
  readonly machine: Machine;
  readonly #options: QuorumWorkerOptions;
  /** How often it held something. */
  cycles = 0;
  attempts = 0;

  constructor(options: QuorumWorkerOptions) {
    this.#options = options;
    this.machine = options.machine;
  }

  start(): void {
    if (this.machine.isOn) return;
    this.machine.start();
    this.#work().catch((error: unknown) => this.#options.world.timeline.fail(error));
  }

  kill(): void {
    this.machine.end();
  }

  async #work(): Promise<void> {
    const { world, random, machine, sets, ballots, resources } = this.#options;
    let told = sets.current;
    let quorum = this.#quorum(told);
    for (;;) {
      const name = random.pick(resources);
      this.attempts += 1;
      try {
        const waitMs = random.pick([0, 500, 20_000]);
        if (told !== sets.current && random.withProbability(0.7)) {
          told = sets.current;
          quorum = this.#quorum(told);
        }
        const asked = random.withProbability(0.1) ? this.#quorum(sets.wrong()) : quorum;
        const hold = await asked.lock(name).acquire({ waitMs });
        world.tell(machine.name, `holds ${name} with token ${String(hold.fenceToken)}`);
        ballots.held(machine, hold);
        await this.#use(hold);
        this.cycles += 1;
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error;
      }
      await machine.sleep(random.between(0, 300));
    }
  }

  #quorum(set: QuorumSet): Quorum {
    const { random, machine, nodes, lines, ballots, promises } = this.#options;
    const { ttlMs, driftBufferMs } = this.#options;
    const members = nodes.filter((node) => set.members.includes(node.machine.name));
    return new Quorum(
      {
        voters: members.map(
          (node) => new SimulatedVoter(lines, machine, node, { ballots, promises }, set),
        ),
        clientId: machine.name,
        ttlMs,
        driftBufferMs,
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
  }

  async #use(hold: QuorumHold): Promise<void> {
    const { world, random, machine } = this.#options;
    for (let writes = random.below(4); writes >= 0; writes--) {
      await machine.sleep(random.between(0, random.pick([50, 1500])));
      if (hold.isHeld()) this.#write(hold);
    }
    world.tell(machine.name, `gives ${hold.name} back`);
    await hold.release();
  }

  /** Looked, then wrote; the write may be long under way. */
  #write(hold: QuorumHold): void {
    const { world, random, machine, ballots } = this.#options;
    const delayMs = random.withProbability(0.2) ? random.between(0, 6000) : world.network.delayMs();
    const { process } = machine;
    world.timeline.after(delayMs, () => {
      const holds = machine.process === process && machine.isOn && hold.isHeld();
      ballots.write(hold.name, hold.fenceToken, holds);
    });
  }
}
