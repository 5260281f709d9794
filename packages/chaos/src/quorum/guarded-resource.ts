/**
 * What the locks are for: a resource for each lock that keeps the largest token it has seen and refuses
 * what comes with a smaller one. It stands in this program, which no fault touches.
 */
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { clearAtEnd } from '../leftovers.ts';

/** Longer than a client is paused: what it has open stays open. */
const keepAliveMs = 600_000;

export class GuardedResource {
  readonly #largest = new Map<string, number>();
  readonly #server = createServer((request, response) => {
    void readBody(request).then((text) => {
      const { lock, token } = JSON.parse(text) as { readonly lock: string; readonly token: number };
      response.end(JSON.stringify({ accepted: this.#write(lock, token) }));
    });
  });

  /** @returns its URL. */
  async listen(): Promise<string> {
    this.#server.keepAliveTimeout = keepAliveMs;
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', () => resolve()));
    clearAtEnd(() => this.close());
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #write(lock: string, token: number): boolean {
    const largest = this.#largest.get(lock) ?? 0;
    if (token < largest) return false;
    this.#largest.set(lock, token);
    return true;
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const bytes of request) text += String(bytes);
  return text;
}

/** From the side of a client. */
export async function writeGuarded(url: string, lock: string, token: number): Promise<boolean> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify({ lock, token }) });
  const { accepted } = (await response.json()) as { readonly accepted: boolean };
  return accepted;
}
