/**
 * The cluster that a client belongs to: the first whose node it has met, for as long as the client lives
 * (REACH-8 of reach.ts). Its sessions, holds and fencing tokens are of that cluster, and mean nothing in another one.
 */
import { quoted } from '@holdfast/protocol';
import type { ClusterPush, Endpoint } from '@holdfast/protocol';
import type { ClientWarning } from './client-warning.ts';

/** Addresses that are remembered as those of other clusters. */
const maxForeign = 1000;

export class OneCluster {
  readonly #onWarning: (warning: ClientWarning) => void;
  #id: string | undefined;
  /** Urls; the oldest first. */
  readonly #foreign = new Set<string>();

  constructor(onWarning: (warning: ClientWarning) => void) {
    this.#onWarning = onWarning;
  }

  /** Whether the node there, which tells this, is asked anything. */
  admits({ url }: Endpoint, { cluster_id: told, node_id: nodeId }: ClusterPush): boolean {
    this.#id ??= told;
    if (told === this.#id) return true;
    this.#remember(url);
    this.#onWarning({
      kind: 'other_cluster',
      nodeId,
      address: url,
      clusterId: this.#id,
      otherClusterId: told,
      message: `${url} is not used: node ${quoted(nodeId)} of cluster ${quoted(told)} answers there, and this client is one of cluster ${quoted(this.#id)}. Correct the endpoints, or the --http-advertise of the member whose address that is.`,
    });
    return false;
  }

  isForeign({ url }: Endpoint): boolean {
    return this.#foreign.has(url);
  }

  #remember(url: string): void {
    const [oldest] = this.#foreign;
    if (oldest !== undefined && this.#foreign.size >= maxForeign) this.#foreign.delete(oldest);
    this.#foreign.add(url);
  }
}
