/** What commands of locks, semaphores and elections answer and show alike, and the command of several at once. */
import type { ResultRecord, Whose } from '../../kernel/declaration.ts';
import type {
  FenceToken,
  JsonValue,
  LogIndex,
  Mode,
  RequestId,
  ResourceKind,
  ResourceName,
  SessionId,
} from '../../kernel/names.ts';
import type { Terms } from '../../kernel/terms.ts';

/** One of several resources that are acquired together. */
export type Wanted =
  | { readonly kind: 'lock'; readonly name: ResourceName; readonly mode: Mode }
  | {
      readonly kind: 'semaphore';
      readonly name: ResourceName;
      readonly permits: number;
      readonly limit?: number;
    };

export type HoldsCommand =
  /** Several locks and semaphores, all or none. */
  | {
      readonly type: 'acquire_many';
      readonly sessionId: SessionId;
      readonly requestId: RequestId;
      /** Of different names in each kind. */
      readonly wanted: readonly Wanted[];
      /** 0: try once. Else the longest wait, in cluster time. */
      readonly waitMs: number;
      /** Wall clock, for people only. */
      readonly acquiredAtMs: number;
      /** Without a priority: those who want several never pass each other. */
      readonly terms?: Omit<Terms, 'priority'>;
    }
  | {
      readonly type: 'force_release';
      /** A lock when absent. */
      readonly kind?: ResourceKind;
      readonly name: ResourceName;
      /** Told to those who watch. */
      readonly reason: string;
      /** Only holds that began with this token or an earlier one; all when absent. From feature level 3 on. */
      readonly through?: number;
      /** How many holds it ends at most; all when absent (FORCE-1). From feature level 3 on. */
      readonly count?: number;
    };

export interface Granted {
  readonly ok: true;
  readonly type: 'granted';
  readonly fenceToken: FenceToken;
  /** How many times this session now holds the resource. */
  readonly holdCount: number;
  readonly revision: LogIndex;
}

/**
 * In the wait queue; a `wait_ended` event with the same session and request tells the outcome later. In the
 * middle of a long queue `position` is the lowest that it can be (queue.ts STATE-QUEUE-5).
 */
export interface Queued {
  readonly ok: true;
  readonly type: 'queued';
  readonly position: number;
}

export interface Released {
  readonly ok: true;
  readonly type: 'released';
  readonly fenceToken: FenceToken;
  readonly remainingHoldCount: number;
}

/** In the order of what was wanted. */
export interface GrantedMany {
  readonly ok: true;
  readonly type: 'granted_many';
  readonly grants: readonly { readonly fenceToken: FenceToken; readonly holdCount: number }[];
  readonly revision: LogIndex;
}

export interface Forced {
  readonly ok: true;
  readonly type: 'forced';
  readonly releasedCount: number;
  /** Where the command said how many: whether some are left, which the next command, with this `through`, ends. */
  readonly rest?: { readonly more: boolean; readonly through: number };
}

export interface Waiting extends Whose {
  readonly type: 'waiting';
  /** A lock when absent. */
  readonly kind?: ResourceKind;
  readonly name: ResourceName;
  readonly requestId: RequestId;
}

export interface HoldsTypes {
  readonly command: HoldsCommand;
  readonly results: {
    readonly acquire_many: GrantedMany | Queued;
    readonly force_release: Forced;
  };
  readonly event: Waiting;
}

export const holdsCommands = {
  acquire_many: {
    repeatable: 'always',
    answers: ['granted_many', 'queued'],
    usedFor: 'an acquire of several, the first',
    cancelledAs: 'many',
  },
  force_release: { repeatable: 'never', answers: ['forced'] },
} as const;

export interface HolderView {
  readonly sessionId: SessionId;
  readonly clientId: string;
  readonly mode: Mode;
  readonly fenceToken: FenceToken;
  readonly holdCount: number;
  readonly acquiredAtMs: number;
  readonly metadata: JsonValue | undefined;
  /** Ms until its longest time is over; undefined when it has none. */
  readonly endsInMs: number | undefined;
}

export interface WaiterView {
  readonly sessionId: SessionId;
  readonly clientId: string;
  readonly requestId: RequestId;
  readonly mode: Mode;
  /** 1 is the next. */
  readonly position: number;
  readonly priority: number;
}

export const grantedRecord: ResultRecord<Granted> = {
  type: 'granted',
  tag: 1,
  encode: ({ fenceToken, holdCount, revision }) => [fenceToken, holdCount, revision],
  decode: (fields) => ({
    ok: true,
    type: 'granted',
    fenceToken: fields.number() as FenceToken,
    holdCount: fields.number(),
    revision: fields.number(),
  }),
};
export const releasedRecord: ResultRecord<Released> = {
  type: 'released',
  tag: 2,
  encode: ({ fenceToken, remainingHoldCount }) => [fenceToken, remainingHoldCount],
  decode: (fields) => ({
    ok: true,
    type: 'released',
    fenceToken: fields.number() as FenceToken,
    remainingHoldCount: fields.number(),
  }),
};
export const grantedManyRecord: ResultRecord<GrantedMany> = {
  type: 'granted_many',
  tag: 3,
  encode: ({ revision, grants }) => [
    revision,
    grants.map(({ fenceToken, holdCount }) => [fenceToken, holdCount]),
  ],
  decode: (fields) => {
    const revision = fields.number();
    const grants = fields.list().all((one) => {
      const grant = one.list();
      return { fenceToken: grant.number() as FenceToken, holdCount: grant.number() };
    });
    return { ok: true, type: 'granted_many', grants, revision };
  },
};
