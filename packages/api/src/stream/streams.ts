/**
 * All client streams of this node: tells them news, keeps dead ones out. What they stand on, real
 * sockets or others, is given.
 */
import type { ClusterStatus } from '@holdfast/engine';
import type { Clock } from '@holdfast/engine/parts';
import type { ClusterPush } from '@holdfast/protocol';
import type { Event } from '@holdfast/state';
import type { OperationContext } from '../operations/context.ts';
import type { ApiLimits } from '../limits.ts';
import type { ApiLog } from '../log.ts';
import type { StreamStats } from '../metrics/sources.ts';
import { RequestTurns } from '../turns/request-turns.ts';
import { StreamConnection } from './connection.ts';
import { closeCodes } from './host.ts';
import type { StreamHost, ServerSocket } from './host.ts';

const heartbeatMs = 15_000;
const closePollMs = 5;

export class ClientStreams {
  readonly #limits: ApiLimits;
  readonly #context: OperationContext;
  readonly #host: StreamHost<StreamConnection>;
  readonly #clock: Clock;
  readonly #connections = new Set<StreamConnection>();
  /** ClientStreams that are told when a session ends. */
  readonly #watchers = new Map<string, Set<StreamConnection>>();
  #cancelHeartbeat: () => void;
  readonly #unsubscribes: readonly (() => void)[];
  #toFlush: StreamConnection[] = [];
  #requests = 0;
  #stopping = false;
  #cluster: ClusterPush;
  #clusterText: string;

  /** @param turns Of the whole node, where it has other requests than those of streams. */
  constructor(
    context: OperationContext,
    clock: Clock,
    log: ApiLog,
    turns: RequestTurns = new RequestTurns(clock),
  ) {
    const { engine, limits } = context.service;
    this.#limits = limits;
    this.#clock = clock;
    this.#context = context;
    this.#host = {
      maxRequests: limits.maxRequestsPerStream,
      maxUnreadBytes: limits.maxUnreadBytes,
      isStopping: () => this.#stopping,
      countRequests: (count) => {
        this.#requests += count;
      },
      turns,
      after: (delayMs, callback) => clock.after(delayMs, callback),
      flushLater: (connection) => this.#flushLater(connection),
      followSession: (sessionId, connection) => this.#follow(sessionId, connection),
      forgetSession: (sessionId, connection) => this.#forgetSession(sessionId, connection),
      tellCluster: (connection) => connection.pushCluster(this.#cluster),
      onInternalError: (err, operation) =>
        log.error({ err, operation }, 'A request on a stream failed with an internal error.'),
    };
    this.#cluster = clusterPush(engine.status());
    this.#clusterText = JSON.stringify(this.#cluster);
    this.#unsubscribes = [
      engine.onStatus((status) => this.#tellCluster(status)),
      engine.onEvents((_revision, events) => this.#tellEvents(events)),
      engine.onGap(() => this.#lookAnew()),
    ];
    this.#cancelHeartbeat = clock.after(heartbeatMs, () => this.#findDead());
  }

  get stats(): StreamStats {
    const { callers } = this.#context.service.shares.streams;
    return { connections: this.#connections.size, callers, requests: this.#requests };
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  get full(): boolean {
    return this.#connections.size >= this.#limits.maxStreams;
  }

  /**
   * Serves a client that has connected.
   *
   * @param context Of its caller; that of everybody when absent.
   * @param onForgotten Called once nothing of it is left: until then it is one of the streams that its caller may have, also where
   *     its socket is closed and what came before waits.
   */
  admit(
    socket: ServerSocket,
    context: OperationContext = this.#context,
    onForgotten: () => void = () => undefined,
  ): void {
    const connection = new StreamConnection(socket, this.#host, context);
    this.#connections.add(connection);
    // ARRIVING-4: only then, so that what is begun late is cancelled and forgotten as well.
    socket.on('close', () =>
      connection.arriving.whenBegun(() => {
        this.#forget(connection);
        onForgotten();
      }),
    );
    connection.pushCluster(this.#cluster);
  }

  #forget(connection: StreamConnection): void {
    if (!this.#connections.delete(connection)) return;
    for (const sessionId of connection.sessions) this.#forgetSession(sessionId, connection);
    connection.end();
  }

  #forgetSession(sessionId: string, connection: StreamConnection): void {
    const watchers = this.#watchers.get(sessionId);
    watchers?.delete(connection);
    if (watchers?.size === 0) this.#watchers.delete(sessionId);
  }

  #flushLater(connection: StreamConnection): void {
    if (this.#toFlush.length === 0) this.#clock.endOfTurn(() => this.#flush());
    this.#toFlush.push(connection);
  }

  #flush(): void {
    const connections = this.#toFlush;
    this.#toFlush = [];
    for (const connection of connections) connection.flush();
  }

  #follow(sessionId: string, connection: StreamConnection): void {
    const watchers = this.#watchers.get(sessionId);
    if (watchers === undefined) this.#watchers.set(sessionId, new Set([connection]));
    else watchers.add(connection);
  }

  #tellEvents(events: readonly Event[]): void {
    if (this.#watchers.size === 0) return;
    for (const event of events) {
      if (event.type === 'session_ended') this.#tellSessionEnded(event);
      else if (event.type === 'hold_ended' || event.type === 'permits_ended')
        this.#tellHoldEnded(event);
    }
  }

  /** What ended meanwhile was not told: who connects again asks what it still has. */
  #lookAnew(): void {
    for (const connection of this.#connections)
      connection.close(
        closeCodes.serviceRestart,
        'This node installed a snapshot, so events before it are not available. Read the current state again and watch from now on.',
      );
  }

  #tellSessionEnded({ sessionId, reason }: Extract<Event, { type: 'session_ended' }>): void {
    const watchers = this.#watchers.get(sessionId);
    if (watchers === undefined) return;
    this.#watchers.delete(sessionId);
    for (const connection of watchers) connection.pushSessionEnded(sessionId, reason);
  }

  /** A release is answered, and the end of a session is told as such. */
  #tellHoldEnded(event: Extract<Event, { type: 'hold_ended' | 'permits_ended' }>): void {
    const { reason, sessionId } = event;
    if (reason !== 'forced' && reason !== 'max_hold') return;
    const kind = event.type === 'permits_ended' ? 'semaphore' : (event.kind ?? 'lock');
    for (const connection of this.#watchers.get(sessionId) ?? []) {
      connection.pushHoldEnded({
        session_id: sessionId,
        kind,
        resource: event.name,
        fence_token: event.fenceToken,
        reason,
        ...(event.note === undefined ? {} : { note: event.note }),
      });
    }
  }

  /** The engine tells every change of its status; streams are told what concerns them. */
  #tellCluster(status: ClusterStatus): void {
    const cluster = clusterPush(status);
    const text = JSON.stringify(cluster);
    if (text === this.#clusterText) return;
    this.#cluster = cluster;
    this.#clusterText = text;
    for (const connection of this.#connections) connection.pushCluster(cluster);
  }

  #findDead(): void {
    for (const connection of this.#connections) {
      if (!connection.heartbeat()) connection.terminate();
    }
    this.#cancelHeartbeat = this.#clock.after(heartbeatMs, () => this.#findDead());
  }

  /** Begins nothing new. Waiting acquires are told by their owner. */
  stop(): void {
    this.#stopping = true;
    this.#cancelHeartbeat();
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
  }

  /** Resolves when every stream has its answers, or at the deadline; then closes them with 1001. */
  async close(deadlineMs: number): Promise<void> {
    while (this.#clock.now() < deadlineMs && this.#unanswered() > 0) await this.#pause();
    this.#flush();
    for (const connection of this.#connections) {
      connection.close(closeCodes.goingAway, 'This node is shutting down. Use another node.');
    }
    while (this.#clock.now() < deadlineMs && this.#connections.size > 0) await this.#pause();
    for (const connection of this.#connections) connection.terminate();
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(closePollMs, resolve);
    });
  }

  #unanswered(): number {
    let count = 0;
    for (const connection of this.#connections) count += connection.unanswered;
    return count;
  }
}

function clusterPush(status: ClusterStatus): ClusterPush {
  return {
    cluster_id: status.clusterId,
    node_id: status.nodeId,
    leader: status.leader,
    members: status.members.map(({ id, clientUrl }) => ({ node_id: id, url: clientUrl })),
  };
}
