/**
 * Independent lease nodes and their clients, all of them processes. Whoever asks a node does so through a
 * proxy for this pair alone.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../cluster/free-ports.ts';
import { NodeProcess } from '../cluster/node-process.ts';
import { Links, PeerProxy } from '../cluster/proxy.ts';
import { WallClocks } from '../cluster/wall-clocks.ts';
import { QuorumClient } from './quorum-client.ts';
import { driftBufferMs, epoch, ttlMs } from './terms.ts';

const host = '127.0.0.1';
const nodeIds: readonly string[] = ['node-1', 'node-2', 'node-3'];

export interface QuorumClusterOptions {
  readonly folder: string;
  readonly clients: number;
  /** Whether nodes are told of each other; else the first client tells them. */
  readonly nodesKnow: boolean;
  /** URL of what the locks are for. */
  readonly guarded: string;
}

export class QuorumCluster {
  readonly links: Links = new Links();
  readonly clocks: WallClocks;
  readonly nodes: readonly NodeProcess[];
  readonly clients: readonly QuorumClient[];
  readonly #proxies: readonly PeerProxy[];

  private constructor(
    { folder, clients, nodesKnow, guarded }: QuorumClusterOptions,
    links: Links,
    ports: readonly number[],
    proxies: ReadonlyMap<string, readonly { readonly proxy: PeerProxy; readonly url: string }[]>,
  ) {
    this.links = links;
    this.clocks = new WallClocks(folder);
    this.#proxies = [...proxies.values()].flat().map(({ proxy }) => proxy);
    const urlsFor = (caller: string): string =>
      (proxies.get(caller) ?? []).map(({ url }) => url).join(',');
    this.nodes = nodeIds.map((nodeId, index) => {
      const httpPort = ports[index] ?? 0;
      const own = join(folder, nodeId);
      mkdirSync(join(own, 'data'), { recursive: true });
      const command = nodeCommand(httpPort, databaseOf(join(own, 'data')));
      return new NodeProcess({
        nodeId,
        folder: own,
        httpPort,
        command: nodesKnow ? [...command, '--peers', urlsFor(nodeId)] : command,
        environment: this.clocks.environmentOf(nodeId),
      });
    });
    this.clients = clientNames(clients).map(
      (name, index) =>
        new QuorumClient({
          name,
          folder,
          program: new URL('./quorum-client-entry', import.meta.url),
          environment: {
            CHAOS_URLS: urlsFor(name),
            CHAOS_GUARDED: guarded,
            CHAOS_TRANSPORT: index % 3 === 2 ? 'http' : 'stream',
            ...this.clocks.environmentOf(name),
          },
        }),
    );
  }

  static async start(options: QuorumClusterOptions): Promise<QuorumCluster> {
    mkdirSync(options.folder, { recursive: true });
    const links = new Links();
    const ports = await freePorts(nodeIds.length);
    const proxies = new Map<string, { proxy: PeerProxy; url: string }[]>();
    for (const caller of [...nodeIds, ...clientNames(options.clients)]) {
      const own = nodeIds.flatMap((node, index) =>
        node === caller ? [] : [new PeerProxy(node, ports[index] ?? 0, links, caller)],
      );
      const urlOf = async (proxy: PeerProxy): Promise<string> =>
        `http://${host}:${String(await proxy.listen())}`;
      proxies.set(
        caller,
        await Promise.all(own.map(async (proxy) => ({ proxy, url: await urlOf(proxy) }))),
      );
    }
    const cluster = new QuorumCluster(options, links, ports, proxies);
    try {
      await Promise.all(cluster.nodes.map((node) => node.start()));
    } catch (error) {
      await cluster.close();
      throw error;
    }
    for (const client of cluster.clients) client.start();
    return cluster;
  }

  /** Of the nodes themselves, past all proxies. */
  get urls(): readonly string[] {
    return this.nodes.map(({ url }) => url);
  }

  /** Who asks this node. */
  callersOf(node: string): readonly string[] {
    return [
      ...this.nodes.map(({ nodeId }) => nodeId),
      ...this.clients.map(({ name }) => name),
    ].filter((name) => name !== node);
  }

  /** The clients have been stopped before. */
  async close(): Promise<void> {
    this.links.mendAll();
    await Promise.all(this.nodes.map((node) => node.end('SIGKILL')));
    for (const proxy of this.#proxies) proxy.close();
  }
}

const clientNames = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `client-${String(index + 1)}`);

export const databaseOf = (dataFolder: string): string => join(dataFolder, 'leases.sqlite');

const nodeCommand = (port: number, database: string): readonly string[] => {
  const flags = { host, port, db: database, epoch, 'max-ttl': ttlMs / 1000 };
  const given = { ...flags, 'drift-buffer': driftBufferMs / 1000 };
  return [
    'quorum-node',
    ...Object.entries(given).flatMap(([flag, value]) => [`--${flag}`, String(value)]),
  ];
};
