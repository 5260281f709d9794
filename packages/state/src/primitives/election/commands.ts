/** What elections are asked for, what they answer, and what they tell beside what locks tell. */
import { acquiring, requested } from '../../kernel/field-levels.ts';
import type { LevelsOf } from '../../kernel/field-levels.ts';
import type { ResultRecord, Whose } from '../../kernel/declaration.ts';
import type {
  FenceToken,
  JsonValue,
  LogIndex,
  RequestId,
  ResourceName,
  SessionId,
} from '../../kernel/names.ts';
import type { ImplicitSession, Terms } from '../../kernel/terms.ts';
import type { Granted, HolderView, Queued, Released, WaiterView } from '../holds/commands.ts';

export type ElectionCommand =
  /** Stands in an election: leads when nobody else does, or queues. Its value is its metadata. */
  | {
      readonly type: 'campaign';
      readonly sessionId: SessionId;
      readonly requestId: RequestId;
      readonly name: ResourceName;
      readonly waitMs: number;
      /** Wall clock, for people only. */
      readonly acquiredAtMs: number;
      readonly terms?: Terms;
      readonly ownSession?: ImplicitSession;
    }
  | {
      readonly type: 'resign';
      readonly sessionId: SessionId;
      readonly requestId?: RequestId;
      readonly name: ResourceName;
      /** Absent: whatever leadership this session has. */
      readonly fenceToken?: FenceToken;
    }
  /** The leader tells another value. */
  | {
      readonly type: 'proclaim';
      readonly sessionId: SessionId;
      readonly requestId?: RequestId;
      readonly name: ResourceName;
      readonly fenceToken: FenceToken;
      readonly value: JsonValue;
    };

export interface Proclaimed {
  readonly ok: true;
  readonly type: 'proclaimed';
  readonly fenceToken: FenceToken;
  readonly revision: LogIndex;
}

export type ElectionEvent = {
  readonly type: 'proclaimed';
  readonly name: ResourceName;
  readonly fenceToken: FenceToken;
  readonly value: JsonValue;
} & Whose;

export interface ElectionView {
  readonly name: ResourceName;
  readonly leader: HolderView | undefined;
  /** The next in turn; `candidateCount` is of all. */
  readonly candidates: readonly WaiterView[];
  readonly candidateCount: number;
  readonly delayedForMs: number;
}

export interface ElectionTypes {
  readonly command: ElectionCommand;
  readonly results: {
    readonly campaign: Granted | Queued;
    readonly resign: Released;
    readonly proclaim: Proclaimed;
  };
  readonly event: ElectionEvent;
  readonly view: ElectionView;
}

export const electionDeclaration = {
  kind: 'election',
  limit: {
    name: 'maxElections',
    initial: 100_000,
    highest: 10_000_000,
    what: 'Most elections that are led or stood in.',
  },
  commands: {
    campaign: {
      repeatable: 'always',
      answers: ['granted', 'queued'],
      usedFor: 'a campaign for',
      cancelledAs: 'election',
    },
    resign: { repeatable: 'by request', answers: ['released'], usedFor: 'a resignation from' },
    proclaim: { repeatable: 'by request', answers: ['proclaimed'], usedFor: 'a proclamation in' },
  },
  refusals: ['not_elected', 'not_holder'],
  events: ['proclaimed'],
} as const;

export const proclaimedRecord: ResultRecord<Proclaimed> = {
  type: 'proclaimed',
  tag: 4,
  encode: ({ fenceToken, revision }) => [fenceToken, revision],
  decode: (fields) => ({
    ok: true,
    type: 'proclaimed',
    fenceToken: fields.number() as FenceToken,
    revision: fields.number(),
  }),
};

/** FEATURE-1. */
export const electionLevels: LevelsOf<ElectionCommand> = {
  campaign: { level: 1, fields: acquiring },
  resign: { level: 1, fields: { ...requested, fenceToken: 1 } },
  proclaim: { level: 1, fields: { ...requested, fenceToken: 1, value: 1 } },
};
