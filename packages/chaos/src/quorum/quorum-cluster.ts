/**
 * Independent lease nodes and their clients, all of them processes. Whoever asks a node does so through a
 * proxy for this pair alone.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { QuorumSet } from '@holdfast/protocol';
import { freePorts } from '../cluster/free-ports.ts';
import { NodeProcess } from '../cluster/node-process.ts';
import { ProxyLinks, PeerProxy } from '../cluster/proxy.ts';
import { WallClocks } from '../cluster/wall-clocks.ts';
import { QuorumClient } from './quorum-client.ts';
import { QuorumSecurity } from './quorum-security.ts';
import { driftBufferMs, epoch, ttlMs } from './terms.ts';

const host = '127.0.0.1';
/** The first three begin; the others wait to be made members. */
const nodeIds: readonly string[] = ['node-1', 'node-2', 'node-3', 'node-4', 'node-5'];
const firstMembers = 3;

/** The way of one caller to one node. */
interface ToNode {
  readonly proxy: PeerProxy;
  readonly name: string;
  readonly url: string;
}

export interface QuorumClusterOptions {
  readonly folder: string;
  readonly clients: number;
  /** URL of what the locks are for. */
  readonly guarded: string;
  /** With TLS, certificates of clients, and a key. */
  readonly isSecured?: boolean;
}

/** What has to be made before there are nodes. */
interface Prepared {
  readonly links: ProxyLinks;
  readonly ports: readonly number[];
  readonly proxies: ReadonlyMap<string, readonly ToNode[]>;
  readonly security: QuorumSecurity | undefined;
  /** By the id of a node: its options of TLS. */
  readonly tlsOptions: ReadonlyMap<string, readonly string[]>;
  readonly nameOf: (port: number) => string;
}

export class QuorumCluster {
  readonly links: ProxyLinks = new ProxyLinks();
  readonly clocks: WallClocks;
  /** All, members or not. */
  readonly all: readonly NodeProcess[];
  readonly clients: readonly QuorumClient[];
  readonly #proxies: readonly PeerProxy[];
  /** What a client names. */
  set: QuorumSet;
  /** Undefined: they have neither TLS nor a key. */
  readonly security: QuorumSecurity | undefined;

  private constructor({ folder, clients, guarded }: QuorumClusterOptions, prepared: Prepared) {
    const { links, ports, proxies, security, tlsOptions, nameOf } = prepared;
    this.links = links;
    this.security = security;
    this.set = { epoch, members: ports.slice(0, firstMembers).map(nameOf).sort() };
    this.clocks = new WallClocks(folder);
    this.#proxies = [...proxies.values()].flat().map(({ proxy }) => proxy);
    const told = (): QuorumSet => this.set;
    const reachFor = (caller: string): string =>
      (proxies.get(caller) ?? []).map(({ name, url }) => `${name}=${url}`).join(',');
    this.all = nodeIds.map((nodeId, index) => {
      const httpPort = ports[index] ?? 0;
      const own = join(folder, nodeId);
      mkdirSync(join(own, 'data'), { recursive: true });
      const command = nodeCommand(httpPort, databaseOf(join(own, 'data')));
      return new NodeProcess({
        nodeId,
        folder: own,
        httpPort,
        // As its operator has corrected it by then.
        get command() {
          const { members, epoch: number } = told();
          const others = members.filter((name) => name !== nameOf(httpPort));
          const peers = ['--epoch', String(number), '--peers', others.join(',')];
          const isMember = others.length < members.length;
          const tls = tlsOptions.get(nodeId) ?? [];
          return [
            ...command,
            ...tls,
            '--reach',
            reachFor(nodeId),
            ...(isMember ? peers : ['--join']),
          ];
        },
        environment: { ...this.clocks.environmentOf(nodeId), ...security?.nodeEnvironment },
        ...(security === undefined ? {} : { ask: security.ask }),
      });
    });
    this.clients = clientNames(clients).map(
      (name, index) =>
        new QuorumClient(
          {
            name,
            folder,
            program: new URL('./quorum-client-entry', import.meta.url),
            environment: () => ({
              CHAOS_REACH: reachFor(name),
              CHAOS_GUARDED: guarded,
              CHAOS_TRANSPORT: index % 3 === 2 ? 'http' : 'stream',
              ...this.clocks.environmentOf(name),
              ...security?.clientEnvironment,
            }),
          },
          this.set,
        ),
    );
  }

  static async start(options: QuorumClusterOptions): Promise<QuorumCluster> {
    mkdirSync(options.folder, { recursive: true });
    const cluster = new QuorumCluster(options, await prepare(options));
    try {
      await Promise.all(cluster.all.map((node) => node.start()));
      await Promise.all(cluster.clients.map((client) => client.start()));
    } catch (error) {
      await Promise.all(cluster.clients.map((client) => client.kill()));
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  /** Of the nodes themselves, past all proxies. */
  get urls(): readonly string[] {
    return this.set.members;
  }

  /** The nodes that vote together by now: which changes (quorum-nemeses.ts). */
  get nodes(): readonly NodeProcess[] {
    return this.all.filter(({ url }) => this.set.members.includes(url));
  }

  /** Who asks this node. */
  callersOf(node: string): readonly string[] {
    return [
      ...this.all.map(({ nodeId }) => nodeId),
      ...this.clients.map(({ name }) => name),
    ].filter((name) => name !== node);
  }

  /** The clients have been stopped before. */
  async close(): Promise<void> {
    this.links.mendAll();
    await Promise.all(this.all.map((node) => node.end('SIGKILL')));
    for (const proxy of this.#proxies) proxy.close();
    this.security?.close();
  }
}

async function prepare({ folder, clients, isSecured }: QuorumClusterOptions): Promise<Prepared> {
  const links = new ProxyLinks();
  const ports = await freePorts(nodeIds.length);
  const security = isSecured === true ? await QuorumSecurity.make(folder) : undefined;
  const scheme = security === undefined ? 'http' : 'https';
  const nameOf = (port: number): string => `${scheme}://${host}:${String(port)}`;
  const proxies = new Map<string, readonly ToNode[]>();
  for (const caller of [...nodeIds, ...clientNames(clients)]) {
    const toNode = async (node: string): Promise<ToNode> => {
      const port = ports[nodeIds.indexOf(node)] ?? 0;
      const proxy = new PeerProxy(node, port, links, caller);
      return { proxy, name: nameOf(port), url: nameOf(await proxy.listen()) };
    };
    const others = nodeIds.filter((node) => node !== caller);
    proxies.set(caller, await Promise.all(others.map(toNode)));
  }
  const tlsOptions = new Map<string, readonly string[]>();
  if (security !== undefined)
    for (const nodeId of nodeIds) tlsOptions.set(nodeId, await security.optionsOf(nodeId));
  return { links, ports, proxies, security, tlsOptions, nameOf };
}

const clientNames = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `client-${String(index + 1)}`);

export const databaseOf = (dataFolder: string): string => join(dataFolder, 'leases.sqlite');

const nodeCommand = (port: number, database: string): readonly string[] => {
  const flags = { host, port, db: database, 'max-ttl': ttlMs / 1000 };
  const given = { ...flags, 'drift-buffer': driftBufferMs / 1000 };
  return [
    'quorum-node',
    ...Object.entries(given).flatMap(([flag, value]) => [`--${flag}`, String(value)]),
  ];
};
