/** What the state machine shows of itself. */
import type {
  ClusterTimeMs,
  EndedByOthers,
  FenceToken,
  LogIndex,
  Mode,
  RequestId,
  ResourceKind,
  ResourceName,
  SessionId,
} from './names.ts';
import type { PlaceKind, Primitives } from '../primitives/declared.ts';

export interface SessionView {
  readonly sessionId: SessionId;
  readonly clientId: string;
  readonly timeoutMs: number;
  readonly lockDelayMs: number;
  readonly createdAtMs: number;
  /** Counts the logged commands of this session: what `expire_session` is guarded by. */
  readonly renewal: number;
  /** Made by an acquire for its own hold. */
  readonly own: boolean;
  /** Waiting in at least one queue. */
  readonly waiting: boolean;
  readonly counts: HoldCounts;
  /** Of what it holds the first of each kind, at most 100; all of them by pages (`HoldsPage`). */
  readonly holds: readonly LockHoldView[];
  readonly permits: readonly PermitsHoldView[];
  readonly leads: readonly LeadView[];
  readonly barriers: readonly ResourceName[];
}

/** A session in a list. */
export interface SessionRow {
  readonly sessionId: SessionId;
  readonly clientId: string;
  readonly timeoutMs: number;
  readonly createdAtMs: number;
  /** Made by an acquire for its own hold. */
  readonly own: boolean;
  readonly waitCount: number;
  readonly counts: HoldCounts;
}

/** How many of each kind a session has. */
export interface HoldCounts {
  readonly locks: number;
  /** Holds of semaphores: each acquire of permits is one. */
  readonly permits: number;
  readonly leads: number;
  readonly barriers: number;
}

export interface LockHoldView {
  readonly name: ResourceName;
  readonly fenceToken: FenceToken;
  readonly mode: Mode;
  readonly holdCount: number;
  /** Of the hold's first grant: an upgrade brings a new one. */
  readonly firstToken: FenceToken;
}

export interface PermitsHoldView {
  readonly name: ResourceName;
  readonly fenceToken: FenceToken;
  readonly permits: number;
}

export interface LeadView {
  readonly name: ResourceName;
  readonly fenceToken: FenceToken;
}

/** Some of what a session holds, in the order of first tokens. */
export interface HoldsPage {
  readonly counts: HoldCounts;
  /** Of all its holds, see hold-digest.ts. */
  readonly digest: string;
  readonly holds: readonly LockHoldView[];
  readonly permits: readonly PermitsHoldView[];
  readonly leads: readonly LeadView[];
  /** Where the next page goes on; undefined: there is none. */
  readonly nextAfter: FenceToken | undefined;
}

/** A place in a queue. */
export interface PlaceView {
  readonly kind: ResourceKind;
  readonly name: ResourceName;
  readonly requestId: RequestId;
  /** 1 is the next. */
  readonly position: number;
  /** Clients that wait ahead, the next one first; at most 100. */
  readonly ahead: readonly string[];
}

/** Some of the places at which a session waits, in the order in which it took them. */
export interface PlacesPage {
  readonly count: number;
  readonly places: readonly PlaceView[];
  /** Where the next page goes on; undefined: there is none. */
  readonly nextAfter: number | undefined;
}

/** What a leader's lease table needs of a session; cheap to tell. */
export interface SessionLeaseView {
  readonly sessionId: SessionId;
  readonly timeoutMs: number;
  readonly renewal: number;
  readonly own: boolean;
  /** It waits and holds nothing. */
  readonly onlyWaits: boolean;
  /** The cluster time from which its timeout counts; undefined: heard of in the present leadership (HEARD-2). */
  readonly unheardSinceMs: ClusterTimeMs | undefined;
}

/** One who holds something, as those who look for the hold of a token are told. */
export interface HoldRef {
  readonly sessionId: SessionId;
  readonly clientId: string;
  readonly fenceToken: FenceToken;
  /** Of a lock. */
  readonly mode?: Mode;
}

/** Whose hold is looked for. */
export type Holder = { readonly sessionId: SessionId } | { readonly clientId: string };

/** What is known of the hold of a token. */
export interface FoundHold {
  /** The hold of that token and, where one was named, of that holder. */
  readonly hold: HoldRef | undefined;
  /** Where there is none: another hold of the holder that was named. */
  readonly other: HoldRef | undefined;
  /** Somebody else has that token. */
  readonly heldByOther: boolean;
  /** The first holders, at most 10. */
  readonly shown: readonly HoldRef[];
  readonly holderCount: number;
  /** The largest token of a living session that holds it now. */
  readonly currentToken: FenceToken | undefined;
  /** The hold of that token, where its session has expired and the hold is not given back yet. */
  readonly expired: HoldRef | undefined;
}

/** A hold that ended by the doing of others. */
export interface EndedHold {
  readonly fenceToken: FenceToken;
  readonly kind: ResourceKind;
  readonly name: ResourceName;
  readonly clientId: string;
  readonly reason: EndedByOthers;
  readonly revision: LogIndex;
}

export interface Stats {
  readonly activeSessions: number;
  /** Sessions that expired since the cluster began. */
  readonly expiredSessions: number;
  /** Sessions ever created. */
  readonly totalSessions: number;
  readonly fenceCounter: number;
  /** Resources held now. */
  readonly heldLocks: number;
  readonly waiters: number;
  /** Sessions that have ended and are remembered, of both kinds, and what they take. */
  readonly rememberedSessions: number;
  readonly rememberedBytes: number;
  /** Keys of the cache that have a value, and what they take. */
  readonly cacheKeys: number;
  readonly cacheBytes: number;
}

export type ListedKind = 'session' | PlaceKind;

export interface ListWanted {
  /** Of the name, or of the session id. */
  readonly prefix: string;
  /** The last name of the page before. */
  readonly after?: string;
  /** Only what this client holds, waits for, is inside of; its sessions. What has no members is used by nobody. */
  readonly clientId?: string;
  /** Only what somebody waits for. */
  readonly waitedFor?: boolean;
  /** Sessions of this identity alone. */
  readonly owner?: string;
  readonly limit: number;
  /** Cluster time of now, where it is later than the last entry. */
  readonly timeMs?: number | undefined;
}

interface ListPage<View> {
  readonly rows: readonly View[];
  /** Where the next page goes on; undefined: there is none. */
  readonly nextAfter: string | undefined;
}

/** A page of what there is of a kind, in the order of names. */
export type Listed =
  | ({ readonly kind: 'session' } & ListPage<SessionRow>)
  | {
      readonly [Kind in PlaceKind]: { readonly kind: Kind } & ListPage<
        NonNullable<Primitives[Kind]['view']>
      >;
    }[PlaceKind];
