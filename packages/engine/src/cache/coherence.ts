/**
 * The coherent cache of one node: its lines, and while it leads the directory of everybody's.
 *
 * COH-1: what a node answers from its memory is what the key has at that moment: a line of it is granted with the value
 *     in the turn in which that is read, after a proof of leadership that was asked for since the read came
 *     (directory.ts, lines.ts), and every write of the cache goes into the log through `gate`.
 * COH-2: the node that leads is a sharer like the others; it is told without the network.
 * COH-3: timers and answers of nodes only occasion another look at the directory: what they bring about is decided by
 *     clocks and by what was acknowledged.
 * COH-4: an invalidation is acknowledged when the lines of this node are gone and those of its clients (client-memories.ts).
 * COH-5: where the clock may miss a sleep nothing is kept, and every read asks the leader.
 */
import { LRUCache } from 'lru-cache';
import { cacheLeaseMs, Lines } from '@holdfast/protocol/cache';
import type { Fetch, Grant, Invalidation, LineState } from '@holdfast/protocol/cache';
import { nodeIdentity } from '@holdfast/state';
import type { CommandResult, ResourceName, StateMachine } from '@holdfast/state';
import type { Status } from '@holdfast/raft';
import type { Clock } from '../clock.ts';
import { clusterClockGrainMs } from '../cluster-clock.ts';
import { Interrupted } from '../interrupted.ts';
import type { Timings } from '../timings.ts';
import type { CallOptions } from '../types.ts';
import { ClientMemories } from './client-memories.ts';
import type { TellClient } from './client-memories.ts';
import { Directory } from './directory.ts';
import { turnOf } from './filling.ts';
import { Fills } from './fills.ts';
import { nodeStore } from './node-store.ts';
import type { Found } from './node-store.ts';
import type { Sharer } from './directory.ts';
import type {
  CacheClient,
  CacheRead,
  CacheStatistics,
  FillAnswer,
  FillRequest,
  LeaderAnswer,
} from './statistics.ts';
import type { WriteGate } from './writes.ts';

/** Longest wait for the acknowledgement of one message, before it is sent again. */
const tellTimeoutMs = 500;
/** Before what did not arrive is sent again. */
const tellAgainMs = 20;
/** Writes of this node that are remembered, to tell a modified line from an exclusive one. */
const ownWritesRemembered = 1000;
/** Messages to one node that are not acknowledged: one that waits for a client of the node holds up no other. */
const tellingAtOnce = 16;

/** COH-5. */
const unkept: Grant = { seq: 0, leaseMs: 0, line: 'none' };

interface Read {
  readonly found: Found;
  /** By the clock of this node; undefined: the value stays, or is as it was just read. */
  readonly untilMs: number | undefined;
  readonly hit: boolean;
  readonly state: LineState;
}

export interface CoherenceParts {
  readonly nodeId: string;
  /** A name that no other process has. */
  readonly process: string;
  readonly clock: Clock;
  readonly timings?: Pick<Timings, 'took'>;
  readonly state: () => StateMachine;
  readonly clusterTime: () => number;
  /** Resolves once this node has proven that it led after the call. */
  readonly prove: () => Promise<void>;
  /** Sends an invalidation to another node. Resolves with whether its lines are gone. */
  readonly tell: (node: string, told: Invalidation, timeoutMs: number) => Promise<unknown>;
  /** Asks the leader, wherever it is. */
  readonly ask: (key: string, epoch: string, options: CallOptions) => Promise<LeaderAnswer>;
}

interface AtGate {
  readonly go: () => void;
  readonly sinceMs: number;
  wasDelayed: boolean;
}

interface Led {
  readonly term: number;
  readonly directory: Directory;
  readonly fills: Fills;
  /** Writes that wait, by key. */
  readonly atGate: Map<string, AtGate>;
  readonly telling: Map<Sharer, number>;
}

export class CacheCoherence {
  readonly #parts: CoherenceParts;
  readonly #lines: Lines<Found>;
  readonly #clients: ClientMemories;
  readonly #ownWrites = new LRUCache<string, number>({
    maxSize: ownWritesRemembered,
    sizeCalculation: () => 1,
  });
  #led: Led | undefined;
  /** Of a leadership before which there was none. */
  #firstTerm: number | undefined;
  #tellPlanned = false;
  #renewing = false;
  #hits = 0;
  #misses = 0;
  #writesDelayed = 0;
  #delayMs = 0;

  constructor(parts: CoherenceParts) {
    this.#parts = parts;
    this.#lines = new Lines(parts.process, nodeStore(), 2 * clusterClockGrainMs);
    this.#clients = new ClientMemories(parts.clock);
  }

  get statistics(): CacheStatistics {
    const { lines, bytes, invalidations, drops } = this.#lines.statistics;
    return {
      hits: this.#hits,
      misses: this.#misses,
      lines,
      lineBytes: bytes,
      invalidations,
      drops,
      clients: this.#clients.sharerCount,
      pendingInvalidations: this.#clients.owedCount + (this.#led?.directory.owedCount ?? 0),
      pendingWrites: this.#led?.atGate.size ?? 0,
      sharers: this.#led?.directory.sharerCount ?? 0,
      sharedKeys: this.#led?.directory.keyCount ?? 0,
      writesDelayed: this.#writesDelayed,
      delayMs: this.#delayMs,
    };
  }

  // ---- every node -------------------------------------------------------------------------------

  async read(key: string, options: CallOptions): Promise<CacheRead> {
    return this.#shown(await this.#readHere(key, options));
  }

  #shown({ found: { view, revision }, untilMs, hit, state }: Read): CacheRead {
    const expiresInMs =
      view === undefined || untilMs === undefined
        ? view?.expiresInMs
        : untilMs - this.#parts.clock.bootNow();
    return { view: view && { ...view, expiresInMs }, revision, hit, state };
  }

  async #readHere(key: string, options: CallOptions): Promise<Read> {
    const nowMs = this.#parts.clock.bootNow();
    const line = this.#lines.read(key, nowMs); // LINE-1
    if (line === undefined) {
      this.#misses += 1;
      return this.#fetch(key, options);
    }
    this.#hits += 1;
    if (this.#lines.leaseLeftMs(nowMs) < cacheLeaseMs / 2) this.#renew(key);
    const { value: found, untilMs, state } = line;
    return { found, untilMs, hit: true, state };
  }

  async #fetch(key: string, options: CallOptions): Promise<Read> {
    const { clock, ask } = this.#parts;
    const fetch = this.#lines.beginFetch(key, clock.bootNow());
    try {
      return this.#keep(fetch, await ask(key, fetch.epoch, options));
    } catch (error) {
      this.#lines.failFetch(fetch); // LINE-7
      throw error;
    }
  }

  #keep(fetch: Fetch, { term, grant, view, revision }: LeaderAnswer): Read {
    const { clock } = this.#parts;
    const { key } = fetch;
    const isOwn = view !== undefined && this.#ownWrites.get(key) === view.version;
    const value = { view, revision };
    const kept = clock.mayMissSleep === true ? unkept : grant; // COH-5
    const granted = { term, grant: kept, value, expiresInMs: view?.expiresInMs };
    const state = this.#lines.endFetch(fetch, granted, isOwn, clock.bootNow());
    return { found: value, untilMs: undefined, hit: false, state };
  }

  /** The lease of all lines goes on with the answer to a read of one. */
  #renew(key: string): void {
    if (this.#renewing) return;
    this.#renewing = true;
    const done = (): void => {
      this.#renewing = false;
    };
    this.#fetch(key, { identity: nodeIdentity }).then(done, done);
  }

  /** What became of a command of a caller of this node. */
  onResult(name: string, result: CommandResult): void {
    if (result.ok && result.type === 'cache_written') this.#ownWrites.set(name, result.version);
  }

  /** COH-4: whether the lines are gone; of those of an earlier process nothing is known. */
  onInvalidation(told: Invalidation): boolean | Promise<boolean> {
    if (!this.#lines.invalidate(told)) return false;
    return this.#clients.invalidate(told.keys)?.then(() => true) ?? true;
  }

  /** A client that keeps what it reads, and is told what to drop. */
  openClient(tell: TellClient): CacheClient {
    const clients = this.#clients;
    const id = clients.open(tell);
    let rightsOf: number | undefined;
    let changes = 0;
    /** MEMORY-5: it goes up with the epoch of the lines here, and whenever the client may do something else than before. */
    const termFor = ({ identity }: CallOptions): number => {
      const changedAt = this.#parts.state().access.changedAt(identity);
      if (rightsOf !== undefined && changedAt !== rightsOf) changes += 1;
      rightsOf = changedAt;
      return this.#lines.epochNumber + changes;
    };
    return {
      read: async (key, epoch, options) => {
        const read = await this.#readHere(key, options);
        const nowMs = this.#parts.clock.bootNow();
        const line = this.#lines.read(key, nowMs);
        const { identity, authorizedAt } = options;
        const isAdmitted = this.#parts.state().staleRights(identity, authorizedAt) === undefined;
        const isKept = line !== undefined && line.value === read.found;
        const term = termFor(options);
        const grant = clients.read(id, epoch, key, {
          isKept: isKept && isAdmitted, // MEMORY-1, MEMORY-5
          leaseLeftMs: this.#lines.leaseLeftMs(nowMs),
          term,
        });
        const untilMs = line?.untilMs ?? read.untilMs;
        return { ...this.#shown({ ...read, untilMs }), term, grant };
      },
      dropped: (epoch, seq) =>
        seq === undefined ? clients.left(id, epoch) : clients.acknowledged(id, seq),
      close: () => clients.close(id),
    };
  }

  /** LINE-2: the leader cannot be reached, or was another one. */
  onLeaderLost(): void {
    this.#lines.drop();
  }

  // ---- the leader -------------------------------------------------------------------------------

  onStatus({ role, ready, term, lastIndex }: Status): void {
    // SHARER-4: with nothing in its log but its own first entry, nobody was ready to grant anything before it.
    if (role === 'leader' && lastIndex <= 1) this.#firstTerm = term;
    // Of one term there is one directory: nodes take what it grants for more of the lease that they have.
    if (role === 'leader' && this.#led?.term === term) return;
    this.#led = undefined;
    if (role !== 'leader' || !ready) return;
    const isFirst = term === this.#firstTerm;
    const beganMs = isFirst ? Number.NEGATIVE_INFINITY : this.#parts.clock.now(); // SHARER-4
    const directory = new Directory(term, beganMs);
    this.#led = { term, directory, fills: new Fills(term), atGate: new Map(), telling: new Map() };
  }

  onTick(): void {
    this.#clients.onTick();
    const nowMs = this.#parts.clock.now();
    this.#led?.directory.onTick(nowMs);
    this.#led?.fills.onTick(nowMs);
  }

  /** COH-1. */
  async readHere(node: string, key: string, epoch: string): Promise<LeaderAnswer> {
    const { clock, clusterTime, prove, state } = this.#parts;
    const led = this.#led;
    if (led === undefined) throw notLeading();
    await prove();
    if (this.#led !== led) throw notLeading();
    const nowMs = clock.now();
    const machine = state();
    const view = machine.show('cache', key as ResourceName, { timeMs: clusterTime() });
    const grant = led.directory.read(node, epoch, key, nowMs);
    this.#planTelling();
    return { term: led.term, view, revision: machine.index, grant };
  }

  async fillHere(key: string, asked: FillRequest): Promise<FillAnswer> {
    const led = this.#led;
    if (led === undefined) throw notLeading();
    const proven = async (): Promise<void> => {
      await this.#parts.prove();
      if (this.#led !== led) throw notLeading();
    };
    return turnOf({ ...this.#parts, fills: led.fills, proven }, key, asked);
  }

  /** Its loader has nothing to write. */
  endFillHere(key: string, token: string): void {
    if (this.#led === undefined) throw notLeading();
    this.#led.fills.ended(key, token);
  }

  readonly gate: WriteGate = {
    begin: (key, go, fillToken) => {
      const led = this.#led;
      if (led === undefined) return false;
      led.fills.written(key, fillToken); // FILL-2
      const nowMs = this.#parts.clock.now();
      led.directory.beginWrite(key, nowMs); // SHARER-2
      const waits: AtGate = { go, sinceMs: nowMs, wasDelayed: false };
      led.atGate.set(key, waits);
      this.#tellItself(led);
      if (!this.#look(led, key)) {
        this.#writesDelayed += 1;
        waits.wasDelayed = true;
        this.#lookLater(led, key);
        this.#planTelling();
      }
      return true;
    },
    end: (key) => {
      this.#led?.directory.endWrite(key);
      this.#led?.fills.written(key, undefined); // FILL-2
    },
    mayFill: (key, token) =>
      this.#led?.fills.mayWrite(key, token, this.#parts.clock.now()) ?? false,
  };

  /** SHARER-1, COH-3. */
  #look(led: Led, key: string): boolean {
    const waiting = led.atGate.get(key);
    if (this.#led !== led || waiting === undefined) return true;
    const nowMs = this.#parts.clock.now();
    if (!led.directory.isClear(key, nowMs)) return false;
    led.atGate.delete(key);
    const waitedMs = nowMs - waiting.sinceMs;
    this.#delayMs += waitedMs;
    if (waiting.wasDelayed) this.#parts.timings?.took('cache_invalidation', waitedMs);
    waiting.go();
    return true;
  }

  /** COH-3: leases that go on meanwhile are waited for as well. */
  #lookLater(led: Led, key: string): void {
    const { clock } = this.#parts;
    const leftMs = led.directory.clearAtMs(key) - clock.now();
    clock.after(Math.max(1, Math.ceil(leftMs)), () => {
      if (!this.#look(led, key)) this.#lookLater(led, key);
    });
  }

  /** With all that comes in this turn. */
  #planTelling(): void {
    if (this.#tellPlanned || this.#led?.directory.hasUntold !== true) return;
    this.#tellPlanned = true;
    this.#parts.clock.endOfTurn(() => {
      this.#tellPlanned = false;
      const led = this.#led;
      if (led === undefined) return;
      this.#tellItself(led);
      for (const sharer of led.directory.toTell(this.#parts.clock.now()))
        if ((led.telling.get(sharer) ?? 0) < tellingAtOnce) void this.#tell(led, sharer);
    });
  }

  /** COH-2. */
  #tellItself(led: Led): void {
    const { clock, nodeId } = this.#parts;
    const { directory } = led;
    for (const sharer of directory.toTell(clock.now())) {
      if (sharer.node !== nodeId) continue;
      const told = directory.take(sharer);
      const dropped = this.onInvalidation(told);
      if (dropped === true) directory.acknowledged(sharer, told, clock.now());
      else if (dropped !== false) void this.#acknowledge(led, sharer, told, dropped);
    }
  }

  async #tell(led: Led, sharer: Sharer): Promise<void> {
    const { tell } = this.#parts;
    led.telling.set(sharer, (led.telling.get(sharer) ?? 0) + 1);
    const told = led.directory.take(sharer);
    const isDropped = tell(sharer.node, told, tellTimeoutMs).catch(() => undefined);
    await this.#acknowledge(led, sharer, told, isDropped);
    const others = (led.telling.get(sharer) ?? 0) - 1;
    if (others > 0) led.telling.set(sharer, others);
    else led.telling.delete(sharer);
    if (this.#led === led) this.#planTelling();
  }

  async #acknowledge(
    led: Led,
    sharer: Sharer,
    told: Invalidation,
    dropped: Promise<unknown>,
  ): Promise<void> {
    const { clock } = this.#parts;
    const isDropped = await dropped;
    if (isDropped === true) led.directory.acknowledged(sharer, told, clock.now());
    // Another process runs there now: what the one before had ends with its lease.
    else if (isDropped === undefined) {
      led.directory.notTold(sharer, told);
      await new Promise<void>((resolve) => void clock.after(tellAgainMs, resolve));
    }
    for (const key of told.keys) this.#look(led, key);
  }
}

const notLeading = (): Interrupted => new Interrupted(false, 'this node does not lead');
