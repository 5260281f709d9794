/**
 * Compiles schemas. One compiler for HTTP and for the stream: nothing is coerced, removed or filled
 * in, so that what was checked is what is used.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import type { ObjectSchema } from '@holdfast/contract';
import { RequestError } from '../request-error.ts';
import { deepestBody, isDeeper } from './depth.ts';
import { explain } from './explain.ts';
import { isText } from './text.ts';

/** A compiled schema. `requestError` tells why the latest value that did not pass did not. */
export interface Check<T> {
  passes(value: unknown): value is T;
  requestError(): RequestError;
}

/**
 * `validateSchema` is off: to check a schema against the schema of schemas, Ajv compiles the latter first, which took 70 ms of
 * the turn in which a node checked its first request. A test checks all schemas instead, once.
 */
const ajv = new Ajv2020({
  validateSchema: false,
  allErrors: false,
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: false,
  strict: true,
  verbose: true,
  formats: { text: isText },
});

/**
 * Compiled when it is used first: a node has hundreds of schemas, which cost a third of the time of its start, and uses
 * few of them. Ajv itself remembers what it compiled, by the schema object.
 */
export function compileCheck<T>(schema: object): Check<T> {
  let compiled: ValidateFunction<T> | undefined;
  let isTooDeep = false;
  return {
    passes: (value): value is T => {
      isTooDeep = isDeeper(value, deepestBody); // DEPTH-1
      return !isTooDeep && (compiled ??= ajv.compile<T>(schema))(value);
    },
    requestError: () =>
      isTooDeep ? tooDeep() : explain((compiled?.errors ?? []) as readonly ErrorObject[]),
  };
}

const tooDeep = (): RequestError =>
  new RequestError(
    'invalid_request',
    `The body is nested deeper than ${String(deepestBody)} levels. Nothing was done. Make it flatter, or send the value as a text.`,
    { limit: deepestBody },
  );

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
