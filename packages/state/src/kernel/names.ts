/**
 * The words of the state machine: commands in, results and events out.
 *
 * `apply` is a function of (state, index, time, commands) alone: no clock, no randomness, no I/O.
 * Identities below are opaque strings made outside (uuid) and validated where they enter.
 */
export type SessionId = string & { readonly __brand: 'SessionId' };
export type ResourceName = string & { readonly __brand: 'ResourceName' };
/** One counter of the whole cluster; +1 for every grant; below 2^53. */
export type FenceToken = number & { readonly __brand: 'FenceToken' };
/** Cluster time in ms: set by the leader in each entry, never decreasing. Used for durations only, never shown as a time of day. */
export type ClusterTimeMs = number;
export type LogIndex = number;

/**
 * Names one request of a session, for deduplication and for finding one's place in a queue again.
 * A number is the client's own, increasing within its session (its order lets old ones be refused
 * once forgotten); a string is made by the node that received a request without one, or by a caller that may have to
 * cancel the request and numbers none (a UUID), and is unique.
 */
export type RequestId = number | string;

export type Mode = 'exclusive' | 'shared';
/** What is a pool of units. Each kind is a name space of its own. */
export type ResourceKind = 'lock' | 'semaphore' | 'election';
export type EndReason = 'released' | 'expired' | 'forced' | 'max_hold' | 'session_ended';
/** Ends that the holder did not bring about; they are remembered for a while. */
export type EndedByOthers = Exclude<EndReason, 'released' | 'session_ended'>;
export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };
