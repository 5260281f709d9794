/**
 * The node's side of a call with many answers, for server streams and both-way streams alike.
 *
 * GRPC-4: a stream ends once: by its handler, by its caller, or when the node stops; then it is counted no
 *     more and nothing is written to it.
 */
import type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
import type { CountedWait } from '../operations/waiting.ts';
import { openFor } from '../pipeline/standing.ts';
import { stoppingError } from '../request-error.ts';
import type { RequestError } from '../request-error.ts';
import type { Admitted } from './admission.ts';
import { statusError } from './error-status.ts';

export type AnyStream =
  ServerWritableStream<Uint8Array, object> | ServerDuplexStream<Uint8Array, object>;

export class StreamCall {
  readonly #call: AnyStream;
  readonly #uncount: () => void;
  readonly #ends: (() => void)[] = [];
  readonly #drains: (() => void)[] = [];
  #over = false;
  #gone = false;

  private constructor(call: AnyStream, uncount: () => void) {
    this.#call = call;
    this.#uncount = uncount;
  }

  /** Undefined: it has been refused. */
  static open(call: AnyStream, { context, end }: Admitted): StreamCall | undefined {
    const { service } = context;
    const stream = new StreamCall(call, end);
    const gone = (): void => {
      stream.#gone ||= !stream.#over;
      stream.#finish();
    };
    const waiting: CountedWait = { onStop: () => stream.fail(stoppingError) };
    call.once('cancelled', gone);
    call.on('drain', () => {
      for (const drained of stream.#drains) drained();
    });
    stream.onEnd(() => service.waiting.forget(waiting));
    stream.onEnd(openFor(context, (refused) => stream.fail(refused))); // DENY-4
    if (service.waiting.track(waiting)) return stream;
    stream.fail(stoppingError);
    return undefined;
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** Its caller has ended it, or is gone. */
  get callerGone(): boolean {
    return this.#gone;
  }

  /** Calls back once, however it ends; at once where it has. */
  onEnd(callback: () => void): void {
    if (this.#over) callback();
    else this.#ends.push(callback);
  }

  /** Calls back when there is room again after a `send` that told that there is none. */
  onDrain(callback: () => void): void {
    this.#drains.push(callback);
  }

  /** False: the reader is slow, `onDrain` will tell when it has caught up. */
  send(message: object): boolean {
    return this.#over || this.#call.write(message);
  }

  end(): void {
    if (this.#over) return;
    this.#call.end();
    this.#finish();
  }

  fail(refused: RequestError): void {
    if (this.#over) return;
    // That is how grpc-js takes a status; it ends the stream.
    this.#call.emit('error', statusError(refused));
    this.#finish();
  }

  /** GRPC-4. */
  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    for (const ended of this.#ends) ended();
    this.#uncount();
  }
}
