/** What every operation is given beside its body. */
import type { CallOptions, Engine } from '@holdfast/engine';
import type { TraceContext, TraceSpan, Tracing } from '@holdfast/protocol';
import type { QueueStore } from '@holdfast/queue';
import type { SessionId } from '@holdfast/state';
import type { Shares } from '../callers.ts';
import type { RequestError } from '../request-error.ts';
import type { ApiLimits } from '../limits.ts';
import type { ApiLog, LogWithLevel } from '../log.ts';
import type { Audit, Authorize } from '../pipeline/access-request.ts';
import type { NodeAuditing } from '../pipeline/auditing.ts';
import type { Rates } from '../pipeline/rates.ts';
import type { AccessControl } from '../pipeline/access-control.ts';
import type { Caller } from '../pipeline/caller.ts';
import type { EventFeed } from '../watch/feed.ts';
import type { Machines } from './machines.ts';
import type { PopRoom } from './pop-room.ts';
import type { QueueWaiters } from './queue-waiters.ts';
import type { WaitingCallers } from './waiting.ts';

/** How many changes of one caller the cluster may refuse (RATE-6). */
export interface RefusalBound {
  run<Answer extends object>(
    caller: Caller,
    act: () => Outcome<Answer> | Promise<Outcome<Answer>>,
  ): Outcome<Answer> | Promise<Outcome<Answer>>;
}

/** What bounds requests that give back what their caller does not have (RATE-5). */
export interface ReturnBound {
  /** Whether the operation gives something back. */
  isOne(operation: string): boolean;
  /** Executes it, unless its caller has asked for too many that gave nothing back. */
  run<Answer extends object>(
    request: { readonly operation: string; readonly body: object },
    context: OperationContext,
    act: () => Outcome<Answer> | Promise<Outcome<Answer>>,
  ): Outcome<Answer> | Promise<Outcome<Answer>>;
}

/** The parts of the node that operations work with; one for the whole api. */
export interface Service {
  readonly engine: Engine;
  readonly nodeId: string;
  readonly version: string;
  readonly log: ApiLog;
  /** Of this node; read and set. */
  readonly logLevel: LogWithLevel;
  /** Reached from other machines without TLS and authentication. */
  readonly isInsecure: boolean;
  readonly limits: ApiLimits;
  /** Undefined: everybody may do everything. */
  readonly control: AccessControl | undefined;
  readonly authorize: Authorize | undefined;
  readonly audit: Audit | undefined;
  /** The audit of this node; undefined: it has none. */
  readonly auditing: NodeAuditing | undefined;
  /** Undefined: nothing is traced. */
  readonly tracing: Tracing | undefined;
  /** Queues are kept outside the log of the cluster. */
  readonly hasOtherQueues: boolean;
  readonly waiting: WaitingCallers;
  readonly shares: Shares;
  /** Undefined: how often somebody asks is not limited. */
  readonly rates: Rates | undefined;
  readonly givenBack: ReturnBound;
  /** Undefined: they are not limited. */
  readonly refusedChanges: RefusalBound | undefined;
  /** The latest events of this node. */
  readonly feed: EventFeed;
  /** Where queues are kept. */
  readonly queues: QueueStore;
  /** Pops that wait for messages. */
  readonly queueWaiters: QueueWaiters;
  readonly popRoom: PopRoom;
  /** What the members stand on. */
  readonly machines: Pick<Machines, 'all'>;
  /** Calls back once after so many ms; returns the cancel. */
  readonly after: (delayMs: number, callback: () => void) => () => void;
  readonly endOfTurn: (callback: () => void) => void;
  /** Wall clock in ms, for people only. */
  readonly now: () => number;
  /** Told of every acquire: its outcome (`granted` or an error code) and how long it took, its wait included. */
  readonly onAcquire: (outcome: string, seconds: number, mayWait: boolean) => void;
  /** `expired_sessions` as of the last cleanup asked of this node. */
  expiredAtCleanup: number;
}

export interface OperationContext {
  readonly service: Service;
  readonly caller: Caller;
  /** As of which revision it was admitted, and whether it may administer sessions. */
  readonly authorizedAt?: number;
  readonly isAdministrator?: true;
  /** The caller has the answers to this session's numbered requests below this one. */
  readonly ackedBelow?: number;
  /**
   * Given what cancels a wait, so that the interface can abort it when its caller cancels, or has hung up; of an acquire also the
   * session that waits, which may be an implicit one.
   */
  readonly onWait?: (cancellation: AbortController, sessionId?: SessionId) => void;
  /** The span of its caller, as it was told. */
  readonly calledUnder?: TraceContext;
  /** Its own. */
  readonly trace?: TraceSpan;
}

/**
 * What the engine is to know about the caller.
 *
 * @param signal Of a call that its caller may cancel.
 */
export function callOptions(context: OperationContext, signal?: AbortSignal): CallOptions {
  const { caller, ackedBelow, authorizedAt, isAdministrator, trace } = context;
  const { identity, proof, keyId, address } = caller;
  // Field by field: this is the hot path (`tellCaller` of the engine).
  const options: { -readonly [Name in keyof CallOptions]: CallOptions[Name] } = {
    identity,
    proof: keyId === undefined ? proof : `key ${keyId}`,
  };
  if (address !== undefined) options.address = address;
  if (authorizedAt !== undefined) options.authorizedAt = authorizedAt;
  if (isAdministrator !== undefined) options.isAdministrator = isAdministrator;
  if (ackedBelow !== undefined) options.ackedBelow = ackedBelow;
  if (trace !== undefined) options.trace = trace;
  if (signal !== undefined) options.signal = signal;
  return options;
}

export type Outcome<Answer> = Answer | RequestError;
