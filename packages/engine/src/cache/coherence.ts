/**
 * The coherent cache of one node: its lines, and while it leads the directory of everybody's.
 *
 * COH-1: what a node answers from its memory is what the key has at that moment: a line of it is granted with the value
 *     in the turn in which that is read, after a proof of leadership that was asked for since the read came
 *     (directory.ts, lines.ts), and every write of the cache goes into the log through `gate`.
 * COH-2: the node that leads is a sharer like the others; it is told without the network.
 * COH-3: timers and answers of nodes only occasion another look at the directory: what they bring about is decided by
 *     clocks and by what was acknowledged.
 */
import { LRUCache } from 'lru-cache';
import { nodeIdentity } from '@holdfast/state';
import type { CommandResult, ResourceName, StateMachine } from '@holdfast/state';
import type { Status } from '@holdfast/raft';
import type { Clock } from '../clock.ts';
import { Interrupted } from '../interrupted.ts';
import type { CallOptions } from '../types.ts';
import { Directory } from './directory.ts';
import type { Sharer } from './directory.ts';
import { Lines } from './lines.ts';
import type { FetchAnswer } from './lines.ts';
import { cacheLeaseMs } from './terms.ts';
import type { CacheStatistics, CacheRead } from './statistics.ts';
import type { Invalidation } from './terms.ts';
import type { WriteGate } from './writes.ts';

/** Longest wait for the acknowledgement of one message, before it is sent again. */
const tellTimeoutMs = 500;
/** Before what did not arrive is sent again. */
const tellAgainMs = 20;
/** Writes of this node that are remembered, to tell a modified line from an exclusive one. */
const ownWritesRemembered = 1000;

export interface CoherenceParts {
  readonly nodeId: string;
  /** A name that no other process has. */
  readonly process: string;
  readonly clock: Clock;
  readonly state: () => StateMachine;
  readonly clusterTime: () => number;
  /** Resolves once this node has proven that it led after the call. */
  readonly prove: () => Promise<void>;
  /** Sends an invalidation to another node. Resolves with whether its lines are gone. */
  readonly tell: (node: string, told: Invalidation, timeoutMs: number) => Promise<unknown>;
  /** Asks the leader, wherever it is. */
  readonly ask: (key: string, epoch: string, options: CallOptions) => Promise<FetchAnswer>;
}

interface Led {
  readonly term: number;
  readonly directory: Directory;
  /** Writes that wait, by key. */
  readonly atGate: Map<string, { readonly go: () => void; readonly sinceMs: number }>;
  readonly telling: Set<Sharer>;
}

export class CacheCoherence {
  readonly #parts: CoherenceParts;
  readonly #lines: Lines;
  readonly #ownWrites = new LRUCache<string, number>({
    maxSize: ownWritesRemembered,
    sizeCalculation: () => 1,
  });
  #led: Led | undefined;
  #tellPlanned = false;
  #renewing = false;
  #hits = 0;
  #misses = 0;
  #writesDelayed = 0;
  #delayMs = 0;

  constructor(parts: CoherenceParts) {
    this.#parts = parts;
    this.#lines = new Lines(parts.process);
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
      sharers: this.#led?.directory.sharerCount ?? 0,
      sharedKeys: this.#led?.directory.keyCount ?? 0,
      writesDelayed: this.#writesDelayed,
      delayMs: this.#delayMs,
    };
  }

  // ---- every node -------------------------------------------------------------------------------

  async read(key: string, options: CallOptions): Promise<CacheRead> {
    const nowMs = this.#parts.clock.bootNow();
    const line = this.#lines.read(key, nowMs); // LINE-1
    if (line === undefined) {
      this.#misses += 1;
      return this.#fetch(key, options);
    }
    this.#hits += 1;
    if (this.#lines.leaseLeftMs(nowMs) < cacheLeaseMs / 2) this.#renew(key);
    const { view, revision, untilMs, state } = line;
    const shown =
      view === undefined || untilMs === undefined
        ? view
        : { ...view, expiresInMs: untilMs - nowMs };
    return { view: shown, revision, hit: true, state };
  }

  async #fetch(key: string, options: CallOptions): Promise<CacheRead> {
    const { clock, ask } = this.#parts;
    const fetch = this.#lines.beginFetch(key, clock.bootNow());
    let answer: FetchAnswer;
    try {
      answer = await ask(key, fetch.epoch, options);
    } catch (error) {
      this.#lines.failFetch(fetch);
      throw error;
    }
    const { view, revision } = answer;
    const isOwn = view !== undefined && this.#ownWrites.get(key) === view.version;
    const state = this.#lines.endFetch(fetch, answer, isOwn, clock.bootNow());
    return { view, revision, hit: false, state };
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

  onInvalidation(told: Invalidation): boolean {
    return this.#lines.invalidate(told);
  }

  /** LINE-2: the leader cannot be reached, or was another one. */
  onLeaderLost(): void {
    this.#lines.drop();
  }

  // ---- the leader -------------------------------------------------------------------------------

  onStatus({ role, ready, term }: Status): void {
    // Of one term there is one directory: nodes take what it grants for more of the lease that they have.
    if (role === 'leader' && this.#led?.term === term) return;
    this.#led = undefined;
    if (role !== 'leader' || !ready) return;
    const directory = new Directory(term, this.#parts.clock.now()); // SHARER-4
    this.#led = { term, directory, atGate: new Map(), telling: new Set() };
  }

  onTick(): void {
    this.#led?.directory.onTick(this.#parts.clock.now());
  }

  /** COH-1. */
  async readHere(node: string, key: string, epoch: string): Promise<FetchAnswer> {
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

  readonly gate: WriteGate = {
    begin: (key, go) => {
      const led = this.#led;
      if (led === undefined) return false;
      const nowMs = this.#parts.clock.now();
      led.directory.beginWrite(key, nowMs); // SHARER-2
      led.atGate.set(key, { go, sinceMs: nowMs });
      this.#tellItself(led);
      if (!this.#look(led, key)) {
        this.#writesDelayed += 1;
        this.#lookLater(led, key);
        this.#planTelling();
      }
      return true;
    },
    end: (key) => this.#led?.directory.endWrite(key),
  };

  /** SHARER-1, COH-3. */
  #look(led: Led, key: string): boolean {
    const waiting = led.atGate.get(key);
    if (this.#led !== led || waiting === undefined) return true;
    const nowMs = this.#parts.clock.now();
    if (!led.directory.isClear(key, nowMs)) return false;
    led.atGate.delete(key);
    this.#delayMs += nowMs - waiting.sinceMs;
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
    if (this.#tellPlanned || this.#led === undefined) return;
    this.#tellPlanned = true;
    this.#parts.clock.endOfTurn(() => {
      this.#tellPlanned = false;
      const led = this.#led;
      if (led === undefined) return;
      this.#tellItself(led);
      for (const sharer of led.directory.toTell(this.#parts.clock.now()))
        if (!led.telling.has(sharer)) void this.#tell(led, sharer);
    });
  }

  /** COH-2. */
  #tellItself({ directory }: Led): void {
    const { clock, nodeId } = this.#parts;
    for (const sharer of directory.toTell(clock.now())) {
      if (sharer.node !== nodeId) continue;
      const told = directory.take(sharer);
      if (this.#lines.invalidate(told)) directory.acknowledged(sharer, told, clock.now());
    }
  }

  async #tell(led: Led, sharer: Sharer): Promise<void> {
    const { clock, tell } = this.#parts;
    led.telling.add(sharer);
    const told = led.directory.take(sharer);
    const isDropped = await tell(sharer.node, told, tellTimeoutMs).catch(() => undefined);
    if (isDropped === true) led.directory.acknowledged(sharer, told, clock.now());
    // Another process runs there now: what the one before had ends with its lease.
    else if (isDropped === undefined) {
      led.directory.notTold(sharer, told);
      await new Promise<void>((resolve) => void clock.after(tellAgainMs, resolve));
    }
    led.telling.delete(sharer);
    for (const key of told.keys) this.#look(led, key);
    if (this.#led === led) this.#planTelling();
  }
}

const notLeading = (): Interrupted => new Interrupted(false, 'this node does not lead');
