/** All client streams of this node: accepts them, tells them news, keeps dead ones out. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { ClusterStatus } from '@holdfast/engine';
import type { ClusterPush } from '@holdfast/protocol';
import type { Event } from '@holdfast/state';
import type { OperationContext } from '../operations/context.ts';
import type { ApiLimits, ApiLog } from '../options.ts';
import { rawProblem } from '../http/problems.ts';
import { Refused, stoppingProblem } from '../refused.ts';
import type { StreamFigures } from '../metrics/metrics.ts';
import { closeCodes, StreamConnection } from './connection.ts';
import type { StreamHost } from './connection.ts';

const heartbeatMs = 15_000;

export class StreamServer {
  readonly #limits: ApiLimits;
  readonly #host: StreamHost;
  readonly #sockets: WebSocketServer;
  readonly #connections = new Set<StreamConnection>();
  /** Streams that are told when a session ends. */
  readonly #watchers = new Map<string, Set<StreamConnection>>();
  readonly #heartbeat: NodeJS.Timeout;
  readonly #unsubscribes: readonly (() => void)[];
  #toFlush: StreamConnection[] = [];
  #requests = 0;
  #stopping = false;
  #cluster: ClusterPush;
  #clusterText: string;

  constructor(context: OperationContext, log: ApiLog) {
    const { engine, limits } = context.service;
    this.#limits = limits;
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: limits.maxFrameBytes,
    });
    this.#host = {
      context,
      maxRequests: limits.maxRequestsPerStream,
      maxUnreadBytes: limits.maxUnreadBytes,
      isStopping: () => this.#stopping,
      countRequests: (count) => {
        this.#requests += count;
      },
      flushLater: (connection) => this.#flushLater(connection),
      watchSession: (sessionId, connection) => this.#watch(sessionId, connection),
      onInternalError: (err, operation) =>
        log.error({ err, operation }, 'A request on a stream met an error of this node.'),
    };
    this.#cluster = clusterPush(engine.status());
    this.#clusterText = JSON.stringify(this.#cluster);
    this.#unsubscribes = [
      engine.onStatus((status) => this.#tellCluster(status)),
      engine.onEvents((_revision, events) => this.#tellEvents(events)),
    ];
    this.#heartbeat = setInterval(() => this.#findDead(), heartbeatMs).unref();
  }

  get figures(): StreamFigures {
    return { connections: this.#connections.size, requests: this.#requests };
  }

  /** Turns an HTTP connection that asks for it into a stream. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#stopping) {
      socket.end(rawProblem(503, stoppingProblem));
      return;
    }
    if (this.#connections.size >= this.#limits.maxStreams) {
      const text = `This node has its ${String(this.#limits.maxStreams)} streams. Try another node.`;
      socket.end(rawProblem(503, new Refused('overloaded', text)));
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new StreamConnection(webSocket, this.#host);
      this.#connections.add(connection);
      // What is wrong with a connection ends it; `close` follows.
      webSocket.on('error', () => undefined);
      webSocket.on('close', () => this.#forget(connection));
      connection.pushCluster(this.#cluster);
    });
  }

  #forget(connection: StreamConnection): void {
    if (!this.#connections.delete(connection)) return;
    for (const sessionId of connection.sessions) {
      const watchers = this.#watchers.get(sessionId);
      watchers?.delete(connection);
      if (watchers?.size === 0) this.#watchers.delete(sessionId);
    }
    connection.end();
  }

  #flushLater(connection: StreamConnection): void {
    if (this.#toFlush.length === 0) setImmediate(() => this.#flush());
    this.#toFlush.push(connection);
  }

  #flush(): void {
    const connections = this.#toFlush;
    this.#toFlush = [];
    for (const connection of connections) connection.flush();
  }

  #watch(sessionId: string, connection: StreamConnection): void {
    const watchers = this.#watchers.get(sessionId);
    if (watchers === undefined) this.#watchers.set(sessionId, new Set([connection]));
    else watchers.add(connection);
  }

  #tellEvents(events: readonly Event[]): void {
    if (this.#watchers.size === 0) return;
    for (const event of events) {
      if (event.type !== 'session_ended') continue;
      const watchers = this.#watchers.get(event.sessionId);
      if (watchers === undefined) continue;
      this.#watchers.delete(event.sessionId);
      for (const connection of watchers) {
        connection.pushSessionEnded(event.sessionId, event.reason);
      }
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
  }

  /** Begins nothing new. Waiting acquires are told by their owner. */
  stop(): void {
    this.#stopping = true;
    clearInterval(this.#heartbeat);
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
  }

  /** Resolves when every stream has its answers, or at the deadline; then closes them with 1001. */
  async close(deadlineMs: number): Promise<void> {
    while (performance.now() < deadlineMs && this.#unanswered() > 0) await nextTurn();
    this.#flush();
    for (const connection of this.#connections) {
      connection.close(closeCodes.goingAway, 'This node is stopping.');
    }
    while (performance.now() < deadlineMs && this.#connections.size > 0) await nextTurn();
    for (const connection of this.#connections) connection.terminate();
  }

  #unanswered(): number {
    let count = 0;
    for (const connection of this.#connections) count += connection.unanswered;
    return count;
  }
}

const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 5);
  });

function clusterPush(status: ClusterStatus): ClusterPush {
  return {
    node_id: status.nodeId,
    leader: status.leader,
    members: status.members.map(({ id, clientUrl }) => ({ node_id: id, url: clientUrl })),
  };
}
