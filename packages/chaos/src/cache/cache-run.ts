/** A cache under kills, stops and cuts of its nodes and its clients, each a process; judged by what clients saw (judge.ts). */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ChaosCluster } from '../cluster/cluster.ts';
import { whileKeysChange } from '../cluster/keys-of-cluster.ts';
import { ClientProcess } from '../clients/client-process.ts';
import { nowMs } from '../now.ts';
import { Randomness } from '../randomness.ts';
import { readCacheJournal } from './journal.ts';
import { judgeCache } from './judge.ts';
import type { CacheOperation, CacheVerdict } from './judge.ts';

export interface CacheRunOptions {
  readonly folder: string;
  readonly nodes: number;
  readonly clients: number;
  readonly seed: number;
  readonly seconds: number;
  /** Faults of these kinds alone; all when absent. */
  readonly only?: readonly string[];
  /** TLS on all ports, certificates of members, keys of clients; and keys and rules that change meanwhile. */
  readonly isSecured?: boolean;
  readonly tell: (line: string) => void;
}

export interface CacheOutcome extends CacheVerdict {
  readonly strikes: readonly string[];
  /** What became of keys that changed. */
  readonly notes: readonly string[];
  /** Writes under holds that did not stand any more. */
  readonly refusedHolds: number;
  readonly history: readonly CacheOperation[];
}

interface Trouble {
  readonly cluster: ChaosCluster;
  readonly clients: readonly ClientProcess[];
  readonly randomness: Randomness;
}

const keys = 'red,blue,green';
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Each does something and mends it. Leases are of 2 s: some pauses are longer. */
const nemeses: Readonly<Record<string, (trouble: Trouble) => Promise<void>>> = {
  async 'kill a node'({ cluster, randomness }) {
    const node = randomness.pick(cluster.nodes);
    await node.end('SIGKILL');
    await pause(randomness.between(0, 2500));
    await node.start();
  },
  async 'stop a node for a while'({ cluster, randomness }) {
    const node = randomness.pick(cluster.nodes);
    node.standStill();
    await pause(randomness.pick([500, 1900, 4000]));
    node.goOn();
  },
  async 'end a node in order'({ cluster, randomness }) {
    const node = randomness.pick(cluster.nodes);
    await node.end('SIGTERM');
    await node.start();
  },
  async 'cut a node off'({ cluster, randomness }) {
    const { nodeId } = randomness.pick(cluster.nodes);
    const isOneWay = randomness.pick([true, false]);
    for (const other of cluster.nodes) {
      if (other.nodeId === nodeId) continue;
      cluster.links.set(nodeId, other.nodeId, { cut: true });
      if (!isOneWay) cluster.links.set(other.nodeId, nodeId, { cut: true });
    }
    await pause(randomness.pick([1000, 3000, 6000]));
    cluster.links.mendAll();
  },
  async 'stop a client for a while'({ clients, randomness }) {
    const client = randomness.pick(clients);
    client.signal('SIGSTOP');
    await pause(randomness.pick([300, 1900, 2300, 4000]));
    client.signal('SIGCONT');
  },
  async 'kill a client'({ clients, randomness }) {
    const client = randomness.pick(clients);
    await client.kill();
    await client.start();
  },
};
export const cacheNemesisNames: readonly string[] = Object.keys(nemeses);

export async function runCacheChaos(options: CacheRunOptions): Promise<CacheOutcome> {
  const cluster = await ChaosCluster.start(options.folder, options.nodes, {}, options.isSecured);
  const journals = join(options.folder, 'journals');
  mkdirSync(journals, { recursive: true });
  const clients = Array.from({ length: options.clients }, (_, index) => {
    const from = index % cluster.urls.length;
    const urls = [...cluster.urls.slice(from), ...cluster.urls.slice(0, from)].join(',');
    return new ClientProcess({
      name: `client-${String(index + 1)}`,
      folder: journals,
      program: new URL('./reader-entry', import.meta.url),
      environment: () => ({
        CHAOS_URLS: urls,
        CHAOS_KEYS: keys,
        ...cluster.security?.clientEnvironment,
      }),
    });
  });
  const strikes: string[] = [];
  let ofKeys: Awaited<ReturnType<typeof whileKeysChange>>;
  try {
    await Promise.all(clients.map((client) => client.start()));
    const trouble = { cluster, clients, randomness: new Randomness(options.seed) };
    ofKeys = await whileKeysChange(cluster, () => strike(options, trouble, strikes));
  } finally {
    cluster.links.mendAll();
    await Promise.all(clients.map((client) => client.stop()));
    await cluster.close();
  }
  const failed = clients.find(({ failure }) => failure !== undefined);
  if (failed !== undefined) throw new Error(`${failed.name} failed: ${failed.failure ?? ''}`);
  const written = clients.flatMap((client) =>
    client.journals().map(({ path }) => readCacheJournal(client.name, path)),
  );
  const history = written.flatMap(({ operations }) => operations);
  const refusedHolds = written.reduce((sum, one) => sum + one.refusedHolds, 0);
  const verdict = judgeCache(history);
  const violations = [...verdict.violations, ...ofKeys.failures];
  return { ...verdict, violations, refusedHolds, strikes, notes: ofKeys.notes, history };
}

async function strike(
  options: CacheRunOptions,
  trouble: Trouble,
  strikes: string[],
): Promise<void> {
  const { randomness } = trouble;
  const names = cacheNemesisNames.filter((name) => options.only?.includes(name) ?? true);
  await pause(2000);
  for (const endMs = nowMs() + options.seconds * 1000; nowMs() < endMs;) {
    const name = randomness.pick(names);
    options.tell(`  ${name}`);
    strikes.push(name);
    await nemeses[name]?.(trouble);
    await pause(randomness.between(300, 2500));
  }
}
