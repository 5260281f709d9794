/**
 * Which node is asked: the leader where one is known, since it answers without a hop, else one after the other.
 *
 * ROUTE-4: a leader that this client cannot reach, or that was left, is not gone to at a node's word until there is
 *     another one, or some time has passed, twice as long each time: any node passes requests on.
 * ROUTE-8: every known node is tried before one is tried twice, also while another one answers that leads to nowhere.
 * ROUTE-7: an address that a node tells is used only when it is one. What else it tells is told on, once. A client that was
 *     told `https://` alone goes to no other: what it sends is for nobody on the way.
 */
import { quoted, readToldEndpoint } from '@holdfast/protocol';
import type { ClusterPush, Endpoint } from '@holdfast/protocol';
import type { ClientWarning } from './client-warning.ts';
import { OneCluster } from './one-cluster.ts';

const firstAvoidedMs = 5000;
const longestAvoidedMs = 60_000;
/** Bad addresses that are remembered as told. */
const maxWarned = 100;

const isSecure = ({ url }: Endpoint): boolean => url.startsWith('https:');

export class NodeRoute {
  readonly #given: readonly Endpoint[];
  readonly #onWarning: (warning: ClientWarning) => void;
  readonly #onlySecure: boolean;
  readonly #warned = new Set<string>();
  readonly #own: OneCluster;
  #cluster: ClusterPush | undefined;
  /** By node id, as the latest push told them. */
  #members: ReadonlyMap<string, Endpoint> = new Map();
  #lastUrl = '';
  #tries = 0;
  #avoided: { readonly url: string; readonly untilMs: number; readonly forMs: number } | undefined;

  constructor(given: readonly Endpoint[], onWarning: (warning: ClientWarning) => void) {
    this.#given = given;
    this.#onWarning = onWarning;
    this.#onlySecure = given.every(isSecure);
    this.#own = new OneCluster(onWarning);
  }

  /** As a node told last. */
  get cluster(): ClusterPush | undefined {
    return this.#cluster;
  }

  /** Nodes that were tried in vain, one after the other. */
  get failures(): number {
    return Math.max(0, this.#tries - 1);
  }

  /**
   * Chooses the next node.
   *
   * @param busy The urls of those that are being tried.
   * @returns undefined when all are.
   */
  next(nowMs: number, busy: ReadonlySet<string>): Endpoint | undefined {
    const leader = this.#tries === 0 ? this.#leaderToAsk(nowMs) : undefined;
    const chosen = leader !== undefined && !busy.has(leader.url) ? leader : this.#afterLast(busy);
    if (chosen === undefined) return undefined;
    this.#lastUrl = chosen.url;
    this.#tries += 1;
    return chosen;
  }

  /** Without a known leader: the one after the node that was tried last. */
  #afterLast(busy: ReadonlySet<string>): Endpoint | undefined {
    const known = [
      ...new Map([...this.#members.values(), ...this.#given].map((one) => [one.url, one])).values(),
    ];
    const from = known.findIndex(({ url }) => url === this.#lastUrl) + 1;
    return [...known.slice(from), ...known.slice(0, from)].find(
      (one) => !busy.has(one.url) && !this.#own.isForeign(one),
    );
  }

  /** The leader, where it is another node than the one that is asked and may be gone to (ROUTE-4). */
  better(nowMs: number, asked: Endpoint, told: ClusterPush | undefined): Endpoint | undefined {
    if (told === undefined || told.leader === null || told.leader === told.node_id)
      return undefined;
    const leader = this.#leaderToAsk(nowMs);
    return leader?.url === asked.url ? undefined : leader;
  }

  #leaderToAsk(nowMs: number): Endpoint | undefined {
    const leader = this.#members.get(this.#cluster?.leader ?? '');
    const isAvoided = leader?.url === this.#avoided?.url && nowMs < (this.#avoided?.untilMs ?? 0); // ROUTE-4
    if (leader === undefined || isAvoided || this.#own.isForeign(leader)) return undefined;
    return leader;
  }

  /** Whether the node there is of the client's cluster (REACH-8 of reach.ts). */
  admits(endpoint: Endpoint, told: ClusterPush): boolean {
    return this.#own.admits(endpoint, told);
  }

  /** A node answers. That says nothing of the others, which are still tried in turn (ROUTE-8). */
  answered({ url }: Endpoint): void {
    this.#tries = 0;
    if (this.#avoided?.url === url) this.#avoided = undefined;
  }

  /** It could not be reached, or was left (ROUTE-4). */
  avoid({ url }: Endpoint, nowMs: number): void {
    const leader = this.#members.get(this.#cluster?.leader ?? '');
    if (leader?.url !== url) return;
    const beforeMs = this.#avoided?.url === url ? this.#avoided.forMs : 0;
    const forMs = Math.min(longestAvoidedMs, Math.max(firstAvoidedMs, 2 * beforeMs));
    this.#avoided = { url, untilMs: nowMs + forMs, forMs };
  }

  /** What the node that is asked tells of the cluster. */
  learn(cluster: ClusterPush): void {
    this.#cluster = cluster;
    const members = new Map<string, Endpoint>();
    for (const { node_id: nodeId, url } of cluster.members) {
      if (url === '') continue;
      const read = readToldEndpoint(url);
      if (!read.ok)
        this.#warn(nodeId, url, read.problem); // ROUTE-7
      else if (this.#onlySecure && !isSecure(read.endpoint))
        this.#warn(nodeId, url, 'is without TLS, and this client was told https:// alone');
      else members.set(nodeId, read.endpoint);
    }
    this.#members = members;
    const leader = members.get(cluster.leader ?? '');
    if (leader !== undefined && leader.url !== this.#avoided?.url) this.#avoided = undefined;
  }

  #warn(nodeId: string, address: string, problem: string): void {
    const key = `${nodeId} ${address}`;
    if (this.#warned.has(key) || this.#warned.size >= maxWarned) return;
    this.#warned.add(key);
    this.#onWarning({
      kind: 'address_refused',
      nodeId,
      address,
      message: `Member "${nodeId}" is not contacted directly: its address, ${quoted(address)}, ${problem}. Correct its --http-advertise.`,
    });
  }
}
