/** The JSON Schema (2020-12) of a message: what validates it, and what the OpenAPI document shows. */
import type { Message, Schema, Shape } from '../schema.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** JSON Schema of an object, without references. */
export interface ObjectSchema {
  readonly type: 'object';
  readonly description?: string;
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | object;
}

export function jsonSchemaOf({ fields }: Message): ObjectSchema {
  const entries = Object.entries(fields);
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, [, schema]]) => [name, schemaOf(schema)])),
    required: entries.filter(([, [, schema]]) => schema.optional !== true).map(([name]) => name),
    additionalProperties: false,
  };
}

function schemaOf({ shape, description, example }: Schema): JsonSchema {
  return {
    ...shapeOf(shape),
    ...(description === undefined || description === '' ? {} : { description }),
    ...(example === undefined ? {} : { examples: [example] }),
  };
}

function shapeOf(shape: Shape): JsonSchema {
  switch (shape.kind) {
    case 'string': {
      const { kind: _kind, isText, ...limits } = shape;
      return { type: 'string', ...limits, ...(isText === true ? { format: 'text' } : {}) };
    }
    // What is beyond cannot be told apart from its neighbours.
    case 'integer':
      return {
        type: 'integer',
        minimum: shape.minimum ?? Number.MIN_SAFE_INTEGER,
        maximum: shape.maximum ?? Number.MAX_SAFE_INTEGER,
      };
    case 'number': {
      const { kind: _kind, ...limits } = shape;
      return { type: 'number', ...limits };
    }
    case 'boolean':
      return { type: 'boolean' };
    case 'always':
      return { type: typeof shape.value, const: shape.value };
    case 'words':
      return { type: 'string', enum: shape.words };
    // Whatever JSON.parse makes: that it is JSON needs no check.
    case 'json':
      return {};
    case 'list': {
      const { kind: _kind, of, ...limits } = shape;
      return { type: 'array', items: schemaOf(of), ...limits };
    }
    case 'nullable':
      return { anyOf: [shapeOf(shape.of.shape), { type: 'null' }] };
    case 'message':
      return { ...jsonSchemaOf(shape.message) };
  }
}
