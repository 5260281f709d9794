/** What locks are asked for, what they answer, and what they tell. */
import { acquiring, modeLevels, requested } from '../../kernel/field-levels.ts';
import type { LevelsOf } from '../../kernel/field-levels.ts';
import type { Whose } from '../../kernel/declaration.ts';
import type {
  EndReason,
  FenceToken,
  JsonValue,
  Mode,
  RequestId,
  ResourceName,
  SessionId,
} from '../../kernel/names.ts';
import type { ImplicitSession, Terms } from '../../kernel/terms.ts';
import type { Granted, HolderView, Queued, Released, WaiterView } from '../holds/commands.ts';

export type LockCommand =
  | {
      readonly type: 'acquire';
      readonly sessionId: SessionId;
      readonly requestId: RequestId;
      readonly name: ResourceName;
      readonly mode: Mode;
      /** 0: try once. Else the longest wait, in cluster time. */
      readonly waitMs: number;
      /** Wall clock, for people only. */
      readonly acquiredAtMs: number;
      readonly terms?: Terms;
      readonly ownSession?: ImplicitSession;
    }
  | {
      readonly type: 'release';
      readonly sessionId: SessionId;
      readonly requestId?: RequestId;
      readonly name: ResourceName;
      /** Absent: whatever hold this session has. */
      readonly fenceToken?: FenceToken;
    }
  /** From exclusive to shared, in the same hold and under the same token. */
  | {
      readonly type: 'downgrade';
      readonly sessionId: SessionId;
      readonly name: ResourceName;
      /** The token of the exclusive hold: a repetition finds it downgraded already. */
      readonly fenceToken: FenceToken;
    };

export interface Downgraded {
  readonly ok: true;
  readonly type: 'downgraded';
  readonly fenceToken: FenceToken;
}

/** Of which lock or election; a lock when the kind is absent. */
interface OfHold {
  readonly kind?: 'election';
  readonly name: ResourceName;
}

export type LockEvent =
  | ({
      readonly type: 'granted';
      readonly requestId: RequestId;
      readonly mode: Mode;
      readonly fenceToken: FenceToken;
      readonly metadata?: JsonValue;
    } & OfHold &
      Whose)
  | ({
      readonly type: 'hold_ended';
      readonly fenceToken: FenceToken;
      readonly reason: EndReason;
      /** Why an administrator forced it. */
      readonly note?: string;
    } & OfHold &
      Whose)
  /** Exclusive before, now shared, under the same token: by a downgrade, or its upgrade was given back. */
  | ({
      readonly type: 'hold_downgraded';
      readonly name: ResourceName;
      readonly fenceToken: FenceToken;
    } & Whose);

export interface LockView {
  readonly name: ResourceName;
  /** The first of them; `holderCount` is of all. */
  readonly holders: readonly HolderView[];
  readonly holderCount: number;
  /** The next in turn; `waiterCount` is of all. */
  readonly waiters: readonly WaiterView[];
  readonly waiterCount: number;
  /** Ms until a lock delay ends, 0 when there is none. */
  readonly delayedForMs: number;
}

export interface LockTypes {
  readonly command: LockCommand;
  readonly results: {
    readonly acquire: Granted | Queued;
    readonly release: Released;
    readonly downgrade: Downgraded;
  };
  readonly event: LockEvent;
  readonly view: LockView;
}

export const lockDeclaration = {
  kind: 'lock',
  limit: {
    name: 'maxLocks',
    initial: 1_000_000,
    highest: 10_000_000,
    what: 'Most locks held or waited for at once.',
  },
  commands: {
    acquire: {
      repeatable: 'always',
      answers: ['granted', 'queued'],
      usedFor: 'an acquire of',
      usedForAnother: 'another acquire, of',
      cancelledAs: 'lock',
    },
    release: {
      repeatable: 'by request',
      answers: ['released'],
      usedFor: 'a release of',
      usedForAnother: 'another release, of',
    },
    downgrade: { repeatable: 'always', answers: ['downgraded'] },
  },
  refusals: ['lock_held', 'lock_delayed', 'not_holder', 'stale_fence_token', 'lock_not_found'],
  events: ['granted', 'hold_ended', 'hold_downgraded'],
} as const;

/** FEATURE-1. */
export const lockLevels: LevelsOf<LockCommand> = {
  acquire: { level: 1, fields: { ...acquiring, mode: modeLevels } },
  release: { level: 1, fields: { ...requested, fenceToken: 1 } },
  downgrade: { level: 1, fields: { sessionId: 1, name: 1, fenceToken: 1 } },
};
