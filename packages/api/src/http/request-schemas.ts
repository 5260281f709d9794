/** Splits the body of an operation over the places of an HTTP request. */
import { RequestError } from '../request-error.ts';
import { partOf } from '../validation/compile.ts';
import type { ObjectSchema } from '@holdfast/contract';
import { pathFields } from './routes.ts';
import type { EventsRoute, OperationRoute } from './routes.ts';

type SplitRoute = OperationRoute | EventsRoute;

export interface RequestSchemas {
  readonly params: ObjectSchema | undefined;
  readonly querystring: ObjectSchema | undefined;
  readonly body: ObjectSchema | undefined;
}

const made = new WeakMap<SplitRoute, RequestSchemas>();

/**
 * What is not in the path is in the query of a GET and in the JSON body of a POST. A DELETE takes it in either
 * place, so that none needs a body: there are programs that send none.
 */
export function requestSchemas(route: SplitRoute): RequestSchemas {
  const known = made.get(route) ?? split(route);
  made.set(route, known);
  return known;
}

function split(route: SplitRoute): RequestSchemas {
  const { path, method } = route;
  const { bodySchema } = route.operation;
  const inPath = pathFields(path);
  const rest = partOf(bodySchema, inPath, 'without');
  const nothing = partOf(bodySchema, [], 'only');
  const optional = { ...rest, required: [] };
  return {
    params:
      inPath.length === 0 ? undefined : { ...partOf(bodySchema, inPath, 'only'), required: inPath },
    querystring: method === 'GET' ? rest : method === 'DELETE' ? optional : nothing,
    body: method === 'GET' ? undefined : method === 'DELETE' ? optional : rest,
  };
}

/** Of a DELETE, whose fields may stand in either: which of two values counts nobody could tell. */
export function givenTwice(
  query: Readonly<Record<string, unknown>>,
  body: Readonly<Record<string, unknown>>,
): RequestError | undefined {
  const field = Object.keys(query).find((name) => Object.hasOwn(body, name));
  return field === undefined
    ? undefined
    : new RequestError(
        'invalid_request',
        `"${field}" stands in the query and in the body. Nothing was done. Provide it once.`,
        { field },
      );
}

/**
 * Text of the query in the type that the schema asks for: plain decimal digits become a number, `true` and `false` a boolean,
 * where one is expected; nothing else changes.
 */
export function readQuery(
  query: Readonly<Record<string, unknown>>,
  schema: ObjectSchema,
): Readonly<Record<string, unknown>> {
  const entries = Object.entries(query).map(([field, value]) => {
    const expected = Object.hasOwn(schema.properties, field) ? schema.properties[field] : undefined;
    return [
      field,
      typeof value === 'string' ? readText(value, expected?.['type']) : value,
    ] as const;
  });
  return Object.fromEntries(entries);
}

/** As many as the largest exact number has: whether one of them is too large the schema says, as it does of a body. */
const digits = { integer: /^[0-9]{1,16}$/, number: /^[0-9]{1,16}(?:\.[0-9]{1,16})?$/ };

function readText(text: string, type: unknown): unknown {
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  const isNumber = (type === 'integer' || type === 'number') && digits[type].test(text);
  return isNumber ? Number(text) : text;
}
