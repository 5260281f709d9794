/** Faults in how the service is asked: HTTP, gRPC, metrics, the command line. */
import type { Fault } from './fault.ts';

export const interfaceFaults: readonly Fault[] = [
  {
    name: 'methods-of-a-path-not-told',
    breaks: 'who asks a path with another method is told that there is no such path',
    file: 'packages/api/src/http/problems.ts',
    find: `  const methods = methodsOf(request.url);`,
    put: `  const methods = request.url === '' ? methodsOf(request.url) : undefined;`,
  },
  {
    name: 'query-of-a-delete-not-read',
    breaks: 'a DELETE without a body, which is all that some programs send, has no fields',
    file: 'packages/api/src/http/request-schemas.ts',
    find: `    querystring: method === 'GET' ? rest : method === 'DELETE' ? optional : nothing,`,
    put: `    querystring: method === 'GET' ? rest : nothing,`,
  },
];
