/** Questions to the nodes of a quorum, each for itself: nobody among them knows what the others say. */
import { randomUUID } from 'node:crypto';
import { errorDefinitions } from '@holdfast/protocol';
import type { ErrorCode, QuorumStatusAnswer } from '@holdfast/protocol';
import { isRecord } from '../ask-node.ts';

/** Longer than what a client gives a node: what is told here is told to people. */
export const answerWithinMs = 2000;

/** What one node says of a resource, or why it says nothing. */
export type NodeReport =
  | { readonly url: string; readonly answer: QuorumStatusAnswer }
  | {
      readonly url: string;
      readonly answer: undefined;
      readonly problem: string;
      /** Where it answered with a reason. */
      readonly refusal: Refusal | undefined;
    };

/** Why a node does not do what it is asked for, in its own words. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly detail: string;
}

/** What one node would say to a request for a vote. */
export interface VoteReport {
  readonly url: string;
  /** Why it would not vote, without a full stop; undefined: it would. */
  readonly problem: string | undefined;
  /** Where it answered with a reason. */
  readonly refusal: Refusal | undefined;
}

/** What can be asked of all voters of a quorum, each for itself; one report a voter, in their order. */
export interface Questions {
  readonly count: number;
  status(resource: string): Promise<readonly NodeReport[]>;
  /** Whether each would vote, and why not. */
  votes(resource: string, ttlMs: number): Promise<readonly VoteReport[]>;
}

export function questionsToNodes(
  nodes: readonly string[],
  apiKey: string | undefined,
  epoch: number,
): Questions {
  return {
    count: nodes.length,
    status: (resource) => askStatus(nodes, resource, apiKey),
    votes: (resource, ttlMs) => askVotes(nodes, { resource, epoch, ttlMs }, apiKey),
  };
}

function askStatus(
  nodes: readonly string[],
  resource: string,
  apiKey: string | undefined,
): Promise<readonly NodeReport[]> {
  return Promise.all(
    nodes.map(async (url): Promise<NodeReport> => {
      const path = `/status/${encodeURIComponent(resource)}`;
      const { body, problem = noLeaseNode, refusal } = await ask(url, path, apiKey);
      if (isStatus(body)) return { url, answer: body };
      return { url, answer: undefined, problem, refusal };
    }),
  );
}

/**
 * Whether each node would vote, and why not. The renewal of a lease that nobody has passes every check
 * that an acquire does and changes nothing.
 */
function askVotes(
  nodes: readonly string[],
  lease: { readonly resource: string; readonly epoch: number; readonly ttlMs: number },
  apiKey: string | undefined,
): Promise<readonly VoteReport[]> {
  const { resource, epoch, ttlMs } = lease;
  return Promise.all(
    nodes.map(async (url) => {
      const body = { resource, epoch, ttl_ms: ttlMs, lease_id: randomUUID() };
      const { problem, refusal } = await ask(url, '/renew', apiKey, body);
      return { url, problem, refusal };
    }),
  );
}

/** Whether each node votes now. */
export function askHealth(nodes: readonly string[]): Promise<readonly boolean[]> {
  return Promise.all(
    nodes.map(async (url) => (await ask(url, '/health', undefined)).problem === undefined),
  );
}

const noLeaseNode = 'answers as no lease node does';

async function ask(
  url: string,
  path: string,
  apiKey: string | undefined,
  body?: object,
): Promise<{ readonly body?: unknown; readonly problem?: string; readonly refusal?: Refusal }> {
  let answer: Response;
  try {
    answer = await fetch(url + path, {
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      signal: AbortSignal.timeout(answerWithinMs),
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
  } catch (error) {
    return { problem: `does not answer (${reasonOf(error)})` };
  }
  try {
    const told: unknown = await answer.json();
    if (answer.ok) return { body: told };
    if (!isRefusal(told)) return { problem: noLeaseNode };
    return { problem: `refuses: ${told.detail.replace(/\.$/, '')}`, refusal: told };
  } catch {
    return { problem: noLeaseNode };
  }
}

/** `fetch` says only that it failed; why is in the cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `not within ${String(answerWithinMs / 1000)} s`;
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}

function isRefusal(told: unknown): told is Refusal {
  return (
    isRecord(told) &&
    typeof told['detail'] === 'string' &&
    typeof told['code'] === 'string' &&
    told['code'] in errorDefinitions
  );
}

function isStatus(told: unknown): told is QuorumStatusAnswer {
  return (
    isRecord(told) &&
    typeof told['voting'] === 'boolean' &&
    typeof told['held'] === 'boolean' &&
    (told['client_id'] === null || typeof told['client_id'] === 'string') &&
    ['remaining_ms', 'max_token', 'waiters'].every((field) => typeof told[field] === 'number')
  );
}
