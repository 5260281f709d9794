/** What a node says, as it comes. */
import type { ClusterPush } from '@holdfast/protocol';

type Answer = readonly [id: number, kind: unknown, body: unknown];

/** Undefined: it is no message of a node. */
export function answersIn(text: string): readonly Answer[] | undefined {
  try {
    const answers: unknown = JSON.parse(text);
    return Array.isArray(answers) && answers.every(isAnswer) ? answers : undefined;
  } catch {
    return undefined;
  }
}

/** An answer, a problem, and a push have an object each. */
function isAnswer(value: unknown): value is Answer {
  if (!Array.isArray(value)) return false;
  const answer = value as readonly unknown[];
  const id = answer[0];
  const body = answer[2];
  if (typeof id !== 'number' || typeof body !== 'object' || body === null) return false;
  return id !== 0 || isPush(answer[1], body);
}

/** What it is taken for is in it. Of a kind that is not known here it may be anything. */
function isPush(kind: unknown, body: object): boolean {
  const fields = body as Readonly<Record<string, unknown>>;
  if (kind === 'watch')
    return typeof fields['watch_id'] === 'number' && Array.isArray(fields['events']);
  if (kind === 'cache')
    return typeof fields['memory_id'] === 'string' && Array.isArray(fields['keys']);
  return true;
}

/** Undefined: what it says of the cluster cannot be read. */
export function clusterIn(body: unknown): ClusterPush | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const {
    cluster_id: clusterId,
    node_id: nodeId,
    leader,
    members,
  } = body as Readonly<Record<string, unknown>>;
  const isWhole =
    typeof clusterId === 'string' &&
    typeof nodeId === 'string' &&
    (leader === null || typeof leader === 'string') &&
    Array.isArray(members) &&
    members.every(isMember);
  return isWhole ? { cluster_id: clusterId, node_id: nodeId, leader, members } : undefined;
}

const isMember = (value: unknown): value is ClusterPush['members'][number] => {
  if (typeof value !== 'object' || value === null) return false;
  const { node_id: nodeId, url } = value as Readonly<Record<string, unknown>>;
  return typeof nodeId === 'string' && typeof url === 'string';
};
