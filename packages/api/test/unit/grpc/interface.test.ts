/** The files in proto/ and the contract say the same: nothing is missing on either side, and no number moves. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import type { Type } from 'protobufjs';
import { status } from '@grpc/grpc-js';
import { errorDefinitions } from '@holdfast/protocol';
import type { ErrorCode } from '@holdfast/protocol';
import { jsonSchemaOf, operations } from '@holdfast/contract';
import type { JsonSchema, ObjectSchema, Operation } from '@holdfast/contract';
import { wordsOf } from '../../../src/grpc/codec.ts';
import { loadDefinitions, protoFolder, serviceFiles } from '../../../src/grpc/definitions.ts';
import { statusOf } from '../../../src/grpc/status-codes.ts';
import { pinnedLines } from './pinned.ts';

const definitions = loadDefinitions();
const served = operations.flatMap((operation) => {
  const method = methodOf(operation);
  return method === undefined ? [] : [{ operation, method }];
});

function methodOf(operation: Operation): string | undefined {
  return 'grpc' in operation ? operation.grpc?.method : undefined;
}

function answerOf(operation: Operation): ObjectSchema | undefined {
  if (operation.kind === 'unary') return jsonSchemaOf(operation.answer);
  return operation.kind === 'stream' ? jsonSchemaOf(operation.tells) : undefined;
}

/** `path: what differs`, for every field of which the message and the schema say different things. */
function differences(type: Type, schema: ObjectSchema, path = type.name): string[] {
  const inMessage = type.fieldsArray.map(({ name }) => name);
  const inSchema = Object.keys(schema.properties);
  return [
    ...inSchema
      .filter((name) => !inMessage.includes(name))
      .map((name) => `${path}.${name}: no field`),
    ...inMessage
      .filter((name) => !inSchema.includes(name))
      .map((name) => `${path}.${name}: no property`),
    ...type.fieldsArray.flatMap((field) => {
      const told = schema.properties[field.name];
      return told === undefined
        ? []
        : fieldDifferences(field, schema, told, `${path}.${field.name}`);
    }),
  ];
}

function fieldDifferences(
  field: protobuf.Field,
  parent: ObjectSchema,
  told: JsonSchema,
  path: string,
): string[] {
  const { items, nullable, ...one } = unwrapped(told);
  const found: string[] = [];
  if (field.repeated !== (items !== undefined)) return [`${path}: repeated on one side only`];
  const value = items ?? one.schema;
  const mayMiss = nullable || !(parent.required ?? []).includes(field.name);
  const presence =
    field.resolvedType instanceof protobuf.Type || field.options?.['proto3_optional'] === true;
  // Repeated fields are empty where they are absent.
  if (mayMiss && !presence && !field.repeated) found.push(`${path}: has to be optional`);
  const words =
    value['enum'] ?? (typeof value['const'] === 'string' ? [value['const']] : undefined);
  if (field.resolvedType instanceof protobuf.Enum) {
    const known = wordsOf(field.resolvedType);
    for (const word of (words ?? ['(no words)']) as readonly string[])
      if (!known.includes(word)) found.push(`${path}: no value for ${word}`);
  } else if (field.resolvedType instanceof protobuf.Type && value['type'] === 'object') {
    found.push(...differences(field.resolvedType, value as unknown as ObjectSchema, path));
  } else {
    const types: Readonly<Record<string, readonly string[]>> = {
      string: ['string'],
      boolean: ['bool'],
      number: ['double'],
      integer: ['uint32', 'uint64', 'int32'],
      undefined: ['google.protobuf.Value'],
    };
    // One word that never changes is a string; several are an enum.
    const fitting =
      value['enum'] === undefined ? (types[String(value['type'])] ?? []) : ['(an enum)'];
    if (!fitting.includes(field.type))
      found.push(`${path}: ${field.type} for ${JSON.stringify(value)}`);
  }
  return found;
}

function unwrapped(told: JsonSchema): {
  readonly schema: JsonSchema;
  readonly items: JsonSchema | undefined;
  readonly nullable: boolean;
} {
  const { anyOf, type, items } = told;
  if (Array.isArray(anyOf)) {
    const inner = (anyOf as readonly JsonSchema[]).find((one) => one['type'] !== 'null') ?? {};
    return { ...unwrapped(inner), nullable: true };
  }
  if (Array.isArray(type))
    return {
      schema: { ...told, type: (type as readonly string[])[0] },
      items: undefined,
      nullable: true,
    };
  return { schema: told, items: items as JsonSchema | undefined, nullable: false };
}

describe('the protocol buffers', () => {
  test('given any operation with one answer, then it has an rpc', () => {
    const without = operations.filter(
      (operation) => operation.kind === 'unary' && methodOf(operation) === undefined,
    );
    assert.deepEqual(
      without.map(({ name }) => name),
      [],
    );
  });

  for (const { operation, method } of served) {
    test(`given the operation ${operation.name}, then an rpc with its fields and no others`, () => {
      const rpc = definitions.rpc(method);
      const answer = answerOf(operation);
      assert.equal(rpc.kind === 'unary', operation.kind === 'unary');
      assert.deepEqual(differences(rpc.request, jsonSchemaOf(operation.request)), []);
      assert.ok(answer !== undefined);
      assert.deepEqual(differences(rpc.answer, answer), []);
    });
  }

  test('given the rpcs, then each is declared, and each declared one is there', () => {
    assert.deepEqual(
      definitions.rpcs.map(({ name }) => name).sort(),
      served.map(({ method }) => method).sort(),
    );
  });

  test('given what was told to clients once, then it has the same numbers and types', () => {
    const pinned = readFileSync(new URL('pinned.txt', import.meta.url), 'utf8')
      .trim()
      .split('\n');
    const now = new Set(pinnedLines(protoFolder));
    assert.ok(pinned.length > 400);
    assert.deepEqual(
      pinned.filter((line) => !now.has(line)),
      [],
    );
  });

  test('given any message, field, enum, value, service or rpc, then a comment says what it is', () => {
    const bare: string[] = [];
    for (const file of [...serviceFiles, 'holdfast/v1/types.proto']) {
      const lines = readFileSync(join(protoFolder, file), 'utf8').split('\n');
      for (const [index, line] of lines.entries()) {
        const declares =
          /^\s*(?:message|enum|service|rpc|oneof)\s/.test(line) || /^\s+.*=\s*\d+;/.test(line);
        if (declares && !/^\s*\/\/ \S/.test(lines[index - 1] ?? ''))
          bare.push(`${file}: ${line.trim()}`);
      }
    }
    assert.deepEqual(bare, []);
  });
});

describe('the table of errors in docs/grpc.md', () => {
  test('given every code, then the status that nodes answer with', () => {
    const text = readFileSync(new URL('../../../../../docs/grpc.md', import.meta.url), 'utf8');
    const rows = [...text.matchAll(/^\| `([a-z_]+)` +\| `([A-Z_]+)` +\|/gm)];
    const told = Object.fromEntries(rows.map(([, code = '', name = '']) => [code, name]));
    const codes = Object.keys(errorDefinitions) as ErrorCode[];
    assert.deepEqual(told, Object.fromEntries(codes.map((code) => [code, status[statusOf(code)]])));
  });
});
