/** What goes on without something, and somebody should know. */
import type { ErrorCode } from '@holdfast/protocol';

interface Warning {
  /** The member, or who says to be one. */
  readonly nodeId: string;
  /** As it was told, or asked. */
  readonly address: string;
  /** In words. */
  readonly message: string;
}

/** A member's address, as a node told it, is none; that member is not asked. */
export interface AddressRefused extends Warning {
  /** Tells the kinds of warnings apart. */
  readonly kind: 'address_refused';
}

/** A node of another cluster than the client's answers there; it is not asked. */
export interface OtherCluster extends Warning {
  /** Tells the kinds of warnings apart. */
  readonly kind: 'other_cluster';
  /** The client's: of the first node that it met. */
  readonly clusterId: string;
  /** The one of the node that answers there. */
  readonly otherClusterId: string;
}

/**
 * The cluster counts other acquires of a lock, or campaigns of a leadership, than the client knows of: another program
 * uses the session, or a hold stands that no caller has. Nothing is released because of it: what another program holds
 * is not the client's to release. The lock is free when its session ends, at the latest.
 */
export interface HoldCountDiffers {
  /** Tells the kinds of warnings apart. */
  readonly kind: 'hold_count_differs';
  /** The session that holds it. */
  readonly sessionId: string;
  /** What it is that is held. */
  readonly resourceKind: 'lock' | 'election';
  /** The name of the lock or of the election. */
  readonly resource: string;
  /** Of the latest acquire. */
  readonly fenceToken: number;
  /** How many acquires of the session hold it, as the cluster counts them. */
  readonly holdCount: number;
  /** How many of them this client knows of. */
  readonly knownCount: number;
  /** In words. */
  readonly message: string;
}

/** A node refuses a watch for a reason that may pass: it is asked for again, and told once for each watch. */
export interface WatchRefused {
  /** Tells the kinds of warnings apart. */
  readonly kind: 'watch_refused';
  /** Of the refusal. */
  readonly code: ErrorCode;
  /** In words. */
  readonly message: string;
}

/** What a client goes on without, and somebody should know. */
export type ClientWarning = AddressRefused | OtherCluster | HoldCountDiffers | WatchRefused;
