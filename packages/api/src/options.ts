/** What the api package is given when it starts. */
import type { Engine } from '@holdfast/engine';
import type { Clock } from '@holdfast/engine/parts';
import type { QueueStore } from '@holdfast/queue';
import { longestBodyBytes, longestMessageBytes } from '@holdfast/protocol';
import type { HostPort, Tracing } from '@holdfast/protocol';
import type { ServerSecurity } from '@holdfast/tls';
import type { LogWithLevel } from './operations/log-level.ts';
import type { MachineSources } from './metrics/machine.ts';
import type { NodeAuditing } from './pipeline/auditing.ts';
import type { Audit, Authorize } from './pipeline/access.ts';

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

/** Where the api tells what only an operator can act upon; a pino logger fits. */
export interface ApiLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ApiOptions extends Pick<MachineSources, 'diskSpace' | 'certificateEndsMs'> {
  readonly engine: Engine;
  /** That of the process when absent. */
  readonly clock?: Clock;
  /** Where queues are kept; in the engine's replicated state when absent. Whoever gives one closes it. */
  readonly queues?: QueueStore;
  readonly host: string;
  /** 0: any free one, told by `Api.url`. */
  readonly port: number;
  readonly nodeId: string;
  /** Of this build, told by health and status. */
  readonly version: string;
  /** Those not given have the values of `defaultApiLimits`. */
  readonly limits?: Partial<ApiLimits>;
  readonly log: ApiLog;
  /** What is read and set by those who may (log-level.ts); one that nobody listens to when absent. */
  readonly logLevel?: LogWithLevel;
  /** Asked about every valid request before anything is done; see pipeline/access.ts. */
  readonly authorize?: Authorize;
  /** Told what became of every valid request. */
  readonly audit?: Audit;
  /** The audit of this node (pipeline/auditing.ts). */
  readonly auditing?: NodeAuditing | undefined;
  /** Where spans of operations go; nowhere when absent (pipeline/traced.ts). */
  readonly tracing?: Tracing | undefined;
  /**
   * Web origins (`https://console.example`) whose pages may use this node beside its own. A browser
   * tells the origin of a page; programs send none and are not affected.
   */
  readonly allowedOrigins?: readonly string[];
  /** TLS of HTTP, client streams and gRPC; none where absent. */
  readonly security?: ServerSecurity | undefined;
  /** This node is reached from other machines without TLS and authentication, as it was told to be: health says so. */
  readonly isInsecure?: boolean;
  /** Where metrics are served as well; port 0: any free one, told by `Api.metricsUrl`. */
  readonly metricsListen?: HostPort | undefined;
  /** Until authentication is on, nobody but this machine is answered (DENY-3 of access-control.ts). */
  readonly requiresAuthentication?: boolean;
  /** Where gRPC is served; nowhere when absent. */
  readonly grpc?: GrpcAddress;
}

export interface GrpcAddress {
  readonly host: string;
  /** 0: any free one, told by `Api.grpcAddress`. */
  readonly port: number;
  /** Served to whoever reaches it, unless false. */
  readonly health?: boolean;
  readonly reflection?: boolean;
}

/** A running api. */
export interface Api {
  /** Where clients on this machine reach it, e.g. `http://127.0.0.1:5000` or `http://[::1]:5000`. */
  readonly url: string;
  /** Where clients on this machine reach gRPC, e.g. `127.0.0.1:8081` or `[::1]:8081`. */
  readonly grpcAddress: string | undefined;
  /** Where metrics are served beside `url`, e.g. `http://127.0.0.1:9090`. */
  readonly metricsUrl: string | undefined;
  /**
   * Accepts nothing new, answers waiting acquires with `shutting_down`, finishes what is in flight
   * (at most 3 seconds), closes streams with 1001. The engine is closed by its owner, afterwards.
   */
  close(): Promise<void>;
}
