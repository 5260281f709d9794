/**
 * A real HTTP server that keeps objects as an S3-compatible store does: metadata in `x-amz-meta-` headers, entity
 * tags, and puts that depend on them, each executed in one step.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

interface KeptObject {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly fenceToken: string | undefined;
}

export interface ObjectServer extends AsyncDisposable {
  readonly url: string;
  readonly objects: Map<string, KeptObject>;
  /** The tokens of the puts that were executed, in their order. */
  readonly tokens: number[];
  /** The requests that came, as `METHOD /key status`. */
  readonly answered: string[];
  /** Runs before a put is compared: the place where others come between. */
  beforePut: () => Promise<void>;
  /** Answers the next puts with these statuses, and does nothing. */
  readonly failures: number[];
}

/** @param etagOf What entity tags are made of: `bytes` (their MD5, as in Amazon S3) or each `write`. */
export async function startObjectServer(etagOf: 'bytes' | 'write'): Promise<ObjectServer> {
  const objects = new Map<string, KeptObject>();
  const answered: string[] = [];
  const tokens: number[] = [];
  const failures: number[] = [];
  let writes = 0;

  function put(request: IncomingMessage, key: string, bytes: Buffer): number {
    const present = objects.get(key);
    const match = request.headers['if-match'];
    if (match !== undefined && present === undefined) return 404;
    if (match !== undefined && match !== present?.etag) return 412;
    if (request.headers['if-none-match'] === '*' && present !== undefined) return 412;
    const etag = etagOf === 'bytes' ? createHash('md5').update(bytes).digest('hex') : `${++writes}`;
    const token = request.headers['x-amz-meta-fence-token'];
    objects.set(key, { bytes, etag: `"${etag}"`, fenceToken: token?.toString() });
    tokens.push(Number(token ?? 0));
    return 200;
  }

  function get(request: IncomingMessage, response: ServerResponse, key: string): number {
    const present = objects.get(key);
    if (present === undefined) {
      response.writeHead(404).end();
      return 404;
    }
    response.setHeader('ETag', present.etag);
    if (present.fenceToken !== undefined)
      response.setHeader('x-amz-meta-fence-token', present.fenceToken);
    response.end(request.method === 'HEAD' ? undefined : present.bytes);
    return 200;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const key = decodeURIComponent(request.url ?? '/').slice(1);
    let status: number;
    if (request.method === 'PUT') {
      const bytes = await buffer(request);
      const between = server.beforePut;
      server.beforePut = async () => undefined;
      await between();
      status = failures.shift() ?? put(request, key, bytes);
      response.writeHead(status).end();
    } else status = get(request, response, key);
    answered.push(`${request.method ?? ''} /${key} ${String(status)}`);
  }

  const http = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(Error(String(error))));
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const address = http.address();
  const server: ObjectServer = {
    url: `http://127.0.0.1:${typeof address === 'object' ? String(address?.port) : ''}`,
    objects,
    answered,
    tokens,
    beforePut: async () => undefined,
    failures,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
  return server;
}
