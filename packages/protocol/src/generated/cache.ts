// Made from packages/contract by "make documents". Change the declaration, not this file.
import type { Json } from '../json.ts';
import type { Consistency } from './sessions.ts';

/** A hold that has to stand when the write is applied. */
export interface IfHeld {
  /** Name of the lock, semaphore or election that is held. 1 to 256 characters. */
  readonly resource: string;
  /** Fence token, as returned by the acquire. */
  readonly fence_token: number;
}

/** Request of CacheSet. */
export interface CacheSetBody {
  /** The key. "/" makes a hierarchy for access rules. 1 to 256 characters. */
  readonly key: string;
  /** Any JSON, of at most 65,536 bytes. */
  readonly value: Json;
  /** The value ends by itself after so many seconds; it stays when absent. 0.001 to 86,400. */
  readonly ttl_seconds?: number;
  /** Write only where the key has this version; 0: only where it has no value. */
  readonly if_version?: number;
  /**
   * Write only while this hold stands, which is looked at in the same command: a holder that was paused and has
   * lost its hold writes nothing.
   */
  readonly if_held?: IfHeld;
  /**
   * Write only while this turn to load the value stands, and the key has not been written since it was given. 1 to
   * 100 characters.
   */
  readonly fill_token?: string;
}

/** What CacheSet answers. */
export interface CacheSetAnswer {
  /** The key. */
  readonly key: string;
  /** Log index of the write that gave the key its value. */
  readonly version: number;
  /** Id of the node that answers. */
  readonly node: string;
}

/** Request of CacheGet. */
export interface CacheGetBody {
  /** The key. "/" makes a hierarchy for access rules. 1 to 256 characters. */
  readonly k: string;
}

/**
 * What a node has in its memory of a key. `modified`: The value, which this node wrote; no other node has it in
 * its memory. `exclusive`: The value; no other node has it in its memory. `shared`: The value; other nodes may
 * have it as well. `invalid`: Nothing: the next read asks the leader.
 */
export type LineState = 'modified' | 'exclusive' | 'shared' | 'invalid';

/** What CacheGet answers. */
export interface CacheGetAnswer {
  /** The key. */
  readonly key: string;
  /** Whether the key has a value. */
  readonly found: boolean;
  /** The value; null where there is none. */
  readonly value: Json;
  /** Log index of the write that gave it its value; 0 where it has none. */
  readonly version: number;
  /** Until the value ends by itself; null where it stays. */
  readonly expires_in_seconds: number | null;
  /** Answered from the memory of the node that answers, without the leader. */
  readonly hit: boolean;
  /** Id of the node that answers. */
  readonly node: string;
  /** What that node has of the key after this read. */
  readonly state: LineState;
}

/** Reads a key of the cache, to answer it again from memory. */
export interface CacheKeepBody {
  /** The key. "/" makes a hierarchy for access rules. 1 to 256 characters. */
  readonly k: string;
  /**
   * Names the memory of the client since it last had nothing; another one whenever it has dropped everything. 1 to
   * 100 characters.
   */
  readonly memory_id: string;
}

/**
 * Whether an answer may be given again from memory. `exclusive`: It may; no other client of this node has it.
 * `shared`: It may; others have it as well. `none`: It may not. `over`: It may not, and the lease of this memory
 * has run out.
 */
export type KeptLine = 'exclusive' | 'shared' | 'none' | 'over';

/** The value of a key, and whether it may be kept. */
export interface CacheKeepAnswer {
  /** The key. */
  readonly key: string;
  /** Whether the key has a value. */
  readonly found: boolean;
  /** The value; null where there is none. */
  readonly value: Json;
  /** Log index of the write that gave it its value; 0 where it has none. */
  readonly version: number;
  /** Until the value ends by itself; null where it stays. */
  readonly expires_in_seconds: number | null;
  /** Id of the node that answers. */
  readonly node: string;
  /** Whether the answer may be kept. */
  readonly line: KeptLine;
  /** Where it is above that of an answer before, all that was kept is void. */
  readonly term: number;
  /** An invalidation of the key with this number or a higher one voids it. */
  readonly seq: number;
  /** What is kept may be answered for so long from when this was asked for. */
  readonly lease_ms: number;
}

/** What the client had to drop is gone from its memory. */
export interface CacheDroppedBody {
  /**
   * Names the memory of the client since it last had nothing; another one whenever it has dropped everything. 1 to
   * 100 characters.
   */
  readonly memory_id: string;
  /** Number of the push that told it; absent: all that it had under this id, which is over. */
  readonly seq?: number;
}

/** It is known. */
export interface CacheDroppedAnswer {
  /**
   * Names the memory of the client since it last had nothing; another one whenever it has dropped everything. 1 to
   * 100 characters.
   */
  readonly memory_id: string;
}

/** Request of CacheFill. */
export interface CacheFillBody {
  /** The key. "/" makes a hierarchy for access rules. 1 to 256 characters. */
  readonly k: string;
  /** How long to wait while another one loads it; 0, the default, answers at once. 0 to 5. */
  readonly wait_seconds?: number;
  /**
   * How long loading may take in all; 10 when absent. Within 2 seconds, each time, more time has to be asked for.
   * 0.1 to 300.
   */
  readonly fill_seconds?: number;
  /** Of who has its turn and asks for more time. 1 to 100 characters. */
  readonly fill_token?: string;
}

/** What CacheFill answers. */
export interface CacheFillAnswer {
  /** The key. */
  readonly key: string;
  /** Whether the key has a value. */
  readonly found: boolean;
  /** The value; null where there is none. */
  readonly value: Json;
  /** Log index of the write that gave it its value; 0 where it has none. */
  readonly version: number;
  /**
   * The turn to load the value: write it with this token. Null where there is a value, and while another one loads
   * it. 1 to 100 characters.
   */
  readonly fill_token: string | null;
  /** Id of the node that answers. */
  readonly node: string;
}

/** Request of CacheFillEnd. */
export interface CacheFillEndBody {
  /** The key. "/" makes a hierarchy for access rules. 1 to 256 characters. */
  readonly k: string;
  /** Names a turn to load the value of a key. 1 to 100 characters. */
  readonly fill_token: string;
}

/** What CacheFillEnd answers. */
export interface CacheFillEndAnswer {
  /** The key. */
  readonly key: string;
  /** Id of the node that answers. */
  readonly node: string;
}

/** Request of CacheDelete. */
export interface CacheDeleteBody {
  /** The key. "/" makes a hierarchy for access rules. 1 to 256 characters. */
  readonly k: string;
  /** Write only where the key has this version; 0: only where it has no value. */
  readonly if_version?: number;
  /**
   * Write only while this hold stands, which is looked at in the same command: a holder that was paused and has
   * lost its hold writes nothing.
   */
  readonly if_held?: IfHeld;
}

/** What CacheDelete answers. */
export interface CacheDeleteAnswer {
  /** The key. */
  readonly key: string;
  /** Whether the key had a value. */
  readonly deleted: boolean;
  /** Id of the node that answers. */
  readonly node: string;
}

/** Request of CacheStats. */
export interface CacheStatsBody {
  /**
   * `linearizable` (the default) confirms leadership before it reads; `stale` reads what the asked node has
   * applied.
   */
  readonly consistency?: Consistency;
}

/** What CacheStats answers. */
export interface CacheStatsAnswer {
  /** Id of the node that answers. */
  readonly node: string;
  /** Keys that have a value. */
  readonly keys: number;
  /** What keys and values take, and 256 bytes for each key. */
  readonly bytes: number;
  /** Reads that this node answered from its memory since it started. */
  readonly hits: number;
  /** Reads that it asked the leader for. */
  readonly misses: number;
  /** Keys that it has in its memory. */
  readonly lines: number;
  /** What those take. */
  readonly line_bytes: number;
  /** Of its lines: modified. */
  readonly modified_lines: number;
  /** Of its lines: exclusive. */
  readonly exclusive_lines: number;
  /** Of its lines: shared. */
  readonly shared_lines: number;
  /** Of its lines: those whose lease has run out, which the next read drops. */
  readonly invalid_lines: number;
  /** Keys that it was told to drop. */
  readonly invalidations: number;
  /** How often it dropped all of them. */
  readonly drops: number;
  /** On the leader: memories of nodes that may have keys. */
  readonly sharers: number;
  /** On the leader: keys that some may have. */
  readonly shared_keys: number;
  /** On the leader: writes that waited until nobody had their key any more. */
  readonly writes_delayed: number;
  /** How long they waited, in all. */
  readonly delay_seconds: number;
  /** Clients of this node that may have keys in their own memory. */
  readonly clients: number;
  /** Keys that its clients, and on the leader nodes, were told to drop and have not yet. */
  readonly pending_invalidations: number;
  /** On the leader: writes that wait until nobody has their key any more. */
  readonly pending_writes: number;
  /** Consistency of this response. */
  readonly consistency: Consistency;
  /** Log index of the state that is reported. */
  readonly revision: number;
}

/** Request of CacheLines. */
export interface CacheLinesBody {
  /** Keys that begin with this; all when absent. At most 256 characters. */
  readonly prefix?: string;
  /** `next_after` of the page before. 1 to 256 characters. */
  readonly after?: string;
  /** At most so many; 100 when absent. 1 to 1,000. */
  readonly limit?: number;
}

/** A key that a node has in its memory. */
export interface CacheLine {
  /** The key. */
  readonly key: string;
  /** What the node has of it. */
  readonly state: LineState;
  /** Log index of the write that gave it its value; 0 where it has none. */
  readonly version: number;
}

/**
 * Who has keys of the cache in its memory. `node`: A node, as the leader knows it. `client`: A client of the
 * node that answers.
 */
export type SharerKind = 'node' | 'client';

/** A key that somebody was told to drop and has not yet: a write of it waits. */
export interface PendingInvalidation {
  /** The key. */
  readonly key: string;
  /** Id of the node; of a client who it is and from where, which is told to administrators alone. */
  readonly sharer: string;
  /** Whether that is a node or a client. */
  readonly of: SharerKind;
  /** Since it was to drop it. */
  readonly waited_seconds: number;
}

/** Somebody who dropped keys late, so that writes waited. */
export interface SharerDelay {
  /** Id of the node; of a client who it is and from where, which is told to administrators alone. */
  readonly sharer: string;
  /** Whether that is a node or a client. */
  readonly of: SharerKind;
  /** How long it took, in all. */
  readonly seconds: number;
  /** Keys that it took more than 0.1 seconds to drop. */
  readonly count: number;
  /** Of those: not dropped until its lease had run out. */
  readonly lapsed: number;
}

/** What CacheLines answers. */
export interface CacheLinesAnswer {
  /** Id of the node that answers. */
  readonly node: string;
  /** Keys in the memory of the node, in the order of keys. */
  readonly lines: readonly CacheLine[];
  /** `after` of the next page; null on the last. A page may have few lines, or none, and not be the last. */
  readonly next_after: string | null;
  /** At most 500 of nodes and 500 of clients. */
  readonly pending: readonly PendingInvalidation[];
  /** Who delayed writes: nodes on the leader, clients on their node. */
  readonly delays: readonly SharerDelay[];
}
