/**
 * Questions to one node over HTTP: what operators ask for is not on the client stream. Of what answers no more is read
 * than a node gives (ANS-1).
 */
import { HoldfastError, isErrorCode } from '@holdfast/protocol';
import { readAnswer, readText } from '@holdfast/protocol/bounded-answer';
import type { ClusterStatusAnswer } from '@holdfast/protocol';
import { AdvisedError, UsageError } from './failure.ts';
import { ask } from './plain-question.ts';
import { causeOf, isOfHandshake } from './reach-failure.ts';

/** Of members, and of pages. */
const longestJsonBytes = 16 * 1024 * 1024;
const longestMetricsBytes = 16 * 1024 * 1024;

/** What a node answers, or why it does not. */
type Heard<T> =
  | { readonly answer: T; readonly failure?: never }
  | { readonly answer?: never; readonly failure: HoldfastError };

/**
 * @param isAnswer Enough to tell a node of ours from another service on its port.
 * @param showsKey Whether it is shown the API key.
 * @throws UsageError where the certificates or the key of this command line cannot be used.
 */
export async function askNode<T>(
  url: string,
  path: string,
  isAnswer: (answer: unknown) => answer is T,
  signal: AbortSignal,
  showsKey = true,
): Promise<Heard<T>> {
  try {
    const response = await ask(url + path, { signal }, showsKey);
    const body = await readAnswer(url, response, longestJsonBytes).catch(() => undefined);
    if (response.ok && isAnswer(body)) return { answer: body };
    return { failure: strangerOr(url, response.status, body) };
  } catch (error) {
    return { failure: unreached(url, error) };
  }
}

/** What `GET /metrics` writes; undefined where it does not. @throws UsageError as `askNode`. */
export async function askMetrics(
  url: string,
  signal: AbortSignal,
  showsKey = true,
): Promise<string | undefined> {
  try {
    const answer = await ask(`${url}/metrics`, { signal }, showsKey);
    const text = await readText(url, answer, longestMetricsBytes);
    return answer.ok ? text : undefined;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return undefined;
  }
}

export function readStatus(
  url: string,
  signal: AbortSignal,
  showsKey = true,
): Promise<Heard<ClusterStatusAnswer>> {
  return askNode(url, '/cluster/status', isClusterStatus, signal, showsKey);
}

/**
 * Of the first node that knows a leader, else of the first that answers and was not removed: one that is cut off, or was removed and still
 * runs, knows none.
 *
 * @param longestMs For each node.
 * @throws HoldfastError where none answers; UsageError as `askNode`.
 */
export async function readStatusOfAny(
  endpoints: readonly string[],
  longestMs: number,
): Promise<ClusterStatusAnswer> {
  const failures: HoldfastError[] = [];
  let first: ClusterStatusAnswer | undefined;
  for (const endpoint of endpoints) {
    const { answer, failure } = await readStatus(endpoint, AbortSignal.timeout(longestMs));
    if (answer?.is_ready === true) return answer;
    if (answer !== undefined && (first === undefined || first.removed)) first = answer;
    if (failure !== undefined) failures.push(failure);
  }
  if (first === undefined) throw noneAnswered(endpoints, failures);
  return first;
}

/** Why no answer came. @throws UsageError where nobody was asked. */
export function unreached(url: string, error: unknown): HoldfastError {
  if (error instanceof UsageError) throw error;
  const details = { endpoint: url };
  const options = { cause: error };
  if (error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError'))
    return new HoldfastError('connection_lost', `${url}: no answer in time`, details, options);
  const cause = causeOf(error);
  if (!isOfHandshake(error))
    return new HoldfastError('connection_lost', `${url}: ${cause}`, details, options);
  return new AdvisedError(
    'connection_lost',
    `${url} listens, and no connection over TLS comes about: ${cause}.`,
    'It was asked with the certificates of --ca, --cert and --key, else of HOLDFAST_CA, HOLDFAST_CERT and HOLDFAST_KEY: see docs/security.md.',
    details,
    options,
  );
}

/**
 * Why there is no answer of any of these: what one refuses, or that there is no TLS, goes before that others do not run.
 *
 * @param failures Of each.
 */
export function noneAnswered(
  endpoints: readonly string[],
  failures: readonly HoldfastError[],
): HoldfastError {
  const telling =
    failures.find(({ code }) => code !== 'connection_lost') ??
    failures.find((failure) => failure instanceof AdvisedError);
  if (telling !== undefined) return telling;
  const each = failures.map(({ message }) => message).join('; ');
  return new HoldfastError(
    'connection_lost',
    `No node answered${each === '' ? '' : ` (${each})`}.`,
    { endpoints },
  );
}

/** The refusal of a node; of whoever is none, that it is none. */
function strangerOr(url: string, status: number, told: unknown): HoldfastError {
  // A lease node, for one, knows no such path.
  if (isRecord(told) && isErrorCode(told['code']) && told['code'] !== 'route_not_found')
    return refusalOf(url, status, told);
  const what = 'answers, and not as a node of a cluster';
  return new HoldfastError(
    'connection_lost',
    `${url}: it ${what} (HTTP status ${String(status)})`,
    { endpoint: url },
  );
}

/** What a node refuses with. */
export function refusalOf(url: string, status: number, told: unknown): HoldfastError {
  const {
    code,
    detail,
    type: _type,
    title: _title,
    status: _status,
    ...details
  } = {
    ...(isRecord(told) ? told : {}),
  };
  return isErrorCode(code)
    ? new HoldfastError(code, String(detail), details)
    : new HoldfastError('internal', `${url} answered with HTTP status ${String(status)}.`);
}

export function isClusterStatus(answer: unknown): answer is ClusterStatusAnswer {
  return (
    isRecord(answer) &&
    typeof answer['cluster_id'] === 'string' &&
    typeof answer['node_id'] === 'string' &&
    typeof answer['term'] === 'number' &&
    Array.isArray(answer['members']) &&
    answer['members'].every((member) => isRecord(member) && typeof member['node_id'] === 'string')
  );
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
