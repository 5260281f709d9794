/** Real nodes behind proxies, each with what a fault needs at hand: a small disk, a clock to jump with. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from './free-ports.ts';
import { NodeProcess } from './node-process.ts';
import { Links, PeerProxy } from './proxy.ts';
import { WallClocks } from './wall-clocks.ts';

const clusterId = 'chaos';

const snapshotLogBytes = 128 * 1024;

export class ChaosCluster {
  readonly links: Links = new Links();
  readonly folder: string;
  readonly clocks: WallClocks;
  readonly #nodes = new Map<string, NodeProcess>();
  readonly #proxies = new Map<string, PeerProxy>();
  readonly #addresses = new Map<string, string>();
  #initialMembers: readonly string[] = [];
  #nextNode = 1;

  readonly #environment: Readonly<Record<string, string>>;

  private constructor(folder: string, environment: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.#environment = environment;
    this.clocks = new WallClocks(folder);
  }

  /** @param environment More of it for every node. */
  static async start(
    folder: string,
    size: number,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<ChaosCluster> {
    const cluster = new ChaosCluster(folder, environment);
    const prepared = [];
    for (let count = 0; count < size; count++) prepared.push(await cluster.#prepare());
    cluster.#initialMembers = prepared.map(({ nodeId }) => nodeId);
    const nodes = prepared.map((one) => cluster.#make(one, false));
    try {
      await Promise.all(nodes.map((node) => node.start()));
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
  }

  async #prepare(): Promise<{ nodeId: string; httpPort: number; peerPort: number }> {
    const nodeId = `node-${String(this.#nextNode++)}`;
    const [httpPort = 0, peerPort = 0] = await freePorts(2);
    const proxy = new PeerProxy(nodeId, peerPort, this.links);
    this.#proxies.set(nodeId, proxy);
    this.#addresses.set(nodeId, `127.0.0.1:${String(await proxy.listen())}`);
    mkdirSync(this.folderOf(nodeId), { recursive: true });
    return { nodeId, httpPort, peerPort };
  }

  #make(
    {
      nodeId,
      httpPort,
      peerPort,
    }: { readonly nodeId: string; readonly httpPort: number; readonly peerPort: number },
    joins: boolean,
  ): NodeProcess {
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
        ...this.#environment,
      },
    });
    this.#nodes.set(nodeId, node);
    return node;
  }
}
