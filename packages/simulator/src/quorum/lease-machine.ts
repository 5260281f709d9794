/**
 * A lease node as it ships, on a simulated machine: its clock starts anew with every process, its disk is
 * what was saved, and its file may be lost.
 */
import { LeaseHost, LeaseNode, Membership, Recovery, Rejoin } from '@holdfast/quorum/parts';
import type {
  Changes,
  HostClock,
  LeaseRow,
  LeaseStore,
  RestoredVotes,
  StoredSet,
} from '@holdfast/quorum/parts';
import { setIdOf } from '@holdfast/protocol';
import type { QuorumSet } from '@holdfast/protocol';
import type { QuorumTokensAnswer } from '@holdfast/protocol';
import type { Machine } from '../world/machine.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';

export interface LeaseMachineOptions {
  readonly world: World;
  readonly machine: Machine;
  readonly random: Random;
  readonly longestTtlMs: number;
  readonly driftBufferMs: number;
  /** Fewer than there are resources: rows are cleaned up. */
  readonly maxRows: number;
  /** One page of what another node knows, over the network. */
  readonly ask: (peer: string, after: string | undefined) => Promise<QuorumTokensAnswer>;
  /** Has the other one write down with whom the cluster begins. */
  readonly propose: (
    peer: string,
    set: QuorumSet,
    bootstrapSet: readonly number[],
  ) => Promise<void>;
  /** As its operator names it; undefined: it waits to be made a member of one. */
  readonly told: QuorumSet | undefined;
}

const maxTombstones = 10_000;

/** What is in the file. */
class LeaseFile {
  readonly rows = new Map<string, LeaseRow>();
  readonly tombstones = new Set<string>();
  readonly id: number;
  floor = 0;
  hasVoted = false;
  bootstrapSet: readonly number[] = [];
  stored: StoredSet;

  constructor(id: number, set: QuorumSet | undefined) {
    this.id = id;
    this.stored = { set, after: '', next: undefined };
  }

  restored(): RestoredVotes {
    // As SQL gives them: not in the order of their use.
    const rows = [...this.rows.values()].sort((a, b) => (a.resource < b.resource ? -1 : 1));
    return { rows, tombstones: [...this.tombstones], floor: this.floor };
  }

  save({ rows, dropped, tombstones, forgotten, floor }: Changes): void {
    for (const row of rows) this.rows.set(row.resource, row);
    for (const resource of dropped) this.rows.delete(resource);
    for (const id of tombstones) this.tombstones.add(id);
    for (const id of forgotten) this.tombstones.delete(id);
    if (floor !== undefined) this.floor = floor;
  }
}

export class LeaseMachine {
  readonly machine: Machine;
  readonly #options: LeaseMachineOptions;
  #file: LeaseFile;
  #host: LeaseHost | undefined;
  #rejoin: Rejoin | undefined;
  #hasLost = false;
  /** Ids of sets of which it lost its file, and in which it has not voted since. */
  readonly #lacking = new Set<string>();
  /** As its operator names the set by now. */
  told: QuorumSet | undefined;
  /** Writes fail. */
  full = false;

  constructor(options: LeaseMachineOptions) {
    this.#options = options;
    this.machine = options.machine;
    this.told = options.told;
    this.#file = this.#newFile();
  }

  get host(): LeaseHost | undefined {
    return this.machine.isOn ? this.#host : undefined;
  }

  /** Of its file. */
  get set(): QuorumSet | undefined {
    return this.#file.stored.set;
  }

  get votes(): boolean {
    return this.host?.voting === true;
  }

  /**
   * Its file of this set was lost, and what was in it has not been learned again. A vote in the set before tells
   * nothing of that: a node that is told an older set joins that one again first.
   */
  lacksFileOf(set: QuorumSet): boolean {
    return this.#lacking.has(setIdOf(set));
  }

  start(): void {
    if (this.machine.isOn) return;
    const { machine, random, world, longestTtlMs, driftBufferMs, maxRows } = this.#options;
    machine.start();
    const clock = this.#clock(machine.now() - random.between(0, 100_000));
    this.#correctFile();
    const file = this.#file;
    const startedAtMs = clock.now();
    const hasToAsk = file.stored.set !== undefined && !file.hasVoted;
    const recovery = hasToAsk ? this.#recovery(file, file.stored, startedAtMs) : undefined;
    const host = new LeaseHost({
      node: new LeaseNode({ maxRows, maxTombstones }, file.restored(), startedAtMs),
      store: this.#store(file),
      clock,
      membership: new Membership(machine.name, file.stored),
      longestTtlMs,
      longestLeaseMs: longestTtlMs + driftBufferMs,
      recovery,
      onMember: (stored) => {
        world.tell(machine.name, 'is a member of another set');
        this.#rejoin?.stop();
        const anew = this.#recovery(file, stored, clock.now());
        this.#ask(clock, stored, anew);
        return anew;
      },
      fileId: file.id,
      bootstrapSet: file.bootstrapSet,
      fresh: !file.hasVoted,
      onSaveFailed: () => undefined,
    });
    this.#host = host;
    this.#rejoin = undefined;
    world.tell(machine.name, recovery === undefined ? 'is there' : 'is there, and does not vote');
    if (recovery !== undefined) this.#ask(clock, file.stored, recovery);
  }

  /** Who names another set to a node that has not voted gives it a new file: with the old one it does not start. */
  #correctFile(): void {
    const { stored, hasVoted } = this.#file;
    const isTold = idOf(stored.set) === idOf(this.told) || this.told === undefined;
    if (!hasVoted && !isTold && stored.after === '') this.#file = this.#newFile();
  }

  #recovery(file: LeaseFile, { set, after }: StoredSet, startedAtMs: number): Recovery {
    const { longestTtlMs, driftBufferMs } = this.#options;
    return new Recovery({
      others: (set?.members.length ?? 1) - 1,
      after,
      startedAtMs,
      // Whoever lost a file may have been set to shorter leases since: the others know better.
      longestTtlMs: this.#hasLost ? longestTtlMs / 8 : longestTtlMs,
      driftBufferMs,
      fileId: file.id,
      bootstrapSet: file.bootstrapSet,
    });
  }

  #ask(clock: HostClock, { set }: StoredSet, recovery: Recovery): void {
    const { machine, world, ask, propose } = this.#options;
    if (set === undefined) return;
    const { process } = machine;
    void machine.post(0, () => {
      const host = this.#host;
      if (host === undefined || machine.process !== process) return;
      this.#rejoin = new Rejoin({
        host,
        recovery,
        clock,
        set: setIdOf(set),
        ask,
        propose: (peer, bootstrapSet) => propose(peer, set, bootstrapSet),
        others: set.members.filter((member) => member !== machine.name),
        onVoting: () => world.tell(machine.name, 'votes'),
        onError: () => undefined,
      });
    });
  }

  kill(): void {
    if (!this.machine.isOn) return;
    this.#options.world.tell(this.machine.name, 'is killed');
    this.#rejoin?.stop();
    this.#host?.close();
    this.machine.end();
  }

  /** What was in the file is gone; so is the process. */
  lose(): void {
    this.kill();
    this.#options.world.tell(this.machine.name, 'loses its file');
    const { set, after } = this.#file.stored;
    // With the file of a set goes what it knew of the end of the one before.
    for (const id of [idOf(set), after]) if (id !== '') this.#lacking.add(id);
    this.#file = this.#newFile();
    this.#hasLost = true;
  }

  /** As a change of the set tells its operator: a node that joined an older set again joins without one. */
  joinAnew(): void {
    this.told = undefined;
    this.lose();
    this.start();
  }

  /** Stopped, with a new file, told this set or none: what it was is over. */
  renew(told: QuorumSet | undefined): void {
    this.kill();
    this.told = told;
    this.#file = this.#newFile();
    this.#hasLost = false;
    this.#lacking.clear();
  }

  /** Its operator names the set as it is: one that began with another one, and never voted, begins anew. */
  correct(told: QuorumSet): void {
    this.told = told;
    const { stored, hasVoted } = this.#file;
    if (hasVoted || stored.after !== '' || idOf(stored.set) === idOf(told)) return;
    this.kill();
    this.start();
  }

  #newFile(): LeaseFile {
    return new LeaseFile(1 + this.#options.random.below(0x7fff_ffff), this.told);
  }

  #store(file: LeaseFile): LeaseStore {
    const write = (change: () => void): void => {
      if (this.full) throw new Error('The disk is full.');
      change();
    };
    return {
      save: (changes) => write(() => file.save(changes)),
      found: (bootstrapSet) =>
        write(() => {
          if (file.bootstrapSet.length > 0)
            throw new Error('The bootstrap set is written down once.');
          file.bootstrapSet = bootstrapSet;
        }),
      markVoting: () =>
        write(() => {
          file.hasVoted = true;
          this.#lacking.delete(idOf(file.stored.set));
        }),
      writeSet: (stored) =>
        write(() => {
          file.stored = stored;
        }),
      becomeMember: (stored) =>
        write(() => {
          file.stored = stored;
          file.hasVoted = false;
          file.bootstrapSet = [];
          this.#lacking.delete(stored.after);
        }),
    };
  }

  /** @param zeroMs Where the clock of this process begins, by the machine's. */
  #clock(zeroMs: number): HostClock {
    const { machine } = this;
    return {
      now: () => machine.now() - zeroMs,
      after: (delayMs, callback) => machine.after(delayMs, callback),
      endOfTurn: (callback) => void machine.post(0, callback),
    };
  }
}

const idOf = (set: QuorumSet | undefined): string => (set === undefined ? '' : setIdOf(set));
