/** What latches are asked for, what they answer, and what they tell. */
import { requested } from '../../kernel/field-levels.ts';
import type { LevelsOf } from '../../kernel/field-levels.ts';
import type { ResultRecord } from '../../kernel/declaration.ts';
import type { RequestId, ResourceName, SessionId } from '../../kernel/names.ts';

export type LatchCommand =
  /** Makes a latch, or keeps one of the same count that is there. */
  | { readonly type: 'create_latch'; readonly name: ResourceName; readonly count: number }
  | {
      readonly type: 'count_down';
      /** With a session and a request id it is counted once, however often it is sent. */
      readonly sessionId?: SessionId;
      readonly requestId?: RequestId;
      readonly name: ResourceName;
      readonly by: number;
    }
  | { readonly type: 'delete_latch'; readonly name: ResourceName };

export interface LatchResult {
  readonly ok: true;
  readonly type: 'latch';
  readonly count: number;
}

export interface LatchEvent {
  readonly type: 'latch_changed';
  readonly name: ResourceName;
  readonly change: 'created' | 'counted' | 'opened' | 'deleted';
  readonly count: number;
}

export interface LatchView {
  readonly name: ResourceName;
  /** How much is left to count; 0: open. */
  readonly count: number;
  readonly initialCount: number;
}

export interface LatchTypes {
  readonly command: LatchCommand;
  readonly results: {
    readonly create_latch: LatchResult;
    readonly count_down: LatchResult;
    readonly delete_latch: LatchResult;
  };
  readonly event: LatchEvent;
  /** Undefined: there is none of this name. */
  readonly view: LatchView | undefined;
}

export const latchDeclaration = {
  kind: 'latch',
  limit: { name: 'maxLatches', initial: 10_000, highest: 10_000_000, what: 'Most latches.' },
  commands: {
    create_latch: { repeatable: 'always', answers: ['latch'] },
    count_down: { repeatable: 'by request', answers: ['latch'], usedFor: 'counting down latch' },
    delete_latch: { repeatable: 'never', answers: ['latch'] },
  },
  refusals: ['latch_not_found', 'limit_mismatch'],
  events: ['latch_changed'],
} as const;

export const latchRecord: ResultRecord<LatchResult> = {
  type: 'latch',
  tag: 6,
  encode: ({ count }) => [count],
  decode: (fields) => ({ ok: true, type: 'latch', count: fields.number() }),
};

/** FEATURE-1. */
export const latchLevels: LevelsOf<LatchCommand> = {
  create_latch: { level: 1, fields: { name: 1, count: 1 } },
  count_down: { level: 1, fields: { ...requested, by: 1 } },
  delete_latch: { level: 1, fields: { name: 1 } },
};
