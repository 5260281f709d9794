/**
 * The language in which requests and answers are declared. A schema is plain data; the JSON Schema that
 * validates, the TypeScript interfaces and the Protocol Buffers are derived from it (see derive/).
 */

/** How an integer is encoded in Protocol Buffers. */
export type IntegerFormat = 'uint32' | 'uint64' | 'int32';

export type Shape =
  | {
      readonly kind: 'string';
      readonly minLength?: number;
      readonly maxLength?: number;
      /** No NUL and no half of a surrogate pair. */
      readonly isText?: true;
      readonly pattern?: string;
    }
  | {
      readonly kind: 'integer';
      readonly format: IntegerFormat;
      readonly minimum?: number;
      readonly maximum?: number;
    }
  | { readonly kind: 'number'; readonly minimum?: number; readonly maximum?: number }
  | { readonly kind: 'boolean' }
  /** An answer's `true`: a refusal is an error and not a `false`. */
  | { readonly kind: 'always'; readonly value: true | string }
  | { readonly kind: 'words'; readonly of: Enumeration; readonly words: readonly string[] }
  /** Any JSON. */
  | { readonly kind: 'json' }
  | {
      readonly kind: 'list';
      readonly of: Schema;
      readonly minItems?: number;
      readonly maxItems?: number;
    }
  | { readonly kind: 'nullable'; readonly of: Schema }
  | { readonly kind: 'message'; readonly message: Message };

export interface Schema {
  readonly shape: Shape;
  readonly description?: string;
  readonly example?: unknown;
  /** As a field: it may be absent. */
  readonly optional?: true;
}

/** Words with pinned numbers: an enum of Protocol Buffers, a union of literals in TypeScript. */
export interface Enumeration {
  /** Of the enum. */
  readonly name: string;
  /** Of the type in TypeScript, where it has one. */
  readonly typeName?: string;
  readonly description: string;
  /** The message that it is nested in; else it is shared, in types.proto. */
  readonly nestedIn?: string;
  /** What its value 0 means. */
  readonly unspecified: string;
  /** Word → pinned number and what it means. */
  readonly values: Readonly<Record<string, readonly [number: number, description: string]>>;
}

/** A field of a message: its pinned number in Protocol Buffers, and its schema. */
export type Field = readonly [number: number, schema: Schema];
export type MessageFields = Readonly<Record<string, Field>>;

export interface Message {
  /** Of the interface in TypeScript; an inline type where it has none. */
  readonly typeName?: string;
  /** Of the message of Protocol Buffers; none where gRPC does not have it. */
  readonly protoName?: string;
  /** The message is declared inside the one that uses it. */
  readonly isNested?: true;
  readonly description: string;
  readonly fields: MessageFields;
  /** Fields of which one is set. */
  readonly oneOf?: { readonly name: string; readonly description: string };
}

const shaped = (shape: Shape, description?: string): Schema => ({
  shape,
  ...(description === undefined ? {} : { description }),
});

/** Text that can be stored and shown. */
export const text = (minLength: number, maxLength: number, description: string): Schema =>
  shaped(
    { kind: 'string', maxLength, isText: true, ...(minLength === 0 ? {} : { minLength }) },
    description,
  );

export const string = (description: string): Schema => shaped({ kind: 'string' }, description);

export const patterned = (maxLength: number, pattern: string, description: string): Schema =>
  shaped({ kind: 'string', maxLength, pattern }, description);

/** Short text without a rule of its own. */
export const token = (maxLength: number, description: string): Schema =>
  shaped({ kind: 'string', minLength: 1, maxLength }, description);

export const uint32 = (minimum: number, maximum: number | undefined, description: string): Schema =>
  integer('uint32', minimum, maximum, description);

export const uint64 = (minimum: number, maximum: number | undefined, description: string): Schema =>
  integer('uint64', minimum, maximum, description);

export const int32 = (description: string): Schema =>
  shaped({ kind: 'integer', format: 'int32' }, description);

function integer(
  format: IntegerFormat,
  minimum: number,
  maximum: number | undefined,
  description: string,
): Schema {
  const upper = maximum === undefined ? {} : { maximum };
  return shaped({ kind: 'integer', format, minimum, ...upper }, description);
}

export const number = (description: string, minimum?: number, maximum?: number): Schema =>
  shaped(
    {
      kind: 'number',
      ...(minimum === undefined ? {} : { minimum }),
      ...(maximum === undefined ? {} : { maximum }),
    },
    description,
  );

export const boolean = (description: string): Schema => shaped({ kind: 'boolean' }, description);

export const always = (
  value: true | string,
  description = 'Always true: a failure is an error response.',
): Schema => shaped({ kind: 'always', value }, description);

/** @param words Those that may stand here; all when absent. */
export const words = (
  of: Enumeration,
  description: string,
  some: readonly string[] = Object.keys(of.values),
): Schema => shaped({ kind: 'words', of, words: some }, description);

export const json = (description: string): Schema => shaped({ kind: 'json' }, description);

export const list = (
  of: Schema,
  description: string,
  minItems?: number,
  maxItems?: number,
): Schema =>
  shaped(
    {
      kind: 'list',
      of,
      ...(minItems === undefined ? {} : { minItems }),
      ...(maxItems === undefined ? {} : { maxItems }),
    },
    description,
  );

/** Null in JSON, unset in Protocol Buffers. */
export const nullable = (of: Schema, description: string | undefined = of.description): Schema =>
  shaped({ kind: 'nullable', of }, description);

export const optional = (
  schema: Schema,
  description: string | undefined = schema.description,
): Schema => ({
  ...schema,
  ...(description === undefined ? {} : { description }),
  optional: true,
});

export const described = (schema: Schema, description: string): Schema => ({
  ...schema,
  description,
});

export const example = (schema: Schema, value: unknown): Schema => ({ ...schema, example: value });

export const object = (message: Message, description: string = message.description): Schema =>
  shaped({ kind: 'message', message }, description);

/** A message that is declared inside the one that uses it, without a name in TypeScript. */
export const nested = (protoName: string, description: string, fields: MessageFields): Schema =>
  object({ protoName, isNested: true, description, fields });
