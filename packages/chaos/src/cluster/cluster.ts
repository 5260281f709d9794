/** Real nodes behind proxies, each with what a fault needs at hand: a small disk, a clock to jump with. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { callerFrom } from './callers.ts';
import { freePorts } from './free-ports.ts';
import { NodeProcess } from './node-process.ts';
import { ProxyLinks, PeerProxy } from './proxy.ts';
import { ClusterSecurity } from './security.ts';
import { WallClocks } from './wall-clocks.ts';

const clusterId = 'chaos';

const snapshotLogBytes = 128 * 1024;

interface Prepared {
  readonly nodeId: string;
  readonly httpPort: number;
  readonly peerPort: number;
  /** Settings of TLS and authentication. */
  readonly secured: Readonly<Record<string, string>>;
}

export class ChaosCluster {
  readonly links: ProxyLinks = new ProxyLinks();
  readonly folder: string;
  readonly clocks: WallClocks;
  readonly #nodes = new Map<string, NodeProcess>();
  readonly #proxies = new Map<string, PeerProxy>();
  readonly #addresses = new Map<string, string>();
  #initialMembers: readonly string[] = [];
  #nextNode = 1;

  readonly #environment: Readonly<Record<string, string>>;
  /** Undefined: it has neither TLS nor keys. */
  readonly security: ClusterSecurity | undefined;

  private constructor(
    folder: string,
    environment: Readonly<Record<string, string>>,
    security: ClusterSecurity | undefined,
  ) {
    this.folder = folder;
    this.#environment = environment;
    this.security = security;
    this.clocks = new WallClocks(folder);
  }

  /**
   * @param environment More of it for every node.
   * @param isSecured With TLS on all ports, and authentication.
   */
  static async start(
    folder: string,
    size: number,
    environment: Readonly<Record<string, string>> = {},
    isSecured = false,
  ): Promise<ChaosCluster> {
    const security = isSecured ? await ClusterSecurity.make(folder) : undefined;
    const cluster = new ChaosCluster(folder, environment, security);
    const prepared = [];
    for (let count = 0; count < size; count++) prepared.push(await cluster.#prepare());
    cluster.#initialMembers = prepared.map(({ nodeId }) => nodeId);
    const nodes = prepared.map((one) => cluster.#make(one, false));
    try {
      await Promise.all(nodes.map((node) => node.start()));
      await security?.enable(cluster.urls);
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  get nodes(): readonly NodeProcess[] {
    return [...this.#nodes.values()];
  }

  get urls(): readonly string[] {
    return this.nodes.map((node) => node.url);
  }

  node(nodeId: string): NodeProcess {
    const node = this.#nodes.get(nodeId);
    if (node === undefined) throw new Error(`There is no node "${nodeId}".`);
    return node;
  }

  folderOf(nodeId: string): string {
    return join(this.folder, nodeId);
  }

  /** A node with an empty folder and a new name, to be added to the members. */
  async addNewcomer(): Promise<{ readonly node: NodeProcess; readonly address: string }> {
    const prepared = await this.#prepare();
    const node = this.#make(prepared, true);
    await node.start();
    return { node, address: this.#addresses.get(prepared.nodeId) ?? '' };
  }

  forget(nodeId: string): void {
    this.#nodes.delete(nodeId);
    this.#proxies.get(nodeId)?.close();
    this.clocks.forget(nodeId);
  }

  async close(): Promise<void> {
    this.links.mendAll();
    await Promise.all(this.nodes.map((node) => node.end('SIGKILL')));
    for (const proxy of this.#proxies.values()) proxy.close();
    this.security?.close();
  }

  /** Whose connection it is that came from this port. */
  readonly #callerFrom = (port: number): string | undefined =>
    callerFrom(
      port,
      this.nodes.flatMap(({ nodeId, pid }) => (pid === undefined ? [] : [[nodeId, pid] as const])),
    );

  async #prepare(): Promise<Prepared> {
    const nodeId = `node-${String(this.#nextNode++)}`;
    const [httpPort = 0, peerPort = 0] = await freePorts(2);
    const caller = this.security === undefined ? undefined : this.#callerFrom;
    const proxy = new PeerProxy(nodeId, peerPort, this.links, caller);
    this.#proxies.set(nodeId, proxy);
    this.#addresses.set(nodeId, `127.0.0.1:${String(await proxy.listen())}`);
    mkdirSync(this.folderOf(nodeId), { recursive: true });
    const secured = (await this.security?.environmentOf(nodeId)) ?? {};
    return { nodeId, httpPort, peerPort, secured };
  }

  #make({ nodeId, httpPort, peerPort, secured }: Prepared, joins: boolean): NodeProcess {
    const peers = (joins ? [...this.#nodes.keys()] : this.#initialMembers).filter(
      (id) => id !== nodeId,
    );
    const node = new NodeProcess({
      nodeId,
      httpPort,
      folder: this.folderOf(nodeId),
      command: ['server'],
      environment: {
        HOLDFAST_CLUSTER_NODE_ID: nodeId,
        HOLDFAST_HTTP_PORT: String(httpPort),
        HOLDFAST_GRPC_ENABLED: 'false', // Its default port is one for all nodes of a machine.
        HOLDFAST_STORAGE_FOLDER: join(this.folderOf(nodeId), 'data'),
        // Snapshots and transfers of them every few seconds; and a full disk is met soon, though the log has its room.
        HOLDFAST_STORAGE_SNAPSHOT_LOG_BYTES: String(snapshotLogBytes),
        HOLDFAST_CLUSTER_CLUSTER_ID: clusterId,
        HOLDFAST_CLUSTER_LISTEN: `127.0.0.1:${String(peerPort)}`,
        HOLDFAST_CLUSTER_ADVERTISE: this.#addresses.get(nodeId) ?? '',
        HOLDFAST_CLUSTER_PEERS: peers
          .map((id) => `${id}=${this.#addresses.get(id) ?? ''}`)
          .join(','),
        ...(joins ? { HOLDFAST_CLUSTER_JOIN: 'true' } : {}),
        ...this.clocks.environmentOf(nodeId),
        ...secured,
        ...this.#environment,
      },
      ...(this.security === undefined ? {} : { ask: this.security.ask }),
    });
    this.#nodes.set(nodeId, node);
    return node;
  }
}
