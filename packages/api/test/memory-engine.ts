/**
 * An engine without a cluster: the real state machine, applied at once, on a stopped clock
 * until a test moves it. What a cluster adds (losing its leader, say) is played by `failWith`.
 */
import { createHash } from 'node:crypto';
import {
  answerQuery,
  isAcquire,
  noCacheStatistics,
  noPayloadStatistics,
  submitCancellable,
} from '@holdfast/engine/parts';
import { HoldfastError } from '@holdfast/protocol';
import { createStateMachine } from '@holdfast/state';
import type {
  AccessTables,
  AuditHead,
  Command,
  CommandResult,
  SessionId,
  StateMachine,
} from '@holdfast/state';
import type {
  CacheClient,
  CacheFills,
  CacheListing,
  CacheRead,
  EventListener,
  Backup,
  CallOptions,
  CommandAnswer,
  ClusterStatus,
  Consistency,
  Engine,
  EngineStats,
  MemberStatus,
  Query,
  QueryAnswer,
  QueryResult,
} from '@holdfast/engine';

interface Waiter {
  readonly key: string;
  readonly resolve: (result: CommandResult) => void;
  readonly reject: (error: Error) => void;
}

const keyOf = (sessionId: string, requestId: string | number): string =>
  `${sessionId} ${typeof requestId} ${String(requestId)}`;

export class MemoryEngine implements Engine {
  readonly state: StateMachine = createStateMachine({
    maxSessions: 100,
    maxHoldsPerSession: 1000,
    maxWaitersPerResource: 10,
    maxLocks: 10_000,
    maxSemaphores: 10_000,
    maxElections: 10_000,
    maxBarriers: 10_000,
    maxLatches: 10_000,
    maxCacheKeys: 10_000,
    maxHoldsPerResource: 10_000,
    maxResultsPerSession: 1024,
    maxWorkPerEntry: 1000,
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
    maxQueues: 10_000,
    maxMessages: 200_000,
    maxMessagesPerQueue: 100_000,
    maxMessageBytes: 64 * 1024 * 1024,
    maxMessageBytesPerQueue: 32 * 1024 * 1024,
    maxDedupIds: 10_000,
    maxCacheBytes: 64 * 1024 * 1024,
  });
  /** Every call ends with this, until it is taken away. */
  failWith: Error | undefined;
  /** Calls do not end before this. */
  gate: Promise<void> | undefined;
  leader: string | null = 'node-1';
  members: MemberStatus[] = ['node-1', 'node-2'].map((id) => ({
    id,
    address: `${id}:4322`,
    role: 'voter',
    clientUrl: `http://${id}.test:5000`,
    matchIndex: null,
    connected: true,
    supportedFeatureLevel: 2,
  }));
  nowMs = 1000;
  isRemoved = false;
  /** Makes backups larger than what connections buffer. */
  backupPadding: Uint8Array = new Uint8Array();
  backupsAsked = 0;
  /** Whose file has been given back. */
  backupsClosed = 0;
  readonly submitted: { readonly command: Command; readonly options: CallOptions }[] = [];
  /** How many queries came. */
  queried = 0;
  #waiters: Waiter[] = [];
  #closed = false;
  readonly #statusListeners = new Set<(status: ClusterStatus) => void>();
  readonly #eventListeners = new Set<EventListener>();
  readonly timingListeners = new Set<Parameters<EngineStats['onTiming']>[0]>();
  readonly #commitListeners = new Set<(seconds: number) => void>();

  submit<C extends Command>(command: C, options: CallOptions): Promise<CommandAnswer<C>> {
    const { signal } = options;
    const result = submitCancellable({
      command,
      signal,
      submit: () => this.#submit(command, options),
      cancel: async (command) => void (await this.#submit(command, options)),
    });
    return result as Promise<CommandAnswer<C>>;
  }

  async #submit(command: Command, options: CallOptions): Promise<CommandResult> {
    this.submitted.push({ command, options });
    await this.#beReached();
    const result = this.#apply(command, options);
    if (!(result.ok && result.type === 'queued') || !isAcquire(command)) return result;
    return new Promise((resolve, reject) => {
      this.#waiters.push({ key: keyOf(command.sessionId, command.requestId), resolve, reject });
    });
  }

  async keepAlive(
    sessionId: SessionId,
    { identity, authorizedAt }: CallOptions,
  ): Promise<
    { readonly ok: true; readonly timeoutMs: number } | Extract<CommandResult, { ok: false }>
  > {
    await this.#beReached();
    const stale = this.state.staleRights(identity, authorizedAt);
    if (stale !== undefined) return stale;
    const isForeign = this.state.isForeign(identity, sessionId);
    const session = isForeign ? undefined : this.state.session(sessionId);
    if (session !== undefined) return { ok: true, timeoutMs: session.timeoutMs };
    const { refusal } = this.#missing(sessionId);
    return refusal;
  }

  get audit(): AuditHead {
    return this.state.audit;
  }

  get access(): AccessTables {
    return this.state.access;
  }

  isForeign(identity: string, sessionId: SessionId): boolean {
    return this.state.isForeign(identity, sessionId);
  }

  get revision(): number {
    return this.state.index;
  }

  async readCache(key: string, options: CallOptions): Promise<CacheRead> {
    const query = { type: 'cache', name: key } as const;
    const { view, revision } = await this.query(query, 'linearizable', options);
    return { view, revision, hit: false, state: 'invalid' };
  }

  /** Another one loads every key, until this is called. */
  endLoading: (() => void) | undefined;
  /** Waits for the turn to load a key. */
  waitingFills = 0;
  /** Turns that were given back. */
  readonly endedFills: string[] = [];

  readonly cacheFills: CacheFills = {
    fillCache: async (key, { token, waitMs }, options) => {
      if (this.endLoading !== undefined && waitMs > 0) await this.#loaded(options.signal);
      const { view, revision } = await this.readCache(key, options);
      return { view, revision, token: view === undefined ? (token ?? '1-1') : undefined };
    },
    endCacheFill: async (_key, token) => {
      this.endedFills.push(token);
    },
  };

  /** As an older leader, it goes on with a wait whose caller has gone: the turn is given all the same. */
  async #loaded(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.endLoading = resolve;
    this.waitingFills += 1;
    signal?.addEventListener('abort', () => (this.waitingFills -= 1), { once: true });
    await promise;
  }

  listing: CacheListing = { linesOf: () => ({ rows: [], nextAfter: null }), pending: [] };
  listCache(): CacheListing {
    return this.listing;
  }

  /** It grants nothing: what is kept is tested with engines that do. */
  openCacheClient(): CacheClient {
    return {
      read: async (key, _memoryId, options) => ({
        ...(await this.readCache(key, options)),
        term: 1,
        grant: { seq: 1, leaseMs: 0, line: 'none' },
      }),
      dropped: () => undefined,
      close: () => undefined,
    };
  }

  async query<Q extends Query>(
    query: Q,
    consistency: Consistency,
    options: CallOptions,
  ): Promise<QueryAnswer<Q>> {
    this.queried += 1;
    if (consistency === 'linearizable') {
      await this.#beReached();
      const stale = this.state.staleRights(options.identity, options.authorizedAt);
      if (stale !== undefined)
        throw new HoldfastError('access_changed', stale.message, stale.details);
    }
    const leases = { lastRenewedWallMs: () => 1_769_164_036_177 };
    return answerQuery(this.state, leases, query, options) as QueryAnswer<Q>;
  }

  #missing(sessionId: SessionId): Extract<QueryResult, { type: 'session_missing' }> {
    const ended = this.state.endedReason(sessionId) !== undefined;
    return {
      type: 'session_missing',
      revision: this.state.index,
      refusal: {
        ok: false,
        code: ended ? 'session_expired' : 'session_not_found',
        message: `There is no session "${sessionId}" any more.`,
      },
    };
  }

  async #beReached(): Promise<void> {
    await this.gate;
    if (this.#closed)
      throw new HoldfastError('shutting_down', 'This node is shutting down. Use another node.');
    if (this.failWith !== undefined) throw this.failWith;
  }

  #apply(command: Command, options?: CallOptions): CommandResult {
    const { authorizedAt, isAdministrator, ackedBelow, identity } = options ?? {
      identity: 'holdfast',
    };
    const envelope = {
      identity,
      command,
      ...(ackedBelow === undefined ? {} : { ackedBelow }),
      ...(authorizedAt === undefined ? {} : { authorizedAt }),
      ...(isAdministrator === undefined ? {} : { isAdministrator }),
    };
    const { results, events } = this.state.apply({
      index: this.state.index + 1,
      time: this.nowMs,
      commands: [envelope],
    });
    for (const event of events) {
      if (event.type !== 'wait_ended') continue;
      const key = keyOf(event.sessionId, event.requestId);
      const ended = this.#waiters.filter((waiter) => waiter.key === key);
      this.#waiters = this.#waiters.filter((waiter) => waiter.key !== key);
      for (const waiter of ended) waiter.resolve(event.result);
    }
    if (events.length > 0)
      for (const listener of this.#eventListeners)
        listener(this.state.index, events, 1_769_164_036_000 + this.nowMs);
    for (const listener of this.#commitListeners) listener(0.002);
    const [result] = results;
    if (result === undefined) throw new Error('One command has one result.');
    return result;
  }

  // ---- what tests do ----------------------------------------------------------------------------

  /** Moves the clock; waits that run out by then end. */
  advance(durationMs: number): void {
    this.nowMs += durationMs;
    this.#apply({ type: 'advance' });
  }

  /** As a leader does when a lease has run out. */
  expire(sessionId: string): void {
    const id = sessionId as SessionId;
    this.#apply({ type: 'expire_session', sessionId: id, renewal: this.state.renewalOf(id) ?? 0 });
  }

  get waiterCount(): number {
    return this.#waiters.length;
  }

  tellStatus(): void {
    for (const listener of this.#statusListeners) listener(this.status());
  }

  // ---- the rest of an engine --------------------------------------------------------------------

  status(): ClusterStatus {
    const leader = this.members.find((member) => member.id === this.leader);
    return {
      clusterId: 'test',
      nodeId: 'node-1',
      role: this.leader === 'node-1' ? 'leader' : 'follower',
      term: 3,
      leader: this.leader,
      leaderAddress: leader?.address ?? null,
      leaderClientUrl: leader?.clientUrl ?? null,
      ready: this.leader !== null && !this.#closed,
      commitIndex: this.state.index,
      appliedIndex: this.state.index,
      lastIndex: this.state.index,
      firstIndex: 1,
      featureLevel: this.state.featureLevel,
      supportedFeatureLevel: 2,
      isRemoved: this.isRemoved,
      members: this.members,
    };
  }

  onStatus(listener: (status: ClusterStatus) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  onEvents(listener: EventListener): () => void {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  onGap(_listener: (revision: number) => void): () => void {
    return () => undefined;
  }

  async addMember(id: string, address: string): Promise<void> {
    await this.#beReached();
    if (this.members.some((member) => member.id === id)) {
      throw new HoldfastError(
        'member_exists',
        `"${id}" is a member already. See GET /cluster/status.`,
      );
    }
    const role = 'learner';
    const unknown = { clientUrl: '', matchIndex: 0, connected: false, supportedFeatureLevel: null };
    this.members.push({ id, address, role, ...unknown });
  }

  async promoteMember(id: string): Promise<void> {
    await this.#beReached();
    const member = this.members.find((known) => known.id === id);
    if (member === undefined)
      throw new HoldfastError(
        'member_not_found',
        `"${id}" is not a member. See GET /cluster/status.`,
      );
    this.members = this.members.map((known) =>
      known === member ? { ...known, role: 'voter' } : known,
    );
  }

  async removeMember(id: string): Promise<void> {
    await this.#beReached();
    if (!this.members.some((member) => member.id === id)) {
      throw new HoldfastError(
        'member_not_found',
        `"${id}" is not a member. See GET /cluster/status.`,
      );
    }
    this.members = this.members.filter((member) => member.id !== id);
  }

  async transferLeadership(to: string | null): Promise<string> {
    await this.#beReached();
    this.leader = to ?? 'node-2';
    return this.leader;
  }

  askMember(): Promise<unknown> {
    return Promise.reject(new Error('There is no other member.'));
  }

  onAsked(): void {
    // Nobody asks.
  }

  async openBackup(): Promise<Backup> {
    this.backupsAsked += 1;
    await this.#beReached();
    const { index } = this.state;
    const bytes = Buffer.concat([
      Buffer.from(`${JSON.stringify({ index })}\n`),
      ...this.state.snapshot(),
      this.backupPadding,
    ]);
    let isOpen = true;
    return {
      index,
      hash: createHash('sha256').update(bytes).digest('hex'),
      byteLength: bytes.byteLength,
      chunks: slicesOf(bytes),
      close: () => {
        if (isOpen) this.backupsClosed += 1;
        isOpen = false;
      },
    };
  }

  stats(): EngineStats {
    return {
      leaderChanges: 7,
      cache: noCacheStatistics,
      proposedBatches: this.submitted.length,
      proposedCommands: this.submitted.length,
      pendingCommands: 0,
      waitingAcquires: this.#waiters.length,
      onCommit: (listener) => {
        this.#commitListeners.add(listener);
        return () => this.#commitListeners.delete(listener);
      },
      onTiming: (listener) => {
        this.timingListeners.add(listener);
        return () => this.timingListeners.delete(listener);
      },
      storage: {
        commits: 1,
        pendingWrites: 0,
        lastCommitMs: 0.2,
        sizeBytes: 4096,
        logBytes: 1024,
        logMemoryBytes: 512,
        snapshotFailures: 0,
        payloads: noPayloadStatistics,
      },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      waiter.reject(
        new HoldfastError('shutting_down', 'This node is shutting down. Use another node.'),
      );
    }
  }
}

async function* slicesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let offset = 0; offset < bytes.byteLength; offset += 65_536)
    yield bytes.subarray(offset, offset + 65_536);
}
