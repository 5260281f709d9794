/** The OpenAPI 3.1 document, made from the same schemas and routes that serve the requests. */
import { errorDefinitions, streamPath } from '@holdfast/protocol';
import type { ErrorCode } from '@holdfast/protocol';
import { routes } from '../http/routes.ts';
import type {
  DocumentRoute,
  EventsRoute,
  OperationRoute,
  RelayRoute,
  Route,
} from '../http/routes.ts';
import { wireOperations } from '../operations/table.ts';
import { requestSchemas } from '../http/request-schemas.ts';
import { alwaysPossible } from '../operations/operation.ts';
import { problem } from '../schemas/problem.ts';
import { toJsonSchema } from '../validation/compile.ts';
import type { ObjectSchema } from '../validation/compile.ts';

const bodyErrors: readonly ErrorCode[] = [
  'invalid_json',
  'body_too_large',
  'unsupported_media_type',
];

/** Every error code that a path can answer with. */
export function errorsOf(route: Route): readonly ErrorCode[] {
  let own: readonly ErrorCode[] = [];
  if (route.kind === 'operation') own = route.operation.errors;
  if (route.kind === 'events') own = route.errors;
  if (route.kind === 'relay') own = Object.values(wireOperations).flatMap(({ errors }) => errors);
  const body = route.method === 'GET' ? [] : bodyErrors;
  return [...new Set([...alwaysPossible, ...body, ...own])];
}

export function openApiDocument(version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    (paths[route.path] ??= {})[route.method.toLowerCase()] = pathItem(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Holdfast',
      version,
      summary: 'Sessions, locks and fencing tokens over a replicated log.',
      description: `Any node answers any request. Errors are problem documents (RFC 9457) with a stable \`code\`. The same operations run over a WebSocket at \`${streamPath}\`, which is what the client library uses.`,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: [
      { name: 'sessions', description: 'A session holds locks for as long as it is kept alive.' },
      { name: 'locks', description: 'Locks by name, with fencing tokens.' },
      { name: 'semaphores', description: 'Permits of a limited number, several at once.' },
      { name: 'elections', description: 'One leads and tells a value; the others wait.' },
      { name: 'meetings', description: 'Barriers and latches.' },
      { name: 'events', description: 'What changed, as it changes and by pages.' },
      { name: 'cluster', description: 'Nodes, leader, backup.' },
      { name: 'operations', description: 'Probes, figures, this document.' },
      { name: 'admin', description: 'For operators.' },
    ],
    security: [],
    paths,
    components: { schemas: answerSchemas() },
  };
}

/** `create_session` → `CreateSessionAnswer`. */
function answerName(operation: string): string {
  const words = operation.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `${words.join('')}Answer`;
}

function answerSchemas(): Readonly<Record<string, ObjectSchema>> {
  const schemas: Record<string, ObjectSchema> = { Problem: toJsonSchema(problem) };
  for (const route of routes) {
    if (route.kind !== 'operation') continue;
    schemas[answerName(route.operation.name)] = route.operation.answerSchema;
  }
  return schemas;
}

/** Unique: an operation may stand behind two paths. */
function operationId(route: OperationRoute): string {
  const first = routes.find(
    (other) => other.kind === 'operation' && other.operation.name === route.operation.name,
  );
  return first === route ? route.operation.name : `${route.operation.name}_by_${route.group}`;
}

function pathItem(route: Route): object {
  if (route.kind === 'document') return documentItem(route);
  if (route.kind === 'events') return eventsItem(route);
  if (route.kind === 'relay') return relayItem(route);
  const { params, querystring, body } = requestSchemas(route);
  const parameters = [...parametersOf(params, 'path'), ...parametersOf(querystring, 'query')];
  const hasBody = body !== undefined && Object.keys(body.properties).length > 0;
  const answer = {
    content: jsonContent({ $ref: `#/components/schemas/${answerName(route.operation.name)}` }),
  };
  return {
    operationId: operationId(route),
    tags: [route.group],
    summary: route.summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(hasBody
      ? {
          requestBody: {
            required: (body.required ?? []).length > 0,
            content: jsonContent(body),
          },
        }
      : {}),
    responses: {
      200: { description: 'Done.', ...answer },
      ...problemResponses(route),
      ...(route.unavailableWhen === undefined
        ? {}
        : { 503: { description: 'Not at the moment.', ...answer } }),
    },
  };
}

function eventsItem(route: EventsRoute): object {
  const { params, querystring } = requestSchemas(route);
  const resume = {
    name: 'Last-Event-ID',
    in: 'header',
    required: false,
    description: 'The id of the last event that was seen: goes on after it.',
    schema: { type: 'string' },
  };
  return {
    operationId: route.name,
    tags: [route.group],
    summary: route.summary,
    parameters: [...parametersOf(params, 'path'), ...parametersOf(querystring, 'query'), resume],
    responses: {
      200: {
        description: 'Events, each with its position as id.',
        content: { 'text/event-stream': { schema: { type: 'string' } } },
      },
      ...problemResponses(route),
    },
  };
}

function relayItem(route: RelayRoute): object {
  return {
    operationId: 'relay',
    tags: [route.group],
    summary: route.summary,
    parameters: [
      {
        name: 'operation',
        in: 'path',
        required: true,
        schema: { type: 'string', enum: Object.keys(wireOperations) },
      },
      {
        name: 'answered_below',
        in: 'query',
        required: false,
        description: 'Numbered requests of this session below it have been answered.',
        schema: { type: 'integer', minimum: 0 },
      },
    ],
    requestBody: { required: true, content: jsonContent({ type: 'object' }) },
    responses: {
      200: { description: 'Done.', content: jsonContent({ type: 'object' }) },
      ...problemResponses(route),
    },
  };
}

function documentItem(route: DocumentRoute): object {
  const [type = ''] = route.contentType.split(';');
  const schema = type === 'application/json' ? { type: 'object' } : { type: 'string' };
  return {
    operationId: route.name,
    tags: [route.group],
    summary: route.summary,
    responses: {
      200: {
        description: 'Done.',
        ...(route.headers === undefined ? {} : { headers: headersOf(route.headers) }),
        content: { [type]: { schema } },
      },
      ...problemResponses(route),
    },
  };
}

function headersOf(headers: Readonly<Record<string, string>>): object {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [
      name,
      { description, schema: { type: 'string' } },
    ]),
  );
}

const jsonContent = (schema: object): object => ({ 'application/json': { schema } });

function parametersOf(schema: ObjectSchema | undefined, place: 'path' | 'query'): object[] {
  return Object.entries(schema?.properties ?? {}).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: schema?.required?.includes(name) ?? false,
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

/** One response for each status, which names the codes that have it. */
function problemResponses(route: Route): Readonly<Record<string, object>> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of errorsOf(route)) {
    const { status } = errorDefinitions[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      String(status),
      {
        description: codes.map((code) => `\`${code}\`: ${errorDefinitions[code].title}`).join(' '),
        content: {
          'application/problem+json': {
            schema: {
              allOf: [
                { $ref: '#/components/schemas/Problem' },
                { type: 'object', properties: { code: { enum: codes } } },
              ],
            },
          },
        },
      },
    ]),
  );
}
