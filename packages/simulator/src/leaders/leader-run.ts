/**
 * One run of a cluster whose leader changes all the time and in which clients die, from a seed: what the sessions
 * of the dead held is free in time, and nobody who lives loses what it believes in (`leases.ts`).
 */
import type { AssembledEngine, Batch } from '@holdfast/engine/parts';
import type { Applied } from '@holdfast/state';
import { Beliefs } from '../checks/beliefs.ts';
import { Witness } from '../checks/witness.ts';
import { Cluster } from '../cluster/cluster.ts';
import { Agreement } from '../run/agreement.ts';
import { BrokenRun } from '../run/broken-run.ts';
import type { RunResult } from '../run/cluster-run.ts';
import { LastFaults } from '../run/last-faults.ts';
import type { Random } from '../world/random.ts';
import { Violation, World } from '../world/world.ts';
import { LockKeeper } from './keeper.ts';
import { Leases } from './leases.ts';

const lookEveryMs = 10;
/** A node that was killed is started again within this. */
const restartBoundMs = 500;
/** Longer than any session of the dead may stand, most of it without a leader. */
const settleBoundMs = 120_000;

const settings = {
  heartbeatMs: 100,
  electionTimeoutMinMs: 300,
  electionTimeoutMaxMs: 600,
  maxAppendBytes: 1024 * 1024,
  maxBatchBytes: 1024 * 1024,
  snapshotChunkBytes: 256 * 1024,
  maxEntriesPerTurn: 1000,
};

class LeaseWitness extends Witness {
  leases: Leases | undefined;

  override onApplied(
    nodeId: string,
    index: number,
    batch: Batch,
    applied: Applied,
    replica: AssembledEngine['replica'],
  ): void {
    super.onApplied(nodeId, index, batch, applied, replica);
    for (const event of applied.events)
      if (event.type === 'session_ended') this.leases?.ended(event.sessionId, event.reason);
  }
}

/** @throws BrokenRun */
export async function simulateLeaders(
  seed: bigint,
  trace?: (line: string) => void,
): Promise<RunResult> {
  return guarded(new LeaderRun(new World(seed, trace), seed, false), (run) => run.execute());
}

/** Entries that a cluster appends in so long in which its clients do nothing but live. */
export async function entriesWhileIdle(seed: bigint, durationMs: number): Promise<number> {
  return guarded(new LeaderRun(new World(seed), seed, true), (run) => run.idle(durationMs));
}

async function guarded<T>(run: LeaderRun, act: (run: LeaderRun) => Promise<T>): Promise<T> {
  const onRejection = (reason: unknown): void => run.world.timeline.fail(reason);
  process.on('unhandledRejection', onRejection);
  try {
    return await act(run);
  } catch (error) {
    throw error instanceof BrokenRun ? error : new BrokenRun(error, []);
  } finally {
    process.off('unhandledRejection', onRejection);
    run.end();
  }
}

class LeaderRun {
  readonly world: World;
  readonly #seed: bigint;
  readonly #random: Random;
  readonly #witness: LeaseWitness;
  readonly #leases: Leases;
  readonly #cluster: Cluster;
  readonly #keepers: readonly LockKeeper[];
  /** Leadership is handed over, and nothing worse. */
  readonly #isGentle: boolean;
  /** How long nodes lead. */
  readonly #shortestMs: number;
  readonly #longestMs: number;
  #leader: string | undefined;
  #leftMs = 0;
  #changes = 0;
  #isOver = false;
  #keepsLeaders = false;

  constructor(world: World, seed: bigint, isIdle: boolean) {
    this.world = world;
    this.#seed = seed;
    const random = world.random.fork();
    this.#random = random;
    this.#isGentle = random.withProbability(0.4);
    const clockDrift = random.pick([0, 0.0005, 0.02]);
    this.#shortestMs = random.pick([300, 300, 1000]);
    this.#longestMs = random.pick([300, 1000, 3000, 6000]);
    this.#witness = new LeaseWitness(world, clockDrift);
    this.#leases = new Leases(world, clockDrift, this.#isGentle);
    this.#witness.leases = this.#leases;
    const beliefs = new Beliefs((message) => world.violation(message));
    this.#cluster = new Cluster({
      world,
      random: random.fork(),
      witness: this.#witness,
      size: random.pick([3, 3, 5]),
      clockDrift,
      settings: {
        ...settings,
        snapshotLogBytes: random.pick([3000, 64 * 1024 * 1024]),
        keptEntries: random.pick([0, 1000]),
      },
    });
    this.#keepers = Array.from(
      { length: 2 + random.below(3) },
      (_, index) =>
        new LockKeeper({
          world,
          machine: world.machine(`k${String(index + 1)}`, clockDrift),
          random: random.fork(),
          streams: this.#cluster.streams,
          endpoints: () => random.shuffled(this.#cluster.all.map(({ id }) => `http://${id}`)),
          leases: this.#leases,
          beliefs,
          timeoutSeconds: random.pick([2, 3, 6]),
          isIdle,
        }),
    );
  }

  async execute(): Promise<RunResult> {
    const { world } = this;
    this.#begin();
    this.#look();
    this.#plan(() => this.#killSomeone(), 8000);
    await world.timeline.run(this.#random.between(20_000, 60_000));
    // No more die; the dead are waited for while leaders go on changing.
    this.#isOver = true;
    const isSettled = (): boolean => this.#leases.dead === 0;
    await world.timeline.run(world.nowMs + settleBoundMs, isSettled);
    if (!isSettled()) throw new Violation('Sessions of dead clients stand for ever.');
    await this.#endDisks();
    return {
      seed: this.#seed,
      virtualMs: world.nowMs,
      events: world.timeline.events,
      commands: this.#witness.commands,
      grants: this.#witness.grants,
      cycles: this.#keepers.reduce((sum, { homecomings }) => sum + homecomings, 0),
      operations: this.#changes,
      refusedWrites: 0,
      undecided: [],
      recoveredMs: this.#leases.expired === 0 ? null : this.#leases.longestMs,
    };
  }

  /** As every run of a cluster does, in peace. */
  async #endDisks(): Promise<void> {
    const { world } = this;
    this.#keepsLeaders = true;
    for (const keeper of this.#keepers) if (keeper.machine.isOn) keeper.kill('crash');
    await world.timeline.run(world.nowMs + restartBoundMs);
    const cluster = this.#cluster;
    const agreement = new Agreement(world, cluster, this.#witness);
    const faults = new LastFaults({ world, random: this.#random, cluster, agreement });
    await faults.tearOne(true);
    await faults.damageOne();
  }

  async idle(durationMs: number): Promise<number> {
    const { world } = this;
    this.#begin();
    const isAtHome = (): boolean => this.#keepers.every(({ homecomings }) => homecomings === 1);
    await world.timeline.run(20_000, isAtHome);
    // What the beginning of the leadership and of the sessions left to be logged is logged by then.
    await world.timeline.run(world.nowMs + 10_000);
    const before = this.#lastIndex();
    await world.timeline.run(world.nowMs + durationMs);
    if (!isAtHome()) throw new Violation('A session was lost while nothing happened.');
    return this.#lastIndex() - before;
  }

  #lastIndex(): number {
    return this.#cluster.running.reduce(
      (most, { replica }) => Math.max(most, replica?.status().lastIndex ?? 0),
      0,
    );
  }

  end(): void {
    for (const { machine } of this.#keepers) machine.end();
    this.#cluster.close();
  }

  #begin(): void {
    for (const node of this.#cluster.all) this.#cluster.start(node);
    for (const keeper of this.#keepers) keeper.start();
  }

  #plan(act: () => void, meanMs: number): void {
    this.world.timeline.after(this.#random.between(0, 2 * meanMs), () => {
      if (this.#isOver) return;
      act();
      this.#plan(act, meanMs);
    });
  }

  /** Counts the time with a leader, and ends each leadership after its time. */
  #look(): void {
    this.world.timeline.after(lookEveryMs, () => {
      this.#look();
      const leader = this.#cluster.leader();
      if (leader === undefined) return;
      this.#leases.led(lookEveryMs);
      if (this.#keepsLeaders) return;
      if (leader.id !== this.#leader) {
        this.#leader = leader.id;
        this.#changes += 1;
        this.#leftMs = this.#random.between(this.#shortestMs, this.#longestMs);
      }
      this.#leftMs -= lookEveryMs;
      if (this.#leftMs > 0) return;
      this.#leftMs = this.#longestMs;
      if (this.#isGentle || this.#random.withProbability(0.5))
        leader.engine?.transferLeadership(null).catch(() => undefined);
      else this.#restart(leader);
    });
  }

  #restart(node: NonNullable<ReturnType<Cluster['leader']>>): void {
    this.#leader = undefined;
    this.#cluster.kill(node);
    this.world.timeline.after(this.#random.between(1, restartBoundMs), () =>
      this.#cluster.start(node),
    );
  }

  #killSomeone(): void {
    const keeper = this.#random.pick(this.#keepers);
    keeper.kill(this.#random.withProbability(0.5) ? 'crash' : 'power');
    this.world.timeline.after(this.#random.between(0, 5000), () => {
      if (!keeper.machine.isOn) keeper.start();
    });
  }
}
