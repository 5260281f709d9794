/** Questions to the nodes of a quorum, each for itself: nobody among them knows what the others say. */
import { askUrl } from '../certificates.ts';
import { randomUUID } from 'node:crypto';
import { isErrorCode, setIdOf } from '@holdfast/protocol';
import { readAnswer } from '@holdfast/protocol/bounded-answer';
import type { ErrorCode, QuorumStatusAnswer } from '@holdfast/protocol';
import { isRecord, readStatus } from '../ask-node.ts';

/** Longer than what a client gives a node: what is told here is told to people. */
export const answerWithinMs = 2000;
/** Where something has failed already, and somebody waits to be told why. */
export const explainWithinMs = 1000;

/** Lease nodes, or Redis servers in their place. */
export type VoterKind = 'nodes' | 'servers';

/** What one node says of a resource, or why it says nothing. */
export type LeaseNodeReport =
  | { readonly url: string; readonly answer: QuorumStatusAnswer }
  | {
      readonly url: string;
      readonly answer: undefined;
      readonly problem: string;
      /** Where it answered with a reason. */
      readonly refusal: NodeRefusal | undefined;
      /** Another address of the same node, which is asked there. */
      readonly twin?: string;
    };

/** Why a node does not do what it is asked for, in its own words. */
export interface NodeRefusal {
  readonly code: ErrorCode;
  readonly detail: string;
}

/** What one node would say to a request for a vote. */
export interface VoteReport {
  readonly url: string;
  /** Why it would not vote, without a full stop; undefined: it would. */
  readonly problem: string | undefined;
  /** Where it answered with a reason. */
  readonly refusal: NodeRefusal | undefined;
}

/** What can be asked of all voters of a quorum, each for itself; one report a voter, in their order. */
export interface Questions {
  readonly kind: VoterKind;
  readonly count: number;
  status(resource: string, withinMs: number): Promise<readonly LeaseNodeReport[]>;
  /** Whether each would vote, and why not. */
  votes(resource: string, ttlMs: number, withinMs: number): Promise<readonly VoteReport[]>;
}

/** What each question to a node goes with. */
interface Asking {
  readonly apiKey: string | undefined;
  /** Of the configuration. */
  readonly epoch: number;
  /** The id of the set. */
  readonly set: string;
  /** Where nodes are reached that are not to be reached by their names. */
  readonly at: ReadonlyMap<string, string>;
  readonly withinMs: number;
}

export function questionsToNodes(
  nodes: readonly string[],
  apiKey: string | undefined,
  epoch: number,
  reach: Readonly<Record<string, string>> = {},
): Questions {
  const set = setIdOf({ epoch, members: nodes });
  const at = new Map(Object.entries(reach));
  return {
    kind: 'nodes',
    count: nodes.length,
    status: (resource, withinMs) =>
      askStatus(nodes, resource, { apiKey, epoch, set, at, withinMs }),
    votes: (resource, ttlMs, withinMs) =>
      askVotes(nodes, { resource, ttlMs }, { apiKey, epoch, set, at, withinMs }),
  };
}

async function askStatus(
  nodes: readonly string[],
  resource: string,
  asking: Asking,
): Promise<readonly LeaseNodeReport[]> {
  const path = `/status/${encodeURIComponent(resource)}`;
  const reports = await Promise.all(
    nodes.map(async (url): Promise<LeaseNodeReport> => {
      const { body, problem = noLeaseNode, refusal } = await ask(url, path, asking);
      if (!isStatus(body)) return { url, answer: undefined, problem, refusal };
      if (body.set === '' || body.set === asking.set) return { url, answer: body };
      return {
        url,
        answer: undefined,
        ...refused(body.epoch === asking.epoch ? otherSet : otherEpoch(body.epoch, asking.epoch)),
      };
    }),
  );
  return countOnce(reports);
}

/** In the words of a node that is asked for a vote. */
const otherEpoch = (its: number, given: number): NodeRefusal => ({
  code: 'wrong_epoch',
  detail: `This node is of configuration ${String(its)}, not ${String(given)}. Give all nodes and clients the same.`,
});

const otherSet: NodeRefusal = {
  code: 'another_set',
  detail:
    'This node is of another set than the one that was named. Name all its members, by the names by which they know each other.',
};

/** A node that is named twice, by two addresses, has one vote. */
export function countOnce(reports: readonly LeaseNodeReport[]): readonly LeaseNodeReport[] {
  const first = new Map<number, string>();
  return reports.map((report) => {
    if (report.answer === undefined) return report;
    const { url, answer } = report;
    const twin = first.get(answer.file_id);
    if (twin === undefined) {
      first.set(answer.file_id, url);
      return report;
    }
    const problem = `is the same node as ${twin}`;
    return { url, answer: undefined, problem, refusal: undefined, twin };
  });
}

/**
 * Whether each node would vote, and why not. The renewal of a lease that nobody has passes every check
 * that an acquire does and changes nothing.
 */
function askVotes(
  nodes: readonly string[],
  { resource, ttlMs }: { readonly resource: string; readonly ttlMs: number },
  asking: Asking,
): Promise<readonly VoteReport[]> {
  const { epoch, set } = asking;
  return Promise.all(
    nodes.map(async (url) => {
      const body = { resource, epoch, set, ttl_ms: ttlMs, lease_id: randomUUID() };
      const { problem, refusal } = await ask(url, '/renew', asking, body);
      return { url, problem, refusal };
    }),
  );
}

/** Whether each node votes now. */
export function askHealth(nodes: readonly string[]): Promise<readonly boolean[]> {
  return Promise.all(
    nodes.map(async (url) => {
      const health = await readHealth(url, answerWithinMs);
      return health?.voting === true;
    }),
  );
}

/** The first of the addresses behind which a lease node is. */
export async function leaseNodeAmong(
  urls: readonly string[],
  withinMs: number,
): Promise<string | undefined> {
  const found = await Promise.all(urls.map((url) => readHealth(url, withinMs)));
  return urls.find((_url, place) => found[place] !== undefined);
}

async function readHealth(
  url: string,
  withinMs: number,
): Promise<{ readonly voting: boolean } | undefined> {
  try {
    // 503 where it does not vote: that is an answer too.
    const signal = AbortSignal.timeout(withinMs);
    // Whoever listens there is asked what it is; a node tells that to everybody.
    const answer = await askUrl(`${url}/health`, { signal }, false);
    const health = await readAnswer(url, answer);
    return isRecord(health) && typeof health['voting'] === 'boolean'
      ? { voting: health['voting'] }
      : undefined;
  } catch {
    return undefined;
  }
}

const noLeaseNode = 'does not respond as a lease node';

/** Of a node of a cluster, which knows no such path; it is sure what it is. */
export const clusterNode: NodeRefusal = {
  code: 'route_not_found',
  detail: 'This is a node of a cluster, not a lease node.',
};

interface Told {
  readonly body?: unknown;
  readonly problem?: string;
  readonly refusal?: NodeRefusal;
}

const refused = (refusal: NodeRefusal): Refusing => ({
  problem: `refuses: ${refusal.detail.replace(/\.$/, '')}`,
  refusal,
});

interface Refusing {
  readonly problem: string;
  readonly refusal: NodeRefusal;
}

async function ask(url: string, path: string, asking: Asking, body?: object): Promise<Told> {
  const { apiKey, at, withinMs } = asking;
  const signal = AbortSignal.timeout(withinMs);
  let answer: Response;
  try {
    answer = await askUrl((at.get(url) ?? url) + path, {
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      signal,
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
  } catch (error) {
    return { problem: `does not answer (${reasonOf(error, withinMs)})` };
  }
  try {
    const told: unknown = await readAnswer(url, answer);
    if (answer.ok) return { body: told };
    // Every lease node knows what is asked here.
    if (!isRefusal(told) || told.code === 'route_not_found')
      return await stranger(at.get(url) ?? url, signal);
    return refused(told);
  } catch {
    return { problem: noLeaseNode };
  }
}

async function stranger(url: string, signal: AbortSignal): Promise<Told> {
  const { answer, failure } = await readStatus(url, signal, false);
  const isOfCluster = answer !== undefined || failure.code === 'unauthorized';
  return isOfCluster ? refused(clusterNode) : { problem: noLeaseNode };
}

/**
 * `fetch` says only that it failed; why is in the cause.
 *
 * @param withinMs What it was given.
 */
export function reasonOf(error: unknown, withinMs: number = answerWithinMs): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `not within ${String(withinMs / 1000)} s`;
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}

function isRefusal(told: unknown): told is NodeRefusal {
  return isRecord(told) && typeof told['detail'] === 'string' && isErrorCode(told['code']);
}

const numbersOfStatus = [
  'remaining_ms',
  'max_token',
  'waiters',
  'epoch',
  'file_id',
  'waits_ms',
] as const;

function isStatus(told: unknown): told is QuorumStatusAnswer {
  return (
    isRecord(told) &&
    typeof told['voting'] === 'boolean' &&
    typeof told['held'] === 'boolean' &&
    typeof told['fresh'] === 'boolean' &&
    typeof told['set'] === 'string' &&
    (told['client_id'] === null || typeof told['client_id'] === 'string') &&
    numbersOfStatus.every((field) => typeof told[field] === 'number')
  );
}
