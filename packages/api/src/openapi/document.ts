/** The OpenAPI 3.1 document, made from the same schemas and routes that serve the requests. */
import { tags } from '@holdfast/contract';
import type { ObjectSchema, Operation } from '@holdfast/contract';
import { errorDefinitions, streamPath } from '@holdfast/protocol';
import type { ErrorCode } from '@holdfast/protocol';
import { requestSchemas } from '../http/request-schemas.ts';
import { errorsOf, routes } from '../http/routes.ts';
import type {
  DocumentRoute,
  EventsRoute,
  OperationRoute,
  RelayRoute,
  Route,
} from '../http/routes.ts';
import { growing } from './answers.ts';
import { exampleOf } from './examples.ts';
import { streamOperations } from '../pipeline/perform.ts';

interface Documented {
  readonly description: string;
  readonly content: object;
}

/** The problem document (RFC 9457) of every error. */
const problem = {
  type: 'object',
  properties: {
    type: { type: 'string', description: 'A URI that names the kind of problem.' },
    title: { type: 'string', description: 'Title of the kind of problem.' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: {
      type: 'string',
      description: 'What happened, with the relevant values, and what to do.',
    },
    code: {
      type: 'string',
      enum: Object.keys(errorDefinitions),
      description: 'Stable error code; programs branch on it.',
    },
  },
  required: ['type', 'title', 'status', 'detail', 'code'],
  additionalProperties: {},
  description: 'Further fields have the details of this code, see docs/errors.md.',
};

const securitySchemes = {
  bearerAuth: {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key of Holdfast. Needed where authentication is on, see docs/security.md.',
  },
  mutualTLS: {
    type: 'mutualTLS',
    description: 'A certificate whose names belong to an identity, where the node asks for one.',
  },
};
/** Whether a proof is needed is a setting of the cluster. */
const mayBeAsked = [{}, { bearerAuth: [] }, { mutualTLS: [] }];

/** Of what is answered to everybody, also where authentication is on. */
const securityOf = ({ access }: Operation): object =>
  access.open === true ? { security: [] } : {};

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
      description: `Any node serves any request. Errors are problem documents (RFC 9457) with a stable \`code\`. The same operations run over a WebSocket at \`${streamPath}\`, which is what the client library uses. Answers may gain fields in later releases: ignore those that you do not know. A name "." or ".." cannot stand in a path, where programs resolve it, also as %2E: ask by \`POST /operations/{operation}\`, whose body has the name, or over the WebSocket.`,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    security: mayBeAsked,
    paths,
    components: { schemas: answerSchemas(), securitySchemes },
  };
}

/** `create_session` → `CreateSessionAnswer`. */
function answerName(operation: string): string {
  const words = operation.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `${words.join('')}Answer`;
}

function answerSchemas(): Readonly<Record<string, object>> {
  const schemas: Record<string, object> = { Problem: problem };
  for (const route of routes) {
    if (route.kind !== 'operation') continue;
    schemas[answerName(route.operation.name)] = growing({
      ...route.operation.answerSchema,
    });
  }
  return schemas;
}

/** Unique: an operation may stand behind several paths. The first keeps its name. */
function operationId(route: OperationRoute | EventsRoute): string {
  const { name } = route.operation;
  const own = routes.filter(
    (other) =>
      (other.kind === 'operation' || other.kind === 'events') && other.operation.name === name,
  );
  const place = own.indexOf(route);
  if (place === 0) return name;
  if (place === 1) return `${name}_by_${route.tag}`;
  const words = route.path.split('/').filter((word) => word !== '' && !word.startsWith('{'));
  return `${name}_at_${words.join('_')}`;
}

function pathItem(route: Route): object {
  if (route.kind === 'document') return documentItem(route);
  if (route.kind === 'events') return eventsItem(route);
  if (route.kind === 'relay') return relayItem(route);
  const { params, querystring, body } = requestSchemas(route);
  const parameters = [...parametersOf(params, 'path'), ...parametersOf(querystring, 'query')];
  const hasBody = body !== undefined && Object.keys(body.properties).length > 0;
  const problems = problemResponses(route);
  const answer = {
    content: jsonContent(
      { $ref: `#/components/schemas/${answerName(route.operation.name)}` },
      exampleOf(route.operation.answerSchema),
    ),
  };
  return {
    operationId: operationId(route),
    tags: [route.tag],
    summary: route.summary,
    ...securityOf(route.operation.declared),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(hasBody
      ? {
          requestBody: {
            required: (body.required ?? []).length > 0,
            content: jsonContent(body, exampleOf(body)),
          },
        }
      : {}),
    responses: {
      200: { description: 'Done.', ...answer },
      ...problems,
      ...(route.mayBeUnavailable ? { 503: unavailable(answer, problems['503']) } : {}),
    },
  };
}

/** Its own answer says so, or a problem document, as of a node that is stopping. */
function unavailable(
  answer: Pick<Documented, 'content'>,
  problems: Documented | undefined,
): Documented {
  return {
    description: ['Not at the moment.', problems?.description].join(' ').trim(),
    content: { ...answer.content, ...problems?.content },
  };
}

function eventsItem(route: EventsRoute): object {
  const { params, querystring } = requestSchemas(route);
  const resume = {
    name: 'Last-Event-ID',
    in: 'header',
    required: false,
    description: 'Id of the last event received; the stream continues after it.',
    schema: { type: 'string' },
  };
  return {
    operationId: operationId(route),
    tags: [route.tag],
    summary: route.summary,
    ...securityOf(route.operation.declared),
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
    tags: [route.tag],
    summary: route.summary,
    parameters: [
      {
        name: 'operation',
        in: 'path',
        required: true,
        schema: { type: 'string', enum: [...streamOperations.keys()] },
      },
      {
        name: 'answered_below',
        in: 'query',
        required: false,
        description: 'Responses to all numbered requests of this session below it have arrived.',
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
  const { contentType, headers } = route.document;
  const [type = ''] = contentType.split(';');
  const schema = type === 'application/json' ? { type: 'object' } : { type: 'string' };
  return {
    operationId: route.operation.name,
    tags: [route.tag],
    summary: route.summary,
    ...securityOf(route.operation.declared),
    responses: {
      200: {
        description: 'Done.',
        ...(headers === undefined ? {} : { headers: headersOf(headers) }),
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

const jsonContent = (schema: object, example?: object): object => ({
  'application/json': { schema, ...(example === undefined ? {} : { example }) },
});

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
function problemResponses(route: Route): Readonly<Record<string, Documented>> {
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
