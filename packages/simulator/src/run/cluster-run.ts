/**
 * One run of a cluster, from a seed.
 *
 * First safety under faults. Then a majority is mended and must go on within bounded virtual time,
 * whatever came before. Then everything is mended, all clients go, and what they had must be given back
 * and all nodes must agree. At the end the power of one node goes while it writes, which it must survive, and a bit of one
 * disk is turned, which that node must notice; and the history of the clients is judged.
 */
import { checkLinearizable, lockModel, poolModel } from '@holdfast/checker';
import type { LockOperation, Verdict } from '@holdfast/checker';
import { Beliefs } from '../checks/beliefs.ts';
import { Witness } from '../checks/witness.ts';
import { Recorder } from '../clients/recorder.ts';
import type { LockRecorder, PoolRecorder } from '../clients/recorder.ts';
import { slotLimit } from '../clients/slots.ts';
import { Cluster } from '../cluster/cluster.ts';
import { quickDisk } from '../world/disk.ts';
import { calm } from '../world/network.ts';
import type { Random } from '../world/random.ts';
import { Violation, World } from '../world/world.ts';
import { Agreement, settleBoundMs } from './agreement.ts';
import { hireClients } from './clients.ts';
import type { SimulatedClient } from './clients.ts';
import { Faults } from './faults.ts';
import { LastFaults, startBoundMs } from './last-faults.ts';
import { planOf } from './plan.ts';
import type { Plan } from './plan.ts';

/** A mended majority has every client served again within this. */
const progressBoundMs = 40_000;
/** Steps alone: what a seed says does not depend on how fast the machine is. */
const judgeLimits = { maxSteps: 2_000_000, deadlineMs: Number.POSITIVE_INFINITY };

export interface RunResult {
  readonly seed: bigint;
  readonly virtualMs: number;
  readonly events: number;
  readonly commands: number;
  readonly grants: number;
  readonly cycles: number;
  readonly operations: number;
  /** Writes of zombies that a resource refused. */
  readonly refusedWrites: number;
  /** Keys of histories whose search was cancelled: nothing wrong was found of them, and nothing proven. */
  readonly undecided: readonly string[];
  /** Virtual time from the mending of a majority until every client had been served; null where too few disks were left. */
  readonly recoveredMs: number | null;
}

/** A run that broke a promise. */
export class BrokenRun extends Error {
  override readonly name: string = 'BrokenRun';
  readonly history: readonly LockOperation[];
  readonly verdict: Verdict | undefined;

  constructor(cause: unknown, history: readonly LockOperation[], verdict?: Verdict) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.history = history;
    this.verdict = verdict;
  }
}

/** Errors by which a promise's own check in a node tells that it is broken: an invariant, and what a disk has to have. */
const promiseErrors: ReadonlySet<string> = new Set([
  'RaftInvariantError',
  'StateInvariantError',
  'StorageDamagedError',
  'LogMissingError',
]);

/**
 * Whether a check said that a promise is broken: of the simulator, of the judge, or of a node (the cause of its end). Any
 * other error ends a run too, and says nothing of a promise.
 */
export function isBrokenPromise(error: unknown): boolean {
  if (!(error instanceof BrokenRun)) return false;
  return error.verdict?.type === 'violation' || tellsOfPromise(error.cause);
}

const tellsOfPromise = (error: unknown): boolean =>
  error instanceof Error &&
  (error instanceof Violation || promiseErrors.has(error.name) || tellsOfPromise(error.cause));

/** @throws BrokenRun */
export async function simulateCluster(
  seed: bigint,
  trace?: (line: string) => void,
): Promise<RunResult> {
  const run = new ClusterRun(new World(seed, trace), seed);
  const onRejection = (reason: unknown): void => run.world.timeline.fail(reason);
  process.on('unhandledRejection', onRejection);
  try {
    return await run.execute();
  } catch (error) {
    throw error instanceof BrokenRun ? error : new BrokenRun(error, run.recorder.history);
  } finally {
    process.off('unhandledRejection', onRejection);
    run.end();
  }
}

class ClusterRun {
  readonly world: World;
  readonly recorder: LockRecorder;
  readonly #poolRecorder: PoolRecorder;
  readonly #seed: bigint;
  readonly #random: Random;
  readonly #witness: Witness;
  readonly #beliefs: Beliefs;
  readonly #cluster: Cluster;
  readonly #workers: readonly SimulatedClient[];
  readonly #faults: Faults;
  readonly #agreement: Agreement;
  readonly #plan: Plan;

  constructor(world: World, seed: bigint) {
    this.world = world;
    this.#seed = seed;
    const random = world.random.fork();
    this.#random = random;
    this.#beliefs = new Beliefs((message) => world.violation(message));
    this.recorder = new Recorder(world);
    this.#poolRecorder = new Recorder(world);
    const plan = planOf(random);
    this.#plan = plan;
    this.#witness = new Witness(world, plan.clockDrift);
    const { kinds } = plan;
    this.#cluster = new Cluster({
      world,
      random: random.fork(),
      witness: this.#witness,
      size: plan.size,
      clockDrift: plan.clockDrift,
      settings: plan.settings,
      vary: plan.vary,
      olderProbability: plan.olderProbability,
    });
    this.#workers = hireClients({
      world,
      random,
      plan,
      witness: this.#witness,
      beliefs: this.#beliefs,
      recorder: this.recorder,
      poolRecorder: this.#poolRecorder,
      streams: this.#cluster.streams,
      endpoints: () => this.#endpoints(),
    });
    this.#agreement = new Agreement(world, this.#cluster, this.#witness);
    world.tell('run', `about ${plan.focus}, faults: ${kinds.join(', ')}`);
    this.#faults = new Faults(
      world,
      random.fork(),
      this.#cluster,
      this.#workers,
      kinds,
      this.#witness,
    );
  }

  #endpoints(): string[] {
    const { all, retired } = this.#cluster;
    return all.filter(({ id }) => !retired.has(id)).map(({ id }) => `http://${id}`);
  }

  async execute(): Promise<RunResult> {
    for (const node of this.#cluster.all) this.#cluster.start(node);
    for (const worker of this.#workers) worker.start();
    this.#faults.start(this.#plan.meanPauseMs);
    await this.world.timeline.run(this.#plan.sufferMs);
    this.#faults.stop();
    const recoveredMs = await this.#mendMajority();
    await this.#settle();
    await this.#endDisks();
    const undecided = this.#judge();
    return {
      seed: this.#seed,
      virtualMs: this.world.nowMs,
      events: this.world.timeline.events,
      commands: this.#witness.commands,
      grants: this.#witness.grants,
      cycles: this.#workers.reduce((sum, worker) => sum + worker.cycles, 0),
      operations: this.recorder.history.length + this.#poolRecorder.history.length,
      refusedWrites: this.#beliefs.refusedWrites,
      undecided,
      recoveredMs,
    };
  }

  end(): void {
    for (const worker of this.#workers) worker.machine.end();
    this.#cluster.close();
  }

  #mendAll(): void {
    this.world.network.conditions = calm;
    this.world.network.healAll();
    for (const node of this.#cluster.all) {
      node.disk.trouble = 'none';
      node.disk.conditions = quickDisk;
      node.disk.otherConditions = quickDisk;
      node.machine.resume();
      this.#cluster.start(node);
    }
  }

  /** Returns how long it took until every client was served, or null where too few disks are left. */
  async #mendMajority(): Promise<number | null> {
    this.#mendAll();
    // A node's idea of the members is known when it has read its disk; without it a member may be taken for a stranger.
    const areRead = (): boolean =>
      this.#cluster.all.every(({ machine, replica }) => !machine.isOn || replica !== undefined);
    await this.world.timeline.run(this.world.nowMs + startBoundMs, areRead);
    // How long a disk takes is no promise.
    if (!areRead()) throw new Error('A mended node did not read its disk in time.');
    this.#cluster.retireStrangers();
    if (!this.#canGoOnWithout([])) return null;
    const left = this.#leaveOutMinority();
    this.world.tell('run', `a majority is mended; left out: ${left.join(', ') || 'nobody'}`);
    for (const worker of this.#workers) {
      worker.machine.resume();
      if (!worker.machine.isOn) worker.start();
    }
    const startedMs = this.world.nowMs;
    const before = this.#workers.map((worker) => worker.cycles);
    const served = (): boolean =>
      this.#workers.every((worker, index) => worker.cycles > (before[index] ?? 0));
    await this.world.timeline.run(startedMs + progressBoundMs, served);
    if (!served()) {
      const waiting = this.#workers.filter(
        (worker, index) => worker.cycles <= (before[index] ?? 0),
      );
      throw new Violation(
        `A mended majority did not serve ${waiting.map((worker) => worker.machine.name).join(', ')} within ${String(progressBoundMs)} ms.`,
      );
    }
    return this.world.nowMs - startedMs;
  }

  /** By every node's idea of who votes. */
  #canGoOnWithout(left: readonly string[]): boolean {
    const gone = new Set([...left, ...this.#cluster.damaged]);
    return this.#cluster.running.every((node) => {
      const members = node.replica?.status().membership.members ?? [];
      const voters = members.filter((member) => member.role === 'voter');
      const there = voters.filter((voter) => !gone.has(voter.id));
      return voters.length === 0 || there.length * 2 > voters.length;
    });
  }

  #leaveOutMinority(): string[] {
    const left: string[] = [];
    const learners = this.#cluster.running.some((node) =>
      node.replica?.status().membership.members.some((member) => member.role === 'learner'),
    );
    // Who votes is about to change: which majority is one cannot be told.
    if (learners || this.#cluster.changing.size > 0) return left;
    for (const { id } of this.#random.shuffled(this.#cluster.running)) {
      if (!this.#random.withProbability(0.5) || !this.#canGoOnWithout([...left, id])) continue;
      left.push(id);
    }
    const names = [...this.#cluster.all, ...this.#workers].map(({ machine }) => machine.name);
    for (const one of left) {
      for (const other of names) {
        this.world.network.cut(one, other);
        this.world.network.cut(other, one);
      }
    }
    return left;
  }

  /** All clients go; what they had is given back; all members agree. */
  async #settle(): Promise<void> {
    this.#mendAll();
    for (const worker of this.#workers) worker.kill();
    if (!this.#canGoOnWithout([])) return;
    const settled = (): boolean => {
      const leader = this.#cluster.leader();
      const stats = leader?.replica?.state.stats();
      if (stats === undefined || stats.activeSessions > 0) return false;
      // What sessions had that ended is given back by the entries after their end.
      if (stats.heldLocks > 0 || stats.waiters > 0) return false;
      return this.#agreement.isReached;
    };
    await this.world.timeline.run(this.world.nowMs + settleBoundMs, settled);
    const leader = this.#cluster.leader();
    if (leader === undefined) throw new Violation('A whole cluster has no leader.');
    if (!settled())
      throw new Violation(
        `Not all was given back, or not all members agree, within ${String(settleBoundMs)} ms: ${JSON.stringify(leader.replica?.state.stats())}, ${this.#agreement.progress}`,
      );
    await this.#agreement.compare();
  }

  async #endDisks(): Promise<void> {
    const faults = new LastFaults({
      world: this.world,
      random: this.#random,
      cluster: this.#cluster,
      agreement: this.#agreement,
    });
    await faults.tearOne(this.#canGoOnWithout([]));
    await faults.damageOne();
  }

  /** Returns the keys of histories that could not be decided. */
  #judge(): readonly string[] {
    const { history } = this.recorder;
    const verdict = checkLinearizable(
      lockModel({ mayBeDelayed: this.#plan.clients.lockDelaySeconds > 0 }),
      history,
      judgeLimits,
    );
    if (verdict.type === 'violation') throw new BrokenRun(verdict.message, history, verdict);
    const permits = checkLinearizable(
      poolModel({ limit: slotLimit }),
      this.#poolRecorder.history,
      judgeLimits,
    );
    if (permits.type === 'violation') throw new Violation(permits.message);
    return [verdict, permits].flatMap((one) => (one.type === 'undecided' ? one.keys : []));
  }
}
