/**
 * One WebSocket to a lease node, with many questions under way; what is asked in one turn of the event
 * loop is one frame. It is opened by the first question and again by the first after it was lost.
 *
 * T1: a question is sent at once or never. None is kept for a connection that may come later: an acquire
 *     that is long under way asks for what nobody wants any more. While the connection is being opened
 *     questions stand by, and those that were given up meanwhile are not sent.
 */
import { HoldfastError } from '@holdfast/protocol';
import { openSocket } from '#socket';
import type { StreamSocket } from '#socket';
import { errorIn, fieldsOf } from './node-transport.ts';
import type { Fields, NodeTransport } from './node-transport.ts';

interface Question {
  readonly resolve: (answer: Fields) => void;
  readonly reject: (error: Error) => void;
  readonly end: () => void;
}

type Request = readonly [id: number, operation: string, body?: unknown];

const maxQuestions = 10_000;
/** After all that the present turn settles, where there is such a thing. */
const afterTurn: (callback: () => void) => void =
  (globalThis.process as Partial<NodeJS.Process> | undefined)?.nextTick ?? queueMicrotask;

export class StreamTransport implements NodeTransport {
  readonly #url: string;
  readonly #apiKey: string | undefined;
  readonly #questions = new Map<number, Question>();
  #socket: StreamSocket | undefined;
  #isOpen = false;
  #nextId = 1;
  #requests: Request[] = [];
  #flushPlanned = false;

  constructor(url: string, apiKey: string | undefined) {
    this.#url = url;
    this.#apiKey = apiKey;
  }

  ask(operation: string, body: object, signal: AbortSignal): Promise<Fields> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(gaveUp());
        return;
      }
      if (this.#questions.size >= maxQuestions) {
        reject(new HoldfastError('overloaded', `${String(maxQuestions)} questions are under way.`));
        return;
      }
      const id = this.#nextId++;
      const onAbort = (): void => this.#abandon(id);
      const end = (): void => signal.removeEventListener('abort', onAbort);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#questions.set(id, { resolve, reject, end });
      this.#send([id, operation, body]);
    });
  }

  close(): void {
    const socket = this.#socket;
    this.#lost(socket);
    socket?.close();
  }

  /** T1. */
  #abandon(id: number): void {
    const waiting = this.#requests.findIndex((request) => request[0] === id);
    if (waiting >= 0) this.#requests.splice(waiting, 1);
    else this.#send([id, 'abandon']);
    this.#take(id)?.reject(gaveUp());
  }

  #send(request: Request): void {
    this.#requests.push(request);
    if (this.#socket === undefined) this.#open();
    if (!this.#isOpen || this.#flushPlanned) return;
    this.#flushPlanned = true;
    afterTurn(() => this.#flush());
  }

  #flush(): void {
    this.#flushPlanned = false;
    if (!this.#isOpen || this.#requests.length === 0) return;
    const requests = this.#requests;
    this.#requests = [];
    this.#socket?.send(JSON.stringify(requests));
  }

  #open(): void {
    const socket: StreamSocket = openSocket(`${this.#url.replace(/^http/, 'ws')}/stream`, {
      onOpen: () => {
        if (socket !== this.#socket) return;
        this.#isOpen = true;
        if (this.#apiKey !== undefined) this.#requests.unshift([0, 'authorize', this.#apiKey]);
        this.#flush();
      },
      onMessage: (text) => {
        if (socket === this.#socket) this.#hear(text);
      },
      onClose: () => this.#lost(socket),
    });
    this.#socket = socket;
  }

  #hear(text: string): void {
    let answers: unknown;
    try {
      answers = JSON.parse(text);
    } catch {
      answers = undefined;
    }
    if (!Array.isArray(answers)) {
      this.close();
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
  #lost(socket: StreamSocket | undefined): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    this.#isOpen = false;
    this.#requests = [];
    const error = new HoldfastError('connection_lost', `${this.#url} cannot be reached.`);
    for (const id of this.#questions.keys()) this.#take(id)?.reject(error);
  }
}

const gaveUp = (): HoldfastError => new HoldfastError('aborted', 'The question was given up.');
