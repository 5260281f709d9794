/** The answers of nodes that `holdfast top` reads, as far as it needs them. */
import type { LockMode, StatsAnswer } from '@holdfast/protocol';
import { askMetrics, askNode, isRecord } from '../ask-node.ts';

/** Locks are listed in the order of their names, so the hottest are known only when all were read. */
const maxPages = 10;
const locksOnAPage = 1000;

/** What is shown of a lock; its status tells more. */
export interface ListedLock {
  readonly resource: string;
  readonly mode: LockMode | null;
  readonly holders: readonly {
    readonly client_id: string;
    readonly fence_token: number;
    readonly acquired_at: number;
  }[];
  readonly waiters: readonly { readonly client_id: string }[];
  readonly waiter_count: number;
}

interface LockPage {
  readonly locks: readonly ListedLock[];
  readonly next_after: string | null;
}

export interface LockReading {
  readonly locks: readonly ListedLock[];
  /** All there are; else only the first of them were read. */
  readonly complete: boolean;
}

/** Counters of the node that leads; they begin anew with its process. */
export interface LeaderCounters {
  readonly nodeId: string;
  readonly commands: number;
  readonly commits: number;
  readonly commitSeconds: number;
}

/** As applied on the asked node: a proof of leadership each second would be work for the cluster. */
export async function readStats(
  url: string,
  signal: AbortSignal,
  showsKey: boolean,
): Promise<StatsAnswer | undefined> {
  const path = '/admin/stats?consistency=stale';
  return (await askNode(url, path, isStats, signal, showsKey)).answer;
}

/** Undefined when a page was not answered. */
export async function readLocks(
  url: string,
  signal: AbortSignal,
  showsKey: boolean,
): Promise<LockReading | undefined> {
  const locks: ListedLock[] = [];
  let after = '';
  for (let page = 0; page < maxPages; page += 1) {
    const path = `/locks?consistency=stale&limit=${String(locksOnAPage)}${after}`;
    const { answer } = await askNode(url, path, isLocks, signal, showsKey);
    if (answer === undefined) return undefined;
    for (const one of answer.locks) locks.push(one);
    if (answer.next_after === null) return { locks, complete: true };
    after = `&after=${encodeURIComponent(answer.next_after)}`;
  }
  return { locks, complete: false };
}

export async function readCounters(
  nodeId: string,
  url: string,
  signal: AbortSignal,
  showsKey: boolean,
): Promise<LeaderCounters | undefined> {
  const text = await askMetrics(url, signal, showsKey);
  if (text === undefined) return undefined;
  const commands = metricOf(text, 'holdfast_proposed_commands_total');
  const commits = metricOf(text, 'consensus_commit_latency_seconds_count');
  const commitSeconds = metricOf(text, 'consensus_commit_latency_seconds_sum');
  return commands === undefined || commits === undefined || commitSeconds === undefined
    ? undefined
    : { nodeId, commands, commits, commitSeconds };
}

/** A metric without labels in the text format of Prometheus. */
export function metricOf(text: string, name: string): number | undefined {
  for (const line of text.split('\n')) {
    if (!line.startsWith(`${name} `)) continue;
    const value = Number(line.slice(name.length + 1).split(' ')[0]);
    return Number.isFinite(value) ? value : undefined;
  }
  return undefined;
}

function isStats(answer: unknown): answer is StatsAnswer {
  return (
    isRecord(answer) &&
    [
      'active_sessions',
      'expired_sessions',
      'fence_counter',
      'total_locks',
      'total_session',
      'waiters',
    ].every((field) => typeof answer[field] === 'number')
  );
}

function isLocks(answer: unknown): answer is LockPage {
  return (
    isRecord(answer) &&
    (answer['next_after'] === null || typeof answer['next_after'] === 'string') &&
    Array.isArray(answer['locks']) &&
    answer['locks'].every(isLock)
  );
}

function isLock(lock: unknown): boolean {
  return (
    isRecord(lock) &&
    typeof lock['resource'] === 'string' &&
    typeof lock['waiter_count'] === 'number' &&
    (lock['mode'] === null || lock['mode'] === 'exclusive' || lock['mode'] === 'shared') &&
    Array.isArray(lock['holders']) &&
    lock['holders'].every(
      (holder) =>
        isRecord(holder) &&
        typeof holder['client_id'] === 'string' &&
        typeof holder['fence_token'] === 'number' &&
        typeof holder['acquired_at'] === 'number',
    ) &&
    Array.isArray(lock['waiters']) &&
    lock['waiters'].every((waiter) => isRecord(waiter) && typeof waiter['client_id'] === 'string')
  );
}
