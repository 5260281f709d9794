/**
 * Messages as the objects that operations take and give: fields of the same names, unset ones absent,
 * enums as the wire's words, 64-bit numbers as numbers, google.protobuf.Value as JSON.
 */
import protobuf from 'protobufjs';
import type { Enum, Field, Type } from 'protobufjs';
import { jsonOf, NotJson, valueOf } from './json-value.ts';
import { wireProblem } from './wire-check.ts';

const { Enum: EnumType, Type: MessageType } = protobuf;
const valueType = '.google.protobuf.Value';

export type Plain = Readonly<Record<string, unknown>>;

/** The bytes are no message of its type, or one that JSON cannot tell. */
export class UnreadableMessage extends Error {
  override readonly name: string = 'UnreadableMessage';
}

/** @throws UnreadableMessage */
export function readMessage(type: Type, bytes: Uint8Array): Plain {
  let plain: Plain;
  let problem: string | undefined;
  try {
    plain = plainOf(type, type.decode(bytes));
    problem = wireProblem(type, bytes); // GRPC-11
  } catch (error) {
    const why =
      error instanceof NotJson
        ? error.message
        : 'It cannot be decoded. Encode it by the .proto files of this release.';
    throw unreadable(type, why, error);
  }
  if (problem !== undefined) throw unreadable(type, problem);
  return plain;
}

const unreadable = ({ fullName }: Type, why: string, cause?: unknown): UnreadableMessage =>
  new UnreadableMessage(`The request is not a ${fullName.slice(1)}. ${why}`, { cause });

/** A word that the enum of a field does not have is told as its unset value: a caller with older files may know no other. */
export function writeMessage(type: Type, plain: object): Buffer {
  // protobufjs writes into a Buffer on Node; its types only tell what every platform has.
  const bytes = type.encode(messageOf(type, plain)).finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

// ---- in -----------------------------------------------------------------------------------------

function plainOf(type: Type, message: object): Plain {
  const plain: Record<string, unknown> = {};
  const given: Plain = { ...message };
  for (const field of type.fieldsArray) {
    const value = given[field.name] ?? defaultOf(field);
    if (value === undefined) continue;
    const told = Array.isArray(value)
      ? value.map((one) => plainField(field, one))
      : plainField(field, value);
    if (told !== undefined) plain[field.name] = told;
  }
  return plain;
}

/** A field that cannot be unset is not sent when it is zero or empty. */
function defaultOf(field: Field): string | number | boolean | undefined {
  const mayBeUnset = field.partOf !== null || field.repeated || field.resolvedType !== null;
  if (mayBeUnset || field.options?.['proto3_optional'] === true) return undefined;
  return field.type === 'string' ? '' : field.type === 'bool' ? false : 0;
}

function plainField(field: Field, value: unknown): unknown {
  const { resolvedType } = field;
  if (resolvedType instanceof EnumType) return wordOf(resolvedType, value);
  if (resolvedType instanceof MessageType && typeof value === 'object' && value !== null)
    return resolvedType.fullName === valueType ? jsonOf(value) : plainOf(resolvedType, value);
  return isLong(value) ? value.toNumber() : value;
}

/** What is above 2^53 becomes a number that no validation takes for an exact one. */
function isLong(value: unknown): value is { toNumber(): number } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'toNumber' in value &&
    typeof value.toNumber === 'function'
  );
}

// ---- out ----------------------------------------------------------------------------------------

function messageOf(type: Type, plain: object): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  const given: Plain = { ...plain };
  for (const field of type.fieldsArray) {
    const value = given[field.name];
    if (value === undefined) continue;
    // No value at all, but of a field that is any JSON.
    if (value === null && field.resolvedType?.fullName !== valueType) continue;
    message[field.name] = Array.isArray(value)
      ? field.repeated
        ? value.map((one) => messageField(field, one))
        : messageField(field, value)
      : messageField(field, value);
  }
  return message;
}

function messageField(field: Field, value: unknown): unknown {
  const { resolvedType } = field;
  if (resolvedType instanceof EnumType) return numberOf(resolvedType, value);
  if (resolvedType instanceof MessageType && resolvedType.fullName === valueType)
    return valueOf(value);
  if (resolvedType instanceof MessageType && typeof value === 'object' && value !== null)
    return messageOf(resolvedType, value);
  return value;
}

// ---- enums --------------------------------------------------------------------------------------

/** `LockMode` → `LOCK_MODE_`, with which all its values begin. */
function prefixOf(name: string): string {
  return `${name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toUpperCase()}_`;
}

/** The words of an enum, without that of its unset value. */
export function wordsOf(type: Enum): readonly string[] {
  return Object.entries(type.values)
    .filter(([, number]) => number !== 0)
    .map(([name]) => name.slice(prefixOf(type.name).length).toLowerCase());
}

/** Unset where it is 0. A number that has no name stays one, and validation refuses it. */
function wordOf(type: Enum, value: unknown): unknown {
  if (typeof value !== 'number' || value === 0) return undefined;
  const name = type.valuesById[value];
  return name === undefined ? value : name.slice(prefixOf(type.name).length).toLowerCase();
}

/** 0, which is the unset value, for a word that it does not have. */
const numberOf = (type: Enum, word: unknown): number =>
  type.values[`${prefixOf(type.name)}${String(word).toUpperCase()}`] ?? 0;
