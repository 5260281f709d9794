import { longestBodyBytes, longestMessageBytes } from '@holdfast/protocol';

/** Bounds of what callers may ask for and of what they may use up. */
export interface ApiLimits {
  /** Bytes of one HTTP body, or of one message of gRPC. */
  readonly maxBodyBytes: number;
  /** Longest `wait_seconds`. */
  readonly maxWaitSeconds: number;
  /** Session timeout, and ttl of a hold without a session, where the caller gives none. */
  readonly defaultSessionTimeoutSeconds: number;
  readonly maxSessionTimeoutSeconds: number;
  /** A request of HTTP has to arrive within this time, its body included. Answers may take longer: acquires wait. */
  readonly requestArrivalMs: number;
  /** Connections of HTTP, streams among them; as many of gRPC. */
  readonly maxConnections: number;
  /** Of one address among them; 0: not limited. */
  readonly maxConnectionsPerAddress: number;
  /** Client streams. */
  readonly maxStreams: number;
  /** Unanswered requests on one stream; more are refused with `overloaded`. */
  readonly maxRequestsPerStream: number;
  /** Bytes of one message on a stream. */
  readonly maxFrameBytes: number;
  /** Bytes that a stream's reader may leave unread before the stream is closed. */
  readonly maxUnreadBytes: number;
  /** Events kept for watchers that resume. */
  readonly maxEventsKept: number;
  /** Calls of gRPC in progress, streams among them; more are refused with `overloaded`. */
  readonly maxGrpcCalls: number;
  /** Client streams and watches of one caller, see callers.ts; more are refused with `limit_exceeded`, as below. */
  readonly maxStreamsPerCaller: number;
  readonly maxGrpcCallsPerCaller: number;
  /** The same of all identities of one address together; 0: not limited. */
  readonly maxStreamsPerAddress: number;
  readonly maxGrpcCallsPerAddress: number;
  /** Of this node (pipeline/rates.ts); 0: not limited. */
  readonly maxRequestsPerSecondPerIdentity: number;
  readonly maxRequestsPerSecondPerAddress: number;
  readonly maxRequestBytesPerSecondPerIdentity: number;
  readonly maxRequestBytesPerSecondPerAddress: number;
  /** Of each key that somebody pretends to have (pipeline/wrong-keys.ts); 0: not limited. */
  readonly maxWrongKeysPerSecondPerAddress: number;
  /** That the cluster refused, while there is an audit (pipeline/refused-changes.ts); 0: not limited. */
  readonly maxRefusedChangesPerSecondPerCaller: number;
  /** Backups that are sent at a time. */
  readonly maxBackups: number;
  readonly maxBackupsPerCaller: number;
  /** A backup that is read more slowly is cut off (http/backups.ts). */
  readonly minBackupBytesPerSecond: number;
}

export const defaultApiLimits: ApiLimits = {
  maxBodyBytes: longestBodyBytes,
  maxWaitSeconds: 60,
  defaultSessionTimeoutSeconds: 30,
  maxSessionTimeoutSeconds: 86_400,
  requestArrivalMs: 30_000,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 5000,
  maxStreams: 5000,
  maxRequestsPerStream: 10_000,
  maxFrameBytes: longestMessageBytes,
  maxUnreadBytes: 8 * 1024 * 1024,
  maxEventsKept: 100_000,
  maxGrpcCalls: 10_000,
  maxStreamsPerCaller: 2500,
  maxGrpcCallsPerCaller: 5000,
  maxStreamsPerAddress: 0,
  maxGrpcCallsPerAddress: 0,
  maxRequestsPerSecondPerIdentity: 0,
  maxRequestsPerSecondPerAddress: 0,
  maxRequestBytesPerSecondPerIdentity: 0,
  maxRequestBytesPerSecondPerAddress: 0,
  maxWrongKeysPerSecondPerAddress: 20,
  maxRefusedChangesPerSecondPerCaller: 1000,
  maxBackups: 4,
  maxBackupsPerCaller: 2,
  minBackupBytesPerSecond: 128 * 1024,
};

/** HOSTILE-1: a request that is too slow is cut off at most this much later. */
export const checkEveryMs = ({ requestArrivalMs }: ApiLimits): number =>
  Math.max(50, Math.min(5000, Math.floor(requestArrivalMs / 4)));
