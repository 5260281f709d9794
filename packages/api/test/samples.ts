/** A valid request of any operation, made from its declaration: the fields that have to be there. */
import type { Message, Operation, Schema } from '@holdfast/contract';

type Body = Readonly<Record<string, unknown>>;

export const sampleOf = ({ request }: Operation): Body => bodyOf(request, jsonValue);

/** As the library of gRPC wants it. */
export const grpcSampleOf = ({ request }: Operation): Body => bodyOf(request, grpcValue);

/** A request in JSON, as the library of gRPC wants it. */
export const asGrpc = ({ request }: Operation, body: Body): Body => messageAsGrpc(request, body);

function messageAsGrpc({ fields }: Message, body: object): Body {
  return Object.fromEntries(
    Object.entries(body).flatMap(([name, value]) => {
      const schema = fields[name]?.[1];
      return schema === undefined ? [] : [[name, valueAsGrpc(schema, value)] as const];
    }),
  );
}

function valueAsGrpc({ shape }: Schema, value: unknown): unknown {
  if (shape.kind === 'words') return shape.of.values[String(value)]?.[0];
  if (shape.kind === 'json') return { stringValue: JSON.stringify(value) };
  if (shape.kind === 'list')
    return Array.isArray(value) ? value.map((one) => valueAsGrpc(shape.of, one)) : [];
  if (shape.kind === 'message' && typeof value === 'object' && value !== null)
    return messageAsGrpc(shape.message, value);
  return value;
}

function bodyOf({ fields }: Message, valueOf: (schema: Schema) => unknown): Body {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, [, schema]]) =>
      schema.optional === true ? [] : [[name, sampleValue(schema, valueOf)] as const],
    ),
  );
}

/** An example of any JSON is no message of gRPC. */
const sampleValue = (schema: Schema, valueOf: (schema: Schema) => unknown): unknown =>
  schema.shape.kind === 'json' ? valueOf(schema) : (schema.example ?? valueOf(schema));

function jsonValue({ shape }: Schema): unknown {
  switch (shape.kind) {
    case 'string':
      return 'x';
    case 'integer':
    case 'number':
      return shape.minimum ?? 0;
    case 'boolean':
      return true;
    case 'always':
      return shape.value;
    case 'words':
      return shape.words[0];
    case 'json':
      return 'x';
    case 'list':
      return [jsonValue(shape.of)];
    case 'nullable':
      return null;
    case 'message':
      return bodyOf(shape.message, jsonValue);
  }
}

function grpcValue(schema: Schema): unknown {
  const { shape } = schema;
  if (shape.kind === 'words') return shape.of.values[shape.words[0] ?? '']?.[0];
  if (shape.kind === 'json') return { stringValue: 'x' };
  if (shape.kind === 'list') return [grpcValue(shape.of)];
  return shape.kind === 'message' ? bodyOf(shape.message, grpcValue) : jsonValue(schema);
}
