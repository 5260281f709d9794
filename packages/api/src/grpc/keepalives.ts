/**
 * Signs of life for as long as a call stands, and what befalls the sessions meanwhile.
 *
 * GRPC-7: every sign of life is answered, in order; the next one is read when the one before is answered, so
 *     a client cannot pile them up.
 * GRPC-8: the end of a session that was named on the call, and of a hold of it that others ended, is told on it once.
 *     Where events were missed the call fails: which holds ended cannot be told any more, so the caller has to
 *     read what there is. Looking here would not do: there may be no leader to ask just then.
 */
import { everything } from '../watch/feed.ts';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Event } from '@holdfast/state';
import type { OperationContext } from '../operations/context.ts';
import type { ApiLog } from '../log.ts';
import { RequestError } from '../request-error.ts';
import type { Plain } from './codec.ts';
import type { Rpc } from './definitions.ts';
import { operationOf, performed } from '../pipeline/perform.ts';
import { defectOf, readRequest } from './performing.ts';
import type { StreamCall } from './stream-call.ts';

const mostSessions = 1000;
const keepalive = operationOf('keepalive');
const missedError = new RequestError(
  'compacted',
  'This node installed a snapshot, so the end of a session or of a hold may not have been told on this call. Read what each session holds (SessionLocks), and open a new call.',
);

export class Keepalives {
  readonly #context: OperationContext;
  readonly #stream: StreamCall;
  readonly #onDefect: (error: unknown) => void;
  readonly #sessions = new Set<string>();

  constructor(context: OperationContext, stream: StreamCall, log: ApiLog) {
    this.#context = context;
    this.#stream = stream;
    this.#onDefect = defectOf({ log }, 'keepalive_stream');
  }

  /** Resolves when the caller sends no more, or the stream is over. */
  async run(rpc: Rpc, call: ServerDuplexStream<Uint8Array, object>): Promise<void> {
    const stream = this.#stream;
    const unsubscribe = this.#context.service.feed.onRaw(
      [everything],
      (event) => this.#hear(event),
      () => this.#missed(),
    );
    stream.onEnd(unsubscribe);
    try {
      for await (const bytes of call as AsyncIterable<Uint8Array>) {
        const body = readRequest(rpc, bytes, this.#context);
        const refused = body instanceof RequestError ? body : await this.#keep(body); // GRPC-7
        if (refused !== undefined) stream.fail(refused);
        if (stream.isOver) return;
      }
    } catch (error) {
      // A call that is cut off ends its reading with an error of its own.
      if (!stream.isOver) throw error;
    }
    stream.end();
  }

  async #keep(body: Plain): Promise<RequestError | undefined> {
    const { session_id: sessionId } = body;
    if (typeof sessionId === 'string' && !this.#sessions.has(sessionId)) {
      if (this.#sessions.size >= mostSessions) {
        return new RequestError(
          'limit_exceeded',
          `This call keeps ${String(mostSessions)} sessions alive, which is the limit of one call. Open another call.`,
          { limit: 'max_sessions_per_call', value: mostSessions, scope: 'node' },
        );
      }
      this.#sessions.add(sessionId); // GRPC-8: before it is asked for.
    }
    const outcome = await performed(keepalive, body, this.#context, this.#onDefect);
    if (!(outcome instanceof RequestError)) {
      await this.#sent({ kept: outcome });
      return undefined;
    }
    return this.#tellLost(sessionId, outcome) ? undefined : outcome;
  }

  /** True: it was the refusal of a session that is no more. */
  #tellLost(sessionId: unknown, { code }: RequestError): boolean {
    if (typeof sessionId !== 'string') return false;
    if (code !== 'session_expired' && code !== 'session_not_found') return false;
    const reason = code === 'session_expired' ? 'expired' : 'not_found';
    if (this.#sessions.delete(sessionId))
      this.#stream.send({ lost: { session_id: sessionId, reason } });
    return true;
  }

  /** Resolves when the reader has room for more. */
  #sent(message: object): Promise<void> {
    if (this.#stream.send(message)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#stream.onDrain(resolve);
      this.#stream.onEnd(resolve);
    });
  }

  #hear(event: Event): void {
    if (!('sessionId' in event) || !this.#sessions.has(event.sessionId)) return;
    const { service, caller } = this.#context;
    if (service.control?.mayFollow(caller, event.sessionId) === false) return; // VISIBLE-1
    if (event.type === 'session_ended') {
      this.#sessions.delete(event.sessionId);
      this.#stream.send({ lost: { session_id: event.sessionId, reason: event.reason } });
    } else if (event.type === 'hold_ended' || event.type === 'permits_ended') {
      // A release is answered, and the end of a session is told as such.
      if (event.reason !== 'forced' && event.reason !== 'max_hold') return;
      const hold_ended = {
        session_id: event.sessionId,
        kind: event.type === 'permits_ended' ? 'semaphore' : (event.kind ?? 'lock'),
        resource: event.name,
        fence_token: event.fenceToken,
        reason: event.reason,
        note: event.note,
      };
      this.#stream.send({ hold_ended });
    }
  }

  /** GRPC-8. A session that is named later is asked for then. */
  #missed(): void {
    if (this.#sessions.size > 0) this.#stream.fail(missedError);
  }
}
