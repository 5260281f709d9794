/**
 * The HTTP side: one route of Fastify for each path of the table.
 *
 * HOSTILE-1: a request that has not arrived in time is cut off, headers and body alike, and a connection that says nothing.
 * HOSTILE-2: what has no end is refused at its limit, before it is kept: headers, bodies, frames, messages.
 * HOSTILE-3: nothing that is compressed is inflated, but messages of gRPC, and those up to the limit of a message.
 * NO-STORE-1: no answer may be kept by a browser or a proxy: given again it would be old, and one of a pop a message twice.
 */
import type { Readable } from 'node:stream';
import fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { cancelReasons } from '@holdfast/engine/parts';
import { secureServer } from '@holdfast/tls';
import type { OwnHosts, ServerSecurity } from '@holdfast/tls';
import type { ApiMetrics } from '../metrics/metrics.ts';
import { openApiDocument } from '../openapi/document.ts';
import type { OperationContext, Outcome } from '../operations/context.ts';
import { checkEveryMs } from '../limits.ts';
import { recordUnread } from '../pipeline/auditing.ts';
import { callerFrom } from '../pipeline/caller.ts';
import type { Caller } from '../pipeline/caller.ts';
import { callerOfRequest } from './credentials.ts';
import { openFor } from '../pipeline/standing.ts';
import type { ServedUnary } from '../pipeline/perform.ts';
import { calledUnder } from '../pipeline/traced.ts';
import type { ApiLog } from '../log.ts';
import { RequestError, stoppingError } from '../request-error.ts';
import type { RequestTurns } from '../turns/request-turns.ts';
import { compileCheck } from '../validation/compile.ts';
import { addVary, CompressedText } from './compressed-text.ts';
import { addDashboard, sendPage, takesHtml } from './dashboard.ts';
import { beginInTurns, HttpTurns } from './http-turns.ts';
import { foreignHost, foreignSite, refusedUnread, tellOrigin } from './origins.ts';
import { boundPipelined } from './pipelined.ts';
import { answerBrokenRequest, asError, errorHandler, notFound, sendProblem } from './problems.ts';
import { readRelayed } from './relay.ts';
import { givenTwice, readQuery, requestSchemas } from './request-schemas.ts';
import { isForHolders, routes } from './routes.ts';
import type { DocumentRoute, EventsRoute, OperationRoute, RelayRoute } from './routes.ts';
import { serveEvents } from './server-sent-events.ts';
import { backupHeaders, Backups } from './backups.ts';
import { welcomeJson } from './welcome.ts';

/** Longer than what the longest name takes when every byte of it is percent-encoded. */
const longestPathField = 16_384;

export interface HttpParts {
  readonly context: OperationContext;
  /** Of the node, with those of streams. */
  readonly turns: RequestTurns;
  readonly metrics: ApiMetrics;
  readonly allowedOrigins: readonly string[];
  /** HOST-2; undefined where other machines reach this node without a proof as well. */
  readonly ownHosts: OwnHosts | undefined;
  readonly log: ApiLog;
  readonly isStopping: () => boolean;
  readonly security?: ServerSecurity | undefined;
}

export function createHttpApplication(parts: HttpParts): FastifyInstance {
  const { limits } = parts.context.service;
  const onError = errorHandler(parts.log, (request, refused) =>
    toldRefusal(request, refused, parts),
  );
  const app = fastify({
    logger: false,
    bodyLimit: limits.maxBodyBytes, // HOSTILE-2
    // HOSTILE-1
    requestTimeout: limits.requestArrivalMs,
    http: {
      connectionsCheckingInterval: checkEveryMs(limits),
      headersTimeout: limits.requestArrivalMs,
    },
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: longestPathField },
    clientErrorHandler: answerBrokenRequest,
    ...(parts.security === undefined
      ? {}
      : { serverFactory: secureServer(parts.security, checkEveryMs(limits)) }),
    frameworkErrors: (error, request, reply) => {
      onError(error, request, reply);
    },
  });
  app.setErrorHandler(onError);
  app.setNotFoundHandler(notFound);
  app.setValidatorCompiler<object>(({ schema }) => {
    const check = compileCheck<object>(schema);
    return (value) => check.passes(value) || { error: asError(check.requestError()) };
  });
  boundPipelined(app);
  addHooks(app, parts);
  authenticateRequests(app, parts);
  const { rates } = parts.context.service;
  const onBody = (request: FastifyRequest, byteLength: number): void => {
    const caller = rates === undefined ? undefined : callers.get(request);
    if (caller !== undefined) rates?.spend(caller, byteLength);
  };
  beginInTurns(app, new HttpTurns(parts.turns), {
    onBody,
    shareOf: (request) => callers.get(request)?.share,
    isForHolders: ({ method, params, routeOptions: { url = '' } }) =>
      isForHolders(method, contractPath(url), fields(params)['operation']),
  });
  for (const route of routes) {
    if (route.kind === 'operation') addOperation(app, route, parts);
    else if (route.kind === 'events') addEvents(app, route, parts);
    else if (route.kind === 'relay') addRelay(app, route, parts);
    else addDocument(app, route, parts);
  }
  addDashboard(app);
  return app;
}

function addHooks(app: FastifyInstance, parts: HttpParts): void {
  const { isStopping, metrics, allowedOrigins } = parts;
  app.addHook('onRequest', async (request, reply) => {
    reply.header('cache-control', 'no-store'); // NO-STORE-1; files of the dashboard say otherwise.
    if (isStopping()) return sendProblem(reply, stoppingError);
    const refused = refusedUnread(request.raw, allowedOrigins);
    if (refused !== undefined) {
      toldRefusal(request, refused, parts);
      return sendProblem(reply, refused);
    }
    tellOrigin(request, reply, allowedOrigins);
    return undefined;
  });
  app.addHook('onSend', async (_request, reply) => {
    // What was in flight when the node began to stop is answered, and its connection ends with it.
    if (isStopping()) reply.header('connection', 'close');
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request;
    const route = contractPath(routeOptions.url ?? 'unknown');
    metrics.onHttpRequest({ method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
  });
}

/** DENY-2: before anything else is done with a request, whatever its path is. */
export function authenticateRequests(app: FastifyInstance, parts: HttpParts): void {
  app.addHook('onRequest', async (request, reply) => {
    const caller = callerOfRequest(request.raw, parts.context);
    if (caller instanceof RequestError) return sendProblem(reply, caller);
    callers.set(request, caller);
    const foreign = foreignHost(request.raw, caller, parts.ownHosts);
    if (foreign !== undefined) toldRefusal(request, foreign, parts);
    return foreign && sendProblem(reply, foreign);
  });
}

const callers = new WeakMap<FastifyRequest, Caller>();
/** Given to an operation, which records what becomes of them. */
const performed = new WeakSet<FastifyRequest>();

/** Of a request that is no operation yet (AUDITING-1). */
function toldRefusal(request: FastifyRequest, refused: RequestError, { context }: HttpParts): void {
  if (performed.has(request)) return;
  const caller = callers.get(request) ?? callerFrom(request.raw.socket.remoteAddress);
  const route = contractPath(request.routeOptions.url ?? 'unknown');
  recordUnread(context.service.auditing, caller, `${request.method} ${route}`, refused);
}

// ---- operations ---------------------------------------------------------------------------------

/** As the contract writes what Fastify writes `/sessions/:session_id`. */
const contractPath = (url: string): string => url.replaceAll(/:([a-z_]+)/g, '{$1}');

/** `/sessions/{session_id}` as Fastify writes it. */
const fastifyPath = (path: string): string => path.replaceAll(/\{([a-z_]+)\}/g, ':$1');

function addOperation(app: FastifyInstance, route: OperationRoute, parts: HttpParts): void {
  const { params, querystring, body } = requestSchemas(route);
  const changesByGet = route.method === 'GET' && route.operation.declared.changes;
  app.route({
    method: route.method,
    url: fastifyPath(route.path),
    exposeHeadRoute: !changesByGet,
    schema: {
      ...(params === undefined ? {} : { params }),
      ...(querystring === undefined ? {} : { querystring }),
      ...(body === undefined ? {} : { body }),
    },
    preValidation: (request, _reply, done) => {
      if (body !== undefined && request.body === undefined) request.body = {};
      if (querystring !== undefined) request.query = readQuery(fields(request.query), querystring);
      done();
    },
    handler: async (request, reply) => {
      const foreign = changesByGet ? foreignSite(request.raw) : undefined;
      if (foreign !== undefined) return sendProblem(reply, foreign);
      const twice = givenTwice(fields(request.query), fields(request.body));
      if (twice !== undefined) return sendProblem(reply, twice);
      const merged = {
        ...fields(request.body),
        ...fields(request.query),
        ...fields(request.params),
      };
      const context = contextOf(request, parts);
      return answer(reply, route.operation, merged, context, route.mayBeUnavailable);
    },
  });
  if (changesByGet) addQuietHead(app, route);
}

/** A HEAD of a GET that changes something, and changes nothing. */
function addQuietHead(app: FastifyInstance, { path }: OperationRoute): void {
  app.route({
    method: 'HEAD',
    url: fastifyPath(path),
    handler: async (_request, reply) => reply.type('application/json; charset=utf-8').send(),
  });
}

function contextOf(request: FastifyRequest, { context: { service } }: HttpParts): OperationContext {
  const caller = callers.get(request);
  if (caller === undefined) throw new Error('A request came by another way than authentication.');
  performed.add(request);
  return calledUnder({ service, caller }, request.headers);
}

async function answer(
  reply: FastifyReply,
  operation: ServedUnary,
  body: unknown,
  context: OperationContext,
  mayBeUnavailable: boolean,
): Promise<FastifyReply> {
  const onWait = (cancellation: AbortController): void => void watchCaller(reply, cancellation);
  const outcome = await operation.perform(body, { ...context, onWait });
  if (outcome instanceof RequestError) return sendProblem(reply, outcome);
  const isUnable =
    'status' in outcome && (outcome.status === 'unavailable' || outcome.status === 'removed');
  if (mayBeUnavailable && isUnable) reply.code(503);
  // The end of line is for people with a shell.
  return reply.type('application/json; charset=utf-8').send(`${JSON.stringify(outcome)}\n`);
}

function addRelay(app: FastifyInstance, route: RelayRoute, parts: HttpParts): void {
  app.route({
    method: route.method,
    url: fastifyPath(route.path),
    handler: async (request, reply) => {
      const relayed = readRelayed(fields(request.params), fields(request.query));
      if (relayed instanceof RequestError) return sendProblem(reply, relayed);
      const context = { ...contextOf(request, parts), ...relayed.told };
      return answer(reply, relayed.operation, request.body ?? {}, context, false);
    },
  });
}

// ---- events -------------------------------------------------------------------------------------

function addEvents(app: FastifyInstance, route: EventsRoute, parts: HttpParts): void {
  const { params, querystring } = requestSchemas(route);
  app.route({
    method: route.method,
    url: fastifyPath(route.path),
    exposeHeadRoute: false,
    schema: {
      ...(params === undefined ? {} : { params }),
      ...(querystring === undefined ? {} : { querystring }),
    },
    handler: async (request, reply) => {
      const resumed = request.headers['last-event-id'];
      const after = typeof resumed === 'string' && resumed !== '' ? { after: resumed } : {};
      const asked = { ...fields(request.query), ...fields(request.params), ...after };
      const context = contextOf(request, parts);
      const outcome = await route.operation.begin(asked, context, (body) =>
        serveEvents(route.operation.name, body, context, reply),
      );
      return outcome instanceof RequestError ? sendProblem(reply, outcome) : undefined;
    },
  });
  addHead(app, route, parts, 'text/event-stream');
}

/** A HEAD that is admitted as the GET and begins nothing. */
function addHead(
  app: FastifyInstance,
  route: EventsRoute | DocumentRoute,
  parts: HttpParts,
  contentType: string,
): void {
  app.route({
    method: 'HEAD',
    url: fastifyPath(route.path),
    handler: async (request, reply) => {
      const asked = { ...fields(request.query), ...fields(request.params) };
      const context = contextOf(request, parts);
      const outcome = await route.operation.begin(asked, context, () => ({}));
      return outcome instanceof RequestError
        ? sendProblem(reply, outcome)
        : reply.type(contentType).send();
    },
  });
}

function fields(part: unknown): Readonly<Record<string, unknown>> {
  return typeof part === 'object' && part !== null ? { ...part } : {};
}

/** When a client hangs up, its wait is cancelled, unless it can resume it. */
function watchCaller(reply: FastifyReply, cancellation: AbortController): AbortSignal {
  // It may have gone while the request was on its way.
  if (reply.raw.destroyed) cancellation.abort(cancelReasons.hungUp);
  let isAnswered = false;
  reply.raw.once('finish', () => {
    isAnswered = true;
  });
  reply.raw.once('close', () => {
    if (!isAnswered) cancellation.abort(cancelReasons.hungUp);
  });
  return cancellation.signal;
}

// ---- documents ----------------------------------------------------------------------------------

export function addDocument(app: FastifyInstance, route: DocumentRoute, parts: HttpParts): void {
  const { name, contentType } = route.document;
  const write = documents[name]?.(parts);
  if (write === undefined)
    throw new Error(`The document ${name} is declared, and nothing writes it.`);
  app.route({
    method: route.method,
    url: route.path,
    exposeHeadRoute: name !== 'snapshot',
    handler: async (request, reply) => {
      const context = contextOf(request, parts);
      if (name === 'welcome') {
        addVary(reply, 'accept');
        if (takesHtml(request)) return sendPage(request, reply);
      }
      reply.type(contentType);
      const outcome = await route.operation.begin({}, context, () =>
        write(request, reply, context),
      );
      return outcome instanceof RequestError
        ? sendProblem(reply, outcome)
        : reply.send(outcome.content);
    },
  });
  // The file is not made to be thrown away.
  if (name === 'snapshot') addHead(app, route, parts, contentType);
}

type Write = (
  request: FastifyRequest,
  reply: FastifyReply,
  context: OperationContext,
) => Promise<Outcome<{ readonly content: string | Buffer | Readable }>>;

/** Each document of the contract, by its name. */
const documents: Readonly<Record<string, (parts: HttpParts) => Write>> = {
  welcome:
    ({ context: { service } }) =>
    async () => ({ content: JSON.stringify(welcomeJson(service)) }),
  openapi: ({ context: { service } }) => {
    const document = new CompressedText(() => JSON.stringify(openApiDocument(service.version)));
    return async (request, reply) => ({ content: await document.for(request, reply) });
  },
  metrics:
    ({ metrics }) =>
    async () => ({ content: await metrics.text() }),
  snapshot: ({ context: { service } }) => {
    const backups = new Backups(
      service.limits,
      service.shares.backups,
      (ms, callback) => service.after(ms, callback),
      service.log,
    );
    return async (_request, reply, own) => {
      const signal = watchCaller(reply, new AbortController());
      const begun = await backups.begin(own.caller.share, () => service.engine.openBackup(signal));
      if (begun instanceof RequestError) return begun;
      const { stream } = begun;
      stream.once(
        'close',
        openFor(own, (refused) => stream.destroy(new Error(refused.message))), // DENY-4
      );
      reply.headers(backupHeaders(begun, service.engine.status().clusterId));
      return { content: stream };
    };
  },
};
