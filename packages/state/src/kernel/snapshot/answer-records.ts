/** Remembered answers as parts of the records of a snapshot, and back. Changes raise `formatVersion`, see snapshot.ts. */
import { SnapshotFormatError } from './fields.ts';
import type { Fields } from './fields.ts';
import { invariant } from '../invariant.ts';
import type { Answer } from '../requests.ts';
import type { Wanted } from '../commands.ts';
import type { FenceToken, JsonValue, RequestId, ResourceName } from '../names.ts';
import type { CommandResult } from '../outcomes.ts';

function encodeResult(result: CommandResult): JsonValue {
  if (!result.ok) return [0, result.code, result.message, result.details ?? null];
  if (result.type === 'granted') return [1, result.fenceToken, result.holdCount, result.revision];
  if (result.type === 'released') return [2, result.fenceToken, result.remainingHoldCount];
  if (result.type === 'granted_many') {
    const grants = result.grants.map(({ fenceToken, holdCount }) => [fenceToken, holdCount]);
    return [3, result.revision, grants];
  }
  if (result.type === 'proclaimed') return [4, result.fenceToken, result.revision];
  if (result.type === 'barrier') return [5, result.round, result.open ? 1 : 0, result.over ? 1 : 0];
  invariant(result.type === 'latch', 'Only answers to requests are remembered.', result.type);
  return [6, result.count];
}

function decodeResult(fields: Fields): CommandResult {
  const kind = fields.number();
  switch (kind) {
    case 0: {
      const code = fields.refusalCode();
      const message = fields.text();
      const details = fields.details();
      return { ok: false, code, message, ...(details === undefined ? {} : { details }) };
    }
    case 1: {
      const grant = decodeGrant(fields);
      return { ok: true, type: 'granted', ...grant, revision: fields.number() };
    }
    case 2: {
      const fenceToken = fields.number() as FenceToken;
      return { ok: true, type: 'released', fenceToken, remainingHoldCount: fields.number() };
    }
    case 3: {
      const revision = fields.number();
      const grants = fields.list().all((grant) => decodeGrant(grant.list()));
      return { ok: true, type: 'granted_many', grants, revision };
    }
    case 4: {
      const fenceToken = fields.number() as FenceToken;
      return { ok: true, type: 'proclaimed', fenceToken, revision: fields.number() };
    }
    case 5: {
      const round = fields.number();
      const open = fields.number() === 1;
      return { ok: true, type: 'barrier', round, open, over: fields.number() === 1 };
    }
    case 6:
      return { ok: true, type: 'latch', count: fields.number() };
    default:
      throw new SnapshotFormatError(`an answer is of the unknown kind ${String(kind)}`);
  }
}

function decodeGrant(fields: Fields): {
  readonly fenceToken: FenceToken;
  readonly holdCount: number;
} {
  return { fenceToken: fields.number() as FenceToken, holdCount: fields.number() };
}

/** @param result The answer's, which may have changed since. */
export function encodeAnswer(
  requestId: RequestId,
  answer: Answer,
  result: CommandResult | undefined,
): JsonValue {
  const { kind, name } = answer;
  const first = result === undefined ? null : encodeResult(result);
  switch (kind) {
    case 'release':
      return ['r', requestId, name, first, answer.fenceToken ?? null];
    case 'release_permits':
      return ['q', requestId, name, first, answer.fenceToken];
    case 'acquire_permits':
      return ['p', requestId, name, first, answer.permits ?? null];
    case 'campaign':
      return ['c', requestId, name, first, answer.permits ?? null];
    case 'acquire_many':
      return ['m', requestId, name, first, answer.wanted?.map(encodeWanted) ?? null];
    case 'acquire':
      return ['a', requestId, name, first, answer.mode ?? null];
    case 'resign':
    case 'proclaim':
    case 'enter_barrier':
    case 'leave_barrier':
    case 'count_down':
      return [kind, requestId, name, first, answer.asked ?? null];
  }
}

export function decodeAnswer(fields: Fields): readonly [RequestId, Answer] {
  const kind = fields.text();
  const requestId = fields.requestId();
  const name = fields.text() as ResourceName;
  const result = fields.optional(() => decodeResult(fields.list()));
  return [requestId, decodeRest(fields, kind, name, result)];
}

function decodeRest(
  fields: Fields,
  kind: string,
  name: ResourceName,
  result: CommandResult | undefined,
): Answer {
  const waiting = { name, result, waiter: undefined };
  switch (kind) {
    case 'a':
      return { kind: 'acquire', mode: fields.optional(() => fields.mode()), ...waiting };
    case 'p':
    case 'c': {
      const permits = fields.optional(() => fields.number());
      return { kind: kind === 'p' ? 'acquire_permits' : 'campaign', permits, ...waiting };
    }
    case 'm': {
      const wanted = fields.optional(() => fields.list().all((one) => decodeWanted(one.list())));
      return { kind: 'acquire_many', wanted, ...waiting };
    }
  }
  if (result === undefined) throw new SnapshotFormatError('a request has no answer');
  switch (kind) {
    case 'r': {
      const fenceToken = fields.optional(() => fields.number() as FenceToken);
      return { kind: 'release', name, fenceToken, result };
    }
    case 'q':
      return { kind: 'release_permits', name, fenceToken: fields.number() as FenceToken, result };
    case 'resign':
    case 'proclaim':
    case 'enter_barrier':
    case 'leave_barrier':
    case 'count_down':
      return { kind, name, result, asked: fields.optional(() => fields.text()) };
    default:
      throw new SnapshotFormatError(`a request is of the unknown kind "${kind}"`);
  }
}

export function encodeWanted(wanted: Wanted): JsonValue {
  const { kind, name } = wanted;
  return kind === 'lock'
    ? [kind, name, wanted.mode]
    : [kind, name, wanted.permits, wanted.limit ?? null];
}

function decodeWanted(fields: Fields): Wanted {
  const kind = fields.resourceKind();
  const name = fields.text() as ResourceName;
  if (kind === 'lock') return { kind, name, mode: fields.mode() };
  const permits = fields.number();
  const limit = fields.optional(() => fields.number());
  return { kind: 'semaphore', name, permits, ...(limit === undefined ? {} : { limit }) };
}
