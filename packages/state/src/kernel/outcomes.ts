/** What comes of a command: its result, and the events that others see. */
import type { AuditLine } from './audit/head.ts';
import type { KernelCommand } from './commands.ts';
import type { Command } from './commands.ts';
import type { Whose } from './declaration.ts';
import type { OfAll, RefusalOfPrimitive } from '../primitives/declared.ts';
import type { JsonValue, RequestId, ResourceKind, ResourceName } from './names.ts';
import type { PayloadChanges } from '../primitives/queue/payloads.ts';
import type { SessionView } from './view-types.ts';

export type { EndedByOthers, EndReason } from './names.ts';

/** Codes here are the wire's error codes of the same name, but `wait_abandoned`, which is `wait_cancelled` there. */
export type RefusalCode = KernelRefusal | RefusalOfPrimitive;

type KernelRefusal = (typeof kernelRefusals)[number];
/** Of sessions, requests and waits of every kind. */
export const kernelRefusals = [
  'session_not_found',
  'session_expired',
  'session_exists',
  'wait_timeout',
  'wait_abandoned',
  'request_forgotten',
  'request_reused',
  'deadlock',
  'limit_exceeded',
  'access_changed',
] as const;

export interface Refusal {
  readonly ok: false;
  readonly code: RefusalCode;
  /** With the values that matter: what happened, to what. */
  readonly message: string;
  readonly details?: { readonly [key: string]: JsonValue };
}

interface Ended {
  readonly ok: true;
  readonly type: 'session_ended';
  readonly releasedCount: number;
}
interface Done<Type extends string> {
  readonly ok: true;
  readonly type: Type;
}

/** By command of the kernel. */
interface KernelResults extends Record<KernelCommand['type'], { readonly ok: true }> {
  readonly create_session: {
    readonly ok: true;
    readonly type: 'session';
    readonly session: SessionView;
  };
  readonly end_session: Ended;
  /** The session lives on. */
  readonly keep_alive: {
    readonly ok: true;
    readonly type: 'kept_alive';
    readonly timeoutMs: number;
  };
  readonly begin_leadership: Done<'advanced'>;
  /** `unchanged`: its guard did not hold. */
  readonly expire_session: Ended | Done<'unchanged'>;
  /** Also what the command that it cancels answers, where that has happened meanwhile. */
  readonly abandon: Done<'abandoned'> | ResultIn<OfAll<'results'>, 'enter_barrier'>;
  readonly advance: Done<'advanced'>;
  readonly checkpoint: Done<'advanced'>;
  readonly jump_fence_counter: Done<'advanced'>;
  readonly set_limits: Done<'advanced'>;
  readonly raise_feature_level: Done<'advanced'>;
  readonly set_audit: Done<'advanced'>;
  readonly anchor_audit: Done<'advanced'>;
}

type ResultIn<Results, Type> = Results extends unknown
  ? Type extends keyof Results
    ? Results[Type]
    : never
  : never;
/** What a command of this type answers when it is not refused. */
export type ResultOf<Type extends Command['type']> = ResultIn<
  KernelResults | OfAll<'results'>,
  Type
>;
/** What a command of this type answers. */
export type OutcomeOf<Type extends Command['type']> = ResultOf<Type> | Refusal;

/** What it answers in the end, when it is not refused: a wait has been granted by then. */
export type SettledResult<Type extends Command['type']> = Exclude<
  ResultOf<Type>,
  { readonly type: 'queued' }
>;

export type CommandResult =
  { [Type in Command['type']]: ResultOf<Type> }[Command['type']] | Refusal;

/** A change, and who brought it about. */
export type Event = Change & {
  /** Of the request that brought it about, where an identity was proven. Absent where only time did, or a node by itself. */
  readonly identity?: string;
};

export type Change =
  | ({ readonly type: 'session_created'; readonly timeoutMs: number } & Whose)
  | ({ readonly type: 'session_ended'; readonly reason: 'ended' | 'expired' } & Whose)
  /**
   * A queued acquire has its outcome: granted (also told by `granted`) or refused (timeout, session
   * ended, cancelled). One for each resource of an acquire of several.
   */
  | ({
      readonly type: 'wait_ended';
      /** A lock when absent. */
      readonly kind?: ResourceKind;
      readonly name: ResourceName;
      readonly requestId: RequestId;
      readonly result: CommandResult;
    } & Whose)
  | OfAll<'event'>;

export interface Applied {
  /** One per command, in order. */
  readonly results: readonly CommandResult[];
  readonly events: readonly Event[];
  /** Records of the audit that this entry has brought about, where changes are chained. */
  readonly audit?: readonly AuditLine[];
  /** Absent: no payload beside the state came or went (BESIDE-2). */
  readonly payloads?: PayloadChanges;
}
