/** What is asked of the nodes of a deep queue: requests, what each takes in memory and on its disk, and its turns. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalCluster, LocalNode } from '@holdfast/server';

const unavailable = 503;

/** Undefined: there is no leader, or it was lost meanwhile. */
export async function ask(url: string, path: string, body?: object): Promise<unknown> {
  const signal = AbortSignal.timeout(60_000);
  const json = { 'Content-Type': 'application/json' };
  const response = await fetch(`${url}${path}`, {
    signal,
    ...(body === undefined ? {} : { method: 'POST', headers: json, body: JSON.stringify(body) }),
  });
  if (response.status === unavailable) {
    await response.text();
    return undefined;
  }
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  return response.headers.get('content-type')?.includes('json') === true
    ? response.json()
    : response.text();
}

async function metric(url: string, name: string): Promise<number> {
  const text = String(await ask(url, '/metrics'));
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? Number.NaN);
}

const residentBytes = async ({ pid }: LocalNode): Promise<number> => {
  const text = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(text)?.[1] ?? Number.NaN) * 1024;
};

async function bytesIn(folder: string): Promise<number> {
  let sum = 0;
  for (const name of await readdir(folder)) {
    // One that was replaced meanwhile is gone.
    const found = await stat(join(folder, name)).catch(() => undefined);
    sum += found?.size ?? 0;
  }
  return sum;
}

export interface NodeStats {
  readonly peakBytes: number;
  readonly payloadBytes: number;
  readonly snapshotBytes: number;
}

export const statsOf = async (node: LocalNode): Promise<NodeStats> => ({
  peakBytes: await residentBytes(node),
  payloadBytes: await bytesIn(join(node.folder, 'data', 'payloads')),
  snapshotBytes: await bytesIn(join(node.folder, 'data', 'snapshots')),
});

const everyMs = 15_000;

/** The longest turns of all nodes: a node tells those of its last minute, so it is asked several times in each. */
export class TurnWatch {
  readonly #cluster: LocalCluster;
  readonly #timer: NodeJS.Timeout;
  #longestMs = 0;

  constructor(cluster: LocalCluster) {
    this.#cluster = cluster;
    this.#timer = setInterval(() => void this.#look(), everyMs);
  }

  /** Since it was asked for before. NaN where a node that runs does not answer now: then nobody knows. */
  async takeMs(): Promise<number> {
    const haveAnswered = await this.#look();
    const longestMs = haveAnswered ? this.#longestMs : Number.NaN;
    this.#longestMs = 0;
    return longestMs;
  }

  /** @returns Whether all have answered: one that is being stopped or started does not. */
  async #look(): Promise<boolean> {
    const running = this.#cluster.nodes.filter(({ pid }) => pid !== undefined);
    const turns = await Promise.all(
      running.map(({ url }) =>
        metric(url, 'holdfast_event_loop_longest_turn_seconds').catch(() => Number.NaN),
      ),
    );
    for (const seconds of turns)
      if (!Number.isNaN(seconds)) this.#longestMs = Math.max(this.#longestMs, 1000 * seconds);
    return turns.every((seconds) => !Number.isNaN(seconds));
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
