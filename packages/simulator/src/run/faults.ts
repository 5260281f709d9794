/**
 * What goes wrong in a life. Each life has a choice of kinds, so that some lives see one kind often and
 * others see many together.
 */
import type { Witness } from '../checks/witness.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { SimulatedNode } from '../cluster/node.ts';
import type { Player } from '../clients/player.ts';
import type { Worker } from '../clients/worker.ts';
import { quickDisk } from '../world/disk.ts';
import type { Random } from '../world/random.ts';
import { SnapshotFaults } from './snapshot-faults.ts';
import { calm } from '../world/network.ts';
import type { World } from '../world/world.ts';

export const faultKinds = [
  'kill',
  'kill_leader',
  'storm',
  'pause',
  'cut_one_way',
  'cut_both_ways',
  'part',
  'isolate_leader',
  'weather',
  'slow_disk',
  'failing_sync',
  'full_disk',
  'turned_bit',
  'lost_log',
  'disturbed_transfer',
  'backup',
  'wall_clock',
  'membership',
  'transfer',
  'stop',
  'stall_client',
  'kill_client',
] as const;
export type FaultKind = (typeof faultKinds)[number];

export class Faults {
  readonly #world: World;
  readonly #random: Random;
  readonly #cluster: Cluster;
  readonly #workers: readonly (Worker | Player)[];
  readonly #kinds: readonly FaultKind[];
  readonly #snapshots: SnapshotFaults;
  #over = false;

  constructor(
    world: World,
    random: Random,
    cluster: Cluster,
    workers: readonly (Worker | Player)[],
    kinds: readonly FaultKind[],
    witness: Witness,
  ) {
    this.#snapshots = new SnapshotFaults({ world, random, cluster, witness });
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
    this.#cluster.kill(node);
    this.#restart(node, 50, 3000);
  }

  readonly #strikes: Readonly<Record<FaultKind, () => void>> = {
    kill: () => this.#killFor(this.#someone()),
    kill_leader: () => this.#killFor(this.#cluster.leader()),
    storm: () => this.#storm(),
    pause: () => {
      const node = this.#random.chance(0.5) ? this.#cluster.leader() : this.#someone();
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
        lossChance: this.#random.chance(0.5) ? this.#random.between(0, 0.3) : 0,
        doubleChance: this.#random.chance(0.5) ? this.#random.between(0, 0.3) : 0,
        reorders: this.#random.chance(0.5),
      };
      this.#later(500, 5000, () => {
        this.#world.network.conditions = calm;
      });
    },
    slow_disk: () => {
      const disk = this.#someone()?.disk;
      if (disk === undefined) return;
      disk.conditions = { minDelayMs: 20, maxDelayMs: this.#random.between(50, 1500) };
      this.#later(500, 4000, () => {
        disk.conditions = quickDisk;
      });
    },
    failing_sync: () => this.#trouble('failing_sync'),
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

  #trouble(trouble: 'failing_sync' | 'full'): void {
    const node = this.#someone();
    if (node === undefined) return;
    node.disk.trouble = trouble;
    this.#later(300, 3000, () => {
      node.disk.trouble = 'none';
      this.#cluster.start(node);
    });
  }

  /**
   * Nodes go and come again within moments, just after they have voted or begun to lead, while two of
   * them do not hear each other: what they forget then is missed.
   */
  #storm(): void {
    this.#cutBetween(true);
    const leader = this.#cluster.leader();
    if (leader !== undefined) this.#blink(leader);
    const untilMs = this.#world.nowMs + this.#random.between(1000, 4000);
    this.#world.onNotable = (id) => {
      if (this.#over || this.#world.nowMs > untilMs || this.#random.chance(0.4)) return;
      const node = this.#cluster.nodes.get(id);
      this.#world.timeline.after(this.#random.between(0, 8), () => {
        if (node !== undefined && !this.#over) this.#blink(node);
      });
    };
  }

  /** Gone, and there again at once: only what is on its disk is left. */
  #blink(node: SimulatedNode): void {
    this.#cluster.kill(node);
    this.#restart(node, 0.5, 30);
  }

  /** At most one disk of a life cannot be trusted, and only while the others can go on without it. */
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
    if (lost !== undefined || (members.length > 3 && this.#random.chance(0.6))) {
      const leaving = lost ?? this.#random.pick(members).id;
      this.#world.tell('fault', `${leaving} is to leave`);
      this.#change(leaving, engine.removeMember(leaving), () => this.#cluster.retire(leaving));
    } else if (members.length < 6 && this.#cluster.nodes.size < 9) {
      const newcomer = this.#cluster.addNewcomer();
      this.#world.tell('fault', `${newcomer.id} is to join`);
      this.#change(newcomer.id, engine.addMember(newcomer.id, newcomer.id), () => undefined);
    }
  }

  #change(id: string, change: Promise<void>, whenDone: () => void): void {
    const { changing } = this.#cluster;
    changing.add(id);
    // Impatient: asks for another one at the same time.
    if (this.#random.chance(0.3) && changing.size < 3) this.#changeMembers();
    const tell = (how: string): void => {
      changing.delete(id);
      this.#world.tell('fault', `the change of ${id} ${how}`);
    };
    change.then(
      () => {
        tell('is done');
        whenDone();
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
