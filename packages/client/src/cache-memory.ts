/**
 * What a client keeps of the cache in its own memory.
 *
 * CLIENT-CACHE-1: what is answered from memory is what the key has at that moment: the node has granted it under a lease, which is
 *     looked at in that very read, by a clock that counts what the machine sleeps (LINE-1); and before the key is written
 *     this client is told to drop it, or that lease has run out.
 * CLIENT-CACHE-2: everything is dropped when the connection that it came over is broken (LINE-2): nobody could tell what is
 *     invalid any more.
 * CLIENT-CACHE-3: an invalidation is acknowledged after what it names is gone (LINE-4); an answer that was granted
 *     before it and comes after it is given to its caller and not kept (LINE-3).
 * CLIENT-CACHE-4: what is kept cannot be changed by who was given it: it is frozen.
 * CLIENT-CACHE-5: without a clock that surely counts what the machine sleeps a client has no such memory.
 */
import { clientLeaseMs, Lines } from '@holdfast/protocol/cache';
import type { PendingFetch } from '@holdfast/protocol/cache';
import type { CacheDroppedBody, CacheKeepAnswer, CachePush, Json } from '@holdfast/protocol';
import type { ClientClock } from './clock.ts';
import type { Connection } from './connection.ts';
import { CacheStore } from './cache-store.ts';
import type { StoreBounds } from './cache-store.ts';
import type { CacheValue } from './cache-value.ts';
import { leaseIn } from './messages.ts';

/** Longest that `leave` waits. */
const leaveTimeoutMs = 500;

type Found = CacheValue | undefined;

/** What a line has: the promise of a read is made once, and given to every read. */
interface Kept {
  readonly found: Promise<Found>;
  readonly bytes: number;
}

/** What a memory needs of the connection of its client. */
export type CacheConnection = Pick<Connection, 'cacheKeep' | 'cacheDropped' | 'onBroken'> & {
  readonly pushes: Pick<Connection['pushes'], 'onCache'>;
};

/** The memory of a client in numbers. */
export interface MemoryStatistics {
  /** Reads that were answered from it. */
  readonly hits: number;
  /** Reads for which a node was asked. */
  readonly misses: number;
  /** Keys that it has. */
  readonly keys: number;
  /** About what those take. */
  readonly bytes: number;
  /** Keys that a node is being asked for. */
  readonly asking: number;
}

export class CacheMemory {
  readonly #connection: CacheConnection;
  readonly #clock: ClientClock;
  readonly #lines: Lines<Kept>;
  #renewing = false;
  #hits = 0;
  #misses = 0;

  /** @param process A name that no other client has. */
  constructor(
    connection: CacheConnection,
    clock: ClientClock,
    process: string,
    bounds: StoreBounds,
  ) {
    this.#connection = connection;
    this.#clock = clock;
    // The ends of values that a node tells are before those that it was told.
    this.#lines = new Lines(process, new CacheStore<Kept>(bounds, ({ bytes }) => bytes), 0);
    connection.onBroken(() => this.#lines.drop()); // CLIENT-CACHE-2
    connection.pushes.onCache((push) => this.#drop(push));
  }

  get statistics(): MemoryStatistics {
    const { lines, bytes, asking } = this.#lines.statistics;
    return { hits: this.#hits, misses: this.#misses, keys: lines, bytes, asking };
  }

  /** CLIENT-CACHE-1. Undefined: the node has to be asked. */
  read(key: string, timeoutMs: number): Promise<Found> | undefined {
    const nowMs = this.#clock.bootNow();
    const line = this.#lines.read(key, nowMs);
    if (line === undefined) {
      this.#misses += 1;
      return undefined;
    }
    this.#hits += 1;
    if (this.#lines.leaseLeftMs(nowMs) < clientLeaseMs / 2) this.#renew(key, timeoutMs);
    return line.value.found;
  }

  /** The lease of all goes on with the answer to a read of one. */
  #renew(key: string, timeoutMs: number): void {
    if (this.#renewing) return;
    this.#renewing = true;
    const done = (): void => {
      this.#renewing = false;
    };
    this.fetch(key, timeoutMs).then(done, done);
  }

  /** Asks the node, and keeps what it answers where that may be. */
  async fetch(key: string, timeoutMs: number): Promise<Found> {
    const fetch = this.#lines.beginFetch(key, this.#clock.bootNow());
    try {
      const asked = { k: key, memory_id: fetch.memoryId };
      return this.#keep(fetch, await this.#connection.cacheKeep(asked, timeoutMs));
    } catch (error) {
      this.#lines.failFetch(fetch); // LINE-7
      throw error;
    }
  }

  #keep(fetch: PendingFetch, answer: CacheKeepAnswer): Found {
    const { found, value, version, expires_in_seconds: seconds } = answer;
    const bytes = found ? freeze(value) : 0; // CLIENT-CACHE-4
    const read = found ? Object.freeze({ value, version }) : undefined;
    const lease = leaseIn(answer);
    if (lease === undefined) {
      this.#lines.failFetch(fetch);
      return read;
    }
    const expiresInMs = seconds === null ? undefined : seconds * 1000;
    const kept = { found: Promise.resolve(read), bytes };
    const granted = { ...lease, value: kept, expiresInMs };
    this.#lines.endFetch(fetch, granted, false, this.#clock.bootNow());
    return read;
  }

  /** CLIENT-CACHE-3. */
  #drop({ memory_id: memoryId, seq, keys, all }: CachePush): void {
    if (all === true) {
      if (memoryId === this.#lines.memoryId) this.#lines.drop();
      this.#acknowledge({ memory_id: memoryId });
      return;
    }
    if (!this.#lines.invalidate({ term: 0, memoryId, seq, keys, shared: [] })) return;
    this.#acknowledge({ memory_id: memoryId, seq });
  }

  #acknowledge(dropped: CacheDroppedBody): void {
    this.#connection.cacheDropped(dropped, leaveTimeoutMs).catch(() => undefined);
  }

  /** Drops everything, and lets the node know, which need not wait for the lease then. */
  async leave(): Promise<void> {
    const { memoryId } = this.#lines;
    const hadAny = this.#lines.leaseLeftMs(this.#clock.bootNow()) > 0;
    this.#lines.drop();
    if (hadAny)
      await this.#connection
        .cacheDropped({ memory_id: memoryId }, leaveTimeoutMs)
        .catch(() => undefined);
  }
}

/** All of it, however deep it is nested. @returns About how many bytes it takes. */
function freeze(whole: Json): number {
  const left: Json[] = [whole];
  let bytes = 0;
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    if (typeof value === 'string') bytes += 16 + 2 * value.length;
    else if (typeof value !== 'object' || value === null) bytes += 8;
    else {
      bytes += 32;
      for (const [name, part] of Object.entries(value)) {
        bytes += 16 + 2 * name.length;
        left.push(part);
      }
      Object.freeze(value);
    }
  }
  return bytes;
}
