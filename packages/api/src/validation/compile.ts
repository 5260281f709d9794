/**
 * Compiles schemas. One compiler for HTTP and for the stream: nothing is coerced, removed or filled
 * in, so that what was checked is what is used.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { explain } from './explain.ts';
import type { Refused } from '../refused.ts';
import { isText } from './text.ts';

/** JSON Schema (2020-12) of an object, without references. */
export interface ObjectSchema {
  readonly type: 'object';
  readonly description?: string;
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | object;
}
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A compiled schema. `problem` tells why the latest value that did not pass did not. */
export interface Check<T> {
  passes(value: unknown): value is T;
  problem(): Refused;
}

const ajv = new Ajv2020({
  allErrors: false,
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: false,
  strict: true,
  verbose: true,
  formats: { text: isText },
});

export function compileCheck<T>(schema: object): Check<T> {
  // Ajv itself remembers what it compiled, by the schema object.
  const validate = ajv.compile<T>(schema);
  return {
    passes: validate,
    problem: () => explain((validate.errors ?? []) as readonly ErrorObject[]),
  };
}

/** The JSON Schema of a schema of the wire. */
export function toJsonSchema(schema: z.ZodType): ObjectSchema {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io: 'input',
    reused: 'inline',
  });
  if (!isObjectSchema(json)) throw new Error('Every body and answer of the wire is an object.');
  return json;
}

function isObjectSchema(json: object): json is ObjectSchema {
  return 'type' in json && json.type === 'object' && 'properties' in json;
}

/** The part of an object's schema with these fields alone, or without them. */
export function partOf(
  schema: ObjectSchema,
  fields: readonly string[],
  which: 'only' | 'without',
): ObjectSchema {
  const wanted = (field: string): boolean => fields.includes(field) === (which === 'only');
  return {
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(schema.properties).filter(([field]) => wanted(field)),
    ),
    required: (schema.required ?? []).filter(wanted),
    additionalProperties: false,
  };
}
