/**
 * Every unanswered request, and where its answer goes. What is sent again: request.ts. Which node they go to, and when
 * another one is sought: reach.ts, route.ts.
 *
 * CONNECTION-2: every request ends: by its answer, its deadline, its signal, the end of its session, or the client's end.
 *     What has ended is kept nowhere, also while no node can be reached; a watch that begins later is ended on its node.
 * CONNECTION-5: a request whose caller is told that nothing was done has had no effect. What one node says of the copy
 *     that came to it tells nothing of the copies that went elsewhere before.
 * CONNECTION-6: what is unanswered is bounded, in number and size (room.ts).
 */
import { codeIn, errorDefinitions, HoldfastError, RenewedMap } from '@holdfast/protocol';
import type {
  CacheDroppedAnswer,
  CacheDroppedBody,
  CacheKeepAnswer,
  CacheKeepBody,
  ClusterPush,
  Endpoint,
  ErrorCode,
  ErrorEffect,
  OperationName,
  Operations,
  Problem,
  StreamFrames,
  WatchAnswer,
  WatchBody,
  WatchPush,
} from '@holdfast/protocol';
import { cancelledError, brokenError, lateError, refusedError } from './call-errors.ts';
import { CallsOfSessions } from './calls-of-sessions.ts';
import type { CallOfSession } from './calls-of-sessions.ts';
import type { TimedCallSettings } from './call-settings.ts';
import type { ClientClock } from './clock.ts';
import { problemOfMs } from './durations.ts';
import { Listening, listeningPingEveryMs } from './listening.ts';
import { begunWatchIn, Pushes } from './pushes.ts';
import { backoffMs, Reach, sweepEveryMs } from './reach.ts';
import type { Ways } from './reach.ts';
import { OutgoingRequests } from './outgoing.ts';
import type { OutgoingRequest } from './outgoing.ts';
import { Room } from './room.ts';
import {
  cancelRequestOf,
  changesNothing,
  isOfCopyAlone,
  isOfHolders,
  isRepeatable,
  mayWait,
} from './request.ts';
import { requestOf, textOfRequest } from './request-text.ts';
import type { AskedOperation } from './request.ts';
import type { ClientWarning } from './client-warning.ts';
import type { ClientSpan, ClientTracing } from './tracing.ts';

interface Pending extends CallOfSession<Pending>, OutgoingRequest {
  readonly id: number;
  readonly operation: AskedOperation;
  readonly body: unknown;
  readonly span: ClientSpan | undefined;
  readonly deadlineMs: number;
  readonly repeatable: boolean;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: HoldfastError) => void;
  /** Takes it off its signal. */
  cleanUp: (() => void) | undefined;
  /** A copy that was sent is not answered, or its answer left open what became of it (CONNECTION-5). */
  uncertain: boolean;
}

export class Connection {
  readonly #clock: ClientClock;
  readonly #tracing: ClientTracing | undefined;
  readonly #reach: Reach;
  readonly pushes: Pushes = new Pushes();
  readonly #pending = new RenewedMap<number, Pending>();
  readonly #listening: Listening;
  readonly #ofSessions = new CallsOfSessions<Pending>();
  readonly #turn = new OutgoingRequests<Pending>();
  readonly #room = new Room();
  #nextId = 1;
  #closed = false;
  #cancelSweep: (() => void) | undefined;
  readonly #brokenListeners = new Set<() => void>();
  readonly #openListeners = new Set<() => void>();

  constructor(
    endpoints: readonly Endpoint[],
    clock: ClientClock,
    ways: Ways,
    onWarning: (warning: ClientWarning) => void,
    tracing?: ClientTracing,
  ) {
    this.#clock = clock;
    this.#tracing = tracing;
    this.#listening = new Listening(
      clock,
      () => this.pushes.isWatching,
      () => this.#pingWhereIdle(),
    );
    this.#reach = new Reach(endpoints, clock, ways, {
      onOpen: () => {
        this.#flush();
        for (const listener of this.#openListeners) listener();
      },
      onLost: () => this.#lost(),
      onAnswer: (id, kind, body) => this.#onAnswer(id, kind, body),
      onWarning,
      isWanted: () => this.#pending.size > 0,
      mayMove: () => this.#allRepeatable(),
      shortestLeaseMs: () => this.pushes.shortestLeaseMs,
      ping: () => this.#say('ping', null),
    });
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get cluster(): ClusterPush | undefined {
    return this.#reach.cluster;
  }

  call<N extends OperationName>(
    operation: N,
    body: Operations[N]['body'],
    settings: TimedCallSettings,
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
    settings: TimedCallSettings,
    onPush: (push: WatchPush) => void,
  ): Promise<WatchAnswer> {
    const answer = await this.#ask('watch', body, settings, (begun) => {
      this.pushes.watch((begun as WatchAnswer).watch_id, onPush);
      this.#listening.begin();
    });
    return answer as WatchAnswer;
  }

  /** Reads a key of the cache, to be kept for as long as this connection stands and the answer says. */
  cacheKeep(body: CacheKeepBody, timeoutMs: number): Promise<CacheKeepAnswer> {
    return this.#ask('cache_keep', body, { timeoutMs }) as Promise<CacheKeepAnswer>;
  }

  cacheDropped(body: CacheDroppedBody, timeoutMs: number): Promise<CacheDroppedAnswer> {
    return this.#ask('cache_dropped', body, { timeoutMs }) as Promise<CacheDroppedAnswer>;
  }

  #pingWhereIdle(): void {
    if (this.#pending.size > 0) return;
    this.#ask('ping', null, { timeoutMs: listeningPingEveryMs }).catch(() => undefined);
  }

  unwatch(watchId: number): void {
    if (this.pushes.unwatch(watchId)) this.#say('unwatch', { watch_id: watchId });
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
    return !this.#reach.overHttp;
  }

  /** @param onAnswer Called with the answer before anything that follows it is read. */
  #ask(
    operation: AskedOperation,
    body: unknown,
    settings: TimedCallSettings,
    onAnswer?: (answer: unknown) => void,
  ): Promise<unknown> {
    if (this.#closed)
      return Promise.reject(new HoldfastError('connection_lost', 'The client is closed.'));
    const { signal } = settings;
    if (signal?.aborted === true) return Promise.reject(cancelledError({ effect: 'none' }));
    const wrong = problemOfMs('timeoutMs', settings.timeoutMs); // DURATION-1
    if (wrong !== undefined) return Promise.reject(wrong);
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const { ackedBelow } = settings;
      const span = this.#tracing?.begin(operation);
      const holds = isOfHolders(operation);
      let text: string;
      try {
        text = textOfRequest(operation, requestOf(id, operation, body, ackedBelow, span));
        this.#room.take(text, holds); // CONNECTION-6
      } catch (error) {
        span?.end(error instanceof HoldfastError ? error.code : 'internal');
        throw error;
      }
      const pending: Pending = {
        id,
        operation,
        body,
        text,
        isOfHolders: holds,
        span,
        deadlineMs: this.#clock.now() + settings.timeoutMs,
        repeatable: isRepeatable(operation, body),
        resolve:
          onAnswer === undefined
            ? resolve
            : (answer) => {
                onAnswer(answer);
                resolve(answer);
              },
        reject,
        cleanUp: undefined,
        sent: false,
        attempts: 0,
        uncertain: false,
        session: undefined,
        before: undefined,
        after: undefined,
      };
      if (signal !== undefined) this.#listenTo(signal, pending);
      this.#ofSessions.add(body, pending);
      this.#pending.set(id, pending);
      this.#enqueue(pending);
      this.#keepSweeping();
    });
  }

  #listenTo(signal: AbortSignal, pending: Pending): void {
    const abort = (): void => this.#cancel(pending, cancelledError(this.#effectOf(pending)));
    signal.addEventListener('abort', abort, { once: true });
    pending.cleanUp = () => signal.removeEventListener('abort', abort);
  }

  /** There is a session: `endCallsOf` ends what is asked on its behalf from now on. */
  beginCallsOf(sessionId: string): void {
    this.#ofSessions.begin(sessionId);
  }

  /** The session is over: nothing that was asked on its behalf is waited for any more (CONNECTION-2). */
  endCallsOf(sessionId: string, error: HoldfastError): void {
    this.#ofSessions.end(sessionId, (pending) => this.#fail(pending, error));
  }

  close(): void {
    this.#closed = true;
    this.#cancelSweep?.();
    this.#listening.end();
    this.#reach.close();
    this.#endWatches();
    for (const pending of this.#pending.values())
      this.#fail(pending, new HoldfastError('connection_lost', 'The client was closed.'));
  }

  /** What one event-loop turn asks for goes out together. */
  #enqueue(pending: Pending): void {
    this.#turn.add(pending);
    if (this.#turn.size === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    if (!this.#reach.isOpen) this.#reach.want();
    else for (const message of this.#turn.take()) this.#reach.send(message);
  }

  /** What no caller waits for. */
  #say<Name extends 'ping' | 'unwatch' | 'cancel'>(
    operation: Name,
    body: StreamFrames[Name]['body'],
  ): void {
    this.#reach.send(JSON.stringify([[this.#nextId++, operation, body]]));
  }

  /** Nothing is under way that would fail if it were to go on elsewhere. */
  #allRepeatable(): boolean {
    for (const { sent, repeatable } of this.#pending.values())
      if (sent && !repeatable) return false;
    return true;
  }

  /** What was sent has no answer any more. */
  #lost(): void {
    this.#endWatches();
    for (const pending of this.#pending.values()) {
      if (!pending.sent) continue;
      pending.uncertain = true;
      if (pending.repeatable) {
        pending.sent = false;
        this.#turn.add(pending);
      } else {
        this.#fail(pending, brokenError(pending.operation));
      }
    }
  }

  #endWatches(): void {
    this.pushes.lost();
    for (const listener of this.#brokenListeners) listener();
  }

  #onAnswer(id: number, kind: unknown, body: unknown): void {
    if (id === 0) {
      this.pushes.take(String(kind), body);
      return;
    }
    const pending = this.#pending.get(id);
    if (pending === undefined) {
      const watchId = kind === 0 ? begunWatchIn(body) : undefined;
      if (watchId !== undefined) this.#say('unwatch', { watch_id: watchId }); // CONNECTION-2
    } else if (kind === 0) {
      this.#done(pending);
      pending.resolve(body);
    } else {
      this.#onProblem(pending, body as Problem);
    }
  }

  #onProblem(pending: Pending, problem: Problem): void {
    const code = codeIn(problem);
    const { retry, effect } = errorDefinitions[code];
    pending.sent = false;
    if (effect !== 'none' && code !== 'access_changed') pending.uncertain = true; // REQUEST-2
    if (retry === 'same' && (pending.repeatable || isOfCopyAlone(code))) {
      const delayMs = backoffMs(this.#clock, pending.attempts);
      if (this.#clock.now() + delayMs < pending.deadlineMs) {
        this.#clock.after(delayMs, () => {
          if (this.#pending.has(pending.id)) this.#enqueue(pending);
        });
        return;
      }
    }
    this.#fail(pending, refusedError(pending.operation, code, problem, this.#effectOf(pending))); // CONNECTION-5
  }

  /**
   * The caller is told at once. What has a number is cancelled by that, whatever became of it, by whoever gave it
   * the number (CLIENT-SESSION-7); the node is told at once to let go of any other wait.
   */
  #cancel(pending: Pending, error: HoldfastError): void {
    if (!this.#pending.has(pending.id)) return;
    const { id, operation, body } = pending;
    const waitsThere = pending.sent && this.#reach.isOpen && mayWait(operation);
    if (waitsThere && (cancelRequestOf(operation, body)?.kind ?? 'barrier') === 'barrier')
      this.#say('cancel', { request: id });
    this.#fail(pending, error);
  }

  /** CONNECTION-5. */
  #effectOf({ operation, sent, uncertain }: Pending): { readonly effect: ErrorEffect } {
    return { effect: !changesNothing(operation) && (sent || uncertain) ? 'perhaps' : 'none' };
  }

  #fail(pending: Pending, error: HoldfastError): void {
    this.#done(pending, error.code);
    pending.reject(error);
  }

  /** CONNECTION-2. */
  #done(pending: Pending, failedWith?: ErrorCode): void {
    this.#pending.delete(pending.id);
    this.#room.leave(pending.text);
    if (!pending.sent) this.#turn.delete(pending);
    this.#ofSessions.remove(pending);
    pending.cleanUp?.();
    pending.span?.end(failedWith);
  }

  /** One coarse timer for all deadlines (CONNECTION-2). */
  #keepSweeping(): void {
    if (this.#cancelSweep !== undefined) return;
    this.#cancelSweep = this.#clock.after(sweepEveryMs, () => {
      this.#cancelSweep = undefined;
      const now = this.#clock.now();
      for (const pending of this.#pending.values()) {
        if (pending.deadlineMs > now) continue;
        const known = this.#effectOf(pending);
        this.#cancel(pending, lateError(pending.operation, known, this.#reach.unreached));
      }
      if (this.#pending.size === 0) {
        this.#reach.rest();
        return;
      }
      this.#reach.sweep();
      this.#keepSweeping();
    });
  }
}
