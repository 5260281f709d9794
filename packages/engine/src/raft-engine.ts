/**
 * The engine on this project's own Raft: ties the way to the leader (`leader-route.ts`, `submissions.ts`,
 * `leader-calls.ts`), what a leader does (`leadership.ts`, `command-queue.ts`, `administration.ts`), what peers ask
 * (`peer-requests.ts`) and the replica together.
 */
import type { LogIndex, MemberId, Status } from '@holdfast/raft';
import { nodeIdentity } from '@holdfast/state';
import type { AccessTables, AuditHead, Command, Event, SessionId } from '@holdfast/state';
import { Administration } from './administration.ts';
import { notBegun } from './backup-refusals.ts';
import { backupOf } from './backup.ts';
import type { Batch } from './batch.ts';
import { CacheCoherence } from './cache/coherence.ts';
import type { TellClient } from './cache/client-memories.ts';
import type { CacheClient, CacheFills, CacheRead } from './cache/statistics.ts';
import { memberCalls } from './cache/member-calls.ts';
import type { CacheListing } from './cache/listing.ts';
import { CacheWrites } from './cache/writes.ts';
import type { CallAnswer } from './calls.ts';
import { ClusterClock } from './cluster-clock.ts';
import { describeCluster } from './cluster-status.ts';
import { CommandQueue } from './command-queue.ts';
import { ConsistencyCheck } from './consistency-check.ts';
import { Interrupted } from './interrupted.ts';
import { LeaderCalls } from './leader-calls.ts';
import { LeaderRoute } from './leader-route.ts';
import { LeaderUpkeep } from './leader-upkeep.ts';
import { LeaderDuties } from './leadership.ts';
import { Listeners } from './listeners.ts';
import { MemberAsks } from './member-asks.ts';
import { PeerRequests } from './peer-requests.ts';
import type { RaftEngineParts } from './raft-engine-parts.ts';
import type { Replica } from './replica.ts';
import { Stamps } from './stamps.ts';
import { Submissions } from './submissions.ts';
import type { Transport } from './transport/types.ts';
import { callerIn } from './types.ts';
import type {
  EventListener,
  Backup,
  Caller,
  CallOptions,
  CommandAnswer,
  KeepAliveResult,
  QueryAnswer,
  ClusterStatus,
  Consistency,
  Engine,
  EngineStats,
  Query,
} from './types.ts';

const closeHandoverMs = 1000;
const byNode: Caller = { identity: nodeIdentity };

export class RaftEngine implements Engine {
  readonly #parts: RaftEngineParts;
  #replica!: Replica;
  #transport!: Transport;
  #queue!: CommandQueue;
  #route!: LeaderRoute;
  #coherence!: CacheCoherence;
  #cacheWrites!: CacheWrites;
  #submissions!: Submissions;
  #leadership!: LeaderDuties;
  #administration!: Administration;
  #upkeep!: LeaderUpkeep;
  #consistency!: ConsistencyCheck;
  #asks!: MemberAsks;
  #leaderCalls!: LeaderCalls;
  #peerRequests!: PeerRequests;
  #raftStatus!: Status;
  #leaderChanges = 0;
  readonly #clientUrls = new Map<string, string>();
  readonly #listeners = new Listeners(() => this.status());

  constructor(parts: RaftEngineParts) {
    this.#parts = parts;
  }

  /** Ties the parts together; they need each other's hooks. */
  attach(replica: Replica, transport: Transport, clientUrl: string): void {
    const { clock, log, nodeId, reachable, stateLimits: limits } = this.#parts;
    const clusterClock = new ClusterClock();
    const queue = new CommandQueue(replica, clock, clusterClock, this.#parts.maxBatchBytes);
    const route = new LeaderRoute(clock, transport, replica.status());
    this.#replica = replica;
    this.#transport = transport;
    this.#queue = queue;
    this.#route = route;
    this.#asks = new MemberAsks(nodeId, transport);
    const stamps = new Stamps(() => replica.state);
    this.#coherence = this.#makeCoherence(replica, transport, clusterClock);
    const submit = queue.submit.bind(queue);
    const cacheWrites = new CacheWrites(clock, this.#coherence.gate, submit);
    this.#cacheWrites = cacheWrites;
    const { payloads } = replica;
    const answering = { clock, log, route, stamps, payloads };
    this.#submissions = new Submissions({ ...answering, queue: cacheWrites });
    this.#leadership = new LeaderDuties({ clock, clusterClock, replica, queue, limits });
    this.#administration = new Administration({ nodeId, clock, log, replica, route, reachable });
    const asks = this.#asks;
    const upkeep = { nodeId, log, clock, clusterClock, replica, transport, queue, asks };
    this.#upkeep = new LeaderUpkeep(upkeep);
    this.#consistency = new ConsistencyCheck({
      nodeId,
      log,
      replica,
      transport,
      clock,
      onDiverged: this.#parts.onDiverged,
    });
    this.#tieCalls(replica);
    this.#raftStatus = replica.status();
    this.#listeners.tellLevel(replica.levels().inForce);
    this.#clientUrls.set(nodeId, clientUrl);
  }

  #makeCoherence(
    replica: Replica,
    transport: Transport,
    clusterClock: ClusterClock,
  ): CacheCoherence {
    const { clock, nodeId } = this.#parts;
    return new CacheCoherence({
      nodeId,
      process: `${nodeId}/${String(clock.bootNow())}/${String(clock.wallNow())}`,
      clock,
      timings: this.#parts.timings,
      state: () => replica.state,
      clusterTime: () => clusterClock.read(clock.now()),
      prove: () => this.#leadership.prove(),
      ...memberCalls(transport, this.#parts.log, clock),
      status: () => replica.status(),
      ask: (key, memoryId, options) => this.#leaderCalls.readCache(key, memoryId, options),
    });
  }

  #tieCalls(replica: Replica): void {
    const tied = {
      clock: this.#parts.clock,
      route: this.#route,
      leadership: this.#leadership,
      coherence: this.#coherence,
      administration: this.#administration,
      payloads: replica.payloads,
    };
    this.#leaderCalls = new LeaderCalls({
      ...tied,
      nodeId: this.#parts.nodeId,
      level: () => replica.levels().inForce,
    });
    this.#peerRequests = new PeerRequests({
      ...tied,
      supportedLevel: () => replica.levels().supported,
      consistency: this.#consistency,
      asks: this.#asks,
      submissions: this.#submissions,
      tracing: this.#parts.tracing,
    });
  }

  // ---- what callers use -------------------------------------------------------------------------

  submit<C extends Command>(command: C, options: CallOptions): Promise<CommandAnswer<C>> {
    // The handlers of the state machine are typed by command (table.ts); what a peer answers is checked (ANSWER-1).
    const submitted = this.#submissions.submit(command, options);
    if (command.type === 'cache_set')
      submitted.then(
        (result) => this.#coherence.onResult(command.name, result),
        () => undefined,
      );
    return submitted as Promise<CommandAnswer<C>>;
  }

  keepAlive(sessionId: SessionId, options: CallOptions): Promise<KeepAliveResult> {
    return this.#leaderCalls.keepAlive(sessionId, options);
  }

  async query<Q extends Query>(
    query: Q,
    consistency: Consistency,
    options: CallOptions,
  ): Promise<QueryAnswer<Q>> {
    if (consistency !== 'stale') return this.#leaderCalls.query(query, options);
    const found = await this.#leadership.queryHere(query, options);
    return (await this.#replica.payloads.answer(found)) as QueryAnswer<Q>;
  }

  readCache(key: string, options: CallOptions): Promise<CacheRead> {
    this.#route.assertOpen();
    return this.#coherence.read(key, options);
  }

  openCacheClient(tell: TellClient, who: string): CacheClient {
    return this.#coherence.openClient(tell, who);
  }

  listCache(): CacheListing {
    return this.#coherence.list();
  }

  get cacheFills(): CacheFills {
    return this.#leaderCalls;
  }

  async addMember(id: string, peerAddress: string, caller: Caller = byNode): Promise<void> {
    const member = { id, peerAddress, ...callerIn(caller) };
    await this.#leaderCalls.administer({ type: 'add_member', ...member });
  }

  async promoteMember(id: string, caller: Caller = byNode): Promise<void> {
    await this.#leaderCalls.administer({ type: 'promote_member', id, ...callerIn(caller) });
  }

  async removeMember(id: string, caller: Caller = byNode): Promise<void> {
    await this.#leaderCalls.administer({ type: 'remove_member', id, ...callerIn(caller) });
  }

  async transferLeadership(to: string | null, caller: Caller = byNode): Promise<string> {
    const answer = await this.#leaderCalls.administer({
      type: 'transfer',
      to,
      ...callerIn(caller),
    });
    return String(answer);
  }

  askMember(id: string, body: object, options: CallOptions): Promise<unknown> {
    this.#route.assertOpen();
    return this.#asks.ask(id, body, options);
  }

  onAsked(answer: (body: unknown) => Promise<unknown>, about?: string): void {
    this.#asks.onAsked(answer, about);
  }

  async openBackup(signal?: AbortSignal): Promise<Backup> {
    this.#route.assertOpen();
    const source = await this.#replica.openBackup(signal);
    if (source === undefined) throw notBegun(signal);
    return backupOf(source, signal);
  }

  get access(): AccessTables {
    return this.#replica.state.access;
  }

  get audit(): AuditHead {
    return this.#replica.state.audit;
  }

  get revision(): number {
    return this.#replica.state.index;
  }

  isForeign(identity: string, sessionId: SessionId): boolean {
    return this.#replica.state.isForeign(identity, sessionId);
  }

  status(): ClusterStatus {
    return describeCluster(this.#replica.status(), {
      clusterId: this.#parts.clusterId,
      closing: this.#route.closing,
      isRemoved: this.#parts.isRemoved(),
      clientUrls: this.#clientUrls,
      isConnected: (peer) => this.#transport.isConnected(peer),
      addressOf: (peer) => this.#transport.addressOf(peer),
      levels: this.#replica.levels(),
      supportedBy: (peer) => this.#transport.supportedBy(peer),
    });
  }

  onStatus(listener: (status: ClusterStatus) => void): () => void {
    return this.#listeners.onStatus(listener);
  }

  onEvents(listener: EventListener): () => void {
    return this.#listeners.onEvents(listener);
  }

  onGap(listener: (revision: number) => void): () => void {
    return this.#listeners.onGap(listener);
  }

  stats(): EngineStats {
    return {
      leaderChanges: this.#leaderChanges,
      cache: this.#coherence.statistics,
      proposedBatches: this.#queue.proposedBatches,
      proposedCommands: this.#queue.proposedCommands,
      pendingCommands: this.#queue.pendingCommands,
      waitingAcquires: this.#queue.waitingAcquires,
      onCommit: (listener) => this.#queue.onCommit(listener),
      onTiming: (listener) => this.#parts.timings.listen(listener),
      storage: this.#parts.storageStats(),
    };
  }

  async close(): Promise<void> {
    if (this.#route.closing) return;
    const voters = this.#raftStatus.membership.members.filter((member) => member.role === 'voter');
    if (this.#raftStatus.role === 'leader' && voters.length > 1) {
      await this.#leaderCalls
        .administer({ type: 'transfer', to: null, ...byNode }, closeHandoverMs)
        .catch(() => undefined);
    }
    this.#route.close();
    this.#queue.endWaits(new Interrupted(true, 'this node is stopping'));
    const deadlineMs = this.#parts.clock.now() + closeHandoverMs;
    while (this.#queue.pendingCommands > 0 && this.#parts.clock.now() < deadlineMs)
      await this.#route.changeOrPause(5);
    this.#replica.stop();
    this.#queue.interrupt();
    this.#cacheWrites.interrupt();
    await this.#queue.allTold();
    await this.#transport.close();
    await this.#parts.closeStorage();
    this.#route.wake();
  }

  // ---- hooks of the replica and the transport ---------------------------------------------------

  onApplied(index: number, batch: Batch, { events }: { readonly events: readonly Event[] }): void {
    this.#leadership.onApplied(batch, events);
    this.#listeners.tellLevel(this.#replica.levels().inForce);
    if (events.length > 0) {
      this.#queue.onEvents(events);
      this.#listeners.tellEvents(index, events, batch.wallMs);
    }
  }

  onRestored(index: number): void {
    this.#leadership.onRestored();
    this.#listeners.tellLevel(this.#replica.levels().inForce);
    this.#listeners.tellGap(index);
  }

  onStateKnown(index: LogIndex, stateHash: string | undefined): void {
    this.#consistency.onStateKnown(index, stateHash);
  }

  onRaftStatus(status: Status): void {
    const before = this.#raftStatus;
    this.#raftStatus = status;
    if (status.membership !== before.membership)
      this.#transport.setPeers(status.membership.members);
    if (status.leader !== before.leader && status.leader !== null) this.#leaderChanges += 1;
    if (before.role === 'leader' && (status.role !== 'leader' || status.term !== before.term))
      this.#cacheWrites.interrupt();
    this.#coherence.onStatus(status);
    this.#leadership.onStatus(status);
    if (status.ready) this.#queue.flushSoon();
    if (status.leader !== before.leader || status.role !== before.role) {
      this.#parts.log.info(
        { role: status.role, term: status.term, leader: status.leader },
        status.role === 'leader' ? 'This node is the leader.' : 'The role or the leader changed.',
      );
    }
    this.#route.update(status);
    this.#listeners.tellStatus();
  }

  onUnreachable(peer: MemberId): void {
    if (peer === this.#raftStatus.leader) this.#coherence.onLeaderLost();
  }

  onClientUrl(peer: MemberId, url: string): void {
    if (this.#clientUrls.get(peer) === url) return;
    this.#clientUrls.set(peer, url);
    this.#listeners.tellStatus();
  }

  onTick(): void {
    if (this.#route.closing) return;
    this.#consistency.onTick();
    this.#coherence.onTick();
    if (this.#raftStatus.role !== 'leader') return;
    this.#leadership.onTick();
    this.#administration.onTick();
    this.#queue.flushSoon();
    this.#upkeep.onTick(this.#raftStatus);
  }

  onCall(from: MemberId, request: unknown, signal: AbortSignal): Promise<CallAnswer> {
    return this.#peerRequests.answer(from, request, signal);
  }
}
