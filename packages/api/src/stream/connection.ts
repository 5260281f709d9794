/**
 * One client stream: frames of requests in, frames of answers and pushes out.
 *
 * STREAM-1: every request is answered exactly once, in any order, while the stream stands.
 * STREAM-2: what a client has not read yet and what it has not been answered yet are bounded: a request
 *     too many is refused with `overloaded`, a reader too slow loses its stream (1013).
 * STREAM-3: a frame that is not a batch of requests ends the stream (1002): its ids, and so its answers,
 *     cannot be told.
 * STREAM-5: what keeps, cancels or gives back has as much room again above that: however much waits, no session is lost.
 * STREAM-4: what one event-loop turn brings for a stream leaves in one frame.
 * STREAM-6: whatever a client sends, and whatever goes wrong with it, ends its own stream (1011) and nothing else: what a listener
 *     of a socket throws would end the node.
 * STREAM-7: an id stands for one request until that is answered: used again before, it ends the stream (1002), as nobody could
 *     tell the two answers apart.
 */
import { isCancellable } from '@holdfast/contract';
import { ofHolders, streamFrameNames, toProblem } from '@holdfast/protocol';
import type { ClusterPush, HelloAnswer, HoldEndedPush, StreamAnswer } from '@holdfast/protocol';
import type { OperationContext, Outcome } from '../operations/context.ts';
import { isCount } from '../pipeline/acked-below.ts';
import { otherOf, refusalOf, streamOperations } from '../pipeline/perform.ts';
import type { Served, ServedOther, ServedUnary } from '../pipeline/perform.ts';
import { recordUnread } from '../pipeline/auditing.ts';
import { openFor } from '../pipeline/standing.ts';
import { calledUnder } from '../pipeline/traced.ts';
import { RequestError, stoppingError } from '../request-error.ts';
import { ArrivingFrames } from './arriving.ts';
import { FollowedSessions } from './followed.ts';
import type { Followed } from './followed.ts';
import { readFrame } from './frame.ts';
import { closeCodes } from './host.ts';
import type { StreamHost, ServerSocket } from './host.ts';
import { OutgoingAnswers } from './outgoing.ts';
import { answerOwn, keyIn, provenBy, tooManyRequests, wrongAnsweredBelow } from './requests.ts';
import { StreamWaits } from './waits.ts';
import { StreamMemory } from './memory.ts';
import { StreamWatches } from './watches.ts';

const closeDeadlineMs = 1000;
/** Bytes that a reason of a close may have are 123; these texts are ASCII. */
const longestReason = 120;
const noRequest = 'A request is [id, operation, body]; id from 1.';

export class StreamConnection {
  readonly #socket: ServerSocket;
  readonly #host: StreamHost<StreamConnection>;
  #context: OperationContext;
  #forgetOpen: () => void;
  /** Whether it has asked for something: its caller is who it is from then on. */
  #hasAsked = false;
  /** Its hello did not hold: nothing else is answered. */
  #refused: RequestError | undefined;
  readonly #waits = new StreamWaits();
  readonly #sessions: FollowedSessions;
  readonly #watches: StreamWatches;
  readonly #memory = new StreamMemory((push) => this.#send([0, 'cache', push]));
  readonly #outgoing: OutgoingAnswers;
  readonly arriving: ArrivingFrames;
  /** Of the unanswered requests (STREAM-7). */
  readonly #ids = new Set<number>();
  #unanswered = 0;
  #alive = true;
  /** Frames go back in the kind in which they come. */
  #binary = false;

  /** @param context Of what its requests are executed in: that of its caller. */
  constructor(socket: ServerSocket, host: StreamHost<StreamConnection>, context: OperationContext) {
    this.#socket = socket;
    this.#host = host;
    this.#context = context;
    this.#outgoing = new OutgoingAnswers(host.maxUnreadBytes);
    this.#forgetOpen = this.#openForCaller();
    this.#sessions = new FollowedSessions({
      begin: (sessionId) => host.followSession(sessionId, this),
      end: (sessionId) => host.forgetSession(sessionId, this),
    });
    this.#watches = new StreamWatches(
      () => this.#context,
      (push) => this.#send([0, 'watch', push]),
    );
    this.arriving = new ArrivingFrames(socket, host.turns, {
      share: () => this.#context.caller.share,
      read: (data, isBinary) => this.#read(data, isBinary),
      take: (request) => this.#takeOrClose(request),
      broke: (error) => this.#broke(error), // STREAM-6
    });
    const heard = (): void => void (this.#alive = true);
    socket.on('message', (data, isBinary) => {
      heard();
      this.arriving.arrived(data as Buffer, isBinary); // One: that is the default `binaryType`.
    });
    socket.on('pong', heard);
  }

  get sessions(): Iterable<string> {
    return this.#sessions.ids;
  }

  /** One for all that is not begun yet. */
  get unanswered(): number {
    return this.#unanswered + (this.arriving.isWaiting ? 1 : 0);
  }

  // ---- in ---------------------------------------------------------------------------------------

  #read(data: Buffer, isBinary: boolean): readonly unknown[] {
    this.#binary = isBinary;
    const { service, caller } = this.#context;
    service.rates?.spend(caller, data.length);
    const batch = readFrame(data, isBinary);
    if ('reason' in batch) {
      this.close(batch.code, batch.reason); // STREAM-3
      return [];
    }
    this.#host.countRequests(batch.length);
    return batch;
  }

  #takeOrClose(request: unknown): void {
    const wrong = this.#take(request);
    if (wrong !== undefined) this.close(closeCodes.protocolError, wrong); // STREAM-3, STREAM-7
  }

  /** Begins one request. @returns Why it is none. */
  #take(request: unknown): string | undefined {
    if (!Array.isArray(request)) return noRequest;
    // By index: destructuring an array goes through its iterator, and this is the hot path.
    const parts = request as readonly unknown[];
    const id = parts[0];
    const name = parts[1];
    if (!isCount(id) || id === 0 || typeof name !== 'string') return noRequest;
    if (this.#ids.has(id))
      return `The id ${String(id)} is that of a request without a response yet. Use each once.`;
    this.#ids.add(id);
    this.#unanswered += 1;
    if (name === 'hello') this.#answer(id, this.#hello(parts[2]));
    else if (this.#refused === undefined) this.#beginAny(id, name, parts);
    else this.#refuse(id, name, this.#refused);
    return undefined;
  }

  #beginAny(id: number, name: string, parts: readonly unknown[]): void {
    this.#hasAsked = true;
    const body = parts[2];
    const ackedBelow = parts[3] ?? undefined;
    const operation = streamOperations.get(name);
    if (operation === undefined) {
      this.#beginOwn(id, name, body);
    } else if (ackedBelow !== undefined && !isCount(ackedBelow)) {
      this.#refuse(id, name, wrongAnsweredBelow(ackedBelow));
    } else if (this.#isFullFor(name)) {
      this.#refuse(id, name, tooManyRequests(this.#host.maxRequests));
    } else if (this.#host.isStopping()) {
      this.#answer(id, stoppingError);
    } else {
      const trace = parts[4];
      const isTraced = typeof trace === 'object' && trace !== null;
      const context = isTraced ? calledUnder(this.#context, trace) : this.#context;
      this.#begin(id, operation, body, ackedBelow, context);
    }
  }

  /** What is of streams alone. */
  #beginOwn(id: number, name: string, body: unknown): void {
    if (name === 'watch' || name === 'unwatch') {
      if (name === 'watch' && this.#host.isStopping()) this.#answer(id, stoppingError);
      else this.#beginOther(id, otherOf(name), () => this.#watches.perform(otherOf(name), body));
    } else if (name === 'cache_keep' || name === 'cache_dropped') {
      this.#beginCache(id, name, body);
    } else {
      this.#answer(id, answerOwn(name, body, this.#waits, this.#count(name)));
    }
  }

  /** As one of the requests of a second (RATE-1 of pipeline/rates.ts). @returns Why it is not even looked at. */
  #count(name: string): RequestError | undefined {
    return this.#context.service.rates?.take(this.#context.caller, name);
  }

  /** STREAM-5. */
  #isFullFor(operation: string): boolean {
    const most = this.#host.maxRequests;
    return this.#unanswered > most && !(this.#unanswered <= 2 * most && ofHolders.has(operation));
  }

  /** DENY-4. */
  #openForCaller(): () => void {
    return openFor(this.#context, (refused) =>
      this.close(closeCodes.policyViolation, refused.message.slice(0, longestReason)),
    );
  }

  /** Who asks, where that could not be told with the request that began the stream: browsers set no headers. */
  #hello(body: unknown): Outcome<HelloAnswer> {
    this.#count('hello');
    const key = keyIn(body, this.#hasAsked);
    if (key instanceof RequestError) return key;
    const proven = provenBy(key, this.#context);
    this.#hasAsked = true;
    if (proven instanceof RequestError) {
      this.#refused = proven; // DENY-2; where it may hold soon, the client says hello on another connection.
      if (proven.code !== 'unauthorized')
        this.close(closeCodes.tryAgainLater, proven.message.slice(0, longestReason));
      return proven;
    }
    this.#context = { ...this.#context, caller: proven ?? this.#context.caller };
    this.#forgetOpen();
    this.#forgetOpen = this.#openForCaller();
    this.#host.tellCluster(this);
    return { identity: this.#context.caller.identity };
  }

  #begin(
    id: number,
    operation: ServedUnary,
    body: unknown,
    ackedBelow: number | undefined,
    from: OperationContext,
  ): void {
    const session = this.#sessions.name(operation.declared, body); // FOLLOWED-1
    if (session instanceof RequestError) {
      this.#refuse(id, operation.name, session); // FOLLOWED-3
      return;
    }
    const own = ackedBelow === undefined ? from : { ...from, ackedBelow };
    const context = isCancellable(operation.declared) ? this.#waits.contextOf(id, own) : own;
    try {
      const outcome = operation.perform(body, context);
      this.#settle(id, operation, outcome, session);
    } catch (error) {
      this.#fail(id, operation, error, session);
    }
  }

  #beginCache(id: number, name: 'cache_keep' | 'cache_dropped', body: unknown): void {
    const context = this.#context;
    if (name === 'cache_dropped')
      this.#beginOther(id, otherOf(name), () => this.#memory.dropped(body, context));
    else if (this.#unanswered > this.#host.maxRequests)
      this.#refuse(id, name, tooManyRequests(this.#host.maxRequests));
    else if (this.#host.isStopping()) this.#answer(id, stoppingError);
    else this.#beginOther(id, otherOf(name), () => this.#memory.keep(body, context));
  }

  #beginOther(
    id: number,
    operation: ServedOther,
    perform: () => Outcome<object> | Promise<Outcome<object>>,
  ): void {
    try {
      this.#settle(id, operation, perform());
    } catch (error) {
      this.#fail(id, operation, error);
    }
  }

  #settle(
    id: number,
    operation: Served,
    outcome: Outcome<object> | Promise<Outcome<object>>,
    session?: Followed,
  ): void {
    if (!(outcome instanceof Promise)) {
      this.#finish(id, operation, outcome, session);
      return;
    }
    outcome.then(
      (settled) => this.#finish(id, operation, settled, session),
      (error: unknown) => this.#fail(id, operation, error, session),
    );
  }

  // ---- out --------------------------------------------------------------------------------------

  #finish(id: number, operation: Served, outcome: Outcome<object>, session?: Followed): void {
    try {
      if (isCancellable(operation.declared)) this.#waits.noLongerWaits(id);
      if (session !== undefined) this.#sessions.answered(session, outcome);
      else this.#sessions.answeredUnnamed(operation.declared, outcome);
      this.#answer(id, outcome);
    } catch (error) {
      this.#broke(error); // STREAM-6: nobody looks at what this turn throws.
    }
  }

  #fail(id: number, operation: Served, error: unknown, session?: Followed): void {
    const refused = refusalOf(error, (defect) =>
      this.#host.onInternalError(defect, operation.name),
    );
    this.#finish(id, operation, refused, session);
  }

  /** Of what is not even begun (AUDITING-1); by a name that is none of ours under that of the stream. */
  #refuse(id: number, name: string, reason: RequestError): void {
    const { service, caller } = this.#context;
    const refused = this.#count(name) ?? reason;
    const isOperation = streamOperations.has(name) || streamFrameNames.has(name);
    recordUnread(service.auditing, caller, isOperation ? name : 'stream', refused);
    this.#answer(id, refused);
  }

  /** STREAM-1. */
  #answer(id: number, outcome: Outcome<object>): void {
    this.#ids.delete(id);
    this.#unanswered -= 1;
    this.#send(outcome instanceof RequestError ? [id, 1, toProblem(outcome)] : [id, 0, outcome]);
  }

  pushCluster(body: ClusterPush): void {
    const { service, caller } = this.#context;
    // Which node and cluster it is has to be told, so that a client goes on and hears why it is refused.
    const isTold = service.control?.mayKnowCluster(caller) !== false;
    this.#send([0, 'cluster', isTold ? body : { ...body, leader: null, members: [] }]);
  }

  pushSessionEnded(sessionId: string, reason: 'ended' | 'expired'): void {
    this.#sessions.ended(sessionId);
    if (!this.#mayFollow(sessionId)) return;
    this.#send([0, 'session_ended', { session_id: sessionId, reason }]);
  }

  /** VISIBLE-1: it may have named any session. */
  #mayFollow(sessionId: string): boolean {
    return this.#context.service.control?.mayFollow(this.#context.caller, sessionId) ?? true;
  }

  pushHoldEnded(body: HoldEndedPush): void {
    if (!this.#mayFollow(body.session_id)) return;
    this.#send([0, 'hold_ended', body]);
  }

  #send(answer: StreamAnswer): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#outgoing.isEmpty) this.#host.flushLater(this);
    try {
      if (!this.#outgoing.add(answer)) this.#tooSlow();
    } catch (error) {
      this.#broke(error); // STREAM-6
    }
  }

  /** STREAM-4: called once at the end of a turn that brought something. */
  flush(): void {
    try {
      const text = this.#outgoing.take();
      if (text === undefined || this.#socket.readyState !== this.#socket.OPEN) return;
      if (this.#socket.bufferedAmount > this.#host.maxUnreadBytes) this.#tooSlow();
      else this.#socket.send(this.#binary ? Buffer.from(text) : text);
    } catch (error) {
      this.#broke(error); // STREAM-6
    }
  }

  /** STREAM-2. */
  #tooSlow(): void {
    this.#outgoing.clear();
    this.close(closeCodes.tryAgainLater, 'The client does not read responses fast enough.');
  }

  /** STREAM-6. */
  #broke(error: unknown): void {
    this.#outgoing.clear();
    this.#host.onInternalError(error, 'stream');
    this.close(closeCodes.internalError, 'The node had an internal error and logged it.');
  }

  // ---- end --------------------------------------------------------------------------------------

  /** Whether there was a sign of life since the last call; asks for one. From a client whose frames wait none is read (ARRIVING-3). */
  heartbeat(): boolean {
    const alive = this.#alive;
    this.#alive = this.arriving.isWaiting; // From their arrival on, until its pong can be read.
    if (alive) this.#socket.ping();
    return alive;
  }

  /** Begins the closing handshake; a client that does not answer it in time is cut off. */
  close(code: number, reason: string): void {
    this.arriving.stop();
    this.#socket.close(code, reason);
    this.#host.after(closeDeadlineMs, () => this.#socket.terminate());
  }

  terminate(): void {
    this.arriving.stop();
    this.#socket.terminate();
  }

  /** The stream is gone. */
  end(): void {
    this.#forgetOpen();
    this.#watches.end();
    this.#memory.end();
    this.#waits.end();
    this.#outgoing.clear();
  }
}
