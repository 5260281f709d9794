/** What a node says, as it comes. */
import type { ClusterPush } from '@holdfast/protocol';
import type { LineLease } from '@holdfast/protocol/cache';

type Fields = Readonly<Record<string, unknown>>;
export type NodeAnswer = readonly [id: number, kind: unknown, body: unknown];

/** Undefined: it is no message of a node. */
export function answersIn(text: string): readonly NodeAnswer[] | undefined {
  try {
    const answers: unknown = JSON.parse(text);
    return Array.isArray(answers) && answers.every(isAnswer) ? answers : undefined;
  } catch {
    return undefined;
  }
}

/** An answer, a problem, and a push have an object each. */
function isAnswer(value: unknown): value is NodeAnswer {
  if (!Array.isArray(value)) return false;
  const answer = value as readonly unknown[];
  const id = answer[0];
  const body = answer[2];
  if (typeof id !== 'number' || typeof body !== 'object' || body === null) return false;
  return id !== 0 || isPush(answer[1], body);
}

/** What it is taken for is in it. Of a kind that is not known here it may be anything. */
function isPush(kind: unknown, body: object): boolean {
  const fields = body as Fields;
  if (kind === 'watch')
    return typeof fields['watch_id'] === 'number' && Array.isArray(fields['events']);
  if (kind === 'cache') return isCachePush(fields);
  if (kind === 'session_ended') return typeof fields['session_id'] === 'string';
  return kind !== 'hold_ended' || isHoldEndedPush(fields);
}

const isHoldEndedPush = ({ session_id: id, kind, resource, fence_token: token }: Fields): boolean =>
  typeof id === 'string' &&
  typeof kind === 'string' &&
  typeof resource === 'string' &&
  typeof token === 'number';

function isCachePush({ memory_id: memoryId, seq, keys, all }: Fields): boolean {
  return (
    typeof memoryId === 'string' &&
    typeof seq === 'number' &&
    Array.isArray(keys) &&
    keys.every((key) => typeof key === 'string') &&
    (all === undefined || typeof all === 'boolean')
  );
}

/** What an answer of a node to `cache_keep` grants. Undefined: that cannot be read, and nothing may be kept. */
export function leaseIn(answer: object): LineLease | undefined {
  const { line, term, seq, lease_ms: leaseMs, expires_in_seconds: seconds } = answer as Fields;
  const isEnd = seconds === null || typeof seconds === 'number';
  if (typeof term !== 'number' || !isEnd) return undefined;
  if (line === 'over') return { term, grant: line };
  if (typeof seq !== 'number' || typeof leaseMs !== 'number') return undefined;
  if (line !== 'exclusive' && line !== 'shared' && line !== 'none') return undefined;
  return { term, grant: { seq, leaseMs, line } };
}

/** Undefined: what it says of the cluster cannot be read. */
export function clusterIn(body: unknown): ClusterPush | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { cluster_id: clusterId, node_id: nodeId, leader, members } = body as Fields;
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
  const { node_id: nodeId, url } = value as Fields;
  return typeof nodeId === 'string' && typeof url === 'string';
};
