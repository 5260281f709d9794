/** One lease node: its file, its HTTP, and, where its file was lost, the way back to voting. */
import type { AddressInfo } from 'node:net';
import { basename, dirname } from 'node:path';
import { formatHostPort, hostOnThisMachine } from '@holdfast/protocol';
import { openToOthers } from '@holdfast/storage';
import { createApplication } from './http/application.ts';
import { OtherNode } from './http/other-node.ts';
import { LeaseHost } from './node/host.ts';
import type { HostClock } from './node/host.ts';
import { LeaseNode } from './node/lease-node.ts';
import type { LeaseRow } from './node/lease-node.ts';
import { Recovery } from './node/recovery.ts';
import { Rejoin } from './node/rejoin.ts';
import { openStore } from './store/sqlite-store.ts';
import type { SqliteLeaseStore } from './store/sqlite-store.ts';

export interface LeaseNodeOptions {
  /** SQLite file. */
  readonly file: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /**
   * `http://host:port` of the other nodes, whom this one asks when it has no file. Empty: the first
   * client tells.
   */
  readonly peers: readonly string[];
  /** The number of the configuration, the same on all nodes and clients. Default 1. */
  readonly epoch?: number;
  /** Longest ttl that is granted, in ms. Default 60,000. */
  readonly longestTtlMs?: number;
  /** The largest drift buffer of any client, in ms. Default 1000. */
  readonly driftBufferMs?: number;
  readonly apiKey?: string;
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly log: LeaseNodeLog;
}

export interface LeaseNodeLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface RunningLeaseNode {
  /** Where clients on this machine reach it. */
  readonly url: string;
  /** Whether it votes now. */
  isVoting(): boolean;
  close(): Promise<void>;
}

const maxRows = 1_000_000;
const maxTombstones = 100_000;

const clock: HostClock = {
  now: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  endOfTurn(callback) {
    setImmediate(callback);
  },
};

/**
 * Starts a lease node.
 *
 * @throws Error where the file is in use or of another configuration, and where the address cannot be bound.
 */
export async function startLeaseNode(options: LeaseNodeOptions): Promise<RunningLeaseNode> {
  const { file, epoch = 1, longestTtlMs = 60_000, driftBufferMs = 1000, log } = options;
  const { store, restored, hasVoted, fileId, founders, ...stored } = openStore(
    file,
    epoch,
    (putAside, why) => {
      log.warn({ putAside, why }, 'The file is damaged: it is put aside and counts as lost.');
    },
  );
  const wide = openToOthers(dirname(file), [basename(file)]);
  if (wide.length > 0)
    log.warn(
      { file },
      `Other users of this machine can use ${file}: whoever knows the id of a lease can act for its client. Close it with: chmod go-rwx ${file} ${file}-wal`,
    );
  const startedAtMs = clock.now();
  const longestLeaseMs = markLongestLease(store, stored.longestLeaseMs, options, restored.rows);
  // Where it has not voted with this file it has granted nothing.
  const isRaised = hasVoted && stored.longestLeaseMs > 0 && stored.longestLeaseMs < longestLeaseMs;
  const recovery = hasVoted
    ? undefined
    : new Recovery({
        startedAtMs,
        longestTtlMs,
        driftBufferMs,
        fileId,
        founders,
      });
  const host = new LeaseHost({
    node: new LeaseNode({ maxRows, maxTombstones }, restored, startedAtMs),
    store,
    clock,
    epoch,
    longestTtlMs,
    longestLeaseMs,
    ...(isRaised
      ? {
          raised: {
            fromTtlMs: stored.longestLeaseMs - driftBufferMs,
            atMs: startedAtMs + longestLeaseMs,
          },
        }
      : {}),
    recovery,
    fileId,
    founders,
    fresh: !hasVoted,
    onSaveFailed: (error) =>
      log.error({ err: error }, 'Nothing can be written: no lease is granted meanwhile.'),
  });
  const rejoin =
    recovery === undefined ? undefined : rejoining({ ...options, epoch }, host, recovery);
  const app = createApplication({
    host,
    rejoin,
    apiKey: options.apiKey,
    tls: options.tls,
    onError: (err) => log.error({ err }, 'A request met an error of this node.'),
  });
  let url: string;
  try {
    await app.listen({ host: options.host, port: options.port });
    const { port } = app.server.address() as AddressInfo;
    const scheme = options.tls === undefined ? 'http' : 'https';
    url = `${scheme}://${formatHostPort(hostOnThisMachine(options.host), port)}`;
  } catch (error) {
    rejoin?.stop();
    host.close();
    store.close();
    throw error;
  }
  return {
    url,
    isVoting: () => host.voting,
    async close() {
      rejoin?.stop();
      host.close();
      await app.close();
      store.close();
    },
  };
}

/** TTL-1 of host.ts. An older file does not tell what was in force; what stands in it was granted. */
function markLongestLease(
  store: SqliteLeaseStore,
  storedMs: number,
  { longestTtlMs = 60_000, driftBufferMs = 1000 }: LeaseNodeOptions,
  rows: readonly LeaseRow[],
): number {
  let longestMs = Math.max(storedMs, Math.ceil(longestTtlMs + driftBufferMs));
  if (storedMs === 0)
    for (const { lease } of rows)
      longestMs = Math.max(longestMs, Math.ceil((lease?.ttlMs ?? 0) + driftBufferMs));
  if (longestMs > storedMs) store.markLongestLease(longestMs);
  return longestMs;
}

function rejoining(
  { peers, apiKey, log, epoch }: LeaseNodeOptions & { readonly epoch: number },
  host: LeaseHost,
  recovery: Recovery,
): Rejoin {
  log.warn(
    { peers },
    peers.length === 0
      ? 'The file is new or lost: this node votes when the first client has told it who the others are, and it has asked them.'
      : 'The file is new or lost: this node votes when it has asked the others.',
  );
  let told = '';
  return new Rejoin({
    host,
    recovery,
    clock,
    epoch,
    ask: (peer, after) => new OtherNode(peer, apiKey).tokens(after),
    propose: (peer, founders) => new OtherNode(peer, apiKey).begin(epoch, founders),
    peers,
    onKnown: (others) => log.info({ others }, 'Who the other nodes are.'),
    onVoting: () => log.info({}, 'This node votes.'),
    onError(peer, error) {
      // Once each time the state of things changes, not four times a second.
      const line = `${peer}: ${error instanceof Error ? error.message : String(error)}`;
      if (line !== told) log.warn({ peer, err: error }, 'It could not be asked yet.');
      told = line;
    },
  });
}
