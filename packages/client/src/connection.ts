/**
 * Every unanswered request, and where its answer goes. What is sent again: request.ts. Which node they go to, and when
 * another one is sought: reach.ts, route.ts.
 *
 * CONNECTION-2: every request ends: by its answer, its deadline, its signal, the end of its session, or the client's end.
 *     What has ended is kept nowhere, also while no node can be reached; a watch that begins later is ended on its node.
 * CONNECTION-5: a request whose caller is told that nothing was done has had no effect. What one node says of the copy
 *     that came to it tells nothing of the copies that went elsewhere before.
 * CONNECTION-6: what is unanswered is bounded, in number and size (room.ts).
 * CONNECTION-7: on a stream, messages that a pop takes after its caller was told that it failed are given back at once, by one attempt:
 *     nobody else is given them until their visibility ends. Over plain HTTP nothing is read after that: it ends.
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
import {
  brokenError,
  cancelledError,
  closedError,
  lateError,
  refusedError,
} from './call-errors.ts';
import { lateDeliveriesIn, lateTimeoutMs, problemOfAnswer } from './answers.ts';
import { CallsOfSessions } from './calls-of-sessions.ts';
import type { TimedCallSettings } from './call-settings.ts';
import type { ClientClock } from './clock.ts';
import { problemOfMs } from './durations.ts';
import { Listening, listeningPingEveryMs } from './listening.ts';
import { begunWatchIn, Pushes } from './pushes.ts';
import { backoffMs, Reach, type Ways } from './reach.ts';
import { OutgoingRequests } from './outgoing.ts';
import { pendingOf, type Pending } from './pending.ts';
import { Room } from './room.ts';
import { cancelRequestOf, changesNothing, isOfCopyAlone, mayWait } from './request.ts';
import { problemOfRequest } from './request-problems.ts';
import { requestOf, textOfRequest } from './request-text.ts';
import type { AskedOperation } from './request.ts';
import { sweepEveryMs } from './silence.ts';
import type { ClientWarning } from './client-warning.ts';
import type { ClientTracing } from './tracing.ts';

export class Connection {
  readonly clock: ClientClock;
  readonly onWarning: (warning: ClientWarning) => void;
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
    this.clock = clock;
    this.onWarning = onWarning;
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
      unansweredUnits: () => this.#room.units,
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
    const { signal } = settings;
    const wrong =
      problemOfRequest(operation, body, signal) ?? problemOfMs('timeoutMs', settings.timeoutMs); // REQUEST-3, DURATION-1
    if (wrong !== undefined) return Promise.reject(wrong);
    if (this.#closed)
      return Promise.reject(closedError('The client is closed.', { effect: 'none' }));
    if (signal?.aborted === true) return Promise.reject(cancelledError({ effect: 'none' }));
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const span = this.#tracing?.begin(operation);
      let pending: Pending;
      try {
        pending = pendingOf({
          id,
          operation,
          body,
          text: textOfRequest(operation, requestOf(id, operation, body, settings.ackedBelow, span)),
          span,
          askedAtMs: this.clock.now(),
          timeoutMs: settings.timeoutMs,
          resolve:
            onAnswer === undefined
              ? resolve
              : (answer) => {
                  onAnswer(answer);
                  resolve(answer);
                },
          reject,
        });
        this.#room.take(pending.text, pending.isOfHolders); // CONNECTION-6
      } catch (error) {
        span?.end(error instanceof HoldfastError ? error.code : 'internal');
        throw error;
      }
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
      this.#fail(pending, closedError('The client was closed.', this.#effectOf(pending)));
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
        pending.sent = false;
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
      if (kind === 0) this.#giveBackLate(body);
    } else if (kind !== 0) {
      this.#onProblem(pending, body as Problem);
    } else {
      const wrong = problemOfAnswer(pending.operation, body); // CLIENT-ANSWER-1
      this.#done(pending, wrong?.code);
      if (wrong === undefined) pending.resolve(body);
      else pending.reject(wrong);
    }
  }

  /** What nobody waits for any more, and stands on its node (CONNECTION-2, CONNECTION-7). */
  #giveBackLate(answer: unknown): void {
    const watchId = begunWatchIn(answer);
    if (watchId !== undefined) this.#say('unwatch', { watch_id: watchId });
    for (const delivery of lateDeliveriesIn(answer))
      this.#ask(
        'queue_nack',
        { ...delivery, delay_seconds: 0 },
        { timeoutMs: lateTimeoutMs },
      ).catch(() => undefined);
  }

  #onProblem(pending: Pending, problem: Problem): void {
    const code = codeIn(problem);
    const { retry, effect } = errorDefinitions[code];
    pending.sent = false;
    pending.refusal = problem.detail;
    if (effect !== 'none' && code !== 'access_changed') pending.uncertain = true; // REQUEST-2
    if (retry === 'same' && (pending.repeatable || isOfCopyAlone(code))) {
      const delayMs = backoffMs(this.clock, pending.attempts);
      if (this.clock.now() + delayMs < pending.deadlineMs) {
        this.clock.after(delayMs, () => {
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
    const { isOpen, overHttp } = this.#reach;
    const waitsThere = pending.sent && isOpen && !overHttp && mayWait(operation);
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
    // Over HTTP what was sent goes on, and is kept, until its answer has been read (CONNECTION-2).
    const goesOn = pending.sent && failedWith !== undefined && this.#reach.overHttp;
    if (goesOn) this.#say('cancel', { request: pending.id });
    this.#ofSessions.remove(pending);
    pending.cleanUp?.();
    pending.span?.end(failedWith);
  }

  /** One coarse timer for all deadlines (CONNECTION-2). */
  #keepSweeping(): void {
    if (this.#cancelSweep !== undefined) return;
    this.#cancelSweep = this.clock.after(sweepEveryMs, () => {
      this.#cancelSweep = undefined;
      const now = this.clock.now();
      for (const pending of this.#pending.values()) {
        if (pending.deadlineMs > now) continue;
        this.#cancel(pending, lateError(pending, this.#effectOf(pending), this.#reach.unreached));
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
