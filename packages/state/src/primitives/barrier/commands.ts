/** What double barriers are asked for, what they answer, and what they tell. */
import { requested } from '../../kernel/field-levels.ts';
import type { LevelsOf } from '../../kernel/field-levels.ts';
import type { ResultRecord, Whose } from '../../kernel/declaration.ts';
import type { RequestId, ResourceName, SessionId } from '../../kernel/names.ts';

export type BarrierCommand =
  /** Joins the round of a double barrier. The round is open once so many have joined. */
  | {
      readonly type: 'enter_barrier';
      readonly sessionId: SessionId;
      readonly requestId?: RequestId;
      readonly name: ResourceName;
      /** How many meet: fixed by the first of a round. */
      readonly parties: number;
    }
  /** Done with the round; or, `withdraw`, no longer waits for it to open. */
  | {
      readonly type: 'leave_barrier';
      readonly sessionId: SessionId;
      readonly requestId?: RequestId;
      readonly name: ResourceName;
      readonly withdraw: boolean;
      /** The request that entered, which is answered so from now on, unless the round has opened. */
      readonly instead?: {
        readonly of: RequestId;
        readonly code: 'wait_timeout' | 'wait_abandoned';
      };
    };

/** Of a round: `open` tells whether all have come, `over` whether all have left. */
export interface BarrierResult {
  readonly ok: true;
  readonly type: 'barrier';
  readonly round: number;
  readonly open: boolean;
  readonly over: boolean;
}

export type BarrierEvent =
  | ({
      readonly type: 'barrier_joined' | 'barrier_left';
      readonly name: ResourceName;
      readonly round: number;
    } & Whose)
  /** All have come, or all have left: those who wait go on. */
  | {
      readonly type: 'barrier_opened' | 'barrier_over';
      readonly name: ResourceName;
      readonly round: number;
    };

export interface BarrierView {
  readonly name: ResourceName;
  readonly round: number;
  readonly parties: number;
  readonly open: boolean;
  readonly memberCount: number;
  /** The first of those inside, in the order in which they came. */
  readonly members: readonly { readonly sessionId: SessionId; readonly clientId: string }[];
  /** The session that was asked about is among them all. */
  readonly inside: boolean;
}

export interface BarrierTypes {
  readonly command: BarrierCommand;
  readonly results: {
    readonly enter_barrier: BarrierResult;
    readonly leave_barrier: BarrierResult;
  };
  readonly event: BarrierEvent;
  /** Undefined: nobody is there. */
  readonly view: BarrierView | undefined;
}

export const barrierDeclaration = {
  kind: 'barrier',
  limit: {
    name: 'maxBarriers',
    initial: 10_000,
    highest: 10_000_000,
    what: 'Most barriers that somebody is in.',
  },
  commands: {
    enter_barrier: {
      repeatable: 'by request',
      answers: ['barrier'],
      usedFor: 'entering barrier',
      cancelledAs: 'barrier',
    },
    leave_barrier: { repeatable: 'by request', answers: ['barrier'], usedFor: 'leaving barrier' },
  },
  refusals: ['barrier_closed', 'not_entered', 'limit_mismatch'],
  events: ['barrier_joined', 'barrier_left', 'barrier_opened', 'barrier_over'],
} as const;

export const barrierRecord: ResultRecord<BarrierResult> = {
  type: 'barrier',
  tag: 5,
  encode: ({ round, open, over }) => [round, open ? 1 : 0, over ? 1 : 0],
  decode: (fields) => ({
    ok: true,
    type: 'barrier',
    round: fields.number(),
    open: fields.number() === 1,
    over: fields.number() === 1,
  }),
};

/** FEATURE-1. */
export const barrierLevels: LevelsOf<BarrierCommand> = {
  enter_barrier: { level: 1, fields: { ...requested, parties: 1 } },
  leave_barrier: {
    level: 1,
    fields: {
      ...requested,
      withdraw: 1,
      instead: {
        level: 1,
        fields: { of: 1, code: { level: 1, kinds: { wait_timeout: 1, wait_abandoned: 1 } } },
      },
    },
  },
};
