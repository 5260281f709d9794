/** The interface of a lease node as an OpenAPI 3.1 document. */
import { z } from 'zod';
import { version } from '../version.ts';
import * as schemas from './schemas.ts';

const problem = {
  description: 'A problem document (RFC 9457) with a stable `code`.',
  content: { 'application/problem+json': { schema: { type: 'object' } } },
};
const done = {
  description: 'Done.',
  content: { 'application/json': { schema: { type: 'object' } } },
};
const responses = { 200: done, default: problem };

/** Where the node asks for its key; probes are answered to everybody. */
const security = [{}, { bearerAuth: [] }, { mutualTLS: [] }];
const securitySchemes = {
  bearerAuth: { type: 'http', scheme: 'bearer', description: 'The API key of the node.' },
  mutualTLS: { type: 'mutualTLS', description: 'A certificate, where the node asks for one.' },
};
const probes: ReadonlySet<string> = new Set(['/health', '/livez', '/readyz']);

/** Bodies by operation, as they are validated. */
const bodies: Readonly<Record<string, z.ZodType | undefined>> = {
  acquire: schemas.acquireBody,
  confirm: schemas.confirmBody,
  renew: schemas.renewBody,
  release: schemas.releaseBody,
  wait: schemas.waitBody,
  begin: schemas.beginBody,
  close: schemas.closeBody,
  prepare: schemas.prepareBody,
};

const reads: Readonly<Record<string, string>> = {
  '/status/{resource}': 'What this node knows of one resource.',
  '/tokens': 'The latest tokens, by pages: `after` is the last resource of the page before.',
  '/set': 'The set of this node.',
  '/overview':
    'What this node says of itself, with a page of the leases that stand on it: `prefix` and `after` are names.',
  '/nodes':
    'The nodes of its set side by side, as each of them told this one: `prefix` and `after` are names.',
  '/said': 'What this node has said of changes of its set.',
  '/health': 'Whether this node votes.',
  '/livez': 'Whether this process lives.',
  '/readyz': 'Whether this node votes: a probe.',
  '/metrics': 'Metrics in the text format of Prometheus.',
  '/openapi.json': 'This document.',
};

/** @throws Error for an operation without a body here: the document would be silent about it. */
export function openApiOfLeaseNode(operations: readonly string[]): object {
  const posts = operations.map((name) => {
    const body = bodies[name];
    if (body === undefined) throw new Error(`The operation ${name} has no body in the document.`);
    const schema = z.toJSONSchema(body, { unrepresentable: 'any' });
    const requestBody = { required: true, content: { 'application/json': { schema } } };
    return [`/${name}`, { post: { operationId: name, requestBody, responses } }] as const;
  });
  const gets = Object.entries(reads).map(([path, summary]) => {
    const parameters = [...path.matchAll(/\{([a-z]+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    }));
    const open = probes.has(path) ? { security: [] } : {};
    return [path, { get: { summary, ...open, parameters, responses } }] as const;
  });
  return {
    openapi: '3.1.0',
    info: { title: 'Holdfast lease node', version },
    security,
    paths: Object.fromEntries([...posts, ...gets]),
    components: { securitySchemes },
  };
}
