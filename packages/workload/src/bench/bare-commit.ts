/**
 * The floor under a commit: the processes, the socket writes and the durable writes that one needs, and nothing else.
 * A client sends a message to a leader, which writes it and passes it on to two followers, which write it; the client
 * is answered when two of the three have it. One message at a time. What the service takes beyond that is its own.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Latencies } from '../statistics/latencies.ts';
import { watchProcessors } from '../statistics/processor-time.ts';

export interface BareCommits {
  readonly messageBytes: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of one commit in microseconds, the client's included; null where the system does not tell it. */
  readonly processorMicros: number | null;
}

const followers = 2;

/** @param folder On the disk that the nodes write to. */
export async function bareCommits(
  folder: string,
  messageBytes: number,
  forMs: number,
): Promise<BareCommits> {
  const nodes: ChildProcess[] = [];
  const files: string[] = [];
  const start = async (ports: readonly number[]): Promise<number> => {
    const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const program = fileURLToPath(new URL(`./bare-node.${ending}`, import.meta.url));
    const file = join(folder, `bare-${String(files.length)}`);
    files.push(file);
    const node = fork(program, [file, String(messageBytes), ...ports.map(String)]);
    nodes.push(node);
    const [port]: unknown[] = await once(node, 'message');
    if (typeof port !== 'number') throw new Error('A bare node did not tell its port.');
    return port;
  };
  try {
    const ports: number[] = [];
    for (let count = 0; count < followers; count++) ports.push(await start([]));
    const port = await start(ports);
    const pids = nodes.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
    return await commit(port, messageBytes, forMs, [...pids, process.pid]);
  } finally {
    for (const node of nodes) {
      const ended = once(node, 'exit');
      node.disconnect();
      await ended;
    }
    for (const file of files) rmSync(file, { force: true });
  }
}

async function commit(
  port: number,
  messageBytes: number,
  forMs: number,
  pids: readonly number[],
): Promise<BareCommits> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  await once(socket, 'connect');
  const message = Buffer.alloc(messageBytes, 'x');
  const latencies = new Latencies();
  const used = watchProcessors(pids);
  const startMs = performance.now();
  let askedMs = startMs;
  let count = 0;
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('A bare node ended.')));
    socket.on('data', () => {
      const nowMs = performance.now();
      count += 1;
      latencies.add(nowMs - askedMs);
      if (nowMs - startMs >= forMs) {
        resolve();
        return;
      }
      askedMs = nowMs;
      socket.write(message);
    });
    socket.write(message);
  });
  const tookMs = performance.now() - startMs;
  const processorMs = used()?.reduce((sum, one) => sum + one, 0);
  socket.destroy();
  return {
    messageBytes,
    perSecond: (count * 1000) / tookMs,
    p50Ms: latencies.quantile(0.5),
    p99Ms: latencies.quantile(0.99),
    processorMicros: processorMs === undefined ? null : (processorMs * 1000) / count,
  };
}
