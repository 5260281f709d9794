/**
 * A watch as an async iterator: goes on after the last event that was handed out, over broken
 * connections and on other nodes, and leaves none out.
 *
 * CLIENT-WATCH-1: it ends with what would be answered the same again, with what the cluster does not have yet (`not_supported_yet`: until
 *     somebody upgrades it), and with its client. Whatever else a node refuses it with, before or after it began, passes: it is asked
 *     for again, with growing pauses.
 * CLIENT-WATCH-2: what it is refused with meanwhile is told as a warning, once for each watch.
 */
import { codeIn, HoldfastError } from '@holdfast/protocol';
import type { WatchBody, WatchedKind, WatchEvent } from '@holdfast/protocol';
import type { WatchRefused } from './client-warning.ts';
import type { Connection } from './connection.ts';
import { pause } from './pause.ts';
import { mayPass } from './until-answered.ts';

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

const firstPauseMs = 50;
const longestPauseMs = 5000;

/** Events that wait to be read; more, and the watch starts anew from what was read. */
const maxWaiting = 10_000;

/** Yields every change, in order. @throws HoldfastError `compacted`, `future_position`, `connection_lost` (the client was closed), ... */
export async function* watch(
  connection: Connection,
  timeoutMs: number,
  { signal, after: from, ...filter }: WatchOptions,
): AsyncGenerator<WatchEvent, void, undefined> {
  let after = from;
  let pauseMs = firstPauseMs;
  let isTold = false;
  for (;;) {
    if (signal?.aborted === true) return;
    const round = new WatchRound(connection, timeoutMs, signal);
    try {
      const begun = await round.open(after === undefined ? filter : { ...filter, after });
      after = begun ?? after;
      for (;;) {
        const event = await round.next();
        if (event === undefined) break;
        after = event.position;
        pauseMs = firstPauseMs;
        yield event;
      }
    } finally {
      round.close();
    }
    const { refused } = round;
    if (refused === undefined) continue;
    if (!isTold) connection.onWarning(warningOf(refused)); // CLIENT-WATCH-2
    isTold = true;
    await pause(connection.clock, pauseMs * (0.5 + connection.clock.random() / 2), signal);
    pauseMs = Math.min(2 * pauseMs, longestPauseMs);
  }
}

const warningOf = ({ code, message }: HoldfastError): WatchRefused => ({
  kind: 'watch_refused',
  code,
  message: `A watch is refused: ${message} It is asked for again until it is answered; this is told once.`,
});

/** One watch on one connection. */
class WatchRound {
  readonly #connection: Connection;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #events: WatchEvent[] = [];
  #id: number | undefined;
  #error: HoldfastError | undefined;
  #over = false;
  /** A node has refused it for now: another attempt would be refused at once (CLIENT-WATCH-1). */
  refused: HoldfastError | undefined;
  #wake = (): void => undefined;
  readonly #unsubscribe: () => void;
  readonly #abort = (): void => this.#end();

  constructor(connection: Connection, timeoutMs: number, signal: AbortSignal | undefined) {
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#abort, { once: true });
    this.#unsubscribe = connection.onBroken(() => {
      this.#id = undefined; // The next connection counts anew: it would be that of another watch.
      this.#end();
    });
  }

  #end(): void {
    this.#over = true;
    this.#wake();
  }

  /** Where it begins; undefined: it has not begun, and is over. */
  async open(body: WatchBody): Promise<string | undefined> {
    try {
      return await this.#begin(body);
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** @throws HoldfastError What does not pass (CLIENT-WATCH-1). */
  #failed(error: unknown): void {
    this.#over = true;
    if (this.#signal?.aborted === true) return;
    if (!mayPass(error)) throw error;
    if (!(error instanceof HoldfastError) || error.code === 'not_supported_yet') throw error;
    // Where nobody has answered, its time is over, and that was the pause.
    if (error.code !== 'deadline_exceeded') this.refused = error;
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
      if (this.#error !== undefined) this.#failed(this.#error);
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
