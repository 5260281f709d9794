/**
 * The engine on this project's own Raft: routes every call to the leader, and on the leader turns it
 * into a log entry, a proof, or both.
 *
 * E1: a keepalive is answered only after a proof of leadership begun after it arrived, and only for a
 *     session that still stands in the state then applied (spec rule 2.3).
 * E2: a call is repeated with the next leader only when it certainly was not carried out, or when the
 *     state machine knows it again (a request id, a session id made outside).
 * E3: every call ends within its deadline: with an answer, or with an error that tells whether it may
 *     have been carried out (rule 2.11).
 * E4: a call waits for a leader only as long as this node follows it: a leader that stands still keeps
 *     its connections open and answers nothing.
 */
import { isDeepStrictEqual } from 'node:util';
import { HoldfastError } from '@holdfast/protocol';
import type { MemberId, MembershipChange, Status } from '@holdfast/raft';
import type {
  Command,
  CommandResult,
  Envelope,
  Event,
  Refusal,
  SessionId,
  StateLimits,
} from '@holdfast/state';
import { failureAnswer, isCall, unwrapAnswer } from './calls.ts';
import type { Call, CallAnswer } from './calls.ts';
import type { Batch } from './batch.ts';
import type { Clock } from './clock.ts';
import { ClusterClock } from './cluster-clock.ts';
import { CommandQueue } from './command-queue.ts';
import { Interrupted } from './interrupted.ts';
import { LeaseTable } from './leases.ts';
import { answerQuery } from './queries.ts';
import type { Replica } from './replica.ts';
import { CallFailed } from './transport/types.ts';
import type { Transport } from './transport/types.ts';
import type {
  CallOptions,
  ClusterStatus,
  Consistency,
  Engine,
  EngineFigures,
  EngineLog,
  Query,
  QueryResult,
} from './types.ts';

const defaultTimeoutMs = 5000;
/** How long a node that lost the leader waits before it asks the same one again. */
const retryPauseMs = 20;
/** A former leader that lives tells within this time what became of the calls it was asked. */
const formerLeaderGraceMs = 100;
const closeHandoverMs = 1000;
const ticksPerMembershipCheck = 10;
/** A learner this near to the end of the log may vote. */
const promotionDistance = 100;
const maxExpiriesPerTick = 500;

export interface RaftEngineParts {
  readonly nodeId: MemberId;
  readonly clusterId: string;
  readonly clock: Clock;
  readonly log: EngineLog;
  readonly storageFigures: () => EngineFigures['storage'];
  readonly closeStorage: () => Promise<void>;
  /** Put in force when this node begins to lead. */
  readonly stateLimits: StateLimits;
  /** Other nodes can reach this one. */
  readonly reachable: boolean;
}

type KeepAliveResult = { readonly ok: true; readonly timeoutMs: number } | Refusal;

export class RaftEngine implements Engine {
  readonly #parts: RaftEngineParts;
  readonly #clusterClock = new ClusterClock();
  readonly #leases = new LeaseTable();
  #replica!: Replica;
  #queue!: CommandQueue;
  #transport!: Transport;
  #raftStatus!: Status;
  /** The term in which this node has begun to lead, 0 when it does not. */
  #leadingTerm = 0;
  #leaderChanges = 0;
  #closing = false;
  #tickCount = 0;
  #advancePending = false;
  #limitsPending = false;
  #turnProof: Promise<void> | undefined;
  #exporting: Promise<void> = Promise.resolve();
  readonly #clientUrls = new Map<string, string>();
  readonly #statusListeners = new Set<(status: ClusterStatus) => void>();
  readonly #eventListeners = new Set<(revision: number, events: readonly Event[]) => void>();
  readonly #changeWaiters = new Set<() => void>();

  constructor(parts: RaftEngineParts) {
    this.#parts = parts;
  }

  /** Ties the parts together; they need each other's hooks. */
  attach(replica: Replica, transport: Transport, clientUrl: string): void {
    this.#replica = replica;
    this.#transport = transport;
    this.#queue = new CommandQueue(replica, this.#parts.clock, this.#clusterClock);
    this.#raftStatus = replica.status();
    this.#clientUrls.set(this.#parts.nodeId, clientUrl);
  }

  // ---- what callers use -------------------------------------------------------------------------

  submit(command: Command, options: CallOptions): Promise<CommandResult> {
    if (this.#closing) return Promise.reject(shuttingDown());
    const startedMs = this.#parts.clock.now();
    if (options.signal !== undefined || this.#leaderNow() !== 'self')
      return this.#submitRouted(command, options, startedMs, undefined);
    // The hot path: nearly every command comes to the leader itself.
    return new Promise((resolve, reject) => {
      this.#queue.submit(envelopeOf(command, options), resolve, (error) => {
        if (error instanceof Interrupted)
          this.#submitRouted(command, options, startedMs, error).then(resolve, reject);
        else reject(error);
      });
    });
  }

  async #submitRouted(
    command: Command,
    options: CallOptions,
    startedMs: number,
    interruption: Interrupted | undefined,
  ): Promise<CommandResult> {
    const waitMs = command.type === 'acquire' ? command.waitMs : 0;
    const deadlineMs = startedMs + waitMs + (options.timeoutMs ?? defaultTimeoutMs);
    let result: CommandResult;
    try {
      result = await this.#withLeader(
        deadlineMs,
        options.signal,
        isRepeatable(command),
        (leader) => {
          const spentMs = this.#parts.clock.now() - startedMs;
          const timely =
            command.type === 'acquire' && spentMs > 0 && waitMs > 0
              ? { ...command, waitMs: Math.max(1, Math.floor(waitMs - spentMs)) }
              : command;
          if (leader === 'self') return this.#submitHere(timely, options);
          return this.#call(leader, deadlineMs, options.signal, {
            type: 'submit',
            command: timely,
            identity: options.identity,
            ...(options.answeredBelow === undefined
              ? {}
              : { answeredBelow: options.answeredBelow }),
          }) as Promise<CommandResult>;
        },
        interruption,
      );
    } catch (error) {
      if (options.signal?.aborted === true) this.#abandonLater(command, options);
      throw error;
    }
    if (options.signal?.aborted === true && command.type === 'acquire' && result.ok) {
      // The caller left while the grant was on its way: give the late winner's hold back.
      this.#abandonLater(command, options);
      return abandonedRefusal(command.name);
    }
    return result;
  }

  async keepAlive(sessionId: SessionId, options: CallOptions): Promise<KeepAliveResult> {
    this.#assertOpen();
    const deadlineMs = this.#parts.clock.now() + (options.timeoutMs ?? defaultTimeoutMs);
    return this.#withLeader(deadlineMs, options.signal, true, (leader) =>
      leader === 'self'
        ? this.#keepAliveHere(sessionId)
        : (this.#call(leader, deadlineMs, options.signal, {
            type: 'keep_alive',
            sessionId,
          }) as Promise<KeepAliveResult>),
    );
  }

  async query(query: Query, consistency: Consistency, options: CallOptions): Promise<QueryResult> {
    if (consistency === 'stale') return answerQuery(this.#replica.state, this.#leases, query);
    this.#assertOpen();
    const deadlineMs = this.#parts.clock.now() + (options.timeoutMs ?? defaultTimeoutMs);
    return this.#withLeader(deadlineMs, options.signal, true, (leader) =>
      leader === 'self'
        ? this.#queryHere(query)
        : (this.#call(leader, deadlineMs, options.signal, {
            type: 'query',
            query,
          }) as Promise<QueryResult>),
    );
  }

  async addMember(id: string, address: string): Promise<void> {
    await this.#administer({ type: 'add_member', id, address });
  }

  async removeMember(id: string): Promise<void> {
    await this.#administer({ type: 'remove_member', id });
  }

  async transferLeadership(to: string | null): Promise<string> {
    const answer = await this.#administer({ type: 'transfer', to });
    return String(answer);
  }

  async *snapshot(): AsyncIterable<Uint8Array> {
    // The state gives one picture at a time; the small wait keeps two backups apart.
    const earlier = this.#exporting;
    let done = (): void => {
      // Replaced below.
    };
    this.#exporting = new Promise((resolve) => {
      done = resolve;
    });
    await earlier;
    try {
      for (const chunk of this.#replica.state.snapshot()) {
        yield chunk;
        await new Promise<void>((resolve) => this.#parts.clock.endOfTurn(resolve));
      }
    } finally {
      done();
    }
  }

  status(): ClusterStatus {
    const raft = this.#replica.status();
    const leader = raft.leader;
    const leaderMember = raft.membership.members.find((member) => member.id === leader);
    const known = leader !== null && (leader !== raft.id || raft.ready);
    return {
      clusterId: this.#parts.clusterId,
      nodeId: raft.id,
      role: raft.role,
      term: raft.term,
      leader,
      leaderAddress: leaderMember?.address ?? null,
      leaderClientUrl: leader === null ? null : (this.#clientUrls.get(leader) ?? null),
      ready: known && !this.#closing,
      commitIndex: raft.commit,
      appliedIndex: raft.applied,
      lastIndex: raft.lastIndex,
      firstIndex: raft.firstIndex,
      members: raft.membership.members.map((member) => ({
        id: member.id,
        address: member.address,
        role: member.role,
        clientUrl: this.#clientUrls.get(member.id) ?? '',
        matchIndex:
          member.id === raft.id
            ? raft.lastIndex
            : (raft.progress.find((progress) => progress.id === member.id)?.matchIndex ?? null),
        connected: member.id === raft.id || this.#transport.isConnected(member.id),
      })),
    };
  }

  onStatus(listener: (status: ClusterStatus) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  onEvents(listener: (revision: number, events: readonly Event[]) => void): () => void {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  figures(): EngineFigures {
    return {
      leaderChanges: this.#leaderChanges,
      proposedBatches: this.#queue.proposedBatches,
      proposedCommands: this.#queue.proposedCommands,
      pendingCommands: this.#queue.pendingCommands,
      waitingAcquires: this.#queue.waitingAcquires,
      onCommit: (listener) => this.#queue.onCommit(listener),
      storage: this.#parts.storageFigures(),
    };
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    const voters = this.#raftStatus.membership.members.filter((member) => member.role === 'voter');
    if (this.#raftStatus.role === 'leader' && voters.length > 1) {
      await this.#administer({ type: 'transfer', to: null }, closeHandoverMs).catch(
        () => undefined,
      );
    }
    this.#closing = true;
    this.#queue.endWaits(() => new Interrupted(true, 'this node is stopping'));
    const deadlineMs = this.#parts.clock.now() + closeHandoverMs;
    while (this.#queue.pendingCommands > 0 && this.#parts.clock.now() < deadlineMs) {
      await this.#pause(5);
    }
    this.#replica.stop();
    this.#queue.interrupt();
    await this.#transport.close();
    await this.#parts.closeStorage();
    this.#wakeChangeWaiters();
  }

  // ---- hooks of the replica and the transport ---------------------------------------------------

  onApplied(index: number, batch: Batch, { events }: { readonly events: readonly Event[] }): void {
    if (this.#leadingTerm !== 0) this.#renewLeases(batch, events);
    if (events.length > 0) {
      this.#queue.onEvents(events);
      for (const listener of this.#eventListeners) listener(index, events);
    }
  }

  onRaftStatus(status: Status): void {
    const before = this.#raftStatus;
    this.#raftStatus = status;
    if (status.membership !== before.membership)
      this.#transport.setPeers(status.membership.members);
    if (status.leader !== before.leader && status.leader !== null) this.#leaderChanges += 1;
    if (status.leader !== before.leader && before.leader !== null)
      this.#transport.interruptCalls(before.leader, formerLeaderGraceMs); // E4
    if (
      this.#leadingTerm !== 0 &&
      (status.role !== 'leader' || status.term !== this.#leadingTerm)
    ) {
      this.#stopLeading();
    }
    if (status.ready && this.#leadingTerm === 0) this.#startLeading(status);
    if (status.ready) this.#queue.flushSoon();
    if (status.leader !== before.leader || status.role !== before.role) {
      this.#parts.log.info(
        { role: status.role, term: status.term, leader: status.leader },
        status.role === 'leader' ? 'This node leads.' : 'The role or the leader changed.',
      );
    }
    this.#wakeChangeWaiters();
    this.#tellStatus();
  }

  onClientUrl(peer: MemberId, url: string): void {
    if (this.#clientUrls.get(peer) === url) return;
    this.#clientUrls.set(peer, url);
    this.#tellStatus();
  }

  onTick(): void {
    if (this.#leadingTerm === 0 || this.#closing) return;
    const now = this.#parts.clock.now();
    const dueTime = this.#replica.state.nextDueTime();
    if (dueTime !== undefined && !this.#advancePending && dueTime <= this.#clusterClock.read(now)) {
      this.#advancePending = true;
      void this.#background({ type: 'advance' }).finally(() => {
        this.#advancePending = false;
      });
    }
    this.#putLimitsInForce();
    this.#leases.expireDue(now, maxExpiriesPerTick, (sessionId) => this.#expire(sessionId));
    this.#tickCount += 1;
    if (this.#tickCount % ticksPerMembershipCheck === 0) this.#promoteLearners();
    this.#queue.flushSoon();
  }

  async onCall(request: unknown, signal: AbortSignal): Promise<CallAnswer> {
    try {
      if (!isCall(request)) {
        throw new HoldfastError(
          'invalid_request',
          'A peer asked for something this version does not know.',
        );
      }
      const deadlineMs = this.#parts.clock.now() + request.timeoutMs;
      return { type: 'ok', value: await this.#workOnCall(request, deadlineMs, signal) };
    } catch (error) {
      return failureAnswer(error);
    }
  }

  // ---- routing ----------------------------------------------------------------------------------

  /** E2, E3. */
  async #withLeader<T>(
    deadlineMs: number,
    signal: AbortSignal | undefined,
    repeatable: boolean,
    attempt: (leader: 'self' | MemberId) => Promise<T>,
    interruption?: Interrupted,
  ): Promise<T> {
    let begun = false;
    const goOn = async (interrupted: Interrupted): Promise<void> => {
      this.#assertOpen();
      begun ||= interrupted.begun;
      if (begun && !repeatable) throw outcomeUnknown();
      await this.#changeOrPause(retryPauseMs);
    };
    if (interruption !== undefined) await goOn(interruption);
    for (;;) {
      const leader = this.#leaderNow() ?? (await this.#waitForLeader(deadlineMs, signal, begun));
      try {
        return await attempt(leader);
      } catch (error) {
        if (!(error instanceof Interrupted)) throw error;
        await goOn(error);
      }
    }
  }

  #leaderNow(): 'self' | MemberId | undefined {
    const { role, ready, leader } = this.#raftStatus;
    if (role === 'leader') return ready ? 'self' : undefined;
    return leader ?? undefined;
  }

  async #waitForLeader(
    deadlineMs: number,
    signal: AbortSignal | undefined,
    begun: boolean,
  ): Promise<'self' | MemberId> {
    for (;;) {
      this.#assertOpen();
      if (signal?.aborted === true) throw new HoldfastError('aborted', 'The caller gave up.');
      const leader = this.#leaderNow();
      if (leader !== undefined) return leader;
      const leftMs = deadlineMs - this.#parts.clock.now();
      if (leftMs <= 0) throw begun ? outcomeUnknown() : noQuorum();
      await this.#changeOrPause(Math.min(leftMs, 100));
    }
  }

  /** Asks the leader. What breaks on the way is an interruption. */
  async #call(
    leader: MemberId,
    deadlineMs: number,
    signal: AbortSignal | undefined,
    call: WithoutTimeout<Call>,
  ): Promise<unknown> {
    const timeoutMs = Math.ceil(deadlineMs - this.#parts.clock.now());
    if (timeoutMs <= 0) throw noQuorum();
    let answer: unknown;
    try {
      answer = await this.#transport.call(leader, { ...call, timeoutMs }, signal, timeoutMs);
    } catch (error) {
      if (error instanceof CallFailed) throw new Interrupted(error.sent, error.message);
      throw error;
    }
    return unwrapAnswer(answer);
  }

  /** A peer's call is answered here or nowhere: it is not passed on again. */
  async #workOnCall(call: Call, deadlineMs: number, signal: AbortSignal): Promise<unknown> {
    while (this.#raftStatus.role === 'leader' && !this.#raftStatus.ready) {
      if (this.#parts.clock.now() >= deadlineMs) throw new Interrupted(false, 'not ready to lead');
      await this.#changeOrPause(100);
    }
    if (this.#closing || this.#leaderNow() !== 'self')
      throw new Interrupted(false, 'not the leader');
    switch (call.type) {
      case 'submit':
        return this.#submitHere(call.command, {
          identity: call.identity,
          signal,
          ...(call.answeredBelow === undefined ? {} : { answeredBelow: call.answeredBelow }),
        });
      case 'keep_alive':
        return this.#keepAliveHere(call.sessionId);
      case 'query':
        return this.#queryHere(call.query);
      case 'add_member':
      case 'remove_member':
      case 'transfer':
        return this.#administerHere(call, deadlineMs);
    }
  }

  // ---- on the leader ----------------------------------------------------------------------------

  #submitHere(command: Command, options: CallOptions): Promise<CommandResult> {
    const outcome = new Promise<CommandResult>((resolve, reject) => {
      this.#queue.submit(envelopeOf(command, options), resolve, reject);
    });
    const { signal } = options;
    if (signal === undefined || command.type !== 'acquire' || command.waitMs === 0) return outcome;
    const abandon = (): void => this.#abandonLater(command, options);
    if (signal.aborted) abandon();
    signal.addEventListener('abort', abandon, { once: true });
    return outcome.finally(() => signal.removeEventListener('abort', abandon));
  }

  /** E1. */
  async #keepAliveHere(sessionId: SessionId): Promise<KeepAliveResult> {
    for (;;) {
      const expiry = this.#leases.expiryInProgress(sessionId);
      if (expiry === undefined) break;
      await expiry; // L3
    }
    await this.#prove();
    const { state } = this.#replica;
    if (state.renewalOf(sessionId) === undefined)
      return missingSession(sessionId, state.endedReason(sessionId));
    if (this.#leases.expiryInProgress(sessionId) !== undefined)
      return this.#keepAliveHere(sessionId);
    const timeoutMs = this.#leases.touch(
      sessionId,
      this.#parts.clock.now(),
      this.#parts.clock.wallNow(),
    );
    if (timeoutMs === undefined) throw new Interrupted(false, 'this node stopped leading');
    return { ok: true, timeoutMs };
  }

  async #queryHere(query: Query): Promise<QueryResult> {
    await this.#prove();
    return answerQuery(this.#replica.state, this.#leases, query);
  }

  /** One proof for all that ask in one event-loop turn. */
  #prove(): Promise<void> {
    this.#turnProof ??= new Promise((resolve, reject) => {
      this.#parts.clock.endOfTurn(() => {
        this.#turnProof = undefined;
        this.#replica
          .prove()
          .then(resolve, () => reject(new Interrupted(false, 'leadership was not proven')));
      });
    });
    return this.#turnProof;
  }

  #startLeading(status: Status): void {
    const now = this.#parts.clock.now();
    const wall = this.#parts.clock.wallNow();
    this.#leadingTerm = status.term;
    this.#clusterClock.restart(this.#replica.state.time, now);
    this.#leases.clear(); // L2
    for (const session of this.#replica.state.sessions()) {
      this.#leases.begin(session.sessionId, session.timeoutMs, now, wall);
    }
  }

  #stopLeading(): void {
    this.#leadingTerm = 0;
    this.#leases.clear();
    this.#queue.interrupt();
  }

  #renewLeases(batch: Batch, events: readonly Event[]): void {
    const now = this.#parts.clock.now();
    const wall = this.#parts.clock.wallNow();
    for (const { command } of batch.commands) {
      // An expiry is no sign of life.
      if (command.type === 'expire_session' || !('sessionId' in command)) continue;
      this.#leases.touch(command.sessionId, now, wall);
    }
    for (const event of events) {
      if (event.type === 'session_created')
        this.#leases.begin(event.sessionId, event.timeoutMs, now, wall);
      else if (event.type === 'session_ended') this.#leases.end(event.sessionId);
      else if (event.type === 'granted') this.#touchOwn(event.sessionId, now, wall);
    }
  }

  /** The lease of a session that was made for one hold counts from the grant. */
  #touchOwn(sessionId: SessionId, now: number, wall: number): void {
    if (this.#replica.state.session(sessionId)?.own === true)
      this.#leases.touch(sessionId, now, wall);
  }

  /** What a node is configured with counts only once it is in the log. */
  #putLimitsInForce(): void {
    const limits = this.#parts.stateLimits;
    if (this.#limitsPending || isDeepStrictEqual(limits, this.#replica.state.limits)) return;
    this.#limitsPending = true;
    void this.#background({ type: 'set_limits', limits }).finally(() => {
      this.#limitsPending = false;
    });
  }

  async #expire(sessionId: SessionId): Promise<void> {
    const session = this.#replica.state.session(sessionId);
    if (session === undefined) return;
    if (session.own && session.waiting && session.holds.length === 0) {
      // It lives as long as its one wait, which has an end of its own.
      this.#leases.touch(sessionId, this.#parts.clock.now(), this.#parts.clock.wallNow());
      return;
    }
    await this.#background({ type: 'expire_session', sessionId, renewal: session.renewal });
  }

  #promoteLearners(): void {
    const status = this.#replica.status();
    for (const member of status.membership.members) {
      if (member.role !== 'learner') continue;
      const progress = status.progress.find(({ id }) => id === member.id);
      if (progress === undefined || progress.matchIndex + promotionDistance < status.lastIndex)
        continue;
      const answer = this.#replica.changeMembership({ type: 'promote', id: member.id });
      if (answer.ok)
        this.#parts.log.info(
          { member: member.id },
          'A learner has caught up and votes from now on.',
        );
      return;
    }
  }

  /** A command of the leader's own. Its failure is no news: it is tried again when due. */
  async #background(command: Command): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => resolve();
      this.#queue.submit({ identity: 'holdfast', command }, done, done);
    });
  }

  /** The asker of this acquire is gone: tell the state, wherever the leader is, within a bounded time. */
  #abandonLater(command: Command, options: CallOptions): void {
    if (command.type !== 'acquire') return;
    const { sessionId, name, requestId } = command;
    this.submit(
      { type: 'abandon', sessionId, name, requestId },
      { identity: options.identity },
    ).catch(() =>
      // The session's end gives the hold back.
      this.#parts.log.warn(
        { name },
        'An abandoned acquire could not be given up; it ends with its session.',
      ),
    );
  }

  // ---- administration ---------------------------------------------------------------------------

  async #administer(
    call: WithoutTimeout<AdministrativeCall>,
    timeoutMs: number = defaultTimeoutMs,
  ): Promise<unknown> {
    this.#assertOpen();
    const deadlineMs = this.#parts.clock.now() + timeoutMs;
    return this.#withLeader(deadlineMs, undefined, false, (leader) =>
      leader === 'self'
        ? this.#administerHere(call, deadlineMs)
        : this.#call(leader, deadlineMs, undefined, call),
    );
  }

  async #administerHere(
    call: WithoutTimeout<AdministrativeCall>,
    deadlineMs: number,
  ): Promise<unknown> {
    if (call.type === 'transfer') return this.#transferHere(call.to, deadlineMs);
    const { members } = this.#raftStatus.membership;
    const id = call.id as MemberId;
    const present = members.some((member) => member.id === id);
    if (call.type === 'add_member' && present) {
      throw new HoldfastError('member_exists', `"${id}" is a member already.`);
    }
    if (call.type === 'add_member' && !this.#parts.reachable) {
      throw new HoldfastError(
        'invalid_request',
        'This node listens for no peers. Start it with cluster.listen (host:port) to let others join.',
      );
    }
    if (call.type === 'remove_member' && !present) {
      throw new HoldfastError(
        'member_not_found',
        `"${id}" is not a member. See GET /cluster/status.`,
      );
    }
    const answer = await this.#changeMembership(
      call.type === 'add_member'
        ? { type: 'add_learner', id, address: call.address }
        : { type: 'remove', id },
      deadlineMs,
    );
    while (this.#replica.status().applied < answer.index) {
      if (this.#parts.clock.now() >= deadlineMs) throw outcomeUnknown();
      await this.#pause(5);
    }
    return null;
  }

  /** Proposes the change; waits for the one before it, as far as the deadline allows. */
  async #changeMembership(
    change: MembershipChange,
    deadlineMs: number,
  ): Promise<{ readonly index: number }> {
    for (;;) {
      const answer = this.#replica.changeMembership(change);
      if (answer.ok) return answer;
      if (answer.reason === 'invalid_change') {
        throw new HoldfastError('invalid_request', answer.detail ?? 'The change is not possible.');
      }
      if (answer.reason !== 'change_in_progress') {
        throw new Interrupted(false, answer.detail ?? answer.reason);
      }
      if (this.#parts.clock.now() >= deadlineMs) {
        throw new HoldfastError(
          'membership_change_in_progress',
          'Another change is not committed yet. Try again when GET /cluster/status shows it done.',
        );
      }
      await this.#pause(retryPauseMs);
    }
  }

  async #transferHere(to: string | null, deadlineMs: number): Promise<string> {
    if (to === this.#parts.nodeId) return to;
    const members = this.#raftStatus.membership.members;
    if (to !== null && !members.some((member) => member.id === to && member.role === 'voter')) {
      throw new HoldfastError(
        'member_not_found',
        `"${to}" is not a voting member. See GET /cluster/status.`,
      );
    }
    const answer = this.#replica.transferLeadership(to as MemberId | null);
    if (!answer.ok) {
      if (answer.reason === 'invalid_change') {
        throw new HoldfastError(
          'invalid_request',
          answer.detail ?? 'There is nobody to hand over to.',
        );
      }
      throw new Interrupted(false, answer.detail ?? answer.reason);
    }
    for (;;) {
      const { leader, role, ready } = this.#raftStatus;
      if (leader !== null && leader !== this.#parts.nodeId) return leader;
      if (role === 'leader' && ready)
        throw new Interrupted(false, 'the handover did not succeed in time');
      if (this.#parts.clock.now() >= deadlineMs) throw outcomeUnknown();
      await this.#changeOrPause(20);
    }
  }

  // ---- small parts ------------------------------------------------------------------------------

  #assertOpen(): void {
    if (this.#closing) throw shuttingDown();
  }

  #tellStatus(): void {
    if (this.#statusListeners.size === 0) return;
    const status = this.status();
    for (const listener of this.#statusListeners) listener(status);
  }

  #wakeChangeWaiters(): void {
    const waiters = [...this.#changeWaiters];
    this.#changeWaiters.clear();
    for (const wake of waiters) wake();
  }

  #changeOrPause(longestMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#changeWaiters.delete(wake);
        resolve();
      };
      const cancel = this.#parts.clock.after(longestMs, wake);
      this.#changeWaiters.add(wake);
    });
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#parts.clock.after(delayMs, resolve);
    });
  }
}

type WithoutTimeout<T> = T extends unknown ? Omit<T, 'timeoutMs'> : never;
type AdministrativeCall = Extract<Call, { type: 'add_member' | 'remove_member' | 'transfer' }>;

function envelopeOf(command: Command, { identity, answeredBelow }: CallOptions): Envelope {
  return answeredBelow === undefined ? { identity, command } : { identity, command, answeredBelow };
}

/** Whether the state machine recognises a second submission of this command (E2). */
function isRepeatable(command: Command): boolean {
  switch (command.type) {
    case 'acquire':
    case 'create_session':
    case 'abandon':
    case 'expire_session':
    case 'advance':
    case 'set_limits':
      return true;
    case 'release':
      return command.requestId !== undefined;
    case 'end_session':
    case 'force_release':
    case 'jump_fence_counter':
      return false;
  }
}

function abandonedRefusal(name: string): Refusal {
  return { ok: false, code: 'wait_abandoned', message: `The wait for "${name}" was given up.` };
}

function missingSession(sessionId: SessionId, ended: 'ended' | 'expired' | undefined): Refusal {
  return ended === undefined
    ? {
        ok: false,
        code: 'session_not_found',
        message: `There is no session "${sessionId}". Create one first.`,
      }
    : {
        ok: false,
        code: 'session_expired',
        message: `Session "${sessionId}" has ${ended}. Create a new one and acquire again.`,
      };
}

const noQuorum = (): HoldfastError =>
  new HoldfastError(
    'no_quorum',
    'No leader was found in time: a majority of the members may be down or cut off. Nothing was done; see GET /cluster/status.',
  );

const outcomeUnknown = (): HoldfastError =>
  new HoldfastError(
    'outcome_unknown',
    'The leader was lost before the outcome was known. Repeat the request with the same request id, or look at the state first.',
  );

const shuttingDown = (): HoldfastError =>
  new HoldfastError('shutting_down', 'This node is stopping. Ask another one.');
