/** What the cache is asked for, what it answers, and what is shown of it. */
import type { LevelsOf } from '../../kernel/field-levels.ts';
import type { FenceToken, JsonValue, LogIndex, ResourceName } from '../../kernel/names.ts';

/** A hold that has to stand when the write is applied: of a lock, permits or a leadership of this name. */
export interface IfHeld {
  readonly name: ResourceName;
  readonly fenceToken: FenceToken;
}

/** What has to be so when the write is applied; else it is refused and changes nothing. */
interface Conditions {
  /** The version that the key has; 0: it has no value. */
  readonly ifVersion?: LogIndex;
  readonly ifHeld?: IfHeld;
}

export type CacheCommand =
  /** Gives a key its value, whatever it had before. */
  | ({
      readonly type: 'cache_set';
      /** The key. */
      readonly name: ResourceName;
      readonly value: JsonValue;
      /** The value ends by itself so long after the entry, in cluster time. */
      readonly ttlMs?: number;
      /** Of the turn in which the value was loaded: the leader looks at it and takes it off, it is not logged. */
      readonly fillToken?: string;
    } & Conditions)
  /** Takes its value from a key. */
  | ({ readonly type: 'cache_delete'; readonly name: ResourceName } & Conditions);

export interface CacheWritten {
  readonly ok: true;
  readonly type: 'cache_written';
  /** The log index of the write: a later write of the key has a higher one. */
  readonly version: LogIndex;
}

export interface CacheDeleted {
  readonly ok: true;
  readonly type: 'cache_deleted';
  /** Whether there was a value. */
  readonly existed: boolean;
}

export interface CacheView {
  readonly name: ResourceName;
  /** JSON. */
  readonly value: string;
  readonly version: LogIndex;
  /** Undefined: it stays until it is deleted. */
  readonly expiresInMs: number | undefined;
}

export interface CacheTypes {
  readonly command: CacheCommand;
  readonly results: {
    readonly cache_set: CacheWritten;
    readonly cache_delete: CacheDeleted;
  };
  readonly event: never;
  /** Undefined: the key has no value. */
  readonly view: CacheView | undefined;
}

export const cacheDeclaration = {
  kind: 'cache',
  limit: {
    name: 'maxCacheKeys',
    initial: 100_000,
    highest: 10_000_000,
    what: 'Most keys of the cache.',
    level: 2,
  },
  commands: {
    // Executed again it would take back what another one wrote in between.
    cache_set: { repeatable: 'never', answers: ['cache_written'] },
    cache_delete: { repeatable: 'never', answers: ['cache_deleted'] },
  },
  refusals: ['version_mismatch', 'hold_not_current', 'cache_busy'],
  events: [],
} as const;

const conditions = { ifVersion: 2, ifHeld: { level: 2, fields: { name: 2, fenceToken: 2 } } };

/** FEATURE-1. */
export const cacheLevels: LevelsOf<CacheCommand> = {
  cache_set: { level: 2, fields: { name: 2, value: 2, ttlMs: 2, fillToken: 2, ...conditions } },
  cache_delete: { level: 2, fields: { name: 2, ...conditions } },
};
