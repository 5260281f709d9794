/** Engines of a small cluster in this process: real disks, real sockets on loopback, one event loop. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostPortOf } from '@holdfast/protocol';
import { latestFeatureLevel } from '@holdfast/state';
import { createRaftEngine } from '../src/index.ts';
import type { Engine } from '../src/index.ts';
import type { EngineLog } from '../src/types.ts';

export const silentLog = { info: ignore, warn: ignore, error: ignore };
function ignore(): void {
  // Nothing to say.
}

export const stateLimits = {
  maxSessions: 10_000,
  maxHoldsPerSession: 10_000,
  maxWaitersPerResource: 1000,
  maxLocks: 100_000,
  maxSemaphores: 100_000,
  maxElections: 100_000,
  maxBarriers: 100_000,
  maxLatches: 100_000,
  maxCacheKeys: 10_000,
  maxQueues: 100,
  maxMessages: 200_000,
  maxMessagesPerQueue: 100_000,
  maxMessageBytes: 64 * 1024 * 1024,
  maxMessageBytesPerQueue: 32 * 1024 * 1024,
  maxDedupIds: 10_000,
  maxCacheBytes: 64 * 1024 * 1024,
  maxHoldsPerResource: 10_000,
  maxResultsPerSession: 1024,
  maxRememberedSessions: 100_000,
  maxRememberedBytes: 64 * 1024 * 1024,
  maxRememberedSessionsPerCaller: 100_000,
  maxRememberedBytesPerCaller: 64 * 1024 * 1024,
  maxSessionsPerCaller: 100_000,
  maxHoldsPerCaller: 1_000_000,
  maxWaitsPerCaller: 1_000_000,
  maxMetadataBytesPerCaller: 64 * 1024 * 1024,
  maxResultBytesPerCaller: 64 * 1024 * 1024,
  maxWaitsPerSession: 100_000,
  maxMetadataBytesPerSession: 16 * 1024 * 1024,
  maxResultBytesPerSession: 1024 * 1024,
  maxWorkPerEntry: 1000,
};

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer();
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export interface TestCluster {
  readonly engines: Map<string, Engine>;
  readonly folder: string;
  readonly ports: ReadonlyMap<string, number>;
  start(
    id: string,
    changes?: {
      clusterId?: string;
      folder?: string;
      join?: boolean;
      writeDelayMs?: number;
      snapshotLogBytes?: number;
      /** The ids that it is told of, if others than all. */
      initialIds?: readonly string[];
      log?: EngineLog;
      /** As of an older release. */
      supportedFeatureLevel?: number;
      /** Throws when absent. */
      onFatal?: (error: Error) => void;
    },
  ): Promise<Engine>;
  leader(): Promise<Engine>;
  close(): Promise<void>;
}

export async function startTestCluster(
  ids: readonly string[],
  options: {
    readonly extraIds?: readonly string[];
    readonly snapshotLogBytes?: number;
    /** Longer where more work than messages shares the event loop; 100 when absent. */
    readonly heartbeatMs?: number;
    readonly limitsOf?: (id: string) => Partial<typeof stateLimits>;
    readonly supportedFeatureLevel?: number;
  } = {},
): Promise<TestCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-engine-'));
  const { heartbeatMs = 100 } = options;
  const allIds = [...ids, ...(options.extraIds ?? [])];
  const ports = await freePorts(allIds.length);
  const addresses = new Map(
    allIds.map((id, position) => [id, `127.0.0.1:${String(ports[position])}`]),
  );
  const engines = new Map<string, Engine>();
  const initialMembers = ids.map((id) => ({ id, address: addresses.get(id) ?? '' }));
  const cluster: TestCluster = {
    engines,
    folder,
    ports: new Map(allIds.map((id, position) => [id, ports[position] ?? 0])),
    async start(id, changes = {}) {
      const address = addresses.get(id) ?? '';
      const engine = await createRaftEngine({
        clusterId: changes.clusterId ?? 'test',
        nodeId: id,
        folder: changes.folder ?? join(folder, id),
        peerListen: hostPortOf(address) ?? assert.fail(address),
        peerAdvertise: address,
        initialMembers:
          changes.initialIds === undefined
            ? initialMembers
            : changes.initialIds.map((other) => ({
                id: other,
                address: addresses.get(other) ?? '',
              })),
        join: changes.join ?? false,
        clientUrl: `http://${id}.test`,
        heartbeatMs,
        electionTimeoutMinMs: 3 * heartbeatMs,
        electionTimeoutMaxMs: 6 * heartbeatMs,
        stateLimits: { ...stateLimits, ...options.limitsOf?.(id) },
        snapshotLogBytes: changes.snapshotLogBytes ?? options.snapshotLogBytes ?? 64 * 1024 * 1024,
        log: changes.log ?? (process.env['ENGINE_LOG'] === undefined ? silentLog : consoleLog(id)),
        onFatal:
          changes.onFatal ??
          ((error) => {
            throw error;
          }),
        supportedFeatureLevel:
          changes.supportedFeatureLevel ?? options.supportedFeatureLevel ?? latestFeatureLevel,
        ...(changes.writeDelayMs === undefined ? {} : { writeDelayMs: changes.writeDelayMs }),
      });
      engines.set(id, engine);
      return engine;
    },
    leader: () => leaderOf([...engines.values()]),
    async close() {
      await Promise.all([...engines.values()].map((engine) => engine.close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await Promise.all(ids.map((id) => cluster.start(id)));
  return cluster;
}

function consoleLog(id: string): typeof silentLog {
  const say = (fields: object, message: string): void =>
    console.error(id, message, JSON.stringify(fields));
  return { info: say as () => void, warn: say as () => void, error: say as () => void };
}

/** Resolves when `predicate` holds for some status of one of the engines; told by events, not by polling. */
export function statusReached(
  engines: readonly Engine[],
  predicate: (engine: Engine) => boolean,
  timeoutMs = 10_000,
): Promise<Engine> {
  return new Promise((resolve, reject) => {
    const unsubscribes: (() => void)[] = [];
    const finish = (act: () => void): void => {
      clearTimeout(timer);
      for (const unsubscribe of unsubscribes) unsubscribe();
      act();
    };
    const timer = setTimeout(
      () => finish(() => reject(new Error('the status was not reached in time'))),
      timeoutMs,
    );
    const look = (): void => {
      const found = engines.find(predicate);
      if (found !== undefined) finish(() => resolve(found));
    };
    for (const engine of engines) unsubscribes.push(engine.onStatus(look));
    look();
  });
}

export const leaderOf = (engines: readonly Engine[]): Promise<Engine> =>
  statusReached(engines, (engine) => {
    const status = engine.status();
    return status.ready && status.leader === status.nodeId;
  });
