/**
 * When plain HTTP takes the place of a WebSocket.
 *
 * FALLBACK-1: after `refusedBeforeHttp` connections in a row that were not made every other attempt is made over plain HTTP.
 * FALLBACK-2: requests go over plain HTTP only to a node to which a WebSocket was not made while plain HTTP was. What was refused before may
 *     have been refused because nobody was there yet, and a client that goes over plain HTTP stays there until that fails: it makes a
 *     request of its own of each call, at a tenth of the rate. Where that was seen once it holds until a WebSocket is made.
 */
const refusedBeforeHttp = 3;

export class HttpFallback {
  /** Connections in a row that were not made. */
  #refused = 0;
  #isProven = false;

  /** Whether the next attempt is made over plain HTTP (FALLBACK-1). */
  get isNext(): boolean {
    const refused = this.#refused - refusedBeforeHttp;
    return refused >= 0 && refused % 2 === 0;
  }

  /** Whether plain HTTP comes through where no WebSocket does (FALLBACK-2). */
  get isProven(): boolean {
    return this.#isProven;
  }

  refused(): void {
    this.#refused += 1;
  }

  proven(): void {
    this.#isProven = true;
  }

  /** Requests go over a WebSocket. */
  streamMade(): void {
    this.#refused = 0;
    this.#isProven = false;
  }
}
