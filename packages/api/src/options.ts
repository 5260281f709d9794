/** What the api package is given when it starts. */
import type { Engine } from '@holdfast/engine';
import type { Clock } from '@holdfast/engine/parts';
import type { QueueStore } from '@holdfast/queue';
import type { HostPort, Tracing } from '@holdfast/protocol';
import type { ServerSecurity } from '@holdfast/tls';
import type { ApiLimits } from './limits.ts';
import type { ApiLog, LogWithLevel } from './log.ts';
import type { MachineSources } from './metrics/machine.ts';
import type { NodeAuditing } from './pipeline/auditing.ts';
import type { Audit, Authorize } from './pipeline/access-request.ts';

export interface ApiOptions extends Pick<
  MachineSources,
  'diskSpace' | 'certificateEndsMs' | 'lostLogLines'
> {
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
  /** What is read and set by those who may (operations/log-level.ts); one that nobody listens to when absent. */
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
  /** Names and URLs of this node, beside `host` and those of this machine (HOST-2). */
  readonly ownHosts?: readonly string[];
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
