/**
 * Idempotent responses: what a request of a session asked for and was answered, so that a repetition of it is
 * answered the same.
 */
import type { OnceType } from '../primitives/declared.ts';
import type { Wanted } from '../primitives/holds/commands.ts';
import type { RequestId, ResourceName } from './names.ts';
import type { CommandResult } from './outcomes.ts';
import { recordBytes, resultBytes } from './weights.ts';

/**
 * What a request asked for beside its name, to tell it from another one under the same id: a mode, permits, a
 * token (null: none), what else as text, or several resources.
 */
export type Asked = string | number | null | readonly Wanted[];

export interface AnswerOf<Waiter> {
  readonly kind: OnceType;
  /** Undefined: the request has none, and nothing of it is remembered. */
  readonly requestId: RequestId | undefined;
  /** Of several resources the first one: the others follow from what was asked. */
  readonly name: ResourceName;
  /** Undefined: it was cancelled before it arrived, or refused with few bytes (STATE-REQUEST-4). */
  readonly asked: Asked | undefined;
  /** The idempotent response; undefined while it waits. */
  result: CommandResult | undefined;
  /** The log index of its answer, where its id has no order (STATE-REQUEST-6). */
  answeredAt?: number;
  /** Set while it waits; of several resources the first of its waiters. */
  waiter: Waiter | undefined;
}

/** The one request of an implicit session that ended it, and its answer. */
export interface RequestOf<Waiter> {
  readonly requestId: RequestId;
  readonly answer: AnswerOf<Waiter>;
}

/** What it takes in memory, roughly: the same on every node. */
export function answerBytes({
  kind,
  name,
  asked,
  result,
}: Pick<AnswerOf<unknown>, 'kind' | 'name' | 'asked' | 'result'>): number {
  return recordBytes + name.length + resultBytes(result) + askedBytes(kind, asked);
}

/** What is bounded anyway, a mode or a number, counts for nothing. */
export function askedBytes(kind: OnceType, asked: Asked | undefined): number {
  if (typeof asked === 'string') return kind === 'acquire' ? 0 : asked.length;
  if (typeof asked !== 'object' || asked === null) return 0;
  let bytes = 0;
  for (const { name } of asked) bytes += recordBytes + name.length;
  return bytes;
}
