/**
 * One WebSocket to a lease node, with many questions under way; what is asked in one turn of the event
 * loop is one frame. It is opened by the first question and again by the first after it was lost.
 *
 * VOTE-STREAM-1: a question is sent at once or never. None is kept for a connection that may come later: an acquire
 *     that is long under way asks for what nobody wants any more. While the connection is being opened
 *     questions stand by, and those that were cancelled meanwhile are not sent.
 * VOTE-STREAM-2: a connection that has gone dead is closed, and the next question opens another. It is dead where
 *     nothing at all was heard for as long as callers wait for an answer, and a little more (2 s where they do
 *     not say), after something was asked that is answered soon (all but `wait`),
 *     whether or not its caller still waits for it. A node that is there and has nothing to answer, the
 *     question being cancelled or taking its time, answers the ping that it is sent meanwhile.
 * VOTE-STREAM-3: what has not left the machine is bounded, and so is what stands by. Beyond that nothing is queued: a
 *     question fails at once. None takes the others along: what a node would not read fails alone.
 * VOTE-STREAM-4: who holds goes before who wants, here as on the node (ACQUIRE-QUEUE-1 of acquire-queue.ts there): what a holder asks is in front of
 *     each frame, and acquires and waits never take all the room of VOTE-STREAM-3. However many want, a lease can be renewed.
 */
import { HoldfastError } from '@holdfast/protocol';
import { openSocket } from '@holdfast/client/parts';
import type { MeasuredSocket, SocketEvents } from '@holdfast/client/parts';
import type { TlsSettings } from '@holdfast/client/parts';
import { closed, errorIn, fieldsOf } from './node-transport.ts';
import type { AnswerFields, NodeTransport } from './node-transport.ts';

interface Question {
  readonly resolve: (answer: AnswerFields) => void;
  readonly reject: (error: Error) => void;
  readonly end: () => void;
}

/** What the next flush sends. */
interface Unsent {
  readonly text: string;
  /** Whether a node that is well answers it soon (VOTE-STREAM-2). */
  readonly isAnsweredSoon: boolean;
}

const maxQuestions = 10_000;
const maxUnsentBytes = 8 * 1024 * 1024;
/** VOTE-STREAM-4: of both of them, what is left to those that hold. */
const shareOfHolders = 0.1;
const forWhoWants: ReadonlySet<string> = new Set(['acquire', 'wait']);
/** Of UTF-16: in bytes it is three times that at most, which a node still reads. */
const maxFrameLength = 256 * 1024;
/** A node reads frames of 1 MiB: this and the brackets around it. */
const maxQuestionBytes = 1024 * 1024 - 2;
/**
 * Silence is counted in ticks, not by a clock: in between what has arrived is read, so that a process that
 * was paused for a while does not take what it has not read yet for silence.
 */
const shortestTickMs = 50;
const pingAfterTicks = 2;
/** The first tick may follow at once. */
const deadAfterTicks = 5;
const encoder = new TextEncoder();
/** After all that the present turn settles, where there is such a thing. */
const afterTurn: (callback: () => void) => void =
  (globalThis.process as Partial<NodeJS.Process> | undefined)?.nextTick ?? queueMicrotask;

export class StreamTransport implements NodeTransport {
  readonly #url: string;
  readonly #apiKey: string | undefined;
  readonly #tls: TlsSettings | undefined;
  readonly #tickMs: number;
  readonly #questions = new Map<number, Question>();
  /** By the number of the question that it asks or cancels. */
  readonly #unsent = new Map<number, Unsent>();
  /** The same, of those that hold (VOTE-STREAM-4). */
  readonly #unsentOfHolders = new Map<number, Unsent>();
  #unsentLength = 0;
  #socket: MeasuredSocket | undefined;
  #isOpen = false;
  #isClosed = false;
  #nextId = 1;
  #flushPlanned = false;
  /** Since an answer is due, with nothing heard. */
  #silentTicks: number | undefined;
  #tick: NodeJS.Timeout | undefined;

  /**
   * @param patienceMs How long callers wait for an answer: silence is taken for death only after that, and soon
   *   after it, so that a lease that is a few times as long can still be renewed over a new connection (VOTE-STREAM-2).
   */
  constructor(
    url: string,
    apiKey: string | undefined,
    patienceMs: number = 2000,
    tls?: TlsSettings,
  ) {
    this.#tls = tls;
    this.#url = url;
    this.#apiKey = apiKey;
    // The first tick may follow at once: of all of them, one less is certain.
    this.#tickMs = Math.max(shortestTickMs, patienceMs / (deadAfterTicks - 1));
  }

  ask(operation: string, body: object, signal: AbortSignal): Promise<AnswerFields> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw closed();
      if (signal.aborted) throw cancelledRequest;
      const id = this.#nextId++;
      const text = JSON.stringify([id, operation, body]);
      if (isTooLarge(text))
        throw new HoldfastError(
          'invalid_request',
          'The request is larger than the limit of a lease node.',
        );
      this.#socket ??= this.#open();
      const wants = forWhoWants.has(operation);
      this.#checkRoom(this.#socket, wants ? 1 - shareOfHolders : 1);
      const onAbort = (): void => this.#cancel(id);
      const end = (): void => signal.removeEventListener('abort', onAbort);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#questions.set(id, { resolve, reject, end });
      const queue = wants ? this.#unsent : this.#unsentOfHolders;
      this.#send(queue, id, { text, isAnsweredSoon: operation !== 'wait' });
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  #drop(): void {
    const socket = this.#socket;
    this.#lost(socket);
    socket?.close();
  }

  /** VOTE-STREAM-3. @param share What of it this question may take (VOTE-STREAM-4). @throws HoldfastError */
  #checkRoom(socket: MeasuredSocket, share: number): void {
    const most = maxQuestions * share;
    const isFull = this.#questions.size >= most;
    if (!isFull && socket.unsentBytes + this.#unsentLength <= maxUnsentBytes * share) return;
    // Whatever filled it may be waiting on a dead connection (VOTE-STREAM-2).
    this.#expectAnswer();
    throw new HoldfastError(
      'overloaded',
      isFull
        ? `${String(most)} requests to ${this.#url} are in flight, which is the limit.`
        : `${this.#url} does not read requests fast enough.`,
    );
  }

  /** VOTE-STREAM-1. */
  #cancel(id: number): void {
    const unsent = this.#unsent.get(id) ?? this.#unsentOfHolders.get(id);
    if (unsent === undefined) {
      const text = JSON.stringify([id, 'cancel']);
      this.#send(this.#unsent, id, { text, isAnsweredSoon: false });
    } else {
      this.#unsent.delete(id);
      this.#unsentOfHolders.delete(id);
      this.#unsentLength -= unsent.text.length;
    }
    this.#take(id)?.reject(cancelledRequest);
  }

  #send(queue: Map<number, Unsent>, id: number, unsent: Unsent): void {
    queue.set(id, unsent);
    this.#unsentLength += unsent.text.length;
    if (!this.#isOpen || this.#flushPlanned) return;
    this.#flushPlanned = true;
    afterTurn(() => this.#flush());
  }

  #flush(): void {
    this.#flushPlanned = false;
    if (!this.#isOpen) return;
    let frame = '';
    const inOrder = [...this.#unsentOfHolders.values(), ...this.#unsent.values()]; // VOTE-STREAM-4
    for (const { text, isAnsweredSoon } of inOrder) {
      if (isAnsweredSoon) this.#expectAnswer();
      if (frame !== '' && frame.length + text.length >= maxFrameLength) {
        this.#socket?.send(`[${frame}]`);
        frame = '';
      }
      frame += frame === '' ? text : `,${text}`;
    }
    if (frame !== '') this.#socket?.send(`[${frame}]`);
    this.#unsent.clear();
    this.#unsentOfHolders.clear();
    this.#unsentLength = 0;
  }

  #open(): MeasuredSocket {
    const url = `${this.#url.replace(/^http/, 'ws')}/stream`;
    const events: SocketEvents = {
      onOpen: () => {
        if (socket !== this.#socket) return;
        this.#isOpen = true;
        this.#silentTicks = undefined;
        if (this.#apiKey !== undefined)
          socket.send(JSON.stringify([[0, 'authorize', this.#apiKey]]));
        this.#flush();
      },
      onMessage: (text) => {
        if (socket !== this.#socket) return;
        this.#silentTicks = undefined;
        this.#hear(text);
      },
      onClose: () => this.#lost(socket),
    };
    const socket: MeasuredSocket = openSocket(url, events, this.#tls);
    this.#expectAnswer();
    return socket;
  }

  /** VOTE-STREAM-2: one timer for all questions, and none while nothing is due. */
  #expectAnswer(): void {
    this.#silentTicks ??= 0;
    this.#tick ??= unref(setTimeout(() => this.#listen(), this.#tickMs));
  }

  #listen(): void {
    this.#tick = undefined;
    if (this.#silentTicks === undefined) return;
    this.#silentTicks += 1;
    if (this.#silentTicks >= deadAfterTicks) {
      this.#drop();
      return;
    }
    if (this.#isOpen && this.#silentTicks === pingAfterTicks) this.#socket?.send('[[0,"ping"]]');
    this.#expectAnswer();
  }

  #hear(text: string): void {
    let answers: unknown;
    try {
      answers = JSON.parse(text);
    } catch {
      answers = undefined;
    }
    if (!Array.isArray(answers)) {
      this.#drop();
      return;
    }
    for (const one of answers as readonly unknown[]) {
      const [id, answer, problem] = (Array.isArray(one) ? one : []) as readonly unknown[];
      const question = typeof id === 'number' ? this.#take(id) : undefined;
      try {
        if (problem === undefined) question?.resolve(fieldsOf(answer));
        else question?.reject(errorIn(this.#url, fieldsOf(problem)));
      } catch (error) {
        question?.reject(error as Error);
      }
    }
  }

  #take(id: number): Question | undefined {
    const question = this.#questions.get(id);
    this.#questions.delete(id);
    question?.end();
    return question;
  }

  /** What was asked has no answer, whether it arrived or not. */
  #lost(socket: MeasuredSocket | undefined): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    this.#isOpen = false;
    this.#unsent.clear();
    this.#unsentOfHolders.clear();
    this.#unsentLength = 0;
    this.#silentTicks = undefined;
    clearTimeout(this.#tick);
    this.#tick = undefined;
    const error = new HoldfastError('connection_lost', `${this.#url} cannot be reached.`);
    for (const id of this.#questions.keys()) this.#take(id)?.reject(error);
  }
}

/** One for all: to make one takes longer than all the rest, and it is when much is late that much is cancelled. */
const cancelledRequest = new HoldfastError('cancelled', 'The request was cancelled.');

/** Only what may be too large is measured. */
const isTooLarge = (text: string): boolean =>
  text.length * 3 > maxQuestionBytes && encoder.encode(text).length > maxQuestionBytes;

/** Where timers keep a process alive, this one does not. */
function unref(timer: NodeJS.Timeout): NodeJS.Timeout {
  (timer as Partial<NodeJS.Timeout>).unref?.();
  return timer;
}
