/** One node: engine and api, put together and taken down in the right order. */
import { startApi } from '@holdfast/api';
import { createRaftEngine } from '@holdfast/engine';
import type { Engine } from '@holdfast/engine';
import type { Logger } from 'pino';
import type { Configuration } from './configuration/load.ts';
import { version } from './version.ts';

export interface RunningNode {
  readonly url: string;
  readonly nodeId: string;
  readonly engine: Engine;
  /** Hands leadership over while clients are still served, then stops. */
  close(): Promise<void>;
}

export interface NodeOptions {
  readonly log: Logger;
  /** Called once when the node must not go on (failed disk, broken invariant). */
  readonly onFatal: (error: Error) => void;
  /** Tests only: every commit of the log takes this much longer. */
  readonly writeDelayMs?: number;
}

/** @throws Error with what to do when the folder, the addresses or the peers do not fit. */
export async function startNode(
  configuration: Configuration,
  options: NodeOptions,
): Promise<RunningNode> {
  const { nodeId, peers, peerListen, peerAdvertise } = configuration;
  const { log } = options;
  const clientUrl =
    configuration.httpAdvertise ||
    `http://${configuration.httpHost}:${String(configuration.httpPort)}`;
  const engine = await createRaftEngine({
    clusterId: configuration.clusterId,
    nodeId,
    folder: configuration.folder,
    peerListen,
    peerAdvertise,
    initialMembers: configuration.join ? peers : [{ id: nodeId, address: peerAdvertise }, ...peers],
    join: configuration.join,
    clientUrl,
    heartbeatMs: configuration.heartbeatMs,
    electionTimeoutMinMs: configuration.electionTimeoutMinMs,
    electionTimeoutMaxMs: configuration.electionTimeoutMaxMs,
    stateLimits: {
      maxSessions: configuration.maxSessions,
      maxHoldsPerSession: configuration.maxHoldsPerSession,
      maxWaitersPerResource: configuration.maxWaitersPerResource,
      maxResources: configuration.maxResources,
      maxResultsPerSession: configuration.maxResultsPerSession,
    },
    snapshotLogBytes: configuration.snapshotLogBytes,
    log,
    onFatal: options.onFatal,
    ...(options.writeDelayMs === undefined ? {} : { writeDelayMs: options.writeDelayMs }),
  });
  const api = await startApi({
    engine,
    host: configuration.httpHost,
    port: configuration.httpPort,
    nodeId,
    version,
    limits: {
      maxBodyBytes: configuration.maxBodyBytes,
      maxWaitSeconds: configuration.maxWaitSeconds,
      defaultSessionTimeoutSeconds: configuration.defaultTtlSeconds,
      maxSessionTimeoutSeconds: configuration.maxTtlSeconds,
      maxStreams: configuration.maxStreams,
    },
    log,
  });
  return {
    url: api.url,
    nodeId,
    engine,
    async close() {
      // Leadership goes first, while this node still passes calls on: clients see a short pause, no gap.
      const { leader, members } = engine.status();
      if (leader === nodeId && members.filter((member) => member.role === 'voter').length > 1) {
        await engine
          .transferLeadership(null)
          .catch((error: unknown) =>
            log.warn({ error: String(error) }, 'Leadership could not be handed over.'),
          );
      }
      await api.close();
      await engine.close();
    },
  };
}
