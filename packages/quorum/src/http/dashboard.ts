/**
 * The page of the lease nodes: at `/` for whoever takes HTML, and its files beside it.
 *
 * LEASE-PAGE-1: its files tell nothing of the node and need no key; what the page then asks for does.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { answerOf, Dashboard, takesGzip } from '@holdfast/dashboard';
import type { PageFile } from '@holdfast/dashboard';
import { HoldfastError } from '@holdfast/protocol';

const folder = 'dashboard';
const dashboard: Dashboard = new Dashboard(folder, 'lease-nodes');

/** LEASE-PAGE-1. */
export const isPageFile = (url: string): boolean => {
  const [path = ''] = url.split('?');
  return path === '/' || path.startsWith(`/${folder}/`);
};

export function addDashboard(app: FastifyInstance): void {
  app.get('/', async (request, reply) => {
    if (request.headers.accept?.includes('text/html') === true)
      return send(await dashboard.page(), request, reply);
    reply.header('vary', 'accept');
    return reply.send({ service: 'holdfast lease node', openapi: '/openapi.json' });
  });
  app.get<{ Params: { readonly file: string } }>(`/${folder}/:file`, async (request, reply) => {
    const { file: name } = request.params;
    const file = await dashboard.file(name);
    if (file !== undefined) return send(file, request, reply);
    const text = `The dashboard has no file ${JSON.stringify(name)}. Open it at "/".`;
    throw new HoldfastError('route_not_found', text);
  });
}

function send(
  file: PageFile,
  { headers: asked }: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const gzip = takesGzip(asked['accept-encoding'] ?? '');
  const { status, headers, body } = answerOf(file, gzip, asked['if-none-match']);
  return reply
    .code(status)
    .headers({ ...headers, vary: 'accept, accept-encoding' })
    .send(body);
}
