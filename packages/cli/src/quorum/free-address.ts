/** Whether an address can be served on, found out before anything is made for it. */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** @throws Error as of `listen` when it cannot. */
export async function tryAddress(host: string, port: number): Promise<void> {
  const server = createServer();
  const listening = once(server, 'listening');
  server.listen({ host, port });
  await listening;
  await new Promise((resolve) => server.close(resolve));
}
