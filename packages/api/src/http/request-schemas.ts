/** Splits the body of an operation over the places of an HTTP request. */
import { partOf } from '../validation/compile.ts';
import type { ObjectSchema } from '../validation/compile.ts';
import { pathFields } from './routes.ts';
import type { OperationRoute } from './routes.ts';

export interface RequestSchemas {
  readonly params: ObjectSchema | undefined;
  readonly querystring: ObjectSchema | undefined;
  readonly body: ObjectSchema | undefined;
}

const made = new WeakMap<OperationRoute, RequestSchemas>();

/** What is not in the path is in the query of a GET and in the JSON body of anything else. */
export function requestSchemas(route: OperationRoute): RequestSchemas {
  const known = made.get(route) ?? split(route);
  made.set(route, known);
  return known;
}

function split({ path, method, operation }: OperationRoute): RequestSchemas {
  const inPath = pathFields(path);
  const rest = partOf(operation.bodySchema, inPath, 'without');
  const nothing = partOf(operation.bodySchema, [], 'only');
  return {
    params:
      inPath.length === 0
        ? undefined
        : { ...partOf(operation.bodySchema, inPath, 'only'), required: inPath },
    querystring: method === 'GET' ? rest : nothing,
    body: method === 'GET' ? undefined : rest,
  };
}

/**
 * Text of the query in the type that the schema asks for: plain decimal digits become a number where
 * a whole number is expected; nothing else changes.
 */
export function readQuery(
  query: Readonly<Record<string, unknown>>,
  schema: ObjectSchema,
): Readonly<Record<string, unknown>> {
  const entries = Object.entries(query).map(([field, value]) => {
    const expected = Object.hasOwn(schema.properties, field) ? schema.properties[field] : undefined;
    const isNumber =
      expected?.['type'] === 'integer' && typeof value === 'string' && /^[0-9]{1,15}$/.test(value);
    return [field, isNumber ? Number(value) : value] as const;
  });
  return Object.fromEntries(entries);
}
