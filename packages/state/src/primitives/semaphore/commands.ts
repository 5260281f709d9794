/** What semaphores are asked for, what they answer, and what they tell. */
import { acquiring, requested } from '../../kernel/field-levels.ts';
import type { LevelsOf } from '../../kernel/field-levels.ts';
import type { Whose } from '../../kernel/declaration.ts';
import type {
  EndReason,
  FenceToken,
  JsonValue,
  RequestId,
  ResourceName,
  SessionId,
} from '../../kernel/names.ts';
import type { ImplicitSession, Terms } from '../../kernel/terms.ts';
import type { Granted, Queued, Released } from '../holds/commands.ts';

export type SemaphoreCommand =
  /** Takes permits of a semaphore. Each acquire is a hold of its own, with a token of its own. */
  | {
      readonly type: 'acquire_permits';
      readonly sessionId: SessionId;
      readonly requestId: RequestId;
      readonly name: ResourceName;
      /** At least 1. */
      readonly permits: number;
      /** Makes the semaphore where there is none; has to be its limit where there is one. */
      readonly limit?: number;
      /** 0: try once. Else the longest wait, in cluster time. */
      readonly waitMs: number;
      /** Wall clock, for people only. */
      readonly acquiredAtMs: number;
      readonly terms?: Terms;
      readonly ownSession?: ImplicitSession;
    }
  /** Gives back what one acquire took. */
  | {
      readonly type: 'release_permits';
      readonly sessionId: SessionId;
      readonly requestId?: RequestId;
      readonly name: ResourceName;
      readonly fenceToken: FenceToken;
    }
  /** Makes a persistent semaphore, which remains until it is deleted, or keeps one that is there. */
  | { readonly type: 'create_semaphore'; readonly name: ResourceName; readonly limit: number }
  | { readonly type: 'resize_semaphore'; readonly name: ResourceName; readonly limit: number }
  | { readonly type: 'delete_semaphore'; readonly name: ResourceName };

export interface SemaphoreResult {
  readonly ok: true;
  readonly type: 'semaphore';
  readonly semaphore: SemaphoreView;
}

export type SemaphoreEvent =
  | ({
      readonly type: 'permits_granted';
      readonly name: ResourceName;
      readonly requestId: RequestId;
      readonly permits: number;
      readonly fenceToken: FenceToken;
      readonly metadata?: JsonValue;
    } & Whose)
  | ({
      readonly type: 'permits_ended';
      readonly name: ResourceName;
      readonly fenceToken: FenceToken;
      readonly permits: number;
      readonly reason: EndReason;
      readonly note?: string;
    } & Whose)
  | {
      readonly type: 'semaphore_changed';
      readonly name: ResourceName;
      readonly change: 'created' | 'resized' | 'deleted';
      readonly limit: number;
    };

export interface SemaphoreView {
  readonly name: ResourceName;
  readonly limit: number;
  /** Permits that can be had now; below 0 while holders have more than a limit that was decreased. */
  readonly free: number;
  /** It was created by name, and remains when nobody uses it. */
  readonly persistent: boolean;
  readonly holderCount: number;
  readonly waiterCount: number;
  /** The first of them. */
  readonly holders: readonly {
    readonly sessionId: SessionId;
    readonly clientId: string;
    readonly permits: number;
    readonly fenceToken: FenceToken;
    readonly acquiredAtMs: number;
    readonly metadata: JsonValue | undefined;
    readonly endsInMs: number | undefined;
  }[];
  /** The next in turn. */
  readonly waiters: readonly {
    readonly sessionId: SessionId;
    readonly clientId: string;
    readonly requestId: RequestId;
    readonly permits: number;
    /** 1 is the next. */
    readonly position: number;
    readonly priority: number;
  }[];
}

export interface SemaphoreTypes {
  readonly command: SemaphoreCommand;
  readonly results: {
    readonly acquire_permits: Granted | Queued;
    readonly release_permits: Released;
    readonly create_semaphore: SemaphoreResult;
    readonly resize_semaphore: SemaphoreResult;
    readonly delete_semaphore: SemaphoreResult;
  };
  readonly event: SemaphoreEvent;
  /** Undefined: there is none of this name. */
  readonly view: SemaphoreView | undefined;
}

export const semaphoreDeclaration = {
  kind: 'semaphore',
  limit: { name: 'maxSemaphores', initial: 100_000, highest: 10_000_000, what: 'Most semaphores.' },
  commands: {
    acquire_permits: {
      repeatable: 'always',
      answers: ['granted', 'queued'],
      usedFor: 'an acquire of permits of',
      cancelledAs: 'semaphore',
    },
    release_permits: {
      repeatable: 'by request',
      answers: ['released'],
      usedFor: 'a release of permits of',
    },
    create_semaphore: { repeatable: 'always', answers: ['semaphore'] },
    resize_semaphore: { repeatable: 'never', answers: ['semaphore'] },
    delete_semaphore: { repeatable: 'never', answers: ['semaphore'] },
  },
  refusals: [
    'no_permits',
    'limit_mismatch',
    'semaphore_not_found',
    'semaphore_in_use',
    'not_holder',
  ],
  events: ['permits_granted', 'permits_ended', 'semaphore_changed'],
} as const;

/** FEATURE-1. */
export const semaphoreLevels: LevelsOf<SemaphoreCommand> = {
  acquire_permits: { level: 1, fields: { ...acquiring, permits: 1, limit: 1 } },
  release_permits: { level: 1, fields: { ...requested, fenceToken: 1 } },
  create_semaphore: { level: 1, fields: { name: 1, limit: 1 } },
  resize_semaphore: { level: 1, fields: { name: 1, limit: 1 } },
  delete_semaphore: { level: 1, fields: { name: 1 } },
};
