/** One HTTP request a question: for networks that let no WebSocket through. */
import { errorIn, fieldsOf } from './node-transport.ts';
import type { Fields, NodeTransport } from './node-transport.ts';

export class HttpTransport implements NodeTransport {
  readonly #url: string;
  readonly #apiKey: string | undefined;

  constructor(url: string, apiKey: string | undefined) {
    this.#url = url;
    this.#apiKey = apiKey;
  }

  async ask(operation: string, body: object, signal: AbortSignal): Promise<Fields> {
    const response = await fetch(`${this.#url}/${operation}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(this.#apiKey === undefined ? {} : { authorization: `Bearer ${this.#apiKey}` }),
      },
      body: JSON.stringify(body),
      signal,
    });
    const answer = fieldsOf(await response.json());
    if (response.ok) return answer;
    throw errorIn(this.#url, answer);
  }

  close(): void {
    // Each question has a connection of its own.
  }
}
