/**
 * What a message carries on the wire and its decoded form does not tell.
 *
 * GRPC-11: a request is taken as it was sent, or refused. A field that its type does not have would be left out, so that a caller
 *     with newer files is not given what it asked for; bytes that are not UTF-8 would become U+FFFD, and two names the same
 *     one; a field of another wire type than its own would be read as if it had that.
 */
import { isUtf8 } from 'node:buffer';
import protobuf from 'protobufjs';
import type { Field, Reader, Type } from 'protobufjs';

const wireOf = (tag: number): number => tag & 7;
const varint = 0;
const lengthDelimited = 2;
const wireTypes: Readonly<Record<string, number>> = protobuf.types.basic;

/** @param bytes Of a message that was decoded: it is nested no deeper than that takes. @returns What is wrong, as a sentence. */
export function wireProblem(type: Type, bytes: Uint8Array): string | undefined {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const field = type.fieldsById[tag >>> 3];
    if (field === undefined) return unknownField(tag >>> 3);
    const problem = fieldProblem(reader, field, wireOf(tag));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const unknownField = (number: number): string =>
  `It has a field with the number ${String(number)}, which is not known here. Leave it out, or use a node of a release that has it.`;

function fieldProblem(reader: Reader, field: Field, wire: number): string | undefined {
  const isMap = field instanceof protobuf.MapField;
  const own = isMap ? lengthDelimited : wireTypeOf(field);
  // Lists of numbers may be in one piece, or one by one.
  if (wire !== own && !(field.repeated && wire === lengthDelimited)) return wrongWire(field, wire);
  if (wire !== lengthDelimited) {
    reader.skipType(wire);
    return undefined;
  }
  const bytes = reader.bytes();
  return isMap ? entryProblem(field, bytes) : valueProblem(field, bytes);
}

/** Of one value: for a map, of what it has under each key. */
function wireTypeOf({ type, resolvedType }: Field): number | undefined {
  if (resolvedType === null) return wireTypes[type];
  return resolvedType instanceof protobuf.Enum ? varint : lengthDelimited;
}

const wrongWire = ({ name }: Field, wire: number): string =>
  `Its field "${name}" has the wire type ${String(wire)}, which is not that of its type. Encode it by the .proto files of this release.`;

function valueProblem({ name, type, resolvedType }: Field, bytes: Uint8Array): string | undefined {
  if (resolvedType instanceof protobuf.Type) return wireProblem(resolvedType, bytes);
  if (type !== 'string' || isUtf8(bytes)) return undefined;
  return `Its field "${name}" is not UTF-8. Send text as UTF-8.`;
}

/** A map is a list of messages with a key and a value; its keys are texts here (google.protobuf.Struct). */
function entryProblem(field: Field, bytes: Uint8Array): string | undefined {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const problem = partProblem(reader, field, tag >>> 3, wireOf(tag));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function partProblem(
  reader: Reader,
  field: Field,
  number: number,
  wire: number,
): string | undefined {
  if (number !== 1 && number !== 2) return unknownField(number);
  const own = number === 1 ? lengthDelimited : wireTypeOf(field);
  if (wire !== own) return wrongWire(field, wire);
  if (wire !== lengthDelimited) {
    reader.skipType(wire);
    return undefined;
  }
  const part = reader.bytes();
  if (number === 2) return valueProblem(field, part);
  if (isUtf8(part)) return undefined;
  return `A key in its field "${field.name}" is not UTF-8. Send text as UTF-8.`;
}
