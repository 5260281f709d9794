import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Hold } from '@holdfast/client';
import { HttpFenceGuard, MemoryFenceStore, withFence } from '@holdfast/guards/http';

/** The client's side: puts a page, and stops when the hold is lost meanwhile. */
export async function putPage(url: string, hold: Hold, page: string): Promise<Response> {
  return await fetch(url, withFence(hold, { method: 'PUT', body: page, signal: hold.signal }));
}

/** The server's side: keeps pages, each written by the holder of its lock. */
export function pageServer(pages: Map<string, string>): Server {
  const guard = new HttpFenceGuard(new MemoryFenceStore());

  async function put(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = request.url ?? '/';
    const page = await text(request);
    const outcome = await guard.write(request.headers, name, () => pages.set(name, page));
    if (outcome.accepted) response.writeHead(204).end();
    else
      response
        .writeHead(outcome.status, { 'Content-Type': 'application/problem+json' })
        .end(JSON.stringify(outcome.problem));
  }

  return createServer((request, response) => {
    put(request, response).catch(() => response.writeHead(500).end());
  });
}
