/**
 * One run of a quorum lease, from a seed: first safety under faults (`ballots.ts`), then everything is
 * mended and every client must be served again.
 */
import type { QuorumSet } from '@holdfast/protocol';
import { Violation, World } from '../world/world.ts';
import type { Random } from '../world/random.ts';
import { BrokenRun } from '../run/broken-run.ts';
import type { RunResult } from '../run/cluster-run.ts';
import { Ballots } from './ballots.ts';
import { LeaseMachine } from './lease-machine.ts';
import { NetworkLines } from './lines.ts';
import { peersOf } from './peers.ts';
import { Promises } from './promises.ts';
import { QuorumFaults, quorumFaultKinds } from './quorum-faults.ts';
import { QuorumLosses } from './quorum-losses.ts';
import { QuorumWorker } from './quorum-worker.ts';
import { QuorumSets } from './quorum-sets.ts';

/** Every client has been served within so long after everything is mended, many ttls and waits. */
const progressBoundMs = 120_000;
/** What no drift buffer is for. */
const wildDrift = 0.3;
/** The largest ratio that a drift buffer of 2 % of the ttl stands: each clock is off by up to half of it. */
const clockDrift = 0.0098;
const driftShare = 0.02;

/** @throws BrokenRun */
export async function simulateQuorum(
  seed: bigint,
  trace?: (line: string) => void,
): Promise<RunResult> {
  const run = new QuorumRun(new World(seed, trace), seed);
  const onRejection = (reason: unknown): void => run.world.timeline.fail(reason);
  process.on('unhandledRejection', onRejection);
  try {
    return await run.execute();
  } catch (error) {
    throw error instanceof BrokenRun ? error : new BrokenRun(error, []);
  } finally {
    process.off('unhandledRejection', onRejection);
    run.end();
  }
}

class QuorumRun {
  readonly world: World;
  readonly #seed: bigint;
  readonly #random: Random;
  readonly #ballots: Ballots;
  readonly #nodes: readonly LeaseMachine[];
  readonly #workers: readonly QuorumWorker[];
  readonly #faults: QuorumFaults;
  readonly #lines: NetworkLines;
  readonly #losses: QuorumLosses;
  readonly #sets: QuorumSets;

  constructor(world: World, seed: bigint) {
    this.world = world;
    this.#seed = seed;
    const random = world.random.fork();
    this.#random = random;
    // Clocks as far apart as they may be, now and then: what the drift buffer is for.
    const drift = random.pick([0, 0.001, clockDrift, clockDrift, clockDrift, wildDrift]);
    const clocksAgree = drift < wildDrift;
    const ttlMs = random.pick([1000, 3000, 10_000]);
    const driftBufferMs = ttlMs * driftShare;
    const promises = new Promises(ttlMs - driftBufferMs);
    this.#ballots = new Ballots(clocksAgree, promises, (message) => world.violation(message));
    this.#lines = new NetworkLines(world.network, random.fork());
    const names = Array.from({ length: 7 }, (_, index) => `node${String(index + 1)}`);
    const first = { epoch: 1, members: names.slice(0, random.pick([3, 3, 3, 5, 5, 7])) };
    this.#nodes = this.#build(names, first, { drift, longestTtlMs: ttlMs, driftBufferMs });
    this.#sets = new QuorumSets({
      world,
      random: random.fork(),
      operator: world.machine('operator', drift),
      nodes: this.#nodes,
      lines: this.#lines,
      ballots: this.#ballots,
      first,
      longestTtlMs: ttlMs,
    });
    const resources = ['red', 'blue', 'green', 'grey', 'gold'].slice(0, 1 + random.below(5));
    this.#workers = Array.from(
      { length: 2 + random.below(4) },
      (_, index) =>
        new QuorumWorker({
          world,
          machine: world.machine(`client${String(index + 1)}`, drift),
          random: random.fork(),
          nodes: this.#nodes,
          sets: this.#sets,
          lines: this.#lines,
          ballots: this.#ballots,
          promises,
          resources,
          ttlMs,
          driftBufferMs,
        }),
    );
    const kinds = quorumFaultKinds.filter(() => random.withProbability(0.4));
    world.tell('run', `ttl ${String(ttlMs)} ms, faults: ${kinds.join(', ')}`);
    this.#faults = new QuorumFaults(
      world,
      this.#nodes,
      this.#workers,
      this.#ballots,
      this.#sets,
      kinds,
    );
    this.#losses = new QuorumLosses({
      world,
      sets: this.#sets,
      clients: this.#workers.map(({ machine }) => machine.name),
      lines: this.#lines,
      ballots: this.#ballots,
      longestTtlMs: ttlMs,
    });
  }

  #build(
    names: readonly string[],
    first: QuorumSet,
    {
      drift,
      longestTtlMs,
      driftBufferMs,
    }: {
      readonly drift: number;
      readonly longestTtlMs: number;
      readonly driftBufferMs: number;
    },
  ): readonly LeaseMachine[] {
    const { world } = this;
    const random = this.#random;
    const maxRows = random.pick([2, 100]);
    const nodes: LeaseMachine[] = [];
    for (const name of names) {
      const machine = world.machine(name, drift);
      nodes.push(
        new LeaseMachine({
          world,
          machine,
          random: random.fork(),
          longestTtlMs,
          driftBufferMs,
          maxRows,
          told: first.members.includes(name) ? first : undefined,
          ...peersOf(this.#lines, machine, nodes),
        }),
      );
    }
    return nodes;
  }

  async execute(): Promise<RunResult> {
    const { world } = this;
    for (const node of this.#nodes) if (node.told === undefined) node.start();
    this.#losses.begin();
    for (const worker of this.#workers) worker.start();
    this.#faults.start(this.#random.pick([200, 1000, 4000]));
    if (this.#random.withProbability(0.5)) this.#losses.start(this.#random.pick([4000, 15_000]));
    await world.timeline.run(this.#random.between(20_000, 90_000));
    this.#losses.mend();
    this.#faults.mend();
    const recoveredMs = await this.#everybodyServed();
    return {
      seed: this.#seed,
      virtualMs: world.nowMs,
      events: world.timeline.events,
      commands: this.#ballots.votes,
      grants: this.#sum((worker) => worker.cycles),
      cycles: this.#sum((worker) => worker.cycles),
      operations: this.#sum((worker) => worker.attempts),
      refusedWrites: this.#ballots.refusedWrites,
      undecided: [],
      recoveredMs,
    };
  }

  async #everybodyServed(): Promise<number> {
    const { world } = this;
    const startedMs = world.nowMs;
    const before = this.#workers.map((worker) => worker.cycles);
    const waiting = (): QuorumWorker[] =>
      this.#workers.filter((worker, index) => worker.cycles <= (before[index] ?? 0));
    await world.timeline.run(
      startedMs + progressBoundMs,
      () => waiting().length === 0 && !this.#sets.isChanging,
    );
    if (this.#sets.isChanging)
      throw new Violation(
        `The set was not changed within ${String(progressBoundMs)} ms after all was mended.`,
      );
    const left = waiting().map(({ machine }) => machine.name);
    if (left.length > 0)
      throw new Violation(
        `Mended nodes did not serve ${left.join(', ')} within ${String(progressBoundMs)} ms.`,
      );
    return world.nowMs - startedMs;
  }

  #sum(of: (worker: QuorumWorker) => number): number {
    return this.#workers.reduce((sum, worker) => sum + of(worker), 0);
  }

  end(): void {
    for (const node of this.#nodes) node.kill();
    for (const worker of this.#workers) worker.kill();
  }
}
