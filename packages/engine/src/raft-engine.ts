/**
 * The engine on this project's own Raft: ties the way to the leader (`leader-route.ts`, `submissions.ts`), what a leader
 * does (`leadership.ts`, `command-queue.ts`, `administration.ts`) and the replica together.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { LogIndex, MemberId, Status } from '@holdfast/raft';
import { nodeIdentity } from '@holdfast/state';
import type { AccessTables, Command, Event, SessionId, StateLimits } from '@holdfast/state';
import { Administration } from './administration.ts';
import type { AdministrativeCall } from './administration.ts';
import { cacheAnswer, keepAliveAnswer, queryAnswer } from './answers.ts';
import { backupOf } from './backup.ts';
import type { Batch } from './batch.ts';
import { CacheCoherence } from './cache/coherence.ts';
import type { CacheRead } from './cache/statistics.ts';
import type { FetchAnswer } from './cache/lines.ts';
import { CacheWrites } from './cache/writes.ts';
import { failureAnswer, isCall, unwrapAnswer } from './calls.ts';
import type { Call, CallAnswer } from './calls.ts';
import type { Clock } from './clock.ts';
import { ClusterClock } from './cluster-clock.ts';
import { describeCluster } from './cluster-status.ts';
import { CommandQueue } from './command-queue.ts';
import { ConsistencyCheck } from './consistency-check.ts';
import { shuttingDown } from './failures.ts';
import { LevelRaiser } from './feature-levels.ts';
import { Interrupted } from './interrupted.ts';
import { LeaderRoute } from './leader-route.ts';
import { Leadership } from './leadership.ts';
import { answerQuery } from './queries.ts';
import { MemberAsks } from './member-asks.ts';
import type { Replica } from './replica.ts';
import { Stamps } from './stamps.ts';
import { envelopeOf } from './submission.ts';
import { defaultTimeoutMs, Submissions } from './submissions.ts';
import type { Timings } from './timings.ts';
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
  EngineLog,
  Query,
} from './types.ts';

const closeHandoverMs = 1000;
/** From this feature level on a leader knows reads of the cache. */
const cacheLevel = 2;
const byNode: Caller = { identity: nodeIdentity };

export interface RaftEngineParts {
  readonly nodeId: MemberId;
  readonly clusterId: string;
  readonly clock: Clock;
  readonly log: EngineLog;
  readonly storageStats: () => EngineStats['storage'];
  readonly timings: Timings;
  readonly closeStorage: () => Promise<void>;
  /** Put in force when this node begins to lead. */
  readonly stateLimits: StateLimits;
  /** Other nodes can reach this one. */
  readonly reachable: boolean;
  readonly onDiverged: (error: Error) => void;
  /** Smaller than `maxBatchBytes` of bounds.ts, for tests. */
  readonly maxBatchBytes?: number;
}

export class RaftEngine implements Engine {
  readonly #parts: RaftEngineParts;
  #replica!: Replica;
  #transport!: Transport;
  #queue!: CommandQueue;
  #route!: LeaderRoute;
  #coherence!: CacheCoherence;
  #cacheWrites!: CacheWrites;
  #submissions!: Submissions;
  #leadership!: Leadership;
  #administration!: Administration;
  #levelRaiser!: LevelRaiser;
  #consistency!: ConsistencyCheck;
  #asks!: MemberAsks;
  #raftStatus!: Status;
  #leaderChanges = 0;
  #checkpointPending = false;
  #toldLevel = 0;
  readonly #clientUrls = new Map<string, string>();
  readonly #statusListeners = new Set<(status: ClusterStatus) => void>();
  readonly #eventListeners = new Set<EventListener>();

  readonly #gapListeners = new Set<(revision: number) => void>();

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
    const stamps = new Stamps(() => replica.state.time);
    this.#coherence = new CacheCoherence({
      nodeId,
      process: `${nodeId}/${String(clock.bootNow())}/${String(clock.wallNow())}`,
      clock,
      state: () => replica.state,
      clusterTime: () => clusterClock.read(clock.now()),
      prove: () => this.#leadership.prove(),
      tell: async (node, told, timeoutMs) => {
        const call = { type: 'cache_invalidate', ...told, timeoutMs } as const;
        return unwrapAnswer(await transport.call(node as MemberId, call, undefined, timeoutMs));
      },
      ask: (key, epoch, options) => this.#askCache(key, epoch, options),
    });
    const cacheWrites = new CacheWrites(clock, this.#coherence.gate, (envelope, resolve, reject) =>
      queue.submit(envelope, resolve, reject),
    );
    this.#cacheWrites = cacheWrites;
    this.#submissions = new Submissions({ clock, log, queue: cacheWrites, route, stamps });
    this.#leadership = new Leadership({ clock, clusterClock, replica, queue, limits });
    this.#administration = new Administration({ nodeId, clock, log, replica, route, reachable });
    this.#levelRaiser = new LevelRaiser({
      nodeId,
      log,
      levels: () => replica.levels(),
      membership: () => replica.status().membership,
      supportedBy: (peer) => transport.supportedBy(peer),
      propose: (command, onDone) => {
        const time = clusterClock.read(clock.now());
        return replica.propose({ time, commands: [{ identity: nodeIdentity, command }] }, onDone);
      },
    });
    this.#consistency = new ConsistencyCheck({
      nodeId,
      log,
      replica,
      transport,
      clock,
      onDiverged: this.#parts.onDiverged,
    });
    this.#raftStatus = replica.status();
    this.#toldLevel = replica.levels().inForce;
    this.#clientUrls.set(nodeId, clientUrl);
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

  async keepAlive(sessionId: SessionId, options: CallOptions): Promise<KeepAliveResult> {
    const call = { type: 'keep_alive', sessionId, ...callerIn(options) } as const;
    return this.#anywhere(
      options,
      call,
      () => this.#leadership.keepAlive(sessionId, options),
      (answer) => keepAliveAnswer(answer),
    );
  }

  async query<Q extends Query>(
    query: Q,
    consistency: Consistency,
    options: CallOptions,
  ): Promise<QueryAnswer<Q>> {
    if (consistency === 'stale')
      return answerQuery(
        this.#replica.state,
        this.#leadership.leases,
        query,
        options,
      ) as QueryAnswer<Q>;
    const found = await this.#anywhere(
      options,
      { type: 'query', query, ...callerIn(options) },
      () => this.#leadership.query(query, options),
      (answer) => queryAnswer(query, answer),
    );
    return found as QueryAnswer<Q>;
  }

  readCache(key: string, options: CallOptions): Promise<CacheRead> {
    this.#route.assertOpen();
    return this.#coherence.read(key, options);
  }

  async #askCache(key: string, epoch: string, options: CallOptions): Promise<FetchAnswer> {
    if (this.#replica.levels().inForce < cacheLevel) {
      const { view, revision } = await this.query(
        { type: 'cache', name: key },
        'linearizable',
        options,
      );
      return { term: 0, view, revision, grant: { seq: 0, leaseMs: 0, line: 'none' } };
    }
    return this.#anywhere(
      options,
      { type: 'cache_read', key, epoch, ...callerIn(options) },
      () => this.#coherence.readHere(this.#parts.nodeId, key, epoch),
      cacheAnswer,
    );
  }

  /** Something that may be repeated: here where this node leads, else by the leader. */
  #anywhere<T>(
    options: CallOptions,
    call: Parameters<LeaderRoute['ask']>[2],
    here: () => Promise<T>,
    received: (answer: unknown) => T,
  ): Promise<T> {
    this.#route.assertOpen();
    const { signal } = options;
    const deadlineMs = this.#parts.clock.now() + (options.timeoutMs ?? defaultTimeoutMs);
    const patience = { deadlineMs, signal };
    return this.#route.follow(patience, true, async (leader) =>
      leader === 'self' ? here() : received(await this.#route.ask(leader, patience, call)),
    );
  }

  async addMember(id: string, peerAddress: string, caller: Caller = byNode): Promise<void> {
    await this.#administer({ type: 'add_member', id, peerAddress, ...callerIn(caller) });
  }

  async promoteMember(id: string, caller: Caller = byNode): Promise<void> {
    await this.#administer({ type: 'promote_member', id, ...callerIn(caller) });
  }

  async removeMember(id: string, caller: Caller = byNode): Promise<void> {
    await this.#administer({ type: 'remove_member', id, ...callerIn(caller) });
  }

  async transferLeadership(to: string | null, caller: Caller = byNode): Promise<string> {
    const answer = await this.#administer({ type: 'transfer', to, ...callerIn(caller) });
    return String(answer);
  }

  async #administer(
    call: AdministrativeCall,
    timeoutMs: number = defaultTimeoutMs,
  ): Promise<unknown> {
    this.#route.assertOpen();
    const deadlineMs = this.#parts.clock.now() + timeoutMs;
    const patience = { deadlineMs, signal: undefined };
    const isRepeatable = call.type !== 'transfer'; // MEMBERS-1
    return this.#route.follow<unknown>(patience, isRepeatable, (leader, repeated) => {
      const asked = isRepeatable && repeated ? { ...call, repeated } : call;
      return leader === 'self'
        ? this.#administration.execute(asked, deadlineMs)
        : this.#route.ask(leader, patience, asked);
    });
  }

  askMember(id: string, body: object, options: CallOptions): Promise<unknown> {
    this.#route.assertOpen();
    return this.#asks.ask(id, body, options);
  }

  onAsked(answer: (body: unknown) => Promise<unknown>): void {
    this.#asks.onAsked = answer;
  }

  async openBackup(): Promise<Backup> {
    this.#route.assertOpen();
    const reader = await this.#replica.openBackup();
    if (reader === undefined) throw shuttingDown();
    return backupOf(reader);
  }

  get access(): AccessTables {
    return this.#replica.state.access;
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
      clientUrls: this.#clientUrls,
      isConnected: (peer) => this.#transport.isConnected(peer),
      addressOf: (peer) => this.#transport.addressOf(peer),
      levels: this.#replica.levels(),
      supportedBy: (peer) => this.#transport.supportedBy(peer),
    });
  }

  onStatus(listener: (status: ClusterStatus) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  onEvents(listener: EventListener): () => void {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  onGap(listener: (revision: number) => void): () => void {
    this.#gapListeners.add(listener);
    return () => this.#gapListeners.delete(listener);
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
      await this.#administer({ type: 'transfer', to: null, ...byNode }, closeHandoverMs).catch(
        () => undefined,
      );
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
    this.#tellLevel();
    if (events.length > 0) {
      this.#queue.onEvents(events);
      for (const listener of this.#eventListeners) listener(index, events, batch.wallMs);
    }
  }

  onRestored(index: number): void {
    this.#leadership.onRestored();
    this.#tellLevel();
    for (const listener of this.#gapListeners) listener(index);
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
    this.#tellStatus();
  }

  onUnreachable(peer: MemberId): void {
    if (peer === this.#raftStatus.leader) this.#coherence.onLeaderLost();
  }

  onClientUrl(peer: MemberId, url: string): void {
    if (this.#clientUrls.get(peer) === url) return;
    this.#clientUrls.set(peer, url);
    this.#tellStatus();
  }

  onTick(): void {
    if (this.#route.closing) return;
    this.#consistency.onTick();
    if (this.#raftStatus.role !== 'leader') return;
    this.#coherence.onTick();
    this.#leadership.onTick();
    this.#administration.onTick();
    this.#queue.flushSoon();
    if (this.#raftStatus.ready) this.#levelRaiser.onTick();
    this.#proposeCheckpoint();
  }

  /** All members take a snapshot where it stands in the log. */
  #proposeCheckpoint(): void {
    if (this.#checkpointPending || !this.#replica.isCheckpointDue || !this.#raftStatus.ready)
      return;
    this.#checkpointPending = true;
    const done = (): void => {
      this.#checkpointPending = false;
    };
    this.#queue.submit({ identity: nodeIdentity, command: { type: 'checkpoint' } }, done, done);
  }

  async onCall(from: MemberId, request: unknown, signal: AbortSignal): Promise<CallAnswer> {
    try {
      if (!isCall(request, this.#replica.levels().supported)) {
        throw new HoldfastError(
          'invalid_request',
          'A peer asked for something this version does not know.',
        );
      }
      if (request.type === 'state_digest') {
        this.#consistency.note(from, request);
        return { type: 'ok', value: null };
      }
      if (request.type === 'ask')
        return { type: 'ok', value: await this.#asks.answer(request.body) };
      if (request.type === 'cache_invalidate')
        return { type: 'ok', value: this.#coherence.onInvalidation(request) };
      const deadlineMs = this.#parts.clock.now() + request.timeoutMs;
      await this.#route.whenReadyHere(deadlineMs);
      return { type: 'ok', value: await this.#workOnCall(from, request, deadlineMs, signal) };
    } catch (error) {
      return failureAnswer(error);
    }
  }

  /** A peer's call is answered here or nowhere: it is not passed on again. */
  #workOnCall(
    from: MemberId,
    call: Exclude<Call, { type: 'state_digest' | 'cache_invalidate' | 'ask' }>,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<unknown> {
    switch (call.type) {
      case 'submit':
        return this.#submissions.submitHere(
          envelopeOf(call.command, call, call.repeated === true),
          signal,
        );
      case 'keep_alive':
        return this.#leadership.keepAlive(call.sessionId, call);
      case 'query':
        return this.#leadership.query(call.query, call);
      case 'cache_read':
        return this.#coherence.readHere(from, call.key, call.epoch);
      case 'add_member':
      case 'promote_member':
      case 'remove_member':
      case 'transfer':
        return this.#administration.execute(call, deadlineMs);
    }
  }

  #tellLevel(): void {
    const { inForce } = this.#replica.levels();
    if (inForce === this.#toldLevel) return;
    this.#toldLevel = inForce;
    this.#tellStatus();
  }

  #tellStatus(): void {
    if (this.#statusListeners.size === 0) return;
    const status = this.status();
    for (const listener of this.#statusListeners) listener(status);
  }
}
