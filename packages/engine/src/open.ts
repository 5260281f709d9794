/** Starts one node's engine on a folder and a socket. */
import { join } from 'node:path';
import { holdsFormerLog, lockFolder, openStorage } from '@holdfast/storage';
import type { Opened } from '@holdfast/storage';
import { delayed, fileDisk } from '@holdfast/storage/parts';
import { assembleEngine } from './assemble.ts';
import { systemClock } from './clock.ts';
import {
  claimFolder,
  markDiverged,
  recordLog,
  refuseDiverged,
  warningOfOthers,
  withOwnRun,
} from './identity.ts';
import type { Identity } from './identity.ts';
import { KnownPeers } from './known-peers.ts';
import { makePeerFiles } from './peer-files.ts';
import { PeerAddresses } from './peer-addresses.ts';
import { PeerRuns } from './peer-runs.ts';
import { refuseUnfinished } from './restore/unfinished.ts';
import { TcpTransport } from './transport/tcp.ts';
import type { Engine, RaftEngineOptions } from './types.ts';

/**
 * Starts an engine on this project's own Raft. A one-node cluster is the same engine with one member.
 *
 * @throws Error when the folder belongs to another node or cluster, is damaged, has lost its log, is in
 *   use, or when the peer address cannot be bound. The message tells what to do.
 */
export async function createRaftEngine(options: RaftEngineOptions): Promise<Engine> {
  const { identity, opened } = await openFolder(options);
  try {
    return await startOn(options, identity, opened);
  } catch (error) {
    // Whoever tries again, in this process too, must find the folder free.
    await closeBehind(error, opened.storage.close());
    throw error;
  }
}

async function startOn(
  options: RaftEngineOptions,
  identity: Identity,
  opened: Opened,
): Promise<Engine> {
  const { peerListen, clientUrl, folder, log, writeDelayMs = 0 } = options;
  const disk = writeDelayMs > 0 ? delayed(fileDisk, writeDelayMs) : fileDisk;
  let listen = (): Promise<void> => Promise.resolve();
  let close = listen;
  const { engine, start } = await assembleEngine({
    // What the folder was first started with counts.
    options: { ...options, join: identity.joined, initialMembers: identity.initialMembers },
    reachable: peerListen !== null,
    clock: systemClock,
    random: Math.random,
    opened,
    onDiverged: (error) => markDiverged(options.folder, error),
    makeTransport: (handlers) => {
      const knownPeers = new KnownPeers(folder, handlers.knowledge, disk);
      const addresses = new PeerAddresses({
        folder,
        disk,
        nodeId: identity.nodeId,
        knowledge: handlers.knowledge,
        configured: options.initialMembers,
        log,
      });
      const transport = new TcpTransport({
        sockets: options.peerSockets,
        identity,
        knownPeers,
        addresses,
        runs: new PeerRuns(folder, handlers.knowledge, disk),
        self: { clientUrl, address: options.peerAdvertise, runs: identity.log.runs ?? [] },
        clock: systemClock,
        log,
        handlers,
      });
      close = () => transport.close();
      if (peerListen !== null) listen = () => transport.listen(peerListen);
      return transport;
    },
  });
  try {
    await listen();
  } catch (error) {
    await closeBehind(error, close());
    throw error;
  }
  start();
  return engine;
}

/** What ended the start is what is told, not what comes of it when things are closed. */
async function closeBehind(error: unknown, closed: Promise<void>): Promise<void> {
  try {
    await closed;
  } catch (also) {
    if (error instanceof Error && error.cause === undefined) error.cause = also;
  }
}

interface OpenFolder {
  readonly identity: Identity;
  readonly opened: Opened;
}

/** Of a folder that no other process has, from before anything of it is read until the storage is closed (IDENTITY-4). */
async function openFolder(options: RaftEngineOptions): Promise<OpenFolder> {
  const unlock = await lockFolder(join(options.folder, 'log'));
  try {
    return await openLocked(options, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function openLocked(options: RaftEngineOptions, unlock: () => void): Promise<OpenFolder> {
  refuseDiverged(options.folder);
  refuseUnfinished(options.folder);
  let identity = claimFolder(options.folder, {
    clusterId: options.clusterId,
    nodeId: options.nodeId,
    initialMembers: options.initialMembers,
    joined: options.join,
  });
  identity = makePeerFiles(options.folder, identity); // IDENTITY-5
  const logFolder = join(options.folder, 'log');
  const isFormer = identity.formatVersion === 1;
  const opened = await openStorage({
    folder: logFolder,
    // A folder of the format before had a log: where there is none it is missing, not new.
    log: isFormer
      ? { id: identity.log.id, made: !(await holdsFormerLog(logFolder)) }
      : identity.log,
    formerOwner: { clusterId: options.clusterId, memberId: options.nodeId },
    onFailure: options.onFatal,
    unlock,
    onClosed: (position) => {
      try {
        recordLog(options.folder, identity, position); // IDENTITY-3
      } catch (error) {
        options.log.warn({}, `How far the log has come was not recorded: ${String(error)}`);
      }
    },
    onWarning: (text) => options.log.warn({}, text),
    ...(options.writeDelayMs === undefined ? {} : { writeDelayMs: options.writeDelayMs }),
  });
  try {
    for (const repair of opened.repairs) options.log.warn({}, repair);
    identity = withOwnRun(identity, opened.position.starts);
    const warning = warningOfOthers(options.folder);
    if (warning !== undefined) options.log.warn({}, warning);
    recordLog(options.folder, identity, opened.position);
  } catch (error) {
    await closeBehind(error, opened.storage.close());
    throw error;
  }
  opened.finishConversion?.();
  return { identity, opened };
}
