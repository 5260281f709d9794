/**
 * The stream to one node at a time, and every unanswered request.
 *
 * F1: what is sent again: request.ts.
 * F2: every request ends: by its answer, its deadline, its signal, or the client's end.
 * F3: while a request is unanswered, a node that says nothing, or that knows no leader, is left for the
 *     next one within about `silentSweepsAllowed` sweeps: a process that stands still keeps its
 *     connections open, and one that is cut off from its peers still answers. Counted in sweeps, not in
 *     time: a client that was itself blocked first reads what came in meanwhile.
 * F4: which node is asked: route.ts.
 */
import { errorDefinitions, HoldfastError, streamPath } from '@holdfast/protocol';
import type {
  ClusterPush,
  ErrorCode,
  HoldEndedPush,
  OperationName,
  Operations,
  Problem,
  WatchAnswer,
  WatchBody,
  WatchPush,
} from '@holdfast/protocol';
import type { ClientClock } from './clock.ts';
import type { OpenSocket } from './environment.ts';
import { givingUp, isRepeatable, mayWait } from './request.ts';
import type { AskedOperation } from './request.ts';
import { Route } from './route.ts';
import type { StreamSocket } from '#socket';

const sweepEveryMs = 50;
/** Sweeps without a word before the node is asked for one. */
const silentSweepsBeforePing = 6;
const silentSweepsAllowed = 17;
const leaderlessSweepsAllowed = 20;
const minBackoffMs = 20;
const maxBackoffMs = 500;
const maxUnanswered = 50_000;
const refusedBeforeHttp = 3;

/** How long a call may take, and what gives it up. */
export interface CallSettings {
  /** The longest this call may take, in ms. */
  readonly timeoutMs?: number;
  /** Gives up; a waiting acquire leaves its queue. */
  readonly signal?: AbortSignal;
  /** Numbered requests of this session below it have been answered: their answers may be forgotten. */
  readonly answeredBelow?: number;
}

interface Pending {
  readonly id: number;
  readonly operation: AskedOperation;
  readonly body: unknown;
  readonly answeredBelow: number | undefined;
  readonly deadlineMs: number;
  readonly repeatable: boolean;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: HoldfastError) => void;
  cleanUp: (() => void) | undefined;
  sent: boolean;
  /** In the next message. */
  queued: boolean;
  attempts: number;
  abandoned: boolean;
}

/** How a node is reached. */
export interface Ways {
  readonly openSocket: OpenSocket;
  /** Where no WebSocket comes through; undefined: then there is no connection. */
  readonly openHttp: OpenSocket | undefined;
  /** No WebSocket is tried. */
  readonly onlyHttp?: boolean;
}

export class Connection {
  readonly #clock: ClientClock;
  readonly #openSocket: OpenSocket;
  readonly #route: Route;
  readonly #pending = new Map<number, Pending>();
  #turn: Pending[] = [];
  #socket: StreamSocket | undefined;
  #open = false;
  #nextId = 1;
  #closed = false;
  #cancelSweep: (() => void) | undefined;
  #cancelReconnect: (() => void) | undefined;
  #silentSweeps = 0;
  #leaderlessSweeps = 0;
  readonly onSessionEnded: Map<string, (reason: string) => void> = new Map();
  /** Holds that others ended, by session. */
  readonly onHoldEnded: Map<string, (push: HoldEndedPush) => void> = new Map();
  readonly #watches = new Map<number, (push: WatchPush) => void>();
  readonly #brokenListeners = new Set<() => void>();
  readonly #openListeners = new Set<() => void>();
  /** Connections in a row that a WebSocket was not made for. */
  #refusedStreams = 0;
  #overHttp = false;
  readonly #openHttp: OpenSocket | undefined;
  readonly #onlyHttp: boolean;

  constructor(endpoints: readonly string[], clock: ClientClock, ways: Ways) {
    this.#openSocket = ways.openSocket;
    this.#openHttp = ways.openHttp;
    this.#onlyHttp = ways.onlyHttp ?? false;
    this.#route = new Route(endpoints);
    this.#clock = clock;
  }

  get cluster(): ClusterPush | undefined {
    return this.#route.cluster;
  }

  get url(): string {
    return this.#route.url;
  }

  call<N extends OperationName>(
    operation: N,
    body: Operations[N]['body'],
    settings: CallSettings & { readonly timeoutMs: number },
  ): Promise<Operations[N]['answer']> {
    return this.#ask(operation, body, settings) as Promise<Operations[N]['answer']>;
  }

  /**
   * Begins a watch on this connection: it ends with it.
   *
   * @param onPush Called with every push, from the very first on.
   */
  async watch(
    body: WatchBody,
    timeoutMs: number,
    onPush: (push: WatchPush) => void,
  ): Promise<WatchAnswer> {
    const answer = await this.#ask('watch', body, { timeoutMs }, (begun) => {
      this.#watches.set((begun as WatchAnswer).watch_id, onPush);
    });
    return answer as WatchAnswer;
  }

  unwatch(watchId: number): void {
    if (!this.#watches.delete(watchId) || !this.#open) return;
    this.#socket?.send(JSON.stringify([[this.#nextId++, 'unwatch', { watch_id: watchId }]]));
  }

  /** Calls back when the connection breaks. */
  onBroken(listener: () => void): () => void {
    this.#brokenListeners.add(listener);
    return () => this.#brokenListeners.delete(listener);
  }

  /** Calls back when there is a connection, also again. */
  onOpen(listener: () => void): () => void {
    this.#openListeners.add(listener);
    return () => this.#openListeners.delete(listener);
  }

  /** Whether what others end is told at once; else it has to be asked for. */
  get tellsEnds(): boolean {
    return !this.#overHttp;
  }

  /** @param onAnswer Called with the answer before anything that follows it is read. */
  #ask(
    operation: AskedOperation,
    body: unknown,
    settings: CallSettings & { readonly timeoutMs: number },
    onAnswer?: (answer: unknown) => void,
  ): Promise<unknown> {
    if (this.#closed)
      return Promise.reject(new HoldfastError('connection_lost', 'The client is closed.'));
    if (this.#pending.size >= maxUnanswered) {
      return Promise.reject(
        new HoldfastError(
          'overloaded',
          `The client has ${String(maxUnanswered)} unanswered requests.`,
        ),
      );
    }
    const { signal } = settings;
    if (signal?.aborted === true) return Promise.reject(aborted());
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const pending: Pending = {
        id,
        operation,
        body,
        answeredBelow: settings.answeredBelow,
        deadlineMs: this.#clock.now() + settings.timeoutMs,
        repeatable: isRepeatable(operation, body),
        resolve: (answer) => {
          onAnswer?.(answer);
          resolve(answer);
        },
        reject,
        cleanUp: undefined,
        sent: false,
        queued: false,
        attempts: 0,
        abandoned: false,
      };
      if (signal !== undefined) {
        const abort = (): void => this.#abort(pending);
        signal.addEventListener('abort', abort, { once: true });
        pending.cleanUp = () => signal.removeEventListener('abort', abort);
      }
      this.#pending.set(id, pending);
      this.#enqueue(pending);
      this.#keepSweeping();
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancelSweep?.();
    this.#cancelReconnect?.();
    this.#socket?.close();
    for (const pending of this.#pending.values())
      this.#fail(pending, new HoldfastError('connection_lost', 'The client was closed.'));
  }

  /** All requests of one event-loop turn are one message. */
  #enqueue(pending: Pending): void {
    if (pending.queued) return;
    pending.queued = true;
    this.#turn.push(pending);
    if (this.#turn.length > 1) return;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    if (!this.#open) {
      this.#connect();
      return;
    }
    const requests: unknown[] = [];
    for (const pending of this.#turn) {
      pending.queued = false;
      if (!this.#pending.has(pending.id)) continue;
      if (pending.abandoned && this.#overHttp) {
        this.#pending.delete(pending.id);
        this.#giveUp(pending);
        continue;
      }
      pending.sent = true;
      pending.attempts += 1;
      requests.push(
        pending.answeredBelow === undefined
          ? [pending.id, pending.operation, pending.body]
          : [pending.id, pending.operation, pending.body, pending.answeredBelow],
      );
      if (pending.abandoned) requests.push(this.#abandonOf(pending));
    }
    this.#turn = [];
    if (requests.length > 0) this.#socket?.send(JSON.stringify(requests));
  }

  #connect(): void {
    if (this.#socket !== undefined || this.#closed || this.#cancelReconnect !== undefined) return;
    const url = this.#route.next();
    this.#silentSweeps = 0;
    this.#leaderlessSweeps = 0;
    // Where no WebSocket comes through, every other attempt is made over plain HTTP.
    const openHttp = this.#openHttp;
    const refused = this.#refusedStreams - refusedBeforeHttp;
    const overHttp =
      openHttp !== undefined && (this.#onlyHttp || (refused >= 0 && refused % 2 === 0));
    this.#overHttp = overHttp;
    const events = {
      onOpen: () => {
        if (this.#socket !== socket) return;
        this.#open = true;
        if (!overHttp) this.#refusedStreams = 0;
        this.#route.reached();
        this.#flush();
        for (const listener of this.#openListeners) listener();
      },
      onMessage: (text: string) => {
        if (this.#socket === socket) this.#receive(text);
      },
      onClose: () => {
        if (this.#socket === socket) this.#lost();
      },
    };
    const streamUrl = url.replace(/^http/, 'ws').replace(/\/$/, '') + streamPath;
    const socket: StreamSocket =
      overHttp && openHttp !== undefined
        ? openHttp(url, events)
        : this.#openSocket(streamUrl, events);
    this.#socket = socket;
  }

  #lost(): void {
    this.#socket = undefined;
    if (!this.#open) this.#refusedStreams += 1;
    this.#watches.clear();
    for (const listener of this.#brokenListeners) listener();
    this.#route.lost(this.#open);
    this.#open = false;
    if (this.#closed) return;
    for (const pending of this.#pending.values()) {
      if (!pending.sent) continue;
      if (pending.repeatable) {
        pending.sent = false;
        if (pending.queued) continue;
        pending.queued = true;
        this.#turn.push(pending);
      } else {
        this.#fail(
          pending,
          new HoldfastError(
            'outcome_unknown',
            `The connection broke before ${pending.operation} was answered.`,
          ),
        );
      }
    }
    const { failures } = this.#route;
    const delayMs = failures === 0 ? 0 : this.#backoffMs(failures);
    this.#cancelReconnect = this.#clock.after(delayMs, () => {
      this.#cancelReconnect = undefined;
      if (this.#pending.size > 0) this.#connect();
    });
  }

  #receive(text: string): void {
    this.#silentSweeps = 0;
    const answers = JSON.parse(text) as readonly (readonly [number, unknown, unknown])[];
    for (const [id, kind, body] of answers) {
      if (id === 0) {
        this.#onPush(String(kind), body);
        continue;
      }
      const pending = this.#pending.get(id);
      if (pending === undefined) continue;
      this.#route.answered();
      if (kind === 0) {
        this.#pending.delete(id);
        pending.cleanUp?.();
        // It crossed the giving up: nobody is there to have it.
        if (pending.abandoned) this.#giveUp(pending);
        else pending.resolve(body);
      } else {
        this.#onProblem(pending, body as Problem);
      }
    }
  }

  #onProblem(pending: Pending, problem: Problem): void {
    const code: ErrorCode = problem.code in errorDefinitions ? problem.code : 'internal';
    const { retry } = errorDefinitions[code];
    if (
      retry === 'same' &&
      (pending.repeatable || code === 'not_leader' || code === 'shutting_down')
    ) {
      const delayMs = this.#backoffMs(pending.attempts);
      if (this.#clock.now() + delayMs < pending.deadlineMs) {
        this.#clock.after(delayMs, () => {
          if (this.#pending.has(pending.id)) this.#enqueue(pending);
        });
        return;
      }
    }
    const {
      type: _type,
      title: _title,
      status: _status,
      detail,
      code: _code,
      ...details
    } = problem;
    this.#fail(pending, new HoldfastError(code, detail, details));
  }

  #onPush(kind: string, body: unknown): void {
    if (kind === 'cluster') {
      const cluster = body as ClusterPush;
      if (!this.#route.learn(cluster)) return;
      this.#leave();
      this.#route.goTo(cluster);
    } else if (kind === 'watch') {
      const push = body as WatchPush;
      this.#watches.get(push.watch_id)?.(push);
    } else if (kind === 'hold_ended') {
      const push = body as HoldEndedPush;
      this.onHoldEnded.get(push.session_id)?.(push);
    } else if (kind === 'session_ended') {
      const { session_id: sessionId, reason } = body as {
        readonly session_id: string;
        readonly reason: string;
      };
      this.onSessionEnded.get(sessionId)?.(reason);
    }
  }

  /**
   * The caller is told at once. An acquire that a node may have seen stays until it is answered, over
   * broken connections too, so that its place, or what was granted meanwhile, is given back.
   */
  #abort(pending: Pending): void {
    if (!this.#pending.has(pending.id) || pending.abandoned) return;
    if (!mayWait(pending.operation) || pending.attempts === 0) {
      this.#fail(pending, aborted());
      return;
    }
    pending.abandoned = true;
    pending.cleanUp?.();
    pending.reject(aborted());
    if (!pending.sent || !this.#open) return;
    this.#socket?.send(JSON.stringify([this.#abandonOf(pending)]));
    if (this.#overHttp) this.#giveUp(pending);
  }

  /**
   * By its number, whatever became of it. Over HTTP hanging up is not enough: the request could be asked
   * for again, so its place stays.
   */
  #giveUp({ operation, body }: Pending): void {
    const wish = givingUp(operation, body);
    if (wish === undefined) return;
    // Should it fail, the place ends with its deadline, and a grant with its session.
    this.call('give_up', wish, { timeoutMs: 10_000 }).catch(() => undefined);
  }

  #backoffMs(times: number): number {
    const longestMs = Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(times, 5));
    return longestMs * (0.5 + this.#clock.random() / 2);
  }

  #abandonOf(pending: Pending): readonly unknown[] {
    return [this.#nextId++, 'abandon', { request: pending.id }];
  }

  #fail(pending: Pending, error: HoldfastError): void {
    this.#pending.delete(pending.id);
    pending.cleanUp?.();
    pending.reject(error);
  }

  /** One coarse timer for all deadlines (F2). */
  #keepSweeping(): void {
    if (this.#cancelSweep !== undefined) return;
    this.#cancelSweep = this.#clock.after(sweepEveryMs, () => {
      this.#cancelSweep = undefined;
      const now = this.#clock.now();
      for (const pending of this.#pending.values()) {
        if (pending.deadlineMs > now) continue;
        this.#fail(
          pending,
          new HoldfastError(
            'deadline_exceeded',
            `${pending.operation} was not answered in time; it may have been carried out.`,
          ),
        );
      }
      if (this.#pending.size === 0) {
        this.#silentSweeps = 0;
        this.#leaderlessSweeps = 0;
        return;
      }
      this.#watchNode();
      this.#keepSweeping();
    });
  }

  /** F3. */
  #watchNode(): void {
    if (this.#socket === undefined) return;
    this.#silentSweeps += 1;
    const leaderless = this.#open && this.#route.cluster?.leader === null;
    this.#leaderlessSweeps = leaderless ? this.#leaderlessSweeps + 1 : 0;
    if (
      this.#silentSweeps > silentSweepsAllowed ||
      this.#leaderlessSweeps > leaderlessSweepsAllowed
    ) {
      this.#leave();
    } else if (this.#open && this.#silentSweeps === silentSweepsBeforePing) {
      this.#socket.send(JSON.stringify([[this.#nextId++, 'ping', null]]));
    }
  }

  /** Goes on with another node. */
  #leave(): void {
    const socket = this.#socket;
    this.#lost();
    socket?.close();
  }
}

const aborted = (): HoldfastError => new HoldfastError('aborted', 'The caller gave up.');
