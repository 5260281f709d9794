import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Finds ports on one address that nobody listens on, and whose gRPC ports (1000 above, as a local cluster
 * takes them) and peer ports (2000 above) are free as well.
 */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<readonly number[]> {
  const ports = new Set<number>();
  for (let attempt = 0; ports.size < count && attempt < 100 * count; attempt++) {
    // Below the range from which the system picks ports of its own accord.
    const port = 10_000 + Math.floor(Math.random() * 18_000);
    const taken = [-2000, -1000, 0, 1000, 2000].some((distance) => ports.has(port + distance));
    if (taken) continue;
    const free = await Promise.all(
      [port, port + 1000, port + 2000].map((one) => isFree(one, host)),
    );
    if (free.every(Boolean)) ports.add(port);
  }
  if (ports.size < count) throw new Error(`There are no ${String(count)} free ports on ${host}.`);
  return [...ports];
}

async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer();
  const listening = once(server, 'listening');
  server.listen(port, host);
  try {
    await listening;
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
