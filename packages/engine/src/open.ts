/** Puts one node's engine together: identity, storage, replica, peers. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Member, MemberId, Recovered } from '@holdfast/raft';
import { openStorage } from '@holdfast/storage';
import { systemClock } from './clock.ts';
import { claimFolder, KnownPeers } from './identity.ts';
import type { Identity } from './identity.ts';
import { RaftEngine } from './raft-engine.ts';
import { Replica } from './replica.ts';
import { TcpTransport } from './transport/tcp.ts';
import type { Engine, RaftEngineOptions } from './types.ts';

const ticksPerHeartbeat = 10;
const mebibyte = 1024 * 1024;

/** The membership of a folder that has no snapshot yet is the one it was first started with. */
function initialRecovered(identity: Identity): Recovered {
  const members: Member[] = identity.joined
    ? []
    : identity.initialMembers.map(({ id, address }) => ({
        id: id as MemberId,
        address,
        role: 'voter',
      }));
  members.sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    hardState: { term: 0, votedFor: null, commit: 0 },
    snapshot: { index: 0, term: 0, membership: { members }, chunkCount: 0 },
    entries: [],
  };
}

/**
 * Starts an engine on this project's own Raft. A one-node cluster is the same engine with one member.
 *
 * @throws Error when the folder belongs to another node or cluster, is damaged, is in use, or when
 *   the peer address cannot be bound. The message tells what to do.
 */
export async function createRaftEngine(options: RaftEngineOptions): Promise<Engine> {
  mkdirSync(options.folder, { recursive: true });
  const identity = claimFolder(options.folder, {
    clusterId: options.clusterId,
    nodeId: options.nodeId,
    initialMembers: options.initialMembers,
    joined: options.join,
  });
  const nodeId = options.nodeId as MemberId;
  const opened = await openStorage({
    folder: join(options.folder, 'log'),
    clusterId: options.clusterId,
    memberId: options.nodeId,
    onFailure: options.onFatal,
    ...(options.writeDelayMs === undefined ? {} : { writeDelayMs: options.writeDelayMs }),
  });
  for (const repair of opened.repairs) options.log.warn({}, repair);
  const initial = initialRecovered(identity);
  const found = opened.recovered ?? initial;
  const recovered: Recovered =
    found.snapshot.index === 0 ? { ...found, snapshot: initial.snapshot } : found;

  const engine = new RaftEngine({
    nodeId,
    clusterId: options.clusterId,
    clock: systemClock,
    log: options.log,
    storageFigures: () => opened.storage.figures,
    closeStorage: () => opened.storage.close(),
    stateLimits: options.stateLimits,
    reachable: options.peerListen !== null,
  });
  const transport = new TcpTransport({
    identity,
    knownPeers: new KnownPeers(options.folder),
    clientUrl: options.clientUrl,
    clock: systemClock,
    log: options.log,
    handlers: {
      onMessages: (from, messages) => replica.receive(from, messages),
      onCall: (_from, request, signal) => engine.onCall(request, signal),
      onUnreachable: (peer) => replica.unreachable(peer),
      onClientUrl: (peer, url) => engine.onClientUrl(peer, url),
    },
  });
  const tickMs = Math.max(5, Math.round(options.heartbeatMs / ticksPerHeartbeat));
  const ticks = (durationMs: number): number => Math.max(1, Math.round(durationMs / tickMs));
  const replica = await Replica.open({
    config: {
      id: nodeId,
      heartbeatTicks: ticks(options.heartbeatMs),
      electionTicksMin: ticks(options.electionTimeoutMinMs),
      electionTicksMax: ticks(options.electionTimeoutMaxMs),
      random: Math.random,
      maxAppendBytes: 1 * mebibyte,
      maxInflightBytes: 8 * mebibyte,
      maxInflightMessages: 64,
      maxUncommittedBytes: 64 * mebibyte,
      maxWriteTicks: ticks(2 * options.electionTimeoutMaxMs),
    },
    recovered,
    storage: opened.storage,
    clock: systemClock,
    heartbeatMs: options.heartbeatMs,
    tickMs,
    snapshotLogBytes: options.snapshotLogBytes,
    log: options.log,
    hooks: {
      onApplied: (index, batch, applied) => engine.onApplied(index, batch, applied),
      onStatus: (status) => engine.onRaftStatus(status),
      onTick: () => engine.onTick(),
      send: ({ to, message }) => transport.send(to, message),
      onFatal: options.onFatal,
    },
  });
  engine.attach(replica, transport, options.clientUrl);
  const { members } = replica.status().membership;
  if (options.peerListen !== null) await transport.listen(options.peerListen);
  // A joining node answers those it was told of until the log tells it the members.
  transport.setPeers(
    members.length > 0
      ? members
      : identity.initialMembers.map(({ id, address }) => ({ id: id as MemberId, address })),
  );
  replica.start();
  return engine;
}
