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

/** What is no answer of an operation is an object: a problem, or a push. */
function isAnswer(value: unknown): value is Answer {
  if (!Array.isArray(value)) return false;
  const answer = value as readonly unknown[];
  const id = answer[0];
  if (typeof id !== 'number') return false;
  if (id !== 0 && answer[1] === 0) return true;
  const body = answer[2];
  return typeof body === 'object' && body !== null;
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
