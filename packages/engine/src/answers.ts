/**
 * What comes back from another node.
 *
 * ANSWER-1: what another node answers belongs to what it was asked, or is no answer.
 */
import { belongsTo } from '@holdfast/state';
import type { Command, CommandResult } from '@holdfast/state';
import type { FillAnswer, LeaderAnswer } from './cache/statistics.ts';
import { Interrupted } from './interrupted.ts';
import type { FoundKinds, KeepAliveResult, Query, QueryResult } from './types.ts';

const kinds: { readonly [Type in keyof FoundKinds]: readonly FoundKinds[Type][] } = {
  session: ['session', 'session_missing'],
  session_holds: ['session_holds', 'session_missing'],
  places: ['places', 'session_missing'],
  find_hold: ['found_hold'],
};

/** @throws Interrupted ANSWER-1: the command may have been executed. */
export function commandAnswer(command: Command, answer: unknown): CommandResult {
  const { ok, type, code } = recordOf(answer);
  const isWhole =
    ok === true
      ? typeof type === 'string' && belongsTo(command.type, type)
      : ok === false && typeof code === 'string';
  if (!isWhole) throw foreign(command.type);
  return answer as CommandResult;
}

/** @throws Interrupted ANSWER-1. */
export function queryAnswer(query: Query, answer: unknown): QueryResult {
  const { type, revision } = recordOf(answer);
  const expected: readonly unknown[] =
    query.type in kinds ? kinds[query.type as keyof FoundKinds] : [query.type];
  if (typeof revision !== 'number' || !expected.includes(type)) throw foreign(query.type);
  return answer as QueryResult;
}

/** @throws Interrupted ANSWER-1. */
export function cacheAnswer(answer: unknown): LeaderAnswer {
  const { term, revision, view, grant } = recordOf(answer);
  const { seq, leaseMs, line } = recordOf(grant);
  const isGrant =
    grant === 'over' ||
    (typeof seq === 'number' && typeof leaseMs === 'number' && typeof line === 'string');
  if (typeof term !== 'number' || typeof revision !== 'number' || !isGrant || !isView(view))
    throw foreign('cache_read');
  return answer as LeaderAnswer;
}

/** @throws Interrupted ANSWER-1. */
export function fillAnswer(answer: unknown): FillAnswer {
  const { revision, view, token } = recordOf(answer);
  const isToken = token === undefined || typeof token === 'string';
  if (typeof revision !== 'number' || !isView(view) || !isToken) throw foreign('cache_fill');
  return answer as FillAnswer;
}

/** @throws Interrupted ANSWER-1. */
export function keepAliveAnswer(answer: unknown): KeepAliveResult {
  const { ok, timeoutMs, code } = recordOf(answer);
  const isWhole = ok === true ? typeof timeoutMs === 'number' : ok === false && code !== undefined;
  if (!isWhole) throw foreign('keep_alive');
  return answer as KeepAliveResult;
}

const isView = (view: unknown): boolean =>
  view === undefined ||
  (typeof recordOf(view)['value'] === 'string' && typeof recordOf(view)['version'] === 'number');

const recordOf = (answer: unknown): Readonly<Record<string, unknown>> =>
  typeof answer === 'object' && answer !== null ? { ...answer } : {};

const foreign = (asked: string): Interrupted =>
  new Interrupted(true, `the leader answered "${asked}" with something that does not belong to it`);
