import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below those that the kernel hands out by itself: nobody is given one of these between now and its use. */
const lowest = 15_000;
const highest = 32_000;
const mostTries = 1000;

const given = new Set<number>();

/** Ports on 127.0.0.1 that nobody listens on, each given once in the life of this process. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count && tries < mostTries; tries++) {
    const port = randomInt(lowest, highest);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    ports.push(port);
  }
  if (ports.length < count) throw new Error(`There are no ${String(count)} free ports.`);
  return ports;
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
