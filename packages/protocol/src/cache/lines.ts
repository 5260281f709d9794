/**
 * The lines of one memory, of a node or of a client: answers of reads that it may give again. Pure: the time, by a clock
 * that goes on while the machine sleeps, is handed in. Who grants them: the leader to nodes, a node to clients.
 *
 * LINE-1: a line is answered only where the lease of the memory lives and its value has not ended, by the clock at that very read;
 *     never because a timer has not fired yet.
 * LINE-2: lines belong to one id of the memory. Where the lease has run out, the connection broke, or who grants them is another one or has begun
 *     anew, all of them are dropped and the memory has another id, under which nobody knows of any; what was asked for under the id
 *     before is not kept, and extends nothing.
 * LINE-3: an answer is kept only if it was granted after the last invalidation of its key that came while it was under way.
 * LINE-4: an invalidation is acknowledged after its lines are gone.
 * LINE-5: a lease counts from before it was asked for.
 * LINE-6: absence is a line like any other.
 * LINE-7: a read that is under way is known until it ends, however that is; its owner ends it also where it cannot use the answer.
 * LINE-8: a memory that has said that nothing is left in it of who granted lines before a term keeps nothing more of them either, whenever
 *     their answers come.
 * LINE-9: an answer is kept, and extends the lease, only where its term, its number and its lease are numbers: whatever else they are, no
 *     comparison would ever end that lease.
 */
import { certainMs } from './terms.ts';
import type { LineGrant, Invalidation, LineState } from './terms.ts';

/** Where lines are, at most so many: the store lets those go that were read longest ago. */
export interface LineStore<V> {
  /** It counts as read. */
  get(key: string): Line<V> | undefined;
  peek(key: string): Line<V> | undefined;
  set(key: string, line: Line<V>): unknown;
  delete(key: string): unknown;
  /** From now on others have a line of this key as well; it does not count as read. */
  share(key: string): void;
  clear(): void;
  readonly size: number;
  readonly calculatedSize: number;
}

export interface Line<V> {
  readonly value: V;
  /** By the clock here; undefined: the value stays. */
  readonly untilMs: number | undefined;
  /** Changed by its store alone, which may count what is in which state. */
  state: LineState;
}

/** A read that is under way. */
export interface PendingFetch {
  readonly key: string;
  readonly memoryId: string;
  readonly sentMs: number;
  /** Of its key, since it was sent: the number of the latest. */
  invalidatedThrough: number;
}

/** What a read is answered with beside the value. */
export interface LineLease {
  /** Of the leadership that grants it; of a node to its clients: of its own lines. */
  readonly term: number;
  readonly grant: LineGrant | 'over';
}

export interface FetchAnswer<V> extends LineLease {
  readonly value: V;
  /** Undefined: the value stays. */
  readonly expiresInMs: number | undefined;
}

export interface LineStatistics {
  readonly lines: number;
  readonly bytes: number;
  /** Keys of which reads are under way (LINE-7). */
  readonly asking: number;
  readonly invalidations: number;
  readonly drops: number;
}

export class Lines<V> {
  readonly #process: string;
  readonly #lines: LineStore<V>;
  readonly #grainMs: number;
  readonly #fetches = new Map<string, Set<PendingFetch>>();
  #memories = 1;
  /** Of who granted the lease of this memory id; 0: nobody has. */
  #term = 0;
  #leaseUntilMs = Number.NEGATIVE_INFINITY;
  /** LINE-8. */
  #leastTerm = 0;
  #invalidations = 0;
  #drops = 0;

  /**
   * @param process A name that no other process has.
   * @param grainMs How coarsely the ends of values are told.
   */
  constructor(process: string, store: LineStore<V>, grainMs: number) {
    this.#process = process;
    this.#lines = store;
    this.#grainMs = grainMs;
  }

  get memoryNumber(): number {
    return this.#memories;
  }

  get memoryId(): string {
    return `${this.#process}#${String(this.#memories)}`;
  }

  get statistics(): LineStatistics {
    return {
      lines: this.#lines.size,
      bytes: this.#lines.calculatedSize,
      asking: this.#fetches.size,
      invalidations: this.#invalidations,
      drops: this.#drops,
    };
  }

  /** What may be answered at this moment (LINE-1). */
  read(key: string, nowMs: number): Line<V> | undefined {
    if (nowMs >= this.#leaseUntilMs) {
      this.#dropLapsed();
      return undefined;
    }
    const line = this.#lines.get(key);
    if (line === undefined) return undefined;
    if (line.untilMs === undefined || nowMs < line.untilMs) return line;
    this.#lines.delete(key);
    return undefined;
  }

  /** Ms that the lease still has; 0 or less without one. */
  leaseLeftMs(nowMs: number): number {
    return this.#leaseUntilMs - nowMs;
  }

  /** The key is about to be asked for. What is returned is to be ended, whatever comes of it. */
  beginFetch(key: string, nowMs: number): PendingFetch {
    if (nowMs >= this.#leaseUntilMs) this.#dropLapsed();
    const fetch = { key, memoryId: this.memoryId, sentMs: nowMs, invalidatedThrough: 0 };
    const fetches = this.#fetches.get(key);
    if (fetches === undefined) this.#fetches.set(key, new Set([fetch]));
    else fetches.add(fetch);
    return fetch;
  }

  /** Nothing came of it. */
  failFetch(fetch: PendingFetch): void {
    const fetches = this.#fetches.get(fetch.key);
    fetches?.delete(fetch);
    if (fetches?.size === 0) this.#fetches.delete(fetch.key);
  }

  /**
   * Keeps the answer where that is safe.
   *
   * @param isOwn Whether that version was written here.
   * @returns The state of its line.
   */
  endFetch(fetch: PendingFetch, answer: FetchAnswer<V>, isOwn: boolean, nowMs: number): LineState {
    this.failFetch(fetch);
    const { grant, term, value, expiresInMs } = answer;
    if (!areNumbers(answer)) return 'invalid'; // LINE-9
    if (nowMs >= this.#leaseUntilMs) this.#dropLapsed(); // LINE-2
    if (fetch.memoryId !== this.memoryId) return 'invalid'; // LINE-2
    if (grant === 'over' || (this.#term !== 0 && term > this.#term)) {
      this.drop();
      return 'invalid';
    }
    if (term < this.#term || term < this.#leastTerm) return 'invalid'; // LINE-8
    const untilMs = fetch.sentMs + grant.leaseMs; // LINE-5
    if (!(nowMs < untilMs)) return 'invalid';
    this.#term = term;
    this.#leaseUntilMs = Math.max(this.#leaseUntilMs, untilMs);
    if (grant.line === 'none' || grant.seq <= fetch.invalidatedThrough) return 'invalid'; // LINE-3
    const state = grant.line === 'exclusive' && isOwn ? 'modified' : grant.line;
    const endsMs =
      expiresInMs === undefined ? undefined : fetch.sentMs + certainMs(expiresInMs, this.#grainMs);
    this.#lines.set(fetch.key, { value, untilMs: endsMs, state }); // LINE-6
    return state;
  }

  /**
   * LINE-4: what was told not to be answered any more is gone when this returns.
   *
   * @returns Whether the lines of that memory id are this process's: of those of another one it knows nothing.
   */
  invalidate({ memoryId, seq, keys, shared }: Invalidation): boolean {
    if (!memoryId.startsWith(`${this.#process}#`)) return false;
    for (const key of keys) {
      this.#invalidations += 1;
      this.#lines.delete(key);
      for (const fetch of this.#fetches.get(key) ?? [])
        fetch.invalidatedThrough = Math.max(fetch.invalidatedThrough, seq); // LINE-3
    }
    for (const key of shared) this.#lines.share(key);
    return true;
  }

  /** LINE-8: what was granted before this term is gone when this returns. */
  dropBefore(term: number): void {
    this.#leastTerm = Math.max(this.#leastTerm, term);
    if (this.#term !== 0 && this.#term < term) this.drop();
  }

  /** LINE-2: all of them, and the lease. */
  drop(): void {
    this.#lines.clear();
    this.#drops += 1;
    this.#memories += 1;
    this.#term = 0;
    this.#leaseUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** Where there is nothing to drop the memory id may go on: nothing was granted under it, or its lines are gone. */
  #dropLapsed(): void {
    if (this.#term !== 0) this.drop();
  }
}

function areNumbers({ term, grant }: LineLease): boolean {
  if (!Number.isFinite(term)) return false;
  return grant === 'over' || (Number.isFinite(grant.seq) && Number.isFinite(grant.leaseMs));
}
