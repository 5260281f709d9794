/**
 * The coherent cache of one node: its lines, and while it leads the directory of everybody's.
 *
 * COH-1: what a node answers from its memory is what the key has at that moment: a line of it is granted under the rules of the
 *     leader (leading.ts, directory.ts), and answered under those of lines (lines.ts).
 * COH-2: an invalidation is acknowledged when the lines of this node are gone and those of its clients (client-memories.ts).
 * COH-3: where the clock may miss a sleep nothing is kept, and every read asks the leader.
 */
import { LRUCache } from 'lru-cache';
import { cacheLeaseMs, grantorLeaseMs, Lines } from '@holdfast/protocol/cache';
import type { PendingFetch, LineGrant, Invalidation, LineState } from '@holdfast/protocol/cache';
import { nodeIdentity } from '@holdfast/state';
import type { CommandResult } from '@holdfast/state';
import type { Status } from '@holdfast/raft';
import { clusterClockGrainMs } from '../cluster-clock.ts';
import type { CallOptions } from '../types.ts';
import { ClientMemories } from './client-memories.ts';
import type { TellClient } from './client-memories.ts';
import type { FillAttempt } from './filling.ts';
import { CacheLeader } from './leading.ts';
import type { CacheLeaderParts, Dropped } from './leading.ts';
import { listLines, listPending } from './listing.ts';
import type { CacheListing } from './listing.ts';
import { nodeStore, noLines } from './node-store.ts';
import type { CachedKey } from './node-store.ts';
import type {
  CacheClient,
  CacheRead,
  CacheStatistics,
  FillAnswer,
  LeaderAnswer,
} from './statistics.ts';
import type { WriteGate } from './writes.ts';

/** An invalidation is answered after so long at the latest, with the keys that clients have not dropped yet (COH-2). */
const answerAfterMs = 25;
/** Writes of this node that are remembered, to tell a modified line from an exclusive one. */
const ownWritesRemembered = 1000;
/** COH-3. */
const unkept: LineGrant = { seq: 0, leaseMs: 0, line: 'none' };

interface Read {
  readonly found: CachedKey;
  /** By the clock of this node; undefined: the value stays, or is as it was just read. */
  readonly untilMs: number | undefined;
  readonly hit: boolean;
  readonly state: LineState;
}

export interface CoherenceParts extends CacheLeaderParts {
  /** A name that no other process has. */
  readonly process: string;
  /** Asks the leader, wherever it is. */
  readonly ask: (key: string, memoryId: string, options: CallOptions) => Promise<LeaderAnswer>;
}

export class CacheCoherence {
  readonly #parts: CoherenceParts;
  readonly #store = nodeStore();
  readonly #lines: Lines<CachedKey>;
  readonly #clients: ClientMemories;
  readonly #ownWrites = new LRUCache<string, number>({
    maxSize: ownWritesRemembered,
    sizeCalculation: () => 1,
  });
  readonly #leader: CacheLeader;
  readonly #startedMs: number;
  /** The latest leader that asked for what earlier ones granted, and whether that is gone. */
  #newest: { readonly term: number; readonly isDropped: Promise<boolean> } = {
    term: 0,
    isDropped: Promise.resolve(true),
  };
  #renewing = false;
  #hits = 0;
  #misses = 0;

  constructor(parts: CoherenceParts) {
    this.#parts = parts;
    this.#lines = new Lines(parts.process, this.#store, 2 * clusterClockGrainMs);
    this.#clients = new ClientMemories(parts.clock);
    this.#leader = new CacheLeader(parts, this);
    this.#startedMs = parts.clock.now();
  }

  get statistics(): CacheStatistics {
    const { lines, bytes, invalidations, drops } = this.#lines.statistics;
    const { owed, delays, ...leading } = this.#leader.statistics;
    return {
      hits: this.#hits,
      misses: this.#misses,
      lines,
      lineBytes: bytes,
      linesByState: this.#isLive ? this.#store.counts : { ...noLines, invalid: lines },
      invalidations,
      drops,
      clients: this.#clients.sharerCount,
      ...leading,
      pendingInvalidations: this.#clients.owedCount + owed,
      delays,
      clientDelays: this.#clients.delays,
    };
  }

  /** Lines may be answered. */
  get #isLive(): boolean {
    return this.#lines.leaseLeftMs(this.#parts.clock.bootNow()) > 0;
  }

  list(): CacheListing {
    const { clock } = this.#parts;
    const ofNodes = listPending(this.#leader.sharers, 'node', clock.now());
    const ofClients = listPending(this.#clients.sharers, 'client', clock.now());
    return {
      linesOf: (asked) => listLines(this.#isLive ? this.#store.from : () => [], asked),
      pending: [...ofNodes, ...ofClients],
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
      return this.#keep(fetch, await ask(key, fetch.memoryId, options));
    } catch (error) {
      this.#lines.failFetch(fetch); // LINE-7
      throw error;
    }
  }

  #keep(fetch: PendingFetch, { term, grant, view, revision }: LeaderAnswer): Read {
    const { clock } = this.#parts;
    const { key } = fetch;
    const isOwn = view !== undefined && this.#ownWrites.get(key) === view.version;
    const value = { view, revision };
    const kept = clock.mayMissSleep === true ? unkept : grant; // COH-3
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

  /** COH-2: whether the lines are gone, or which are not yet; of those of an earlier process nothing is known. */
  onInvalidation(told: Invalidation): Dropped | Promise<Dropped> {
    if (!this.#lines.invalidate(told)) return false;
    const dropped = this.#clients.invalidate(told.keys);
    return dropped === undefined || this.#soon(dropped, told.keys);
  }

  /** MEMORY-7. */
  async #soon(dropped: Promise<unknown>, keys: readonly string[]): Promise<Dropped> {
    const { promise, resolve } = Promise.withResolvers<Dropped>();
    const cancel = this.#parts.clock.after(answerAfterMs, () => {
      resolve(this.#clients.waitedFor(keys));
    });
    void dropped.then(() => resolve(true));
    return promise.finally(cancel);
  }

  /** A client that keeps what it reads, and is told what to drop. */
  openClient(tell: TellClient, who: string): CacheClient {
    const clients = this.#clients;
    const id = clients.open(tell, who);
    let rightsOf: number | undefined;
    let changes = 0;
    /** MEMORY-5: it goes up with the memory id of the lines here, and whenever the client may do something else than before. */
    const termFor = ({ identity }: CallOptions): number => {
      const changedAt = this.#parts.state().access.changedAt(identity);
      if (rightsOf !== undefined && changedAt !== rightsOf) changes += 1;
      rightsOf = changedAt;
      return this.#lines.memoryNumber + changes;
    };
    return {
      read: async (key, memoryId, options) => {
        const read = await this.#readHere(key, options);
        const nowMs = this.#parts.clock.bootNow();
        const line = this.#lines.read(key, nowMs);
        const { identity, authorizedAt } = options;
        const isAdmitted = this.#parts.state().staleRights(identity, authorizedAt) === undefined;
        const isKept = line !== undefined && line.value === read.found;
        const term = termFor(options);
        const grant = clients.read(id, memoryId, key, {
          isKept: isKept && isAdmitted, // MEMORY-1, MEMORY-5
          leaseLeftMs: this.#lines.leaseLeftMs(nowMs),
          term,
        });
        const untilMs = line?.untilMs ?? read.untilMs;
        return { ...this.#shown({ ...read, untilMs }), term, grant };
      },
      dropped: (memoryId, seq) =>
        seq === undefined ? clients.left(id, memoryId) : clients.acknowledged(id, memoryId, seq),
      close: () => clients.close(id),
    };
  }

  /** LINE-2: the leader cannot be reached, or was another one. */
  onLeaderLost(): void {
    this.#lines.drop();
  }

  // ---- the leader -------------------------------------------------------------------------------

  /** EARLIER-3, EARLIER-4. Resolves with false: another one leads. */
  onNewLeader(term: number): Promise<boolean> {
    if (term < this.#newest.term) return Promise.resolve(false);
    if (term > this.#newest.term) this.#newest = { term, isDropped: this.#dropBefore(term) };
    return this.#newest.isDropped;
  }

  async #dropBefore(term: number): Promise<boolean> {
    const { clock } = this.#parts;
    this.#lines.dropBefore(term);
    await this.#clients.dropAll();
    const leftMs = this.#startedMs + grantorLeaseMs(cacheLeaseMs) - clock.now();
    if (leftMs > 0) await new Promise<void>((resolve) => void clock.after(leftMs, resolve));
    return true;
  }

  onStatus(status: Status): void {
    this.#leader.onStatus(status);
  }

  onTick(): void {
    this.#clients.onTick();
    this.#leader.onTick();
  }

  readHere(node: string, key: string, memoryId: string): Promise<LeaderAnswer> {
    return this.#leader.readHere(node, key, memoryId);
  }

  fillHere(key: string, asked: FillAttempt): Promise<FillAnswer> {
    return this.#leader.fillHere(key, asked);
  }

  endFillHere(key: string, token: string): void {
    this.#leader.endFillHere(key, token);
  }

  get gate(): WriteGate {
    return this.#leader.gate;
  }
}
