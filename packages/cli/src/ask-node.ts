/**
 * Questions to one node over HTTP: what operators ask for is not on the client stream. Of what answers no more is read
 * than a node gives (ANS-1).
 */
import { readAnswer, readText } from '@holdfast/protocol/bounded-answer';
import type { ClusterStatusAnswer } from '@holdfast/protocol';
import { askUrl } from './certificates.ts';

/** Of members, and of pages. */
const longestJsonBytes = 16 * 1024 * 1024;
const longestMetricsBytes = 16 * 1024 * 1024;

/**
 * Undefined where nobody listens, or somebody else does, or the answer is an error.
 *
 * @param isAnswer Enough to tell a node of ours from another service on its port.
 */
export async function askNode<T>(
  url: string,
  path: string,
  isAnswer: (answer: unknown) => answer is T,
  signal: AbortSignal,
): Promise<T | undefined> {
  try {
    const answer = await askUrl(url + path, { signal });
    const body = await readAnswer(url, answer, longestJsonBytes);
    return answer.ok && isAnswer(body) ? body : undefined;
  } catch {
    return undefined;
  }
}

/** What `GET /metrics` writes. Undefined as for `askNode`. */
export async function askMetrics(url: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const answer = await askUrl(`${url}/metrics`, { signal });
    const text = await readText(url, answer, longestMetricsBytes);
    return answer.ok ? text : undefined;
  } catch {
    return undefined;
  }
}

export function readStatus(
  url: string,
  signal: AbortSignal,
): Promise<ClusterStatusAnswer | undefined> {
  return askNode(url, '/cluster/status', isClusterStatus, signal);
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
