/** What acquires of all kinds have in common. */

/** Any value that JSON can tell. */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Who asks: exactly one of a session, or a client id for a hold with a session of its own. */
export interface Who {
  readonly session_id?: string;
  readonly client_id?: string;
}

export interface AcquireTerms {
  /** With `client_id`: how long the hold stands without a renewal. */
  readonly ttl_seconds?: number;
  /** 0, the default, to 9: ahead of those with a lower one. */
  readonly priority?: number;
  /** The hold ends by itself after so long, whatever its session does. */
  readonly max_hold_seconds?: number;
  /** Who, why, where: shown with the hold. At most 1024 bytes as JSON. */
  readonly metadata?: Json;
  /**
   * What this session holds does not depend on this wait, as when several tasks share a session: the
   * wait is left out of the search for deadlocks.
   */
  readonly independent?: boolean;
}
