/**
 * What goes wrong in a run. Each run has a choice of kinds, so that some runs see one kind often and
 * others see many together.
 */
import { firstFeatureLevel, latestFeatureLevel } from '@holdfast/state';
import type { Witness } from '../checks/witness.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { SimulatedNode } from '../cluster/node.ts';
import type { Courier } from '../clients/courier.ts';
import type { CacheKeeper } from '../clients/keeper.ts';
import type { Player } from '../clients/player.ts';
import type { Worker } from '../clients/worker.ts';
import { quickDisk } from '../world/disk.ts';
import type { DiskTrouble } from '../world/disk.ts';
import type { Random } from '../world/random.ts';
import type { FaultKind } from './fault-kinds.ts';
import { LeaderEnds } from './leader-ends.ts';
import { LineFaults } from './line-faults.ts';
import { SnapshotFaults } from './snapshot-faults.ts';
import { calm } from '../world/network.ts';
import type { World } from '../world/world.ts';

/** Of a device that fails: the sync of what was written, and the reading of what is there. */
const troubles: readonly DiskTrouble[] = [
  'failing_sync',
  'one_failed_sync',
  'failing_read',
  'one_failed_read',
];

export class Faults {
  readonly #world: World;
  readonly #random: Random;
  readonly #cluster: Cluster;
  readonly #workers: readonly (Worker | Player | Courier | CacheKeeper)[];
  readonly #kinds: readonly FaultKind[];
  readonly #snapshots: SnapshotFaults;
  readonly #lines: LineFaults;
  readonly #ends: LeaderEnds;
  /** How many changes of a member were asked for. */
  readonly #changesOf = new Map<string, number>();
  #over = false;

  constructor(
    world: World,
    random: Random,
    cluster: Cluster,
    workers: readonly (Worker | Player | Courier | CacheKeeper)[],
    kinds: readonly FaultKind[],
    witness: Witness,
  ) {
    this.#snapshots = new SnapshotFaults({ world, random, cluster, witness });
    const later = (minMs: number, maxMs: number, act: () => void): void =>
      this.#later(minMs, maxMs, act);
    this.#lines = new LineFaults({ world, random, cluster, workers, later });
    this.#ends = new LeaderEnds(world, random, cluster, () => this.#over);
    this.#world = world;
    this.#random = random;
    this.#cluster = cluster;
    this.#workers = workers;
    this.#kinds = kinds;
  }

  start(meanPauseMs: number): void {
    const next = (): void => {
      this.#world.timeline.after(this.#random.between(0, 2 * meanPauseMs), () => {
        if (this.#over) return;
        this.#strike(this.#random.pick(this.#kinds));
        next();
      });
    };
    if (this.#kinds.length > 0) next();
  }

  /** Nothing goes wrong any more. What is broken stays so until it is mended. */
  stop(): void {
    this.#over = true;
  }

  #strike(kind: FaultKind): void {
    this.#world.tell('fault', kind);
    this.#strikes[kind]();
  }

  #later(minMs: number, maxMs: number, mend: () => void): void {
    this.#world.timeline.after(this.#random.between(minMs, maxMs), () => {
      if (!this.#over) mend();
    });
  }

  /** A process that ended is started again, also after the faults are over. */
  #restart(node: SimulatedNode, minMs: number, maxMs: number): void {
    const delayMs = this.#over ? 0 : this.#random.between(minMs, maxMs);
    this.#world.timeline.after(delayMs, () => this.#cluster.start(node));
  }

  #someone(): SimulatedNode | undefined {
    const { running } = this.#cluster;
    return running.length === 0 ? undefined : this.#random.pick(running);
  }

  #killFor(node: SimulatedNode | undefined): void {
    if (node === undefined) return;
    if (this.#random.withProbability(0.4)) this.#cluster.killProcess(node);
    else this.#cluster.kill(node);
    this.#restart(node, 50, 3000);
  }

  readonly #strikes: Readonly<Record<FaultKind, () => void>> = {
    kill: () => this.#killFor(this.#someone()),
    kill_leader: () => this.#killFor(this.#cluster.leader()),
    storm: () => {
      this.#cutBetween(true);
      this.#ends.storm();
    },
    end_leaders: () => this.#ends.endLeaders(),
    pause: () => {
      const node = this.#random.withProbability(0.5) ? this.#cluster.leader() : this.#someone();
      node?.machine.pause();
      this.#later(50, 5000, () => node?.machine.resume());
    },
    cut_one_way: () => this.#cutBetween(false),
    cut_both_ways: () => this.#cutBetween(true),
    part: () => this.#part(),
    isolate_leader: () => {
      const leader = this.#cluster.leader();
      if (leader !== undefined) this.#cutGroups([leader.id], this.#othersOf(leader.id));
    },
    weather: () => {
      this.#world.network.conditions = {
        minDelayMs: this.#random.between(0.1, 20),
        maxDelayMs: this.#random.between(20, 400),
        lossProbability: this.#random.withProbability(0.5) ? this.#random.between(0, 0.3) : 0,
        doubleProbability: this.#random.withProbability(0.5) ? this.#random.between(0, 0.3) : 0,
        reorders: this.#random.withProbability(0.5),
      };
      this.#later(500, 5000, () => {
        this.#world.network.conditions = calm;
      });
    },
    upgrade: () => {
      const node = this.#someone();
      if (node === undefined) return;
      const goesBack = this.#random.withProbability(0.25);
      this.#cluster.kill(node);
      this.#cluster.install(node, goesBack ? firstFeatureLevel : latestFeatureLevel);
      this.#restart(node, 10, 1000);
    },
    slow_disk: () => {
      const disk = this.#someone()?.disk;
      if (disk === undefined) return;
      disk.conditions = { minDelayMs: 20, maxDelayMs: this.#random.between(50, 1500) };
      this.#later(500, 4000, () => {
        disk.conditions = quickDisk;
      });
    },
    failing_sync: () => {
      const trouble = this.#random.pick(troubles);
      if (trouble.endsWith('_read')) this.#failReads(trouble);
      else this.#trouble(trouble);
    },
    full_disk: () => this.#trouble('full'),
    turned_bit: () => this.#loseTrust((node) => this.#cluster.damage(node)),
    lost_log: () => this.#loseTrust((node) => this.#cluster.loseLog(node)),
    disturbed_transfer: () => this.#snapshots.disturbTransfer((node) => this.#killFor(node)),
    backup: () => {
      const node = this.#someone();
      if (node !== undefined) this.#snapshots.backUp(node);
    },
    wall_clock: () => {
      const machines = [...this.#cluster.all, ...this.#workers].map(({ machine }) => machine);
      this.#random.pick(machines).jumpWallClock(this.#random.between(-3_600_000, 3_600_000));
    },
    membership: () => this.#changeMembers(),
    transfer: () => {
      void this.#someone()
        ?.engine?.transferLeadership(null)
        .catch(() => undefined);
    },
    stop: () => this.#stopOne(),
    stall_client: () => {
      const { machine } = this.#random.pick(this.#workers);
      machine.pause();
      this.#later(100, 9000, () => machine.resume());
    },
    kill_client: () => {
      const worker = this.#random.pick(this.#workers);
      worker.kill();
      this.#later(0, 1000, () => {
        if (!worker.machine.isOn) worker.start();
      });
    },
    part_at_change: () => this.#partAtChange(),
    lagging_follower: () => this.#leaveBehind(),
    slow_snapshots: () => {
      const disk = this.#someone()?.disk;
      if (disk === undefined) return;
      disk.otherConditions = { minDelayMs: 5, maxDelayMs: this.#random.between(20, 400) };
      this.#later(1000, 4000, () => {
        disk.otherConditions = quickDisk;
      });
    },
    slow_line: () => this.#lines.slowLine(),
    lapse_client: () => this.#lines.lapseClient(),
    depose: () => this.#lines.deposeLeader(),
  };

  /** Every machine's name but those. */
  #othersOf(...ids: readonly string[]): string[] {
    const names = [...this.#cluster.all, ...this.#workers].map(({ machine }) => machine.name);
    return names.filter((name) => !ids.includes(name));
  }

  #cutBetween(bothWays: boolean): void {
    const from = this.#random.pick(this.#cluster.all).id;
    const to = this.#random.pick(this.#othersOf(from));
    const { network } = this.#world;
    network.cut(from, to);
    if (bothWays) network.cut(to, from);
    this.#later(100, 6000, () => {
      network.heal(from, to);
      network.heal(to, from);
    });
  }

  #part(): void {
    const names = this.#random.shuffled(this.#othersOf());
    const size = 1 + this.#random.below(names.length - 1);
    this.#cutGroups(names.slice(0, size), names.slice(size));
  }

  #cutGroups(left: readonly string[], right: readonly string[]): void {
    const { network } = this.#world;
    const eachPair = (act: (from: string, to: string) => void): void => {
      for (const one of left) {
        for (const other of right) {
          act(one, other);
          act(other, one);
        }
      }
    };
    eachPair((from, to) => network.cut(from, to));
    this.#later(200, 6000, () => eachPair((from, to) => network.heal(from, to)));
  }

  /** A follower hears nothing while the others go on, so that it needs a snapshot, perhaps while it makes its own. */
  #leaveBehind(): void {
    const leader = this.#cluster.leader();
    const followers = this.#cluster.running.filter(({ id }) => id !== leader?.id);
    if (leader === undefined || followers.length === 0) return;
    const { network } = this.#world;
    const { id } = this.#random.pick(followers);
    const others = this.#cluster.all.map((node) => node.id).filter((other) => other !== id);
    for (const other of others) network.cut(other, id);
    this.#later(200, 1500, () => {
      for (const other of others) network.heal(other, id);
    });
  }

  /**
   * As soon as members are being changed, the leader and those who are new are on one side, the others on the
   * other one: two sides that might both count a majority.
   */
  #partAtChange(): void {
    this.#changeMembers();
    const untilMs = this.#world.nowMs + 3000;
    const look = (): void => {
      if (this.#over || this.#world.nowMs > untilMs) return;
      const leader = this.#cluster.leader();
      const members = leader?.replica?.status().membership.members ?? [];
      const learners = members.filter(({ role }) => role === 'learner').map(({ id }) => id);
      if (leader === undefined || learners.length === 0) {
        this.#world.timeline.after(5, look);
        return;
      }
      this.#world.timeline.after(this.#random.between(0, 300), () => {
        if (this.#over) return;
        const near = [leader.id, ...learners, ...this.#cluster.changing];
        const far = this.#cluster.all.map(({ id }) => id).filter((id) => !near.includes(id));
        // Sometimes one of the old ones stays near.
        if (this.#random.withProbability(0.3)) far.pop();
        this.#cutGroups(near, far);
      });
    };
    look();
  }

  #trouble(trouble: DiskTrouble): void {
    const node = this.#someone();
    if (node === undefined) return;
    node.disk.trouble = trouble;
    this.#later(300, 3000, () => {
      node.disk.trouble = 'none';
      this.#cluster.start(node);
    });
  }

  /** Half of the time at the next start, which reads all. */
  #failReads(trouble: DiskTrouble): void {
    const node = this.#someone();
    if (node === undefined) return;
    if (this.#random.withProbability(0.5)) this.#cluster.kill(node);
    node.disk.trouble = trouble;
    this.#cluster.start(node);
    this.#later(300, 3000, () => {
      node.disk.trouble = 'none';
      this.#cluster.start(node);
    });
  }

  /** At most one disk of a run cannot be trusted, and only while the others can go on without it. */
  #loseTrust(act: (node: SimulatedNode) => void): void {
    const { damaged, running } = this.#cluster;
    const voters = this.#cluster.leader()?.replica?.status().membership.members ?? [];
    if (damaged.size > 0 || running.length < 3 || voters.length < 3) return;
    const node = this.#random.pick(running);
    act(node);
    if (!damaged.has(node.id)) this.#restart(node, 50, 1000);
  }

  #changeMembers(): void {
    const leader = this.#cluster.leader();
    const members = leader?.replica?.status().membership.members ?? [];
    const engine = this.#someone()?.engine;
    if (engine === undefined || members.length === 0) return;
    const [lost] = [...this.#cluster.damaged].filter((id) =>
      members.some((member) => member.id === id),
    );
    if (lost !== undefined || (members.length > 3 && this.#random.withProbability(0.6))) {
      const leaving = lost ?? this.#random.pick(members).id;
      this.#world.tell('fault', `${leaving} is to leave`);
      this.#change(leaving, false, engine.removeMember(leaving));
    } else if (members.length < 6 && this.#cluster.nodes.size < 9) {
      const newcomer = this.#cluster.addNewcomer();
      this.#world.tell('fault', `${newcomer.id} is to join`);
      this.#change(newcomer.id, true, engine.addMember(newcomer.id, newcomer.id));
    }
  }

  #change(id: string, isToBeMember: boolean, change: Promise<void>): void {
    const { changing } = this.#cluster;
    changing.add(id);
    const number = (this.#changesOf.get(id) ?? 0) + 1;
    this.#changesOf.set(id, number);
    // Impatient: asks for another one at the same time.
    if (this.#random.withProbability(0.3) && changing.size < 3) this.#changeMembers();
    const isLatest = (): boolean => this.#changesOf.get(id) === number;
    const tell = (how: string): void => {
      if (isLatest()) changing.delete(id);
      this.#world.tell('fault', `the change of ${id} ${how}`);
    };
    change.then(
      () => {
        tell('is done');
        // One that was cut off from who asked is told late, and another one may have followed it.
        if (isLatest()) this.#cluster.compareChange(id, isToBeMember);
        if (!isToBeMember) this.#cluster.retire(id);
      },
      (error: unknown) => tell(`failed: ${String(error)}`),
    );
  }

  /** As an operator stops a node: it hands over and goes. */
  #stopOne(): void {
    const node = this.#someone();
    const engine = node?.engine;
    if (node === undefined || engine === undefined) return;
    const { process } = node.machine;
    void engine.close().then(() => {
      if (node.machine.process !== process) return;
      this.#cluster.kill(node);
      this.#restart(node, 50, 2000);
    });
  }
}
