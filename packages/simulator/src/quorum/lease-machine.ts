/**
 * A lease node as it ships, on a simulated machine: its clock starts anew with every process, its disk is
 * what was saved, and its file may be lost.
 */
import { LeaseHost, LeaseNode, Recovery, Rejoin } from '@holdfast/quorum/parts';
import type { Changes, HostClock, LeaseRow, LeaseStore, Restored } from '@holdfast/quorum/parts';
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
  readonly propose: (peer: string, founders: readonly number[]) => Promise<void>;
  readonly others: readonly string[];
}

const epoch = 1;
const maxTombstones = 10_000;

/** What is in the file. */
class LeaseFile {
  readonly rows = new Map<string, LeaseRow>();
  readonly tombstones = new Set<string>();
  readonly id: number;
  floor = 0;
  hasVoted = false;
  founders: readonly number[] = [];

  constructor(id: number) {
    this.id = id;
  }

  restored(): Restored {
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
  /** Writes fail. */
  full = false;

  constructor(options: LeaseMachineOptions) {
    this.#options = options;
    this.machine = options.machine;
    this.#file = this.#newFile();
  }

  get host(): LeaseHost | undefined {
    return this.machine.isOn ? this.#host : undefined;
  }

  get votes(): boolean {
    return this.host?.voting === true;
  }

  /** It was lost, and what was in it has not been learned again. */
  get lacksItsFile(): boolean {
    return this.#hasLost && !this.#file.hasVoted;
  }

  start(): void {
    if (this.machine.isOn) return;
    const { machine, random, world, others, ask, propose } = this.#options;
    const { longestTtlMs, driftBufferMs, maxRows } = this.#options;
    machine.start();
    const clock = this.#clock(machine.now() - random.between(0, 100_000));
    const file = this.#file;
    const startedAtMs = clock.now();
    const recovery = file.hasVoted
      ? undefined
      : new Recovery({
          startedAtMs,
          // Whoever lost a file may have been set to shorter leases since: the others know better.
          longestTtlMs: this.#hasLost ? longestTtlMs / 8 : longestTtlMs,
          driftBufferMs,
          fileId: file.id,
          founders: file.founders,
        });
    const host = new LeaseHost({
      node: new LeaseNode({ maxRows, maxTombstones }, file.restored(), startedAtMs),
      store: this.#store(file),
      clock,
      epoch,
      longestTtlMs,
      longestLeaseMs: longestTtlMs + driftBufferMs,
      recovery,
      fileId: file.id,
      founders: file.founders,
      fresh: !file.hasVoted,
      onSaveFailed: () => undefined,
    });
    this.#host = host;
    world.tell(machine.name, recovery === undefined ? 'is there' : 'is there, and does not vote');
    this.#rejoin =
      recovery === undefined
        ? undefined
        : new Rejoin({
            host,
            recovery,
            clock,
            epoch,
            ask,
            propose,
            peers: others,
            onKnown: () => undefined,
            onVoting: () => world.tell(machine.name, 'votes'),
            onError: () => undefined,
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
    this.#file = this.#newFile();
    this.#hasLost = true;
  }

  #newFile(): LeaseFile {
    return new LeaseFile(1 + this.#options.random.below(0x7fff_ffff));
  }

  #store(file: LeaseFile): LeaseStore {
    const write = (change: () => void): void => {
      if (this.full) throw new Error('The disk is full.');
      change();
    };
    return {
      save: (changes) => write(() => file.save(changes)),
      found: (founders) =>
        write(() => {
          if (file.founders.length > 0) throw new Error('The founders are written down once.');
          file.founders = founders;
        }),
      markVoting: () =>
        write(() => {
          file.hasVoted = true;
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
