/**
 * What a message carries on the wire and its decoded form does not tell.
 *
 * GRPC-11: a request is taken as it was sent, or refused. A field that its type does not have would be left out, so that a caller
 *     with newer files is not given what it asked for; bytes that are not UTF-8 would become U+FFFD, and two names the same one.
 */
import { isUtf8 } from 'node:buffer';
import protobuf from 'protobufjs';
import type { Field, Reader, Type } from 'protobufjs';

const wireOf = (tag: number): number => tag & 7;
const lengthDelimited = 2;

/** @param bytes Of a message that was decoded: it is nested no deeper than that takes. @returns What is wrong, as a sentence. */
export function wireProblem(type: Type, bytes: Uint8Array): string | undefined {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const field = type.fieldsById[tag >>> 3];
    if (field === undefined)
      return `It has a field with the number ${String(tag >>> 3)}, which is not known here. Leave it out, or use a node of a release that has it.`;
    const problem = fieldProblem(reader, field, wireOf(tag));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function fieldProblem(reader: Reader, field: Field, wire: number): string | undefined {
  if (wire !== lengthDelimited) {
    reader.skipType(wire);
    return undefined;
  }
  const bytes = reader.bytes();
  if (field instanceof protobuf.MapField) return entryProblem(field, bytes);
  return valueProblem(field, bytes);
}

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
    if (wireOf(tag) !== lengthDelimited) {
      reader.skipType(wireOf(tag));
      continue;
    }
    const part = reader.bytes();
    const isKey = tag >>> 3 === 1;
    const problem = isKey
      ? isUtf8(part)
        ? undefined
        : `A key in its field "${field.name}" is not UTF-8. Send text as UTF-8.`
      : valueProblem(field, part);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
