/**
 * The dashboard: at `/` for whoever takes HTML, which programs do not ask for, and its files beside it.
 *
 * HTTP-PAGE-1: no rule is asked, for these files tell nothing of the cluster; what the page then asks for is authorized as
 *     anything else. A proof that does not hold is refused here, too (DENY-2).
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { answerOf, Dashboard, takesGzip } from '@holdfast/dashboard';
import type { PageFile } from '@holdfast/dashboard';
import { RequestError } from '../request-error.ts';
import { addVary } from './compressed-text.ts';
import { dashboardFolder } from './methods.ts';
import { sendProblem } from './problems.ts';

const dashboard: Dashboard = new Dashboard(dashboardFolder);

export const takesHtml = ({ headers }: FastifyRequest): boolean =>
  headers.accept?.includes('text/html') === true;

/** The page itself, in place of what programs get at `/`. */
export const sendPage = async (
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => sendFile(await dashboard.page(), request, reply);

export function addDashboard(app: FastifyInstance): void {
  app.route<{ Params: { readonly file: string } }>({
    method: 'GET',
    url: `/${dashboardFolder}/:file`,
    handler: (request, reply) => sendNamed(request.params.file, request, reply),
  });
}

async function sendNamed(
  name: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const file = await dashboard.file(name);
  if (file !== undefined) return sendFile(file, request, reply);
  const message = `The dashboard has no file ${JSON.stringify(name)}. Open it at "/".`;
  return sendProblem(
    reply,
    new RequestError('route_not_found', message, { method: request.method }),
  );
}

function sendFile(file: PageFile, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const asked = request.headers;
  const gzip = takesGzip(asked['accept-encoding'] ?? '');
  const { status, headers, body } = answerOf(file, gzip, asked['if-none-match']);
  reply.headers(headers);
  addVary(reply, 'accept-encoding');
  return reply.code(status).send(body);
}
