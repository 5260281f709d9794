/**
 * A watch as an async iterator: goes on after the last event that was handed out, over broken
 * connections and on other nodes, and leaves none out.
 */
import { codeIn, HoldfastError } from '@holdfast/protocol';
import type { ErrorCode, WatchBody, WatchedKind, WatchEvent } from '@holdfast/protocol';
import type { Connection } from './connection.ts';

/** What is watched, and from where on. */
export interface WatchOptions {
  /** Only resources whose names begin with it; all when left out. */
  readonly prefix?: string;
  /** Only this resource. */
  readonly name?: string;
  /** Only resources of this kind. */
  readonly kind?: WatchedKind;
  /** Events after this position (or revision); from now on when left out. */
  readonly after?: string;
  /** Ends the watch, also before it has begun. */
  readonly signal?: AbortSignal;
}

/** Why no node began a watch for now: it is asked for again. */
const later: ReadonlySet<ErrorCode> = new Set(['deadline_exceeded', 'no_quorum', 'not_leader']);

/** Events that wait to be read; more, and the watch starts anew from what was read. */
const maxWaiting = 10_000;

/** Yields every change, in order. @throws HoldfastError `compacted`, `future_position`, `connection_lost` (the client was closed), ... */
export async function* watch(
  connection: Connection,
  timeoutMs: number,
  { signal, after: from, ...filter }: WatchOptions,
): AsyncGenerator<WatchEvent, void, undefined> {
  let after = from;
  for (;;) {
    if (signal?.aborted === true) return;
    const round = new WatchRound(connection, timeoutMs, signal);
    try {
      const begun = await round.open(after === undefined ? filter : { ...filter, after });
      // Nobody answered for long: a watch goes on trying until it is ended.
      if (begun === undefined) continue;
      after = begun;
      for (;;) {
        const event = await round.next();
        if (event === undefined) break;
        after = event.position;
        yield event;
      }
    } finally {
      round.close();
    }
  }
}

/** One watch on one connection. */
class WatchRound {
  readonly #connection: Connection;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #events: WatchEvent[] = [];
  #id: number | undefined;
  #error: HoldfastError | undefined;
  #over = false;
  #wake = (): void => undefined;
  readonly #unsubscribe: () => void;
  readonly #abort = (): void => this.#end();

  constructor(connection: Connection, timeoutMs: number, signal: AbortSignal | undefined) {
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#abort, { once: true });
    this.#unsubscribe = connection.onBroken(() => this.#end());
  }

  #end(): void {
    this.#over = true;
    this.#wake();
  }

  /** Where it begins; undefined: no node answered in time, or the caller has left. */
  async open(body: WatchBody): Promise<string | undefined> {
    try {
      return await this.#begin(body);
    } catch (error) {
      if (this.#signal?.aborted === true) return undefined;
      if (error instanceof HoldfastError && later.has(error.code)) return undefined;
      throw error;
    }
  }

  async #begin(body: WatchBody): Promise<string> {
    const settings = { timeoutMs: this.#timeoutMs, signal: this.#signal };
    const answer = await this.#connection.watch(body, settings, (push) => {
      if (push.problem !== undefined) {
        this.#error = new HoldfastError(codeIn(push.problem), push.problem.detail);
        this.#end();
        return;
      }
      if (this.#over) return;
      for (const one of push.events) this.#events.push(one);
      // What is not read in time is asked for again, from the last one that was read.
      if (this.#events.length > maxWaiting) this.#end();
      else this.#wake();
    });
    this.#id = answer.watch_id;
    return answer.position;
  }

  /** Undefined: this round is over. */
  async next(): Promise<WatchEvent | undefined> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined && this.#signal?.aborted !== true) return event;
      if (this.#error !== undefined) throw this.#error;
      if (this.#over) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#unsubscribe();
    this.#signal?.removeEventListener('abort', this.#abort);
    if (this.#id !== undefined) this.#connection.unwatch(this.#id);
  }
}
