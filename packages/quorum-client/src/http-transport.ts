/** One HTTP request a question: for networks that let no WebSocket through. */
import { HoldfastError } from '@holdfast/protocol';
import { readAnswer } from '@holdfast/protocol/bounded-answer';
import { fetchWith } from '@holdfast/client/parts';
import type { Fetch } from '@holdfast/client/parts';
import type { TlsSettings } from '@holdfast/client/parts';
import { closed, errorIn, fieldsOf } from './node-transport.ts';
import type { AnswerFields, NodeTransport } from './node-transport.ts';

export class HttpTransport implements NodeTransport {
  readonly #url: string;
  readonly #apiKey: string | undefined;
  readonly #fetchAny: Fetch;
  #isClosed = false;

  constructor(url: string, apiKey: string | undefined, tls?: TlsSettings) {
    this.#url = url;
    this.#fetchAny = fetchWith(tls);
    this.#apiKey = apiKey;
  }

  async ask(operation: string, body: object, signal: AbortSignal): Promise<AnswerFields> {
    if (this.#isClosed) throw closed();
    const response = await this.#fetch(operation, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(this.#apiKey === undefined ? {} : { authorization: `Bearer ${this.#apiKey}` }),
      },
      body: JSON.stringify(body),
      signal,
    });
    const answer = fieldsOf(await readAnswer(this.#url, response));
    if (response.ok) return answer;
    throw errorIn(this.#url, answer);
  }

  /** Each question has a connection of its own: those that are under way are answered. */
  close(): void {
    this.#isClosed = true;
  }

  async #fetch(operation: string, init: RequestInit): Promise<Response> {
    try {
      return await this.#fetchAny(`${this.#url}/${operation}`, init);
    } catch (error) {
      if (init.signal?.aborted === true) throw error;
      // `fetch` says no more than that it failed.
      const { cause } = error as { readonly cause?: { readonly code?: unknown } };
      const why = typeof cause?.code === 'string' ? ` (${cause.code})` : '';
      throw new HoldfastError(
        'connection_lost',
        `${this.#url} cannot be reached${why}.`,
        {},
        { cause: error },
      );
    }
  }
}
