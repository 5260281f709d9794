/**
 * Every primitive, as types and as data: the kernel's unions of commands, results, events, refusals and limits follow
 * from it, and so does what the packages above need to know of each. What they do is in table.ts.
 */
import { accessCommands, accessRefusals } from './access/commands.ts';
import type { AccessTypes } from './access/commands.ts';
import type { LevelsOf } from '../kernel/field-levels.ts';
import type {
  CommandDeclaration,
  PrimitiveDeclaration,
  ResultRecord,
} from '../kernel/declaration.ts';
import { barrierDeclaration, barrierLevels, barrierRecord } from './barrier/commands.ts';
import { cacheDeclaration, cacheLevels } from './cache/commands.ts';
import { electionDeclaration, electionLevels, proclaimedRecord } from './election/commands.ts';
import { latchDeclaration, latchLevels, latchRecord } from './latch/commands.ts';
import { lockDeclaration, lockLevels } from './lock/commands.ts';
import { semaphoreDeclaration, semaphoreLevels } from './semaphore/commands.ts';
import {
  grantedManyRecord,
  grantedRecord,
  holdsCommands,
  releasedRecord,
} from './holds/commands.ts';
import type { HoldsTypes } from './holds/commands.ts';
import type { BarrierTypes } from './barrier/commands.ts';
import type { CacheTypes } from './cache/commands.ts';
import type { ElectionTypes } from './election/commands.ts';
import type { LatchTypes } from './latch/commands.ts';
import type { LockTypes } from './lock/commands.ts';
import { queueCommands, queueRefusals } from './queue/commands.ts';
import type { QueueTypes } from './queue/commands.ts';
import type { SemaphoreTypes } from './semaphore/commands.ts';

export type * from './access/commands.ts';
export type * from './barrier/commands.ts';
export type * from './cache/commands.ts';
export type * from './election/commands.ts';
export type * from './latch/commands.ts';
export type * from './lock/commands.ts';
export type * from './queue/commands.ts';
export type * from './semaphore/commands.ts';

export interface Primitives {
  readonly lock: LockTypes;
  readonly semaphore: SemaphoreTypes;
  readonly election: ElectionTypes;
  readonly barrier: BarrierTypes;
  readonly latch: LatchTypes;
  readonly cache: CacheTypes;
}

/** What all primitives, and the command of several at once, have of one thing. */
export type OfAll<Part extends 'command' | 'results' | 'event'> = (
  Primitives[keyof Primitives] | HoldsTypes | QueueTypes | AccessTypes
)[Part];

/** In the order of a snapshot. */
export const primitiveDeclarations: readonly [
  typeof lockDeclaration,
  typeof semaphoreDeclaration,
  typeof electionDeclaration,
  typeof barrierDeclaration,
  typeof latchDeclaration,
  typeof cacheDeclaration,
] = [
  lockDeclaration,
  semaphoreDeclaration,
  electionDeclaration,
  barrierDeclaration,
  latchDeclaration,
  cacheDeclaration,
] as const satisfies readonly PrimitiveDeclaration[];

/** Results that are remembered. */
export const resultRecords: readonly ResultRecord<RememberedResult>[] = [
  grantedRecord,
  releasedRecord,
  grantedManyRecord,
  proclaimedRecord,
  barrierRecord,
  latchRecord,
];
type Values<Results> = Results extends unknown ? Results[keyof Results] : never;
export type RememberedResult = Exclude<
  Values<(Primitives[keyof Primitives] | HoldsTypes)['results']>,
  { readonly type: 'queued' | CacheTypes['results'][keyof CacheTypes['results']]['type'] }
>;

type Declaration = (typeof primitiveDeclarations)[number];
/** The feature level that brought the limit of a primitive (FEATURE-1). */
export const levelOfLimit = ({ limit }: PrimitiveDeclaration): number => limit.level ?? 1;
export type PlaceKind = Declaration['kind'];
export type LimitOfPrimitive = Declaration['limit']['name'];
export type RefusalOfPrimitive =
  | Declaration['refusals'][number]
  | (typeof queueRefusals)[number]
  | (typeof accessRefusals)[number];
export const refusalsOfPrimitives: readonly RefusalOfPrimitive[] = [
  ...primitiveDeclarations.flatMap(({ refusals }): readonly RefusalOfPrimitive[] => refusals),
  ...queueRefusals,
  ...accessRefusals,
];

type Merged<Union> = (Union extends unknown ? (one: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never;
type Commands = Merged<Declaration['commands']> &
  typeof holdsCommands &
  typeof queueCommands &
  typeof accessCommands;
/** Commands that are executed once by their request id. */
export type OnceType = {
  [T in keyof Commands]: Commands[T] extends { readonly usedFor: string } ? T : never;
}[keyof Commands];
/** What a caller says it cancels. */
export type CancelKind = {
  [T in keyof Commands]: Commands[T] extends { readonly cancelledAs: infer Kind } ? Kind : never;
}[keyof Commands];

/** By type of command. */
export const commandDeclarations: Commands = Object.fromEntries(
  [
    ...primitiveDeclarations.map(({ commands }) => commands),
    holdsCommands,
    queueCommands,
    accessCommands,
  ].flatMap((commands: Readonly<Record<string, CommandDeclaration>>) => Object.entries(commands)),
) as Commands;

/** Whether a command of this type may be answered so. */
export const isAnswerTo = (type: keyof Commands, answer: string): boolean =>
  (commandDeclarations[type].answers as readonly string[]).includes(answer);

const isOnceType = (type: string): type is OnceType =>
  Object.hasOwn(commandDeclarations, type) &&
  'usedFor' in commandDeclarations[type as keyof Commands];
export const onceTypes: readonly OnceType[] = Object.keys(commandDeclarations).filter(isOnceType);

/** The feature levels of their commands. */
export const primitiveLevels: LevelsOf<Primitives[keyof Primitives]['command']> = {
  ...lockLevels,
  ...semaphoreLevels,
  ...electionLevels,
  ...barrierLevels,
  ...latchLevels,
  ...cacheLevels,
};

/** How many there may be of each, in the order of a snapshot. */
export const primitiveLimits: readonly {
  readonly name: LimitOfPrimitive;
  readonly initial: number;
  readonly highest: number;
  readonly what: string;
}[] = primitiveDeclarations.map(({ limit }) => limit);
