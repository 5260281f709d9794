/** Puts one node's parts together, whatever clock, disk and network they stand on. */
import { decodeMembership } from '@holdfast/raft';
import type { Member, MemberId, Membership, Recovered } from '@holdfast/raft';
import type { Opened } from '@holdfast/storage';
import { nodeIdentity } from '@holdfast/state';
import type { Applied } from '@holdfast/state';
import type { Batch } from './batch.ts';
import { maxAppendBytes, maxEntryBytes, snapshotChunkBytes } from './bounds.ts';
import { failureAnswer } from './calls.ts';
import type { Clock } from './clock.ts';
import { stopDiverged } from './consistency-check.ts';
import { Interrupted } from './interrupted.ts';
import { MembershipView } from './membership-view.ts';
import { Removal, removedAt } from './removal.ts';
import { PayloadAsks } from './payloads/payload-asks.ts';
import { Payloads } from './payloads/payloads.ts';
import { RaftEngine } from './raft-engine.ts';
import { Replica } from './replica.ts';
import { Timings } from './timings.ts';
import type { Transport, TransportHandlers } from './transport/types.ts';
import type { Engine, RaftEngineOptions } from './types.ts';

const ticksPerHeartbeat = 10;
const mebibyte = 1024 * 1024;
/** A follower that took nothing of a snapshot for so long gets another one when it comes back. */
const maxTransferIdleMs = 30_000;

/** Without a leader for so many election timeouts, a node follows one that its log does not name (VIEW-3). */
const silentTimeouts = 4;

export interface SmallerBounds {
  /** Entries kept behind a snapshot. */
  readonly keptEntries?: number;
  readonly maxAppendBytes?: number;
  readonly maxBatchBytes?: number;
  readonly snapshotChunkBytes?: number;
  readonly maxEntriesPerTurn?: number;
}

export interface EngineParts {
  readonly options: Omit<RaftEngineOptions, 'folder' | 'peerListen' | 'writeDelayMs'>;
  /** Whether other nodes can reach this one. */
  readonly reachable: boolean;
  readonly clock: Clock;
  /** At least 0, less than 1. */
  readonly random: () => number;
  readonly opened: Opened;
  readonly makeTransport: (handlers: TransportHandlers) => Transport;
  /** Smaller bounds than those of `bounds.ts`, for tests. */
  readonly bounds?: SmallerBounds;
  /** This node's state is wrong: its folder is not to be used again (DIGEST-5). Called before `onFatal`. */
  readonly onDiverged?: (error: Error) => void;
  /** Told of each applied entry, after everything else. */
  readonly onApplied?: (index: number, batch: Batch, applied: Applied) => void;
}

export interface AssembledEngine {
  readonly engine: Engine;
  readonly replica: Replica;
  /** Begins to take part in the cluster. */
  readonly start: () => void;
}

/** The membership of a folder that has no snapshot yet is the one it was first started with. */
function initialRecovered({ join, initialMembers }: EngineParts['options']): Recovered {
  const members: Member[] = join
    ? []
    : initialMembers.map(({ id, address }) => ({ id: id as MemberId, address, role: 'voter' }));
  members.sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    hardState: { term: 0, votedFor: null, commit: 0 },
    snapshot: { index: 0, term: 0, membership: { members }, hash: '', byteLength: 0 },
    entries: [],
  };
}

/** Those that a folder has, in the order of the log. */
const membershipsOf = ({ snapshot, entries }: Recovered): readonly Membership[] => [
  snapshot.membership,
  ...entries.filter(({ kind }) => kind === 'membership').map(({ data }) => decodeMembership(data)),
];

export async function assembleEngine(parts: EngineParts): Promise<AssembledEngine> {
  const { options, opened, clock, bounds = {} } = parts;
  const nodeId = options.nodeId as MemberId;
  const initial = initialRecovered(options);
  const found = opened.recovered ?? initial;
  const recovered: Recovered =
    found.snapshot.index === 0 ? { ...found, snapshot: initial.snapshot } : found;

  const timings = new Timings();
  opened.storage.onWritten((durationMs) => timings.took('durable_write', durationMs));
  const engine = new RaftEngine({
    nodeId,
    clusterId: options.clusterId,
    clock,
    log: options.log,
    storageStats: () => ({
      ...opened.storage.stats,
      ...replica.room.statistics,
      payloads: payloads.statistics,
    }),
    timings,
    closeStorage: () => opened.storage.close(),
    stateLimits: options.stateLimits,
    reachable: parts.reachable,
    isRemoved: () => removal.isKnown,
    tracing: options.tracing,
    onDiverged: (error) => {
      stopDiverged(error, parts.onDiverged, options);
    },
    ...(bounds.maxBatchBytes === undefined ? {} : { maxBatchBytes: bounds.maxBatchBytes }),
  });
  const toldOf = options.join ? options.initialMembers.map(({ id }) => id) : [];
  const view = new MembershipView({
    clock,
    toldOf,
    initialMembers: options.initialMembers.map(({ id }) => id),
    longestSilenceMs: silentTimeouts * options.electionTimeoutMaxMs,
    wasNamed: membershipsOf(recovered).some(({ members }) =>
      members.some(({ id }) => id === nodeId),
    ),
  });
  const removal = new Removal({
    log: options.log,
    status: () => replica.status(),
    wasNamed: () => view.wasNamed(),
  });
  const transport = parts.makeTransport({
    knowledge: view,
    removedAt: (peer) => removedAt(replica.status(), peer),
    onRemovalNotice: (from, index) => removal.onNotice(from, index),
    levels: () => replica.levels(),
    onMessages: (from, messages) => replica.receive(from, messages),
    onCall: (from, request, signal) =>
      view.isKnownMember(from)
        ? engine.onCall(from, request, signal)
        : Promise.resolve(failureAnswer(notKnown(nodeId, from))),
    onUnreachable: (peer) => {
      replica.unreachable(peer);
      engine.onUnreachable(peer);
    },
    onMustStop: (error) => {
      replica.stop();
      options.onFatal(error);
    },
    onClientUrl: (peer, url) => engine.onClientUrl(peer, url),
  });
  let snapshotMembers: readonly Member[] = [];
  let loggedMembership: Membership | undefined;
  const payloads = new Payloads({
    store: opened.storage.payloads,
    clock,
    log: options.log,
    asks: new PayloadAsks({
      clock,
      transport: () => transport,
      others: () => othersOf(replica, toldOf, snapshotMembers),
      leader: () => leaderOf(replica),
    }),
    random: parts.random,
    state: () => replica.state,
    isLeader: () => replica.status().role === 'leader',
    // They are reached before the own log names them (PAYLOAD-7); once it does, its members are set again.
    onMembers: (members) => {
      snapshotMembers = members;
      transport.setPeers(withOthers(replica.status().membership.members, members));
    },
    lose: (name, ids) =>
      engine.submit({ type: 'queue_lose', name, ids }, { identity: nodeIdentity }),
  });
  const tickMs = Math.max(5, Math.round(options.heartbeatMs / ticksPerHeartbeat));
  const ticks = (durationMs: number): number => Math.max(1, Math.round(durationMs / tickMs));
  const replica = await Replica.open({
    config: {
      id: nodeId,
      heartbeatTicks: ticks(options.heartbeatMs),
      electionTicksMin: ticks(options.electionTimeoutMinMs),
      electionTicksMax: ticks(options.electionTimeoutMaxMs),
      random: parts.random,
      maxEntryBytes,
      maxAppendBytes: bounds.maxAppendBytes ?? maxAppendBytes,
      maxInflightBytes: 8 * mebibyte,
      maxInflightMessages: 64,
      snapshotChunkBytes: bounds.snapshotChunkBytes ?? snapshotChunkBytes,
      maxSnapshotInflightBytes: 4 * (bounds.snapshotChunkBytes ?? snapshotChunkBytes),
      maxTransferIdleTicks: ticks(maxTransferIdleMs),
      maxKeptBytes: 256 * mebibyte,
      maxUncommittedBytes: 64 * mebibyte,
      maxWriteTicks: ticks(2 * options.electionTimeoutMaxMs),
      canBeElected: () => !removal.cannotBeElected, // REMOVED-3
    },
    recovered,
    storage: opened.storage,
    payloads,
    clock,
    heartbeatMs: options.heartbeatMs,
    tickMs,
    snapshotLogBytes: options.snapshotLogBytes,
    ...(bounds.keptEntries === undefined ? {} : { keptEntries: bounds.keptEntries }),
    ...(options.supportedFeatureLevel === undefined
      ? {}
      : { supportedFeatureLevel: options.supportedFeatureLevel }),
    ...(bounds.maxEntriesPerTurn === undefined
      ? {}
      : { maxEntriesPerTurn: bounds.maxEntriesPerTurn }),
    log: options.log,
    auditSink: options.openAuditSink?.(),
    timings,
    hooks: {
      onApplied: (index, batch, applied) => {
        engine.onApplied(index, batch, applied);
        parts.onApplied?.(index, batch, applied);
      },
      onRestored: (index) => engine.onRestored(index),
      onStateKnown: (index, stateHash) => engine.onStateKnown(index, stateHash),
      onStatus: (status) => {
        if (status.membership !== loggedMembership) snapshotMembers = [];
        loggedMembership = status.membership;
        view.update(status);
        removal.onStatus(status); // REMOVED-6
        engine.onRaftStatus(status);
      },
      onTick: () => engine.onTick(),
      send: ({ to, message }) => transport.send(to, message),
      onFatal: options.onFatal,
    },
  });
  view.update(replica.status());
  engine.attach(replica, transport, options.clientUrl);
  const start = (): void => {
    const { members } = replica.status().membership;
    // A joining node answers those it was told of until the log tells it the members.
    transport.setPeers(
      members.length > 0
        ? members
        : options.initialMembers.map(({ id, address }) => ({ id: id as MemberId, address })),
    );
    replica.start();
    payloads.begin();
  };
  return { engine, replica, start };
}

/** Those that may have a payload. The log of a node that joins may name nobody yet (VIEW-2). */
function othersOf(
  replica: Replica,
  toldOf: readonly string[],
  snapshotMembers: readonly Member[],
): readonly MemberId[] {
  const { id, leader, membership } = replica.status();
  const others = new Set(
    withOthers(membership.members, snapshotMembers).map((member) => member.id),
  );
  if (others.size === 0) for (const told of toldOf) others.add(told as MemberId);
  if (leader !== null) others.add(leader);
  others.delete(id);
  return [...others];
}

function leaderOf(replica: Replica): MemberId | undefined {
  const { id, leader } = replica.status();
  return leader === null || leader === id ? undefined : leader;
}

const withOthers = (members: readonly Member[], more: readonly Member[]): readonly Member[] => [
  ...members,
  ...more.filter(({ id }) => !members.some((member) => member.id === id)),
];

/** What is asked of this node by one that its log does not name is not begun. */
const notKnown = (nodeId: MemberId, from: MemberId): Interrupted =>
  new Interrupted(false, `node "${nodeId}" does not know "${from}" as a member`);
