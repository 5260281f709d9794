/** Every HTTP error is a problem document (RFC 9457). */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { HoldfastError, toProblem } from '@holdfast/protocol';
import { answerAndClose } from '@holdfast/tls';
import type { ApiLog } from '../log.ts';
import {
  internalError,
  RequestError,
  requestErrorWhere,
  retryAfterSeconds,
} from '../request-error.ts';
import { methodsOf } from './methods.ts';

export const problemType = 'application/problem+json; charset=utf-8';

export function sendProblem(reply: FastifyReply, refused: RequestError): FastifyReply {
  const problem = toProblem(refused);
  reply.code(problem.status).header('content-type', problemType);
  if (problem.status === 503 || problem.status === 429)
    reply.header('retry-after', String(retryAfterSeconds(refused)));
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="holdfast"');
  return reply.send(`${JSON.stringify(problem)}\n`);
}

/** Fastify wants an `Error` where something fails; the error handler makes the problem of it. */
export function asError({ code, message, details }: RequestError): HoldfastError {
  return new HoldfastError(code, message, details);
}

/** What the HTTP library refuses by itself, in our words. */
function refusedByFramework(
  error: FastifyError,
  request: FastifyRequest,
): RequestError | undefined {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new RequestError(
        'body_too_large',
        `The body is larger than ${String(request.routeOptions.bodyLimit)} bytes, the limit of this node (limits.max_body_bytes). Send less at once.`,
        { limit: request.routeOptions.bodyLimit },
      );
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE': {
      const given = request.headers['content-type'];
      return new RequestError(
        'unsupported_media_type',
        `The body is of type ${given === undefined ? 'unknown' : JSON.stringify(given)}. Send JSON with "Content-Type: application/json".`,
      );
    }
    case 'FST_ERR_BAD_URL':
      return new RequestError(
        'invalid_request',
        `The path ${JSON.stringify(request.raw.url ?? '')} is not valid percent-encoded UTF-8. Encode names with encodeURIComponent or its like.`,
        { field: 'path' },
      );
    default:
      return error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500
        ? new RequestError('invalid_request', error.message)
        : undefined;
  }
}

/** Whatever goes wrong in a request ends here. */
export function errorHandler(
  log: ApiLog,
  onRefused: (request: FastifyRequest, refused: RequestError) => void = () => undefined,
): (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => FastifyReply {
  return (error, request, reply) => {
    const refused = requestErrorWhere(error) ?? refusedByFramework(error, request);
    if (refused !== undefined) {
      onRefused(request, refused);
      return sendProblem(reply, refused);
    }
    log.error(
      { err: error, method: request.method, route: request.routeOptions.url },
      'A request failed with an internal error.',
    );
    return sendProblem(reply, internalError);
  };
}

/** The path is not there, or not with this method. */
export function notFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const [path] = request.url.split('?');
  const methods = methodsOf(request.url);
  if (methods !== undefined) {
    const allow = methods.join(', ');
    reply.header('allow', allow);
    if (request.method === 'OPTIONS') return reply.code(204).send();
    return sendProblem(
      reply,
      new RequestError(
        'method_not_allowed',
        `${path ?? ''} has no ${request.method}. Use ${allow}.`,
        { method: request.method, allowed: methods },
      ),
    );
  }
  return sendProblem(
    reply,
    new RequestError(
      'route_not_found',
      `There is no ${request.method} ${path ?? ''}. See GET /openapi.json; a "/" in a name is written %2F.`,
      { method: request.method },
    ),
  );
}

const refusedStatus: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** What arrived is no HTTP: answered on the bare connection, which then ends. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = refusedStatus[error.code ?? ''] ?? 400;
  const refused = new RequestError(
    'invalid_request',
    `This is not a request of HTTP: ${error.message}. Send a request of HTTP/1.1.`,
  );
  answerAndClose(socket, rawProblem(status, refused));
}

/** A whole HTTP answer as text, for where there is no reply object yet. */
export function rawProblem(status: number, refused: RequestError): string {
  const body = JSON.stringify({ ...toProblem(refused), status });
  return [
    `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}`,
    `content-type: ${problemType}`,
    `content-length: ${String(Buffer.byteLength(body))}`,
    ...(status === 503 || status === 429
      ? [`retry-after: ${String(retryAfterSeconds(refused))}`]
      : []),
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
