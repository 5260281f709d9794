/**
 * The memories of the clients of one node: what the node grants them of its own lines, and what it has them drop.
 *
 * MEMORY-1: a client is granted a line only in the turn in which this node has that line itself, under a lease that
 *     is over before the node's own, by whatever clock: to the leader they are one.
 * MEMORY-2: an invalidation is acknowledged to the leader only when every client that may have a line of its keys has
 *     acknowledged that it dropped it, or its lease has run out.
 * MEMORY-3: the lease of a client goes on only as long as the lines of its node are of one memory id: under another one the
 *     leader does not know what was granted before, and the client drops it with the first answer.
 * MEMORY-4: timers and acknowledgements only occasion another look at the directory; clients that are gone are waited for as those
 *     that are silent: whoever sees its connection break may do so late.
 * MEMORY-5: the lease of a client goes on only as long as it may do what it might when that was granted: the lease is one for all its
 *     keys, and a key that it may read no more would go on with the others.
 * MEMORY-6: whoever is told that no client has anything left (`dropAll`) is told so when each that was granted something before that was
 *     asked has said that it dropped all of it, or its lease has run out.
 * MEMORY-7: a client is told by itself, and waited for by itself: what others had and have dropped is acknowledged at once
 *     (`waitedFor`), and the lease of a client is shorter than that of its node, so that a silent one delays writes of
 *     what it has for no longer than its own.
 * MEMORY-8: an acknowledgement counts for the memory id under which the client was told, and for no other. It may have been meant for another
 *     node, to which it could not be sent, and there the same number named other keys: those would be taken for dropped.
 */
import { certainMs, clientLeaseMs } from '@holdfast/protocol/cache';
import type { LineGrant, Invalidation } from '@holdfast/protocol/cache';
import type { Clock } from '../clock.ts';
import { Delays } from './delays.ts';
import type { Delay } from './delays.ts';
import { Directory } from './directory.ts';
import type { DirectoryBounds } from './directory.ts';
import type { Sharer } from './sharer.ts';

const bounds: DirectoryBounds = {
  maxKeys: 100_000,
  maxSharers: 10_000,
  maxKeysEach: 20_000,
  maxMemoriesEach: 8,
};
/** Clients that are told in one turn. */
const toldPerTurn = 200;

/** What a client is told: keys, or all that it has under a memory id. */
export interface ToldClient {
  readonly memoryId: string;
  readonly seq: number;
  readonly keys: readonly string[];
  readonly all?: true;
}

/** Tells a client what to drop. */
export type TellClient = (told: ToldClient) => void;

interface Client {
  readonly tell: TellClient;
  /** What it was told and has not acknowledged, by number. */
  readonly told: Map<number, Invalidation>;
  /** Under which it may have lines: those of its own and of the node's lines. */
  readonly memoryIds: Set<string>;
}

/** What a node has itself of the key that a client reads. */
export interface NodeLine {
  /** Whether the very value that the client is answered is in its memory. */
  readonly isKept: boolean;
  readonly leaseLeftMs: number;
  /** Of the memory id of its lines, and of what the client may do. */
  readonly term: number;
}

/** An invalidation of a key. */
interface Waiting {
  readonly dropped: Promise<void>;
  readonly go: () => void;
  /** Of the timer for the leases of those that say nothing. */
  cancelLook: () => void;
}

export class ClientMemories {
  readonly #clock: Pick<Clock, 'now' | 'after' | 'endOfTurn'>;
  readonly #delays = new Delays();
  // What is granted here is never older than a lease of this process: SHARER-4 is the leader's.
  readonly #directory = new Directory(0, Number.NEGATIVE_INFINITY, bounds, this.#delays);
  readonly #clients = new Map<string, Client>();
  /** Invalidations that wait, by key. */
  readonly #waiting = new Map<string, Waiting>();
  /** MEMORY-6: those that are waited for, and who waits. */
  readonly #leaving = new Map<Set<Sharer>, () => void>();
  #opened = 0;
  #tellPlanned = false;

  constructor(clock: Pick<Clock, 'now' | 'after' | 'endOfTurn'>) {
    this.#clock = clock;
  }

  get sharerCount(): number {
    return this.#directory.sharerCount;
  }

  get owedCount(): number {
    return this.#directory.owedCount;
  }

  get sharers(): Iterable<Sharer> {
    return this.#directory.sharers;
  }

  /** Who delayed writes. */
  get delays(): readonly Delay[] {
    return this.#delays.list;
  }

  /**
   * @param who For people: who it is, and from where.
   * @returns A name of it that no other client of this process has.
   */
  open(tell: TellClient, who: string): string {
    const id = `${who} #${String((this.#opened += 1))}`;
    this.#clients.set(id, { tell, told: new Map(), memoryIds: new Set() });
    return id;
  }

  /** MEMORY-4: it is told nothing more. */
  close(id: string): void {
    this.#clients.delete(id);
  }

  /** MEMORY-1. To be called in the turn in which `line` is so. */
  read(id: string, memoryId: string, key: string, line: NodeLine): LineGrant | 'over' {
    const leaseMs = certainMs(Math.min(clientLeaseMs, line.leaseLeftMs), 0);
    const client = this.#clients.get(id);
    if (!line.isKept || leaseMs === 0 || client === undefined)
      return { seq: 0, leaseMs: 0, line: 'none' };
    const nowMs = this.#clock.now();
    const named = `${memoryId}@${String(line.term)}`; // MEMORY-3
    client.memoryIds.add(named);
    const grant = this.#directory.read(id, named, key, nowMs, leaseMs);
    this.#planTelling(); // SHARER-5: what falls out of the directory.
    return grant;
  }

  /** MEMORY-2: undefined: no client has any of them. */
  invalidate(keys: readonly string[]): Promise<unknown> | undefined {
    let all: Promise<void>[] | undefined;
    for (const key of keys) {
      const waiting = this.#waiting.get(key)?.dropped ?? this.#begin(key);
      if (waiting !== undefined) (all ??= []).push(waiting);
    }
    return all && Promise.all(all);
  }

  /** MEMORY-7: those of them that clients may have still. */
  waitedFor(keys: readonly string[]): readonly string[] {
    return keys.filter((key) => this.#waiting.has(key));
  }

  /** MEMORY-6. Undefined: nobody has anything. */
  dropAll(): Promise<void> | undefined {
    const nowMs = this.#clock.now();
    const left = new Set(this.#directory.live(nowMs));
    if (left.size === 0) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#leaving.set(left, resolve);
    this.#tellToLeave([...left]);
    return promise;
  }

  /** What only time brings about is seen by the tick (MEMORY-4). */
  #tellToLeave(sharers: readonly Sharer[]): void {
    for (const { node, memoryId } of sharers.slice(0, toldPerTurn))
      this.#clients
        .get(node)
        ?.tell({ memoryId: ownMemoryIdOf(memoryId), seq: 0, keys: [], all: true });
    // The others in a turn of their own.
    if (sharers.length > toldPerTurn)
      this.#clock.after(0, () => this.#tellToLeave(sharers.slice(toldPerTurn)));
  }

  #lookWhoLeft(): void {
    const nowMs = this.#clock.now();
    for (const [left, go] of this.#leaving) {
      for (const sharer of left) {
        if (!this.#directory.isGone(sharer, nowMs)) break; // SHARER-9
        left.delete(sharer);
      }
      if (left.size > 0) continue;
      this.#leaving.delete(left);
      go();
    }
  }

  #begin(key: string): Promise<void> | undefined {
    if (!this.#directory.knows(key)) return undefined;
    this.#directory.beginWrite(key, this.#clock.now());
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting: Waiting = { dropped: promise, go: resolve, cancelLook: () => undefined };
    this.#waiting.set(key, waiting);
    if (this.#look(key)) return undefined;
    this.#lookLater(key, waiting);
    this.#planTelling();
    return promise;
  }

  /** @returns Whether nobody has a line of it any more. */
  #look(key: string): boolean {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return true;
    if (!this.#directory.isClear(key, this.#clock.now())) return false;
    this.#waiting.delete(key);
    waiting.cancelLook();
    this.#directory.endWrite(key);
    waiting.go();
    return true;
  }

  #lookLater(key: string, waiting: Waiting): void {
    const leftMs = this.#directory.clearAtMs(key) - this.#clock.now();
    waiting.cancelLook = this.#clock.after(Math.max(1, Math.ceil(leftMs)), () => {
      if (!this.#look(key)) this.#lookLater(key, waiting);
    });
  }

  #planTelling(): void {
    if (this.#tellPlanned || !this.#directory.hasUntold) return;
    this.#tellPlanned = true;
    this.#clock.endOfTurn(() => {
      this.#tellPlanned = false;
      this.#tell();
    });
  }

  #tell(): void {
    let left = toldPerTurn;
    for (const sharer of this.#directory.toTell(this.#clock.now())) {
      const told = this.#directory.take(sharer);
      const client = this.#clients.get(sharer.node);
      if (client === undefined || told.keys.length === 0) continue;
      client.told.set(told.seq, told);
      client.tell({ memoryId: told.memoryId, seq: told.seq, keys: told.keys });
      left -= 1;
      if (left > 0) continue;
      break;
    }
    // The others, and what fits in no message (SHARER-8), in a turn of their own.
    if (this.#directory.hasUntold) this.#clock.after(0, () => this.#planTelling());
  }

  /**
   * A client has dropped what it was told under this number.
   *
   * @param memoryId As it was told (MEMORY-3).
   */
  acknowledged(id: string, memoryId: string, seq: number): void {
    const client = this.#clients.get(id);
    const told = client?.told.get(seq);
    if (client === undefined || told?.memoryId !== memoryId) return; // MEMORY-8
    client.told.delete(seq);
    const sharer = this.#directory.sharer(id, told.memoryId);
    if (sharer === undefined) return;
    this.#directory.acknowledged(sharer, told.keys, this.#clock.now());
    for (const key of told.keys) this.#look(key);
  }

  /** A client has dropped all that it had under this memory id of its own, and keeps nothing that comes under it. */
  left(id: string, memoryId: string): void {
    const client = this.#clients.get(id);
    for (const named of client?.memoryIds ?? []) {
      const sharer = named.startsWith(`${memoryId}@`)
        ? this.#directory.sharer(id, named)
        : undefined;
      if (sharer === undefined) continue;
      const awaitedOf = [...sharer.owed.keys(), ...sharer.heard.keys()];
      this.#directory.left(sharer);
      for (const key of awaitedOf) this.#look(key);
    }
    this.#lookWhoLeft();
  }

  onTick(): void {
    this.#directory.onTick(this.#clock.now());
    this.#lookWhoLeft();
    this.#planTelling();
    for (const [id, { told, memoryIds }] of this.#clients) {
      for (const named of memoryIds)
        if (this.#directory.sharer(id, named) === undefined) memoryIds.delete(named);
      for (const [seq, { memoryId }] of told) if (!memoryIds.has(memoryId)) told.delete(seq);
    }
  }
}

/** What a client calls its memory id (MEMORY-3). */
const ownMemoryIdOf = (named: string): string => named.slice(0, named.lastIndexOf('@'));
