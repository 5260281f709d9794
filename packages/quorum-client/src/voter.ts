/**
 * One of the independent nodes that vote on a lease, whatever it is: a Holdfast lease node or a Redis
 * server. Every method may throw: that is no vote.
 */
export interface Voter {
  /** For people; no two voters have the same. */
  readonly name: string;
  /** Grants the lease unless another one stands, with a token above all before; the same again for the same lease. */
  acquire(ask: LeaseAsk, signal: AbortSignal): Promise<Vote>;
  /** Raises the largest token; false: the lease does not stand there. */
  confirm(lease: LeaseRef, token: number, signal: AbortSignal): Promise<boolean>;
  /** From now on for another ttl; false: the lease does not stand there. */
  renew(lease: LeaseRef, ttlMs: number, signal: AbortSignal): Promise<boolean>;
  /** From now on this lease never stands there again, whatever is still under way. */
  release(lease: LeaseRef, signal: AbortSignal): Promise<void>;
  /**
   * Resolves with true when the resource may be free there, and with false after `timeoutMs`. Absent: it
   * cannot tell, and is asked again after a pause.
   */
  wait?(ask: WaitAsk, signal: AbortSignal): Promise<boolean>;
}

/** Which lease: each attempt has one of its own. */
export interface LeaseRef {
  /** What is locked. */
  readonly resource: string;
  /** Made for one attempt, never used again. */
  readonly leaseId: string;
}

/** What a voter is asked for. */
export interface LeaseAsk extends LeaseRef {
  /** Shown to people as the holder. */
  readonly clientId: string;
  /** How long it stands without a renewal, in ms. */
  readonly ttlMs: number;
  /** The same for all attempts of one wait. */
  readonly waiterId: string;
  /** A majority told this waiter that it is next: voters that have told another one let it pass. */
  readonly isNext: boolean;
}

/** What a waiter asks to be told of. */
export interface WaitAsk {
  /** What is locked. */
  readonly resource: string;
  /** As in `LeaseAsk`. */
  readonly waiterId: string;
  /** Since it began, in ms: who waits for longer goes first, on all voters alike. */
  readonly waitedMs: number;
  /** When it began, by the wall clock of this machine: the same for all voters, so that they order alike. */
  readonly beganMs: number;
  /** How long the voter waits for something to tell, in ms. */
  readonly timeoutMs: number;
}

/** What a voter says to `acquire`. */
export type Vote =
  | {
      /** The lease stands there. */
      readonly type: 'granted';
      /** Above all that this voter knows of. */
      readonly token: number;
      /** What is behind the name of this voter, where that can be told: two grants of the same are one (QUORUM-1). */
      readonly file?: number;
    }
  | {
      /** Another lease stands there. */
      readonly type: 'denied';
      /** For so long, in ms. */
      readonly remainingMs: number;
      /** How many wait for it there, where it tells. */
      readonly waiters?: number;
    };
