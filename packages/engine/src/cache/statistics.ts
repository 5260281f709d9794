/** What a read of the cache tells, and the cache of a node in numbers. */
import type { LineGrant, LineState } from '@holdfast/protocol/cache';
import type { CacheView } from '@holdfast/state';
import type { Delay } from './delays.ts';
import { noLines } from './node-store.ts';
import type { LineCounts } from './node-store.ts';
import type { CallOptions } from '../call-options.ts';

/** What a leader answers to a read. */
export interface LeaderAnswer {
  readonly term: number;
  readonly view: CacheView | undefined;
  readonly revision: number;
  readonly grant: LineGrant | 'over';
}

export interface CacheRead {
  /** Undefined: the key has no value. */
  readonly view: CacheView | undefined;
  /** Log index of the state that was read. */
  readonly revision: number;
  /** Answered from the memory of this node. */
  readonly hit: boolean;
  /** Of the line of this node after the read. */
  readonly state: LineState;
}

/** Whoever would load the value of a key where it has none. */
export interface FillRequest {
  /** Of who has its turn, and asks for more time. */
  readonly token: string | undefined;
  readonly waitMs: number;
  /** How long loading may take in all. */
  readonly fillMs: number;
}

/** Without value and token: another one is loading it still. */
export interface FillAnswer {
  readonly view: CacheView | undefined;
  readonly revision: number;
  readonly token: string | undefined;
}

/** Turns to load values, of which each key has one in the cluster. */
export interface CacheFills {
  /** As of now: the value of a key, or the turn to load it where it has none. */
  fillCache(key: string, asked: FillRequest, options: CallOptions): Promise<FillAnswer>;
  /** Who has the turn has nothing to write. */
  endCacheFill(key: string, token: string, options: CallOptions): Promise<void>;
}

/** What a client of this node is granted with a read: it may answer it from its own memory. */
export interface ClientRead extends CacheRead {
  /** Of the lines of this node, and of what the client may do. */
  readonly term: number;
  readonly grant: LineGrant | 'over';
}

/** A client that keeps what it reads. */
export interface CacheClient {
  /** @param memory id Of its lines. */
  read(key: string, memoryId: string, options: CallOptions): Promise<ClientRead>;
  /** It has dropped what it was told under this number; undefined: all that it had under this memory id, and what is still to come. */
  dropped(memoryId: string, seq: number | undefined): void;
  /** It is told nothing more. */
  close(): void;
}

export interface CacheStatistics {
  readonly hits: number;
  readonly misses: number;
  readonly lines: number;
  readonly lineBytes: number;
  /** Of the lines; those of a lease that has run out are invalid, all of them. */
  readonly linesByState: LineCounts;
  readonly invalidations: number;
  readonly drops: number;
  /** Memories of clients of this node that may have lines. */
  readonly clients: number;
  /** Keys that were to be dropped, by nodes and by clients of this one, and are not acknowledged. */
  readonly pendingInvalidations: number;
  /** On the leader: writes that wait for that. */
  readonly pendingWrites: number;
  /** On the leader: who may have lines, and keys of which. */
  readonly sharers: number;
  readonly sharedKeys: number;
  /** Writes that waited for lines to be dropped, and how long they did in all. */
  readonly writesDelayed: number;
  readonly delayMs: number;
  /** On the leader: by which nodes; on each node: by which of its clients. */
  readonly delays: readonly Delay[];
  readonly clientDelays: readonly Delay[];
}

/** Of a node that has no cache. */
export const noCacheStatistics: CacheStatistics = {
  hits: 0,
  misses: 0,
  lines: 0,
  lineBytes: 0,
  linesByState: noLines,
  invalidations: 0,
  drops: 0,
  clients: 0,
  pendingInvalidations: 0,
  pendingWrites: 0,
  sharers: 0,
  sharedKeys: 0,
  writesDelayed: 0,
  delayMs: 0,
  delays: [],
  clientDelays: [],
};
