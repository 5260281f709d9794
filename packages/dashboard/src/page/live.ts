/**
 * The one watch of the page: server-sent events, read by `fetch`, because an `EventSource` cannot send a key. A lost
 * connection is resumed after the last position, and shown meanwhile.
 */
import type { WatchEvent } from '@holdfast/protocol';
import { asFailure, failureOf, headersOfCaller, RequestFailed } from './asking.ts';

/** The node writes something every 15 seconds. */
const silenceMs = 40_000;
const retryMs = 1500;
/** A burst of changes is read once. */
const pauseMs = 400;

export type ConnectionState = 'connecting' | 'live' | 'lost' | 'refused';

type OnEvents = (events: readonly WatchEvent[]) => void;

/** The lines of one event: `name: value`. */
export interface ServerSentEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

/** Splits a text that comes in pieces into events. @returns The events, and what is left of the text. */
export function readEvents(text: string): readonly [readonly ServerSentEvent[], rest: string] {
  const blocks = text.split('\n\n');
  const rest = blocks.pop() ?? '';
  const found = blocks.map((block): ServerSentEvent => {
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      const at = line.indexOf(':');
      if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1).trimStart());
    }
    return {
      id: fields.get('id'),
      event: fields.get('event') ?? '',
      data: fields.get('data') ?? '',
    };
  });
  return [found, rest];
}

class Live {
  readonly #listeners = new Set<OnEvents>();
  readonly #watchers = new Set<(connection: ConnectionState) => void>();
  #connection: ConnectionState = 'connecting';
  #after: string | undefined;
  #abort = new AbortController();
  #gathered: WatchEvent[] = [];
  /** A timer runs that tells what is gathered. */
  #isTold = false;

  get connection(): ConnectionState {
    return this.#connection;
  }

  /** @returns Ends it. */
  onEvents(listener: OnEvents): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @returns Ends it. */
  onConnection(listener: (connection: ConnectionState) => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  /** Again with another key. */
  restart(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#after = undefined;
    void this.#run(this.#abort.signal);
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const failure = await this.#follow(signal).then(() => undefined, asFailure);
      if (signal.aborted) return;
      const isRefused = failure?.status === 401 || failure?.status === 403;
      if (failure?.code === 'compacted' || failure?.code === 'future_position')
        this.#after = undefined;
      this.#set(isRefused ? 'refused' : 'lost');
      if (isRefused) return;
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const silence = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const heard = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), silenceMs);
    };
    heard();
    try {
      const response = await fetch('watch', {
        signal: AbortSignal.any([signal, silence.signal]),
        cache: 'no-store',
        headers: {
          ...headersOfCaller(),
          ...(this.#after === undefined ? {} : { 'last-event-id': this.#after }),
        },
      });
      if (!response.ok || response.body === null)
        throw new RequestFailed(await failureOf(response));
      this.#set('live');
      // What happened before is read by whoever shows it.
      this.#gather([]);
      await this.#read(response.body, heard);
    } finally {
      clearTimeout(timer);
    }
  }

  async #read(body: ReadableStream<Uint8Array<ArrayBuffer>>, heard: () => void): Promise<void> {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      const [events, rest] = readEvents(text + value);
      text = rest;
      const changes: WatchEvent[] = [];
      for (const { id, event, data } of events) {
        if (id !== undefined && id !== '') this.#after = id;
        if (event === 'problem') return;
        if (data !== '') changes.push(JSON.parse(data) as WatchEvent);
      }
      if (changes.length > 0) this.#gather(changes);
    }
  }

  #gather(changes: readonly WatchEvent[]): void {
    // Of a burst the latest are told; whoever shows a state reads it anew anyway.
    this.#gathered = [...this.#gathered, ...changes].slice(-200);
    if (this.#isTold) return;
    this.#isTold = true;
    setTimeout(() => {
      this.#isTold = false;
      const told = this.#gathered;
      this.#gathered = [];
      for (const listener of this.#listeners) listener(told);
    }, pauseMs);
  }

  #set(connection: ConnectionState): void {
    if (connection === this.#connection) return;
    this.#connection = connection;
    for (const watcher of this.#watchers) watcher(connection);
  }
}

export const live: Live = new Live();
