/** Remembered answers as parts of the records of a snapshot, and back. Changes raise `formatVersion`, see snapshot.ts. */
import { SnapshotFormatError } from './fields.ts';
import type { Fields } from './fields.ts';
import { invariant } from '../invariant.ts';
import type { Asked } from '../answers.ts';
import {
  isAnswerTo,
  onceTypes,
  refusalsOfPrimitives,
  resultRecords,
} from '../../primitives/declared.ts';
import type { OnceType, RememberedResult } from '../../primitives/declared.ts';
import type { Wanted } from '../../primitives/holds/commands.ts';
import type { Answer } from '../../primitives/holds/pool.ts';
import type { JsonValue, RequestId, ResourceName } from '../names.ts';
import { kernelRefusals } from '../outcomes.ts';
import type { CommandResult, RefusalCode } from '../outcomes.ts';

/** Of a refusal. */
const refusalTag = 0;

function encodeResult(result: CommandResult): JsonValue {
  if (!result.ok) return [refusalTag, result.code, result.message, result.details ?? null];
  const record = resultRecords.find(({ type }) => type === result.type);
  invariant(record !== undefined, 'Only answers to requests are remembered.', result.type);
  return [record.tag, ...record.encode(result as RememberedResult)];
}

function decodeResult(fields: Fields): CommandResult {
  const tag = fields.number();
  if (tag === refusalTag) {
    const code = fields.text();
    if (!isRefusalCode(code))
      throw new SnapshotFormatError(`a refusal is of the unknown code "${code}"`);
    const message = fields.text();
    const details = fields.details();
    return { ok: false, code, message, ...(details === undefined ? {} : { details }) };
  }
  const record = resultRecords.find((one) => one.tag === tag);
  if (record === undefined)
    throw new SnapshotFormatError(`an answer is of the unknown kind ${String(tag)}`);
  return record.decode(fields);
}

const refusalCodes: ReadonlySet<string> = new Set([...kernelRefusals, ...refusalsOfPrimitives]);
const isRefusalCode = (text: string): text is RefusalCode => refusalCodes.has(text);

/** What stands for a command in the records; others stand for themselves. */
const letters: Partial<Record<OnceType, string>> = {
  release: 'r',
  release_permits: 'q',
  acquire_permits: 'p',
  campaign: 'c',
  acquire_many: 'm',
  acquire: 'a',
};
const kinds: ReadonlyMap<string, OnceType> = new Map(
  onceTypes.map((kind) => [letters[kind] ?? kind, kind]),
);

/** @param result The answer's, which may have changed since. */
export function encodeAnswer(
  requestId: RequestId,
  { kind, name, asked, answeredAt }: Answer,
  result: CommandResult | undefined,
): JsonValue {
  const first = result === undefined ? null : encodeResult(result);
  const told = [letters[kind] ?? kind, requestId, name, first, encodeAsked(asked)];
  // While it waits it has none: where it is answered by now, the snapshot is of before.
  return answeredAt === undefined || result === undefined ? told : [...told, answeredAt];
}

function encodeAsked(asked: Asked | undefined): JsonValue {
  if (typeof asked !== 'object') return asked ?? null;
  return asked?.map(encodeWanted) ?? null;
}

export function decodeAnswer(fields: Fields): readonly [RequestId, Answer] {
  const letter = fields.text();
  const kind = kinds.get(letter);
  if (kind === undefined)
    throw new SnapshotFormatError(`a request is of the unknown kind "${letter}"`);
  const requestId = fields.requestId();
  const name = fields.text() as ResourceName;
  const result = fields.optional(() => decodeResult(fields.list()));
  const asked = decodeAsked(fields, kind);
  if (result === undefined && !mayWait(kind))
    throw new SnapshotFormatError('a request has no answer');
  if (result?.ok === true && !isAnswerTo(kind, result.type))
    throw new SnapshotFormatError(`a request of the kind "${kind}" was answered "${result.type}"`);
  const told = fields.atEnd ? {} : { answeredAt: fields.number() };
  return [requestId, { kind, requestId, name, asked, result, ...told, waiter: undefined }];
}

const mayWait = (kind: OnceType): boolean => isAnswerTo(kind, 'queued');

/** Of a release nothing means that it named no token; else that it is not known what was asked for. */
function decodeAsked(fields: Fields, kind: OnceType): Asked | undefined {
  const nothing = kind === 'release' ? null : undefined;
  return fields.optional(() => decodeGiven(fields, kind)) ?? nothing;
}

function decodeGiven(fields: Fields, kind: OnceType): Asked {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- all others are asked for by a text.
  switch (kind) {
    case 'acquire':
      return fields.mode();
    case 'acquire_permits':
    case 'campaign':
    case 'release':
    case 'release_permits':
      return fields.number();
    case 'acquire_many':
      return fields.list().all((one) => decodeWanted(one.list()));
    default:
      return fields.text();
  }
}

function encodeWanted(wanted: Wanted): JsonValue {
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
