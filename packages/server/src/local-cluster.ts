/** A cluster of real node processes on this machine, for development, the demonstration and tests. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatHostPort } from '@holdfast/protocol';
import { localSecurity } from './local-security.ts';
import type { LocalSecurity } from './local-security.ts';
import { lastResortMs, startOrStop } from './stopping.ts';
import { makeFolders, openPrivateFile, writePrivateFile } from '@holdfast/storage/files';

/** Peers listen this far above the HTTP port. */
const peerPortDistance = 2000;
/** And gRPC this far, or a little further where that is another node's port. */
const grpcPortDistance = 1000;
/** A node with a million locks reads its snapshot back for some ten seconds on a busy machine. */
const startTimeoutMs = 120_000;
/** Longer than a node takes that has to leave what hangs (STOP-1). */
const stopTimeoutMs = lastResortMs + 2500;
const statusTimeoutMs = 500;
const maxLogBytes = 16 * 1024 * 1024;

export interface LocalClusterOptions {
  /** HTTP ports, one a node: 1, 3, 5 or 7. */
  readonly ports: readonly number[];
  /** The address of this machine on which all nodes listen: one, not all of them. Default `127.0.0.1`. */
  readonly host?: string;
  /** Data, configuration and logs of all nodes. */
  readonly folder: string;
  /** TLS on all ports, with certificates that are made in `folder`/tls. */
  readonly tls?: boolean;
  /** More environment for the nodes, e.g. settings as `HOLDFAST_...`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Where the nodes' logs go: a file each (the default), or this process's stderr. */
  readonly logs?: 'files' | 'inherit';
  /** Ends a start that is under way: the nodes are stopped, and it is rejected. */
  readonly signal?: AbortSignal;
  /** The file that a node runs, asked at each of its starts: that of another release. Undefined: the one of this release. */
  readonly entryOf?: (nodeId: string) => string | undefined;
  /** Told each time a node's process has ended, with its signal or exit status. */
  readonly onNodeEnd?: (nodeId: string, how: string) => void;
}

export interface LocalNode {
  readonly nodeId: string;
  readonly url: string;
  /** `host:port` of gRPC. */
  readonly grpcAddress: string;
  readonly folder: string;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
}

export interface LocalCluster {
  readonly nodes: readonly LocalNode[];
  readonly urls: readonly string[];
  /** What clients need to be taken by a cluster with TLS; undefined without. */
  readonly security: LocalSecurity | undefined;
  /**
   * Resolves with the leader's node id once there is one.
   *
   * @param apiKey Where authentication is on: nodes tell nobody else who leads.
   * @throws Error after `timeoutMs` (10,000).
   */
  leader(timeoutMs?: number, apiKey?: string): Promise<string>;
  /** Sends a signal; for SIGKILL and SIGTERM resolves when the process is gone. */
  kill(nodeId: string, signal: NodeJS.Signals): Promise<void>;
  /** Starts a node that is not running. */
  restart(nodeId: string): Promise<void>;
  close(): Promise<void>;
}

interface Slot {
  readonly security: LocalSecurity | undefined;
  readonly nodeId: string;
  readonly host: string;
  readonly port: number;
  readonly grpcPort: number;
  readonly folder: string;
  child: ChildProcess | undefined;
}

/** @throws Error when a node does not start; the message holds the end of its log. */
export async function startLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  makeFolders(options.folder);
  const clusterId = readOrMakeClusterId(options.folder);
  const grpcPorts = grpcPortsBeside(options.ports);
  const { host = '127.0.0.1' } = options;
  const nodeIds = options.ports.map((_port, position) => `node-${String(position + 1)}`);
  const security =
    options.tls === true ? await localSecurity(options.folder, nodeIds, host) : undefined;
  const slots: Slot[] = options.ports.map((port, position) => ({
    security,
    nodeId: `node-${String(position + 1)}`,
    host,
    port,
    grpcPort: grpcPorts[position] ?? 0,
    folder: join(options.folder, `node-${String(position + 1)}`),
    child: undefined,
  }));
  const start = (slot: Slot): Promise<void> => startProcess(slot, slots, clusterId, options);
  const stopAll = async (): Promise<void> => {
    await Promise.all(slots.map((slot) => stopProcess(slot, 'SIGTERM')));
  };
  await startOrStop(() => Promise.all(slots.map(start)), stopAll, options.signal);
  const slotOf = (nodeId: string): Slot => {
    const slot = slots.find((candidate) => candidate.nodeId === nodeId);
    if (slot === undefined)
      throw new Error(
        `There is no node "${nodeId}"; there are ${slots.map((other) => other.nodeId).join(', ')}.`,
      );
    return slot;
  };
  return {
    get nodes() {
      return slots.map((slot) => ({
        nodeId: slot.nodeId,
        url: urlOf(slot),
        grpcAddress: formatHostPort(slot.host, slot.grpcPort),
        folder: slot.folder,
        pid: slot.child?.pid,
      }));
    },
    urls: slots.map(urlOf),
    security,
    leader: (timeoutMs = 10_000, apiKey?: string) => findLeader(slots, timeoutMs, apiKey),
    async kill(nodeId, signal) {
      const slot = slotOf(nodeId);
      if (signal === 'SIGKILL' || signal === 'SIGTERM') await stopProcess(slot, signal);
      else slot.child?.kill(signal);
    },
    async restart(nodeId) {
      const slot = slotOf(nodeId);
      if (slot.child !== undefined) throw new Error(`${nodeId} is running already.`);
      await start(slot);
    },
    close: stopAll,
  };
}

const urlOf = ({ host, port, security }: Slot): string =>
  `${security === undefined ? 'http' : 'https'}://${formatHostPort(host, port)}`;
const peerAddressOf = ({ host, port }: Slot): string =>
  formatHostPort(host, port + peerPortDistance);

/** One a node, in order, none of which is the HTTP or peer port of another one. */
export function grpcPortsBeside(ports: readonly number[]): readonly number[] {
  const taken = new Set(ports.flatMap((port) => [port, port + peerPortDistance]));
  return ports.map((port) => {
    let grpcPort = port + grpcPortDistance;
    while (taken.has(grpcPort)) grpcPort += 1;
    taken.add(grpcPort);
    return grpcPort;
  });
}

/** Nodes that were started with another folder are of another cluster and are refused. */
function readOrMakeClusterId(folder: string): string {
  const path = join(folder, 'cluster-id');
  if (existsSync(path)) return readFileSync(path, 'utf8').trim();
  const clusterId = `local-${randomUUID()}`;
  writePrivateFile(path, `${clusterId}\n`);
  return clusterId;
}

function startProcess(
  slot: Slot,
  slots: readonly Slot[],
  clusterId: string,
  options: LocalClusterOptions,
): Promise<void> {
  makeFolders(slot.folder);
  const entry = options.entryOf?.(slot.nodeId) ?? ownEntry();
  const logPath = join(slot.folder, 'node.log');
  const log = options.logs === 'inherit' ? 'inherit' : openLog(logPath);
  const child = spawn(process.execPath, ['--disable-sigusr1', ...sourceFlags(), entry], {
    // A process group of its own: Ctrl-C reaches the parent, which stops its nodes in order.
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env: {
      ...process.env,
      HOLDFAST_CLUSTER_CLUSTER_ID: clusterId,
      HOLDFAST_CLUSTER_NODE_ID: slot.nodeId,
      HOLDFAST_CLUSTER_LISTEN: peerAddressOf(slot),
      HOLDFAST_CLUSTER_PEERS: slots
        .filter((other) => other !== slot)
        .map((other) => `${other.nodeId}=${peerAddressOf(other)}`)
        .join(','),
      HOLDFAST_HTTP_HOST: slot.host,
      HOLDFAST_HTTP_PORT: String(slot.port),
      HOLDFAST_GRPC_HOST: slot.host,
      HOLDFAST_GRPC_PORT: String(slot.grpcPort),
      HOLDFAST_STORAGE_FOLDER: join(slot.folder, 'data'),
      HOLDFAST_STOP_WITH_PARENT: '1',
      ...slot.security?.environmentOf(slot.nodeId),
      ...options.environment,
    },
  });
  if (typeof log === 'number') closeSync(log);
  slot.child = child;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      finish(
        new Error(
          `${slot.nodeId} did not start in ${String(startTimeoutMs)} ms. ${logEnd(logPath)}`,
        ),
      );
      child.kill('SIGKILL');
    }, startTimeoutMs);
    const finish = (error?: Error): void => {
      clearTimeout(timer);
      if (error === undefined) resolve();
      else reject(error);
    };
    child.once('message', () => finish());
    child.once('error', finish);
    child.once('exit', (code, signal) => {
      if (slot.child === child) slot.child = undefined;
      const how = signal ?? `status ${String(code)}`;
      options.onNodeEnd?.(slot.nodeId, how);
      finish(new Error(`${slot.nodeId} ended (${how}). ${logEnd(logPath)}`));
    });
  });
}

function ownEntry(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`./node-entry.${extension}`, import.meta.url));
}

/** One older file is kept, so that logs do not grow for ever. */
function openLog(path: string): number {
  if (existsSync(path) && statSync(path).size > maxLogBytes) renameSync(path, `${path}.1`);
  return openPrivateFile(path, 'a');
}

/** Children run like this process does: from the sources where it does, without its debugger and profiler. */
function sourceFlags(): string[] {
  return process.execArgv.filter(
    (flag) => flag.startsWith('--conditions') || flag.startsWith('--no-warnings'),
  );
}

const logEnd = (path: string): string =>
  existsSync(path) ? `The end of ${path}:\n${readFileSync(path, 'utf8').slice(-2000)}` : '';

function stopProcess(slot: Slot, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const { child } = slot;
  if (child === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill(signal);
  });
}

async function askOf(slot: Slot, path: string, apiKey: string | undefined): Promise<unknown> {
  const url = `${urlOf(slot)}${path}`;
  if (slot.security !== undefined) return slot.security.ask(url, statusTimeoutMs, apiKey);
  const headers = new Headers(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` });
  return (await fetch(url, { headers, signal: AbortSignal.timeout(statusTimeoutMs) })).json();
}

async function findLeader(
  slots: readonly Slot[],
  timeoutMs: number,
  apiKey: string | undefined,
): Promise<string> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    for (const slot of slots) {
      if (slot.child === undefined) continue;
      try {
        const status = (await askOf(slot, '/cluster/status', apiKey)) as {
          readonly node_id?: string;
          readonly leader?: string | null;
          readonly role?: string;
          readonly is_ready?: boolean;
        };
        if (status.role === 'leader' && status.is_ready === true) return slot.nodeId;
      } catch {
        // Not up, or stopped: ask the next one.
      }
    }
    if (performance.now() >= deadlineMs)
      throw new Error(
        `No leader was found in ${String(timeoutMs)} ms. The nodes' logs tell why. Where authentication is on, set HOLDFAST_API_KEY to a key that may read the cluster's status.`,
      );
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
