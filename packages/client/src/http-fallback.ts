/**
 * When plain HTTP takes the place of a WebSocket, and for how long.
 *
 * FALLBACK-1: after `refusedBeforeHttp` connections in a row that were not made every other attempt is made over plain HTTP.
 * FALLBACK-2: plain HTTP is used only as long as no WebSocket is made: while requests go over it, a WebSocket to the same node is tried at
 *     once, then after a second, and after twice as long each time. A client that was there before its nodes, or a proxy that was
 *     started anew, would otherwise cost a request of its own for each call, a tenth of the rate, for as long as the client lives.
 */
const refusedBeforeHttp = 3;
const firstRetryMs = 1000;
const longestRetryMs = 5 * 60_000;

export class HttpFallback {
  /** Connections in a row that were not made. */
  #refused = 0;
  /** When a WebSocket is tried again. */
  #dueAtMs = 0;
  #retryMs = firstRetryMs;

  /** Whether the next attempt is made over plain HTTP (FALLBACK-1). */
  get isNext(): boolean {
    const refused = this.#refused - refusedBeforeHttp;
    return refused >= 0 && refused % 2 === 0;
  }

  /** An attempt came to nothing. @param wasOpen Its connection was made. */
  failed(wasOpen: boolean): void {
    if (!wasOpen) this.#refused += 1;
  }

  /** Requests go to another connection from now on. */
  wentOn(overHttp: boolean): void {
    if (!overHttp) this.#refused = 0;
    this.#dueAtMs = 0;
    this.#retryMs = firstRetryMs;
  }

  /** While requests go over plain HTTP: whether a WebSocket is to be tried (FALLBACK-2). */
  isStreamDue(nowMs: number): boolean {
    return nowMs >= this.#dueAtMs;
  }

  /** It was tried in vain. */
  streamFailed(nowMs: number): void {
    this.#dueAtMs = nowMs + this.#retryMs;
    this.#retryMs = Math.min(longestRetryMs, 2 * this.#retryMs);
  }
}
