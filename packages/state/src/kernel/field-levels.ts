/** The feature levels of what stands in commands: how they are told, and those of what several commands carry. */
import type { ImplicitSession, Stamp, Terms } from './terms.ts';

/** A level; of what has parts, those as well, of each element where it is a list. */
export type FieldLevel =
  | number
  | { readonly level: number; readonly fields: FieldLevels }
  /** Of a field that tells a kind: the level of each. */
  | { readonly level: number; readonly kinds: Readonly<Record<string, number>> };
export interface FieldLevels {
  readonly [field: string]: FieldLevel;
}

/** One line for each field that any of these may have. */
export type Every<T> = { readonly [F in T extends unknown ? keyof T : never]-?: FieldLevel };
/** One line for each of these texts. */
export type EveryKind<T extends string> = {
  readonly level: number;
  readonly kinds: Record<T, number>;
};

/** One line for each type of command, and in it one for each of its fields. */
export type LevelsOf<Command extends { readonly type: string }> = {
  readonly [Type in Command['type']]: {
    readonly level: number;
    readonly fields: Every<Omit<Extract<Command, { readonly type: Type }>, 'type'>>;
  };
};

export const modeLevels: EveryKind<'exclusive' | 'shared'> = {
  level: 1,
  kinds: { exclusive: 1, shared: 1 },
};

interface Fields<T> {
  readonly level: number;
  readonly fields: Every<T>;
}

export const termsLevels: Fields<Terms> = {
  level: 1,
  fields: { priority: 1, maxHoldMs: 1, independent: 1, metadata: 1 },
};
export const stampLevels: Fields<Stamp> = { level: 1, fields: { madeAtMs: 1, liveMs: 1 } };
const ownSession: Fields<ImplicitSession> = {
  level: 1,
  fields: { clientId: 1, timeoutMs: 1, lockDelayMs: 1, stamp: stampLevels, caller: 1 },
};

interface Requested {
  readonly sessionId: FieldLevel;
  readonly requestId: FieldLevel;
  readonly name: FieldLevel;
}
/** Of what is counted once by its request id. */
export const requested: Requested = { sessionId: 1, requestId: 1, name: 1 };
/** Of what asks for units and may wait. */
export const acquiring: Requested & {
  readonly waitMs: FieldLevel;
  readonly acquiredAtMs: FieldLevel;
  readonly terms: FieldLevel;
  readonly ownSession: FieldLevel;
} = { ...requested, waitMs: 1, acquiredAtMs: 1, terms: termsLevels, ownSession };
