/** Changes of the cluster itself, over HTTP: each is sent to one node, which passes it on to the leader. */
import { errorDefinitions, HoldfastError } from '@holdfast/protocol';
import { readAnswer } from '@holdfast/protocol/bounded-answer';
import type { ErrorCode, HttpOperations } from '@holdfast/protocol';
import { isRecord } from './ask-node.ts';
import { askUrl } from './certificates.ts';

/** A member that is added is sent the whole state before the answer. */
const timeoutMs = 60_000;
/** Of these causes nothing was sent. */
const notReached: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'bad port',
]);

const paths = {
  add_member: ['POST', '/cluster/members'],
  promote_member: ['POST', '/cluster/members/{node_id}/promote'],
  remove_member: ['DELETE', '/cluster/members/{node_id}'],
  transfer: ['POST', '/cluster/transfer'],
  log_level: ['GET', '/admin/log-level'],
  set_log_level: ['POST', '/admin/log-level'],
} as const;

export type ClusterChange = keyof typeof paths;

/**
 * To the first node that can be reached: what may have arrived is not sent again.
 *
 * @throws HoldfastError `connection_lost` when no node was reached, `outcome_unknown` when one did not answer.
 */
export async function change<N extends ClusterChange>(
  endpoints: readonly string[],
  operation: N,
  body: HttpOperations[N]['body'],
): Promise<HttpOperations[N]['answer']> {
  const [method, path] = paths[operation];
  // Then there is nothing for a body.
  const isInPath = path.includes('{') || method === 'GET';
  const causes: string[] = [];
  for (const url of endpoints) {
    let answer: Response;
    try {
      answer = await askUrl(url + pathOf(operation, body), {
        method,
        ...(isInPath
          ? {}
          : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch (error) {
      const cause = causeOf(error);
      if (!notReached.has(cause))
        throw new HoldfastError(
          'outcome_unknown',
          `${url} did not answer (${cause}): it may have been executed. "holdfast member list" tells.`,
          { endpoint: url },
          { cause: error },
        );
      causes.push(`${url}: ${cause}`);
      continue;
    }
    const told = await readAnswer(url, answer).catch(() => undefined);
    // The answer of an operation that a node of this version has.
    if (answer.ok && isRecord(told)) return told as unknown as HttpOperations[N]['answer'];
    throw refusalOf(url, answer.status, told);
  }
  throw new HoldfastError('connection_lost', `No node was reached (${causes.join(', ')}).`, {
    endpoints,
  });
}

function pathOf(operation: ClusterChange, body: object): string {
  const id = 'node_id' in body ? String(body.node_id) : '';
  return paths[operation][1].replace('{node_id}', encodeURIComponent(id));
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string')
    return cause.code;
  return cause instanceof Error ? cause.message : error.message;
}

function refusalOf(url: string, status: number, told: unknown): HoldfastError {
  if (!isRecord(told) || !isErrorCode(told['code']))
    return new HoldfastError('internal', `${url} answered with HTTP status ${String(status)}.`);
  const { code, detail, type: _type, title: _title, status: _status, ...details } = told;
  // What a node tells is JSON.
  return new HoldfastError(code as ErrorCode, String(detail), details);
}

const isErrorCode = (code: unknown): boolean =>
  typeof code === 'string' && Object.hasOwn(errorDefinitions, code);
