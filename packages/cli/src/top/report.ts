/**
 * What `holdfast top` tells: stats of now, and rates between two readings. A pure function of the
 * readings; with `--json` it is printed as it is, so its fields are named as in the answers of the API.
 */
import type { LockMode, MemberAnswer } from '@holdfast/protocol';
import type { ListedLock } from './answers.ts';
import type { Reading } from './watch.ts';

const hottestKept = 50;
const queueKept = 10;

export interface Report {
  /** ISO 8601. */
  readonly at: string;
  readonly cluster_id: string | null;
  readonly leader: string | null;
  readonly term: number | null;
  /** Null while a node answers; else since when none does, and the stats are of then. */
  readonly no_contact_since: string | null;
  readonly nodes: readonly NodeReport[];
  readonly sessions: number | null;
  readonly locks_held: number | null;
  readonly waiters: number | null;
  /** Per second; null where two readings cannot be compared. */
  readonly rates: ReportedRates;
  /** By the length of their queue, then by name. */
  readonly hottest: readonly HotLock[];
  /** Locks that were compared. */
  readonly locks_read: number;
  /** False: there are more locks than were compared. */
  readonly locks_complete: boolean;
}

export interface NodeReport {
  readonly node_id: string;
  readonly role: 'leader' | 'voter' | 'learner';
  readonly url: string;
  /** Last log index that the node has applied; null while it does not answer. */
  readonly applied_index: number | null;
  /** Entries of the leader's log that the node is not known to have stored. */
  readonly behind: number | null;
  readonly no_contact_since: string | null;
}

export interface ReportedRates {
  readonly grants: number | null;
  readonly commands: number | null;
  readonly sessions_created: number | null;
  readonly sessions_expired: number | null;
  /** Mean, in ms, from a proposal to its application on the leader. */
  readonly commit_ms: number | null;
}

export interface HotLock {
  readonly resource: string;
  readonly mode: LockMode | null;
  readonly holders: readonly string[];
  readonly fence_token: number | null;
  /** Seconds since the first of its holders took it. */
  readonly held_seconds: number | null;
  readonly waiter_count: number;
  /** Client ids of the first in the queue. */
  readonly queue: readonly string[];
}

const noRates: ReportedRates = {
  grants: null,
  commands: null,
  sessions_created: null,
  sessions_expired: null,
  commit_ms: null,
};

/** @param earlier The report before, for what no node tells any more. */
export function makeReport(
  previous: Reading | undefined,
  current: Reading,
  earlier: Report | undefined,
): Report {
  const { at, cluster, stats, locks } = current;
  if (cluster === undefined) return withoutContact(current, earlier);
  const hottest = locks?.locks.toSorted(byHeat).slice(0, hottestKept) ?? [];
  return {
    at: isoOf(at.wallMs),
    cluster_id: cluster.cluster_id,
    leader: cluster.leader,
    term: cluster.term,
    no_contact_since: null,
    nodes: cluster.members.map((member) => nodeReport(member, current)),
    sessions: stats?.active_sessions ?? null,
    locks_held: stats?.total_locks ?? null,
    waiters: stats?.waiters ?? null,
    rates: previous === undefined ? noRates : ratesBetween(previous, current),
    hottest: hottest.map((lock) => hotLock(lock, at.wallMs)),
    locks_read: locks?.locks.length ?? 0,
    locks_complete: locks?.complete ?? true,
  };
}

function withoutContact({ at, lastHeard }: Reading, earlier: Report | undefined): Report {
  const sinceMs = [...lastHeard.values()]
    .map((instant) => instant.wallMs)
    .reduce((most, one) => Math.max(most, one), 0);
  const since = isoOf(sinceMs === 0 ? at.wallMs : sinceMs);
  const empty = {
    cluster_id: null,
    leader: null,
    term: null,
    nodes: [],
    sessions: null,
    locks_held: null,
    waiters: null,
    hottest: [],
    locks_read: 0,
    locks_complete: true,
  };
  const nodes = earlier?.nodes.map((node) => ({
    ...node,
    applied_index: null,
    behind: null,
    no_contact_since:
      node.no_contact_since ?? isoOf(lastHeard.get(node.node_id)?.wallMs ?? sinceMs),
  }));
  return {
    ...(earlier ?? empty),
    ...(nodes === undefined ? {} : { nodes }),
    at: isoOf(at.wallMs),
    no_contact_since: since,
    rates: noRates,
  };
}

function nodeReport(
  member: MemberAnswer,
  { cluster, answers, lastHeard, at }: Reading,
): NodeReport {
  const own = answers.get(member.node_id);
  const heardMs = lastHeard.get(member.node_id)?.wallMs ?? at.wallMs;
  const leads = member.node_id === cluster?.leader;
  const stored = leads ? cluster.last_index : member.match_index;
  return {
    node_id: member.node_id,
    role: leads ? 'leader' : member.role,
    url: member.url,
    applied_index: own?.applied_index ?? null,
    behind:
      cluster?.is_leader === true && stored !== null
        ? Math.max(0, cluster.last_index - stored)
        : null,
    no_contact_since: own === undefined ? isoOf(heardMs) : null,
  };
}

/** A counter that went back is of a node that lags behind, or that began anew: there is no rate then. */
function ratesBetween(previous: Reading, current: Reading): ReportedRates {
  const seconds = (current.at.monotonicMs - previous.at.monotonicMs) / 1000;
  const grown = (before: number | undefined, after: number | undefined): number | null =>
    before === undefined || after === undefined || after < before ? null : after - before;
  const perSecond = (before: number | undefined, after: number | undefined): number | null => {
    const more = grown(before, after);
    return more === null || seconds <= 0 ? null : more / seconds;
  };
  const after = current.counters;
  const before = previous.counters?.nodeId === after?.nodeId ? previous.counters : undefined;
  const commits = grown(before?.commits, after?.commits);
  const commitSeconds = grown(before?.commitSeconds, after?.commitSeconds);
  return {
    // Every grant has the next fence token.
    grants: perSecond(previous.stats?.fence_counter, current.stats?.fence_counter),
    commands: perSecond(before?.commands, after?.commands),
    sessions_created: perSecond(previous.stats?.total_session, current.stats?.total_session),
    sessions_expired: perSecond(previous.stats?.expired_sessions, current.stats?.expired_sessions),
    commit_ms:
      commits === null || commitSeconds === null || commits === 0
        ? null
        : (commitSeconds / commits) * 1000,
  };
}

function byHeat(a: ListedLock, b: ListedLock): number {
  if (a.waiter_count !== b.waiter_count) return b.waiter_count - a.waiter_count;
  return a.resource < b.resource ? -1 : 1;
}

function hotLock(lock: ListedLock, nowMs: number): HotLock {
  const since = lock.holders.map((holder) => holder.acquired_at);
  return {
    resource: lock.resource,
    mode: lock.mode,
    holders: lock.holders.map((holder) => holder.client_id),
    fence_token:
      lock.holders.length === 0
        ? null
        : lock.holders
            .map((holder) => holder.fence_token)
            .reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY),
    held_seconds:
      since.length === 0
        ? null
        : Math.max(
            0,
            nowMs / 1000 -
              since.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY),
          ),
    waiter_count: lock.waiter_count,
    queue: lock.waiters.slice(0, queueKept).map((waiter) => waiter.client_id),
  };
}

const isoOf = (wallMs: number): string => new Date(wallMs).toISOString();
