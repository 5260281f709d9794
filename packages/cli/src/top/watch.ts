/**
 * Asks the nodes of a cluster again and again, and knows since when one has not answered.
 *
 * Every round ends within `statusTimeoutMs` + `detailTimeoutMs`, whatever the nodes do: one that is
 * stopped keeps its connections open and never answers.
 *
 * TOP-KEY-1: the API key is shown to the nodes of --endpoint, and at the addresses that nodes of their cluster name; over
 *     no plain HTTP where one of --endpoint has TLS. What is of another cluster is not believed: anything that answers
 *     can name an address.
 */
import type { ClusterStatusAnswer, HoldfastError, StatsAnswer } from '@holdfast/protocol';
import { readStatus } from '../ask-node.ts';
import { readCounters, readLocks, readStats } from './answers.ts';
import type { LeaderCounters, LockReading } from './answers.ts';

const statusTimeoutMs = 500;
const detailTimeoutMs = 2000;

/** Both clocks: lengths are measured by the monotonic one, points in time are shown by the other. */
export interface Instant {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** What one round of asking has found. */
export interface Reading {
  readonly at: Instant;
  /** As seen by the leader, else by whoever answers; undefined when nobody does. */
  readonly cluster: ClusterStatusAnswer | undefined;
  /** Own answers of the nodes, by node id. */
  readonly answers: ReadonlyMap<string, ClusterStatusAnswer>;
  /** When each node was last heard of, or was first asked in vain. */
  readonly lastHeard: ReadonlyMap<string, Instant>;
  readonly stats: StatsAnswer | undefined;
  readonly counters: LeaderCounters | undefined;
  readonly locks: LockReading | undefined;
}

export class ClusterWatch {
  readonly #endpoints: readonly string[];
  readonly #now: () => Instant;
  /** Where each node has answered, else where it says that it is. */
  readonly #urls = new Map<string, string>();
  readonly #lastHeard = new Map<string, Instant>();
  #silent = true;
  /** Of the first of the given nodes that answers. */
  #clusterId: string | undefined;
  #failures: readonly HoldfastError[] = [];

  constructor(endpoints: readonly string[], now: () => Instant = systemNow) {
    this.#endpoints = endpoints;
    this.#now = now;
  }

  /** Why those that were asked in the latest round did not answer. */
  get failures(): readonly HoldfastError[] {
    return this.#failures;
  }

  /** One round. @param stop Ends it early. */
  async read(stop: AbortSignal): Promise<Reading> {
    const statusEnd = AbortSignal.any([stop, AbortSignal.timeout(statusTimeoutMs)]);
    const asked = new Set<string>();
    const answers = new Map<string, ClusterStatusAnswer>();
    this.#failures = [];
    // A second time, for members that the first answers tell of.
    for (let turn = 0; turn < 2; turn += 1) {
      const known = [...this.#urls.values(), ...(this.#silent ? this.#endpoints : [])];
      const urls = [...new Set(known)].filter((url) => !asked.has(url));
      for (const url of urls) asked.add(url);
      await this.#askAll(urls, answers, statusEnd);
      this.#learnMembers(answers);
    }
    const at = this.#now();
    for (const nodeId of this.#urls.keys()) {
      if (answers.has(nodeId) || !this.#lastHeard.has(nodeId)) this.#lastHeard.set(nodeId, at);
    }
    this.#silent = answers.size === 0;
    return {
      ...(await this.#readDetails(answers, stop)),
      at,
      answers,
      lastHeard: new Map(this.#lastHeard),
    };
  }

  async #readDetails(
    answers: ReadonlyMap<string, ClusterStatusAnswer>,
    stop: AbortSignal,
  ): Promise<Pick<Reading, 'cluster' | 'stats' | 'counters' | 'locks'>> {
    const cluster = mostTrusted([...answers.values()]);
    const url = cluster === undefined ? undefined : this.#urls.get(cluster.node_id);
    if (cluster === undefined || url === undefined)
      return { cluster, stats: undefined, counters: undefined, locks: undefined };
    const end = AbortSignal.any([stop, AbortSignal.timeout(detailTimeoutMs)]);
    const showsKey = this.#showsKey(url);
    const [stats, counters, locks] = await Promise.all([
      readStats(url, end, showsKey),
      readCounters(cluster.node_id, url, end, showsKey),
      readLocks(url, end, showsKey),
    ]);
    return { cluster, stats, counters, locks };
  }

  async #askAll(
    urls: readonly string[],
    answers: Map<string, ClusterStatusAnswer>,
    end: AbortSignal,
  ): Promise<void> {
    const heard = await Promise.all(
      urls.map(async (url) => ({ url, ...(await readStatus(url, end, this.#showsKey(url))) })),
    );
    const isGiven = ({ url }: { readonly url: string }): boolean => this.#endpoints.includes(url);
    const [first] = heard.filter(isGiven).flatMap(({ answer }) => answer ?? []);
    // Of a cluster that took the place of another one, at the same addresses.
    if (first !== undefined && this.#silent) this.#clusterId = first.cluster_id;
    this.#failures = [...this.#failures, ...heard.flatMap(({ failure }) => failure ?? [])];
    for (const { url, answer } of heard) {
      if (answer === undefined || answer.cluster_id !== this.#clusterId) continue; // TOP-KEY-1
      answers.set(answer.node_id, answer);
      this.#urls.set(answer.node_id, url);
    }
  }

  /** TOP-KEY-1: what is asked at all was given, or named by a node of the cluster. */
  #showsKey(url: string): boolean {
    return this.#endpoints.includes(url) || isSecure(url) || !this.#endpoints.some(isSecure);
  }

  #learnMembers(answers: ReadonlyMap<string, ClusterStatusAnswer>): void {
    const cluster = mostTrusted([...answers.values()]);
    if (cluster === undefined) return;
    const members = new Set(cluster.members.map((member) => member.node_id));
    for (const nodeId of this.#urls.keys()) {
      if (members.has(nodeId)) continue;
      this.#urls.delete(nodeId);
      this.#lastHeard.delete(nodeId);
    }
    for (const { node_id: nodeId, url } of cluster.members) {
      if (!this.#urls.has(nodeId) && url !== '') this.#urls.set(nodeId, url);
    }
  }
}

const isSecure = (url: string): boolean => url.toLowerCase().startsWith('https:');

/**
 * Who leads, by the highest term: one that was cut off may still believe it. Else who knows a leader; else the highest term. One that was
 * removed and still runs comes last: it knows the members of then.
 */
export function mostTrusted(
  answers: readonly ClusterStatusAnswer[],
): ClusterStatusAnswer | undefined {
  const rank = ({ is_leader, is_ready, removed }: ClusterStatusAnswer): number => {
    if (removed) return -1;
    return is_leader ? 2 : Number(is_ready);
  };
  return answers.toSorted((a, b) => rank(b) - rank(a) || b.term - a.term)[0];
}

function systemNow(): Instant {
  return { monotonicMs: performance.now(), wallMs: Date.now() };
}
