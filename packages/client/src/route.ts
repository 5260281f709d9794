/**
 * Which node is asked: the leader where one is known, since it answers without a hop, else one after the other.
 *
 * F4: a leader that this client cannot reach is not tried again at a node's word until there is another:
 *     any node passes requests on.
 */
import type { ClusterPush } from '@holdfast/protocol';

export class Route {
  readonly #endpoints: readonly string[];
  #cluster: ClusterPush | undefined;
  #url = '';
  #attempt = 0;
  /** A leader's url that no connection could be made to (F4). */
  #unreachableLeader = '';
  /** The leader's url for which another node was left. */
  #preferred = '';

  constructor(endpoints: readonly string[]) {
    this.#endpoints = endpoints;
  }

  /** As a node told last. */
  get cluster(): ClusterPush | undefined {
    return this.#cluster;
  }

  /** Of the node that is asked now. */
  get url(): string {
    return this.#url;
  }

  /** Nodes that were tried in vain, one after the other. */
  get failures(): number {
    return Math.max(0, this.#attempt - 1);
  }

  /** Chooses the next node. */
  next(): string {
    const members = this.#cluster?.members ?? [];
    const leader = urlOf(this.#cluster, this.#cluster?.leader);
    const known = [...new Set([...members.map(({ url }) => url), ...this.#endpoints])].filter(
      (url) => url !== '',
    );
    // Without a known leader: the one after the node that was tried last.
    this.#url =
      this.#attempt === 0 && leader !== ''
        ? leader
        : (known[(known.indexOf(this.#url) + 1) % known.length] ?? '');
    this.#attempt += 1;
    return this.#url;
  }

  /** There is a connection to it. */
  reached(): void {
    if (this.#url === this.#unreachableLeader) this.#unreachableLeader = '';
  }

  /** It serves. */
  answered(): void {
    this.#attempt = 0;
  }

  /** @param wasReached Whether there had been a connection. */
  lost(wasReached: boolean): void {
    if (!wasReached && this.#url === this.#preferred) this.#unreachableLeader = this.#url; // F4
    // The node that is gone is not the one to ask first.
    if (this.#cluster?.members.some((member) => member.url === this.#url) === true)
      this.#cluster = { ...this.#cluster, leader: null };
  }

  /** What a node tells of the cluster. @returns whether its leader is to be asked instead: see `goTo`. */
  learn(cluster: ClusterPush): boolean {
    const before = this.#cluster?.leader;
    this.#cluster = cluster;
    const { leader } = cluster;
    if (leader === null || leader === cluster.node_id || leader === before) return false;
    const url = urlOf(cluster, leader);
    if (url === '' || url === this.#url) return false;
    if (url === this.#unreachableLeader) return false; // F4
    this.#unreachableLeader = '';
    this.#preferred = url;
    return true;
  }

  /** The node before has been left for the leader of this cluster. */
  goTo(cluster: ClusterPush): void {
    this.#cluster = cluster;
    this.#attempt = 0;
  }
}

const urlOf = (cluster: ClusterPush | undefined, nodeId: string | null | undefined): string =>
  cluster?.members.find((member) => member.node_id === nodeId)?.url ?? '';
