/**
 * The client stream over plain HTTP, for networks that let no WebSocket through: takes the same frames
 * and answers with the same frames, each request a request of its own to `POST /operations/…`.
 *
 * What a node would push is asked for: watches by long polls. Ends of sessions and holds are learned
 * with the next keepalive. Nothing of the cache is kept: nobody could tell what is invalid.
 */
import { causeOf } from './causes.ts';
import { codeIn, errorDefinitions, HoldfastError, isErrorCode } from '@holdfast/protocol';
import { readAnswer, readText } from '@holdfast/protocol/bounded-answer';
import type {
  CacheGetAnswer,
  CacheKeepBody,
  CancelWaitBody,
  ClusterPush,
  EventsAnswer,
  Problem,
  TraceContext,
  UnwatchBody,
  WatchBody,
} from '@holdfast/protocol';
import { textOfBody } from './request-text.ts';
import type { Fetch } from '#requests';
import type { SocketEvents, StreamSocket } from '#socket';

type Request = readonly [
  id: number,
  operation: string,
  body: unknown,
  ackedBelow?: number | null,
  trace?: TraceContext,
];

/** ANS-1: above the longest page of events, holds or messages that a node answers with. */
const longestAnswerBytes = 64 * 1024 * 1024;
const longestLivezBytes = 64 * 1024;
const pollSeconds = 20;
const pollPauseMs = 500;

/** @param url Of the node, `http://host:port`. */
export function openHttp(url: string, events: SocketEvents, fetchAny: Fetch): StreamSocket {
  return new HttpSocket(url.replace(/\/$/, ''), events, fetchAny);
}

class HttpSocket implements StreamSocket {
  readonly #url: string;
  readonly #events: SocketEvents;
  readonly #fetch: Fetch;
  readonly #all = new AbortController();
  readonly #waiting = new Map<number, AbortController>();
  readonly #watches = new Map<number, AbortController>();
  #nextWatch = 1;
  #closed = false;

  constructor(url: string, events: SocketEvents, fetchAny: Fetch) {
    this.#url = url;
    this.#events = events;
    this.#fetch = fetchAny;
    void this.#greet();
  }

  /** What a stream begins with: who leads, and where the members are. */
  async #greet(): Promise<void> {
    try {
      const response = await this.#fetch(`${this.#url}/cluster/status`, {
        signal: this.#all.signal,
      });
      const status = (await readAnswer(this.#url, response, longestAnswerBytes)) as ClusterPush;
      if (this.#closed) return;
      this.#events.onOpen();
      const members = status.members.map(({ node_id, url }) => ({ node_id, url }));
      const { cluster_id, node_id, leader } = status;
      const cluster: ClusterPush = { cluster_id, node_id, leader, members };
      this.#tell([0, 'cluster', cluster]);
    } catch (error) {
      this.#end(causeOf(error));
    }
  }

  send(text: string): void {
    for (const request of JSON.parse(text) as readonly Request[]) {
      const [id, operation, body] = request;
      if (operation === 'cancel') this.#cancel(id, body as CancelWaitBody);
      else if (operation === 'ping') void this.#ping(id);
      else if (operation === 'watch') void this.#watch(id, body as WatchBody);
      else if (operation === 'cache_keep') void this.#read(id, body as CacheKeepBody);
      else if (operation === 'cache_dropped') this.#tell([id, 0, {}]);
      else if (operation === 'unwatch') this.#unwatch(id, body as UnwatchBody);
      else void this.#ask(request);
    }
  }

  close(): void {
    this.#end();
  }

  #end(cause?: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#all.abort();
    this.#events.onClose(cause);
  }

  #tell(answer: readonly unknown[]): void {
    if (!this.#closed) this.#events.onMessage(JSON.stringify([answer]));
  }

  async #ask([id, operation, body, ackedBelow, trace]: Request): Promise<void> {
    const controller = new AbortController();
    this.#waiting.set(id, controller);
    const query = typeof ackedBelow !== 'number' ? '' : `?answered_below=${String(ackedBelow)}`;
    try {
      const [failed, answer] = await this.#post(
        `${operation}${query}`,
        body,
        AbortSignal.any([this.#all.signal, controller.signal]),
        trace,
      );
      this.#tell([id, failed ? 1 : 0, answer]);
    } catch (error) {
      // A cancelled request is answered by its cancel; anything else is a broken connection.
      if (!controller.signal.aborted) this.#end(causeOf(error));
    } finally {
      this.#waiting.delete(id);
    }
  }

  async #post(
    path: string,
    body: unknown,
    signal: AbortSignal,
    trace?: TraceContext,
  ): Promise<readonly [failed: boolean, answer: unknown]> {
    let text: string;
    try {
      text = textOfBody(path.replace(/\?.*/, ''), body);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      return [true, { ...error.details, code: error.code, detail: error.message }];
    }
    const response = await this.#fetch(`${this.#url}/operations/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...trace },
      body: text,
      signal,
    });
    const answer = await readAnswer(this.#url, response, longestAnswerBytes);
    const { code } = answer as { readonly code?: unknown };
    if (!response.ok && !isErrorCode(code))
      throw new Error('The server that answered is not a Holdfast node.');
    return [!response.ok, answer];
  }

  async #read(id: number, { k }: CacheKeepBody): Promise<void> {
    const controller = new AbortController();
    this.#waiting.set(id, controller);
    try {
      const signal = AbortSignal.any([this.#all.signal, controller.signal]);
      const [failed, answer] = await this.#post('cache_get', { k }, signal);
      const kept = { line: 'none', term: 0, seq: 0, lease_ms: 0 };
      this.#tell(failed ? [id, 1, answer] : [id, 0, { ...(answer as CacheGetAnswer), ...kept }]);
    } catch (error) {
      if (!controller.signal.aborted) this.#end(causeOf(error));
    } finally {
      this.#waiting.delete(id);
    }
  }

  /**
   * What stands before a node says by a status of 500 or more that the node is not there. Any other is a word: a proxy may let no
   * `/livez` through.
   */
  async #ping(id: number): Promise<void> {
    try {
      const response = await this.#fetch(`${this.#url}/livez`, { signal: this.#all.signal });
      // Read to its end: an answer that is not keeps its connection.
      await readText(this.#url, response, longestLivezBytes);
      if (response.status >= 500)
        throw new Error(`/livez is answered with ${String(response.status)}`);
      this.#tell([id, 0, {}]);
    } catch (error) {
      this.#end(causeOf(error));
    }
  }

  /** The request ends here at once; the connection cancels its wait by a request of its own. */
  #cancel(id: number, { request }: CancelWaitBody): void {
    const waiting = this.#waiting.get(request);
    waiting?.abort();
    this.#tell([id, 0, { cancelled: waiting !== undefined }]);
  }

  async #watch(id: number, { after, ...filter }: WatchBody): Promise<void> {
    const controller = new AbortController();
    const signal = AbortSignal.any([this.#all.signal, controller.signal]);
    this.#waiting.set(id, controller);
    try {
      // Without a position: the latest one tells where "now" is.
      const begin = after === undefined ? { ...filter, limit: 1 } : { ...filter, after, limit: 1 };
      const [failed, first] = await this.#post('events', begin, signal);
      this.#waiting.delete(id);
      if (failed) {
        this.#tell([id, 1, first]);
        return;
      }
      const watchId = this.#nextWatch++;
      this.#watches.set(watchId, controller);
      const position = after ?? (first as EventsAnswer).position;
      this.#tell([id, 0, { watch_id: watchId, position }]);
      await this.#poll(watchId, filter, position, signal);
    } catch (error) {
      this.#waiting.delete(id);
      if (!controller.signal.aborted) this.#end(causeOf(error));
    }
  }

  async #poll(
    watchId: number,
    filter: Omit<WatchBody, 'after'>,
    from: string,
    signal: AbortSignal,
  ): Promise<void> {
    let after = from;
    while (!signal.aborted) {
      const body = { ...filter, after, limit: 500, wait_seconds: pollSeconds };
      const [failed, answer] = await this.#post('events', body, signal);
      if (failed) {
        const problem = answer as Problem;
        if (errorDefinitions[codeIn(problem)].retry === 'never') {
          this.#tell([0, 'watch', { watch_id: watchId, events: [], problem }]);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, pollPauseMs));
        continue;
      }
      const { events, position } = answer as EventsAnswer;
      after = position;
      if (events.length > 0) this.#tell([0, 'watch', { watch_id: watchId, events }]);
    }
  }

  #unwatch(id: number, { watch_id }: UnwatchBody): void {
    const watch = this.#watches.get(watch_id);
    this.#watches.delete(watch_id);
    watch?.abort();
    this.#tell([id, 0, { watch_id, ended: watch !== undefined }]);
  }
}
