/** What commands of several primitives carry beside their own fields. */
import type { ClusterTimeMs, JsonValue } from './names.ts';

/** What an acquire of any kind may ask for beside its units. */
export interface Terms {
  /** Place in the queue: higher ones before lower ones, 0 to 9; 0 when absent. See queue.ts. */
  readonly priority?: number;
  /** The hold ends by itself so long after its grant, in cluster time. */
  readonly maxHoldMs?: number;
  /** What this session holds already does not depend on this wait: it closes no cycle (deadlock.ts). */
  readonly independent?: boolean;
  /** Who, why, where: for people; shown with the hold. The value of a leader. */
  readonly metadata?: JsonValue;
}

/**
 * When a node submitted a request that makes a session, and how long copies of it may be executed: see
 * ended-sessions.ts. Logs of earlier versions have none.
 */
export interface Stamp {
  /** A time that the log had reached: never ahead of the entry that carries this. */
  readonly madeAtMs: ClusterTimeMs;
  readonly liveMs: number;
}

/**
 * Makes a session of its own for a hold, in the same command (a hold by `client_id` and ttl). It ends
 * with the release, with a refused acquire and with a cancelled wait. Where a session of this id
 * exists already (a retry) it is entered instead.
 */
export interface ImplicitSession {
  readonly clientId: string;
  readonly timeoutMs: number;
  readonly lockDelayMs: number;
  readonly stamp?: Stamp;
  /** Who makes it, for the limit of sessions of one caller. */
  readonly caller?: string;
}
