import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Finds ports on 127.0.0.1 that nobody listens on, and whose peer ports (2000 above, as a local cluster
 * takes them) are free as well.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  for (let attempt = 0; ports.size < count && attempt < 100 * count; attempt++) {
    // Below the range from which the system picks ports of its own accord.
    const port = 10_000 + Math.floor(Math.random() * 18_000);
    const taken = ports.has(port) || ports.has(port - 2000) || ports.has(port + 2000);
    if (!taken && (await isFree(port)) && (await isFree(port + 2000))) ports.add(port);
  }
  if (ports.size < count) throw new Error(`There are no ${String(count)} free ports on 127.0.0.1.`);
  return [...ports];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listening = once(server, 'listening');
  server.listen(port, '127.0.0.1');
  try {
    await listening;
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
