/**
 * One queue under kills, stops and cuts of its nodes, and of its Redis where it is in one; judged by what producers and
 * consumers saw (MSG-1 to MSG-8 of the checker). At the end everything is mended and the queue drained.
 */
import { connect } from '@holdfast/client';
import { judgeMessages } from '@holdfast/checker';
import type { MessageEvent } from '@holdfast/checker';
import { ChaosCluster } from '../cluster/cluster.ts';
import { whileKeysChange } from '../cluster/keys-of-cluster.ts';
import { nowMs } from '../now.ts';
import { Randomness } from '../randomness.ts';
import { RedisServerProcess } from './redis-process.ts';
import { queue, Workers } from './workers.ts';

export type QueueStoreName = 'replicated' | 'redis';

export interface QueueRunOptions {
  readonly folder: string;
  readonly store: QueueStoreName;
  readonly nodes: number;
  readonly seed: number;
  readonly seconds: number;
  /** Faults of these kinds alone; all when absent. */
  readonly only?: readonly string[];
  /** TLS on all ports, certificates of members, keys of clients; and keys and rules that change meanwhile. */
  readonly isSecured?: boolean;
  readonly tell: (line: string) => void;
}

export interface QueueOutcome {
  readonly violations: readonly string[];
  readonly pushed: number;
  readonly deliveries: number;
  readonly redeliveries: number;
  readonly acknowledged: number;
  /** Dead letters that became messages again. */
  readonly redriven: number;
  /** How often a delivery was given more time, as far as it was told. */
  readonly extended: number;
  readonly strikes: readonly string[];
  /** Of each fault: deliveries that were in flight when it began, for certain. */
  readonly inFlight: readonly number[];
  /** What became of keys that changed. */
  readonly notes: readonly string[];
  readonly history: readonly MessageEvent[];
}

interface Trouble {
  readonly cluster: ChaosCluster;
  readonly redis: RedisServerProcess | undefined;
  readonly randomness: Randomness;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const drainDeadlineMs = 90_000;
/** Deliveries are in flight for some ms each. */
const lookMs = 2;
/** Few, so that dead letters come: each blocks its key until it is redriven, and order and loss are judged as without (DEAD-2). */
const mostDeliveries = 2;
const producers = 6;
const consumers = 4;

/** Each does something and mends it. */
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
    // Longer than the session by which it owns partitions, now and then.
    await pause(randomness.pick([800, 3000, 9000]));
    node.goOn();
  },
  async 'end a node in order'({ cluster, randomness }) {
    const node = randomness.pick(cluster.nodes);
    await node.end('SIGTERM');
    await node.start();
  },
  async 'cut a node off'({ cluster, randomness }) {
    const { nodeId } = randomness.pick(cluster.nodes);
    for (const other of cluster.nodes) {
      if (other.nodeId === nodeId) continue;
      cluster.links.set(nodeId, other.nodeId, { cut: true });
      cluster.links.set(other.nodeId, nodeId, { cut: true });
    }
    await pause(randomness.pick([1500, 8000]));
    cluster.links.mendAll();
  },
  async 'kill the Redis'({ redis, randomness }) {
    await redis?.kill();
    await pause(randomness.between(0, 1500));
    await redis?.start();
  },
  async 'stop the Redis for a while'({ redis, randomness }) {
    redis?.standStill();
    await pause(randomness.between(200, 3000));
    redis?.goOn();
  },
};
export const queueNemesisNames: readonly string[] = Object.keys(nemeses);

export async function runQueueChaos(options: QueueRunOptions): Promise<QueueOutcome> {
  const randomness = new Randomness(options.seed);
  const isRedis = options.store === 'redis';
  const redis = isRedis ? await RedisServerProcess.start(options.folder) : undefined;
  const environment: Record<string, string> =
    redis === undefined
      ? {}
      : { HOLDFAST_QUEUES_STORE: 'redis', HOLDFAST_QUEUES_REDIS_URLS: redis.url };
  try {
    const { folder, nodes, isSecured } = options;
    const cluster = await ChaosCluster.start(folder, nodes, environment, isSecured);
    try {
      return await strikeAndJudge(options, { cluster, redis, randomness });
    } finally {
      await cluster.close();
    }
  } finally {
    await redis?.kill();
  }
}

async function strikeAndJudge(options: QueueRunOptions, trouble: Trouble): Promise<QueueOutcome> {
  const { cluster } = trouble;
  await using client = await connect({
    endpoints: cluster.urls,
    ...cluster.security?.administrator,
  });
  await until('the queue is there', () =>
    client
      .call('queue_configure', { queue, max_deliveries: mostDeliveries, on_dead: 'block' })
      .then(() => true),
  );
  const shown = cluster.security?.worker;
  const workers = new Workers(cluster.urls, new Randomness(options.seed + 1), shown);
  workers.start(producers, consumers);
  const struck: Struck[] = [];
  let ofKeys: Awaited<ReturnType<typeof whileKeysChange>>;
  try {
    ofKeys = await whileKeysChange(cluster, () => strike(options, trouble, workers, struck));
    await workers.stopPushing();
    await until('the queue is drained', async () => {
      const [stats] = (await client.call('queue_stats', { queue })).queues;
      if (stats?.depth === 0 && stats.dead_letters === 0) return true;
      throw new Error(`It has ${JSON.stringify(stats)}.`);
    });
  } finally {
    cluster.links.mendAll();
    await workers.stop();
  }
  const { history, acknowledged } = workers;
  const judged = judgeMessages(history, true);
  const violations = [...judged.violations, ...ofKeys.failures];
  return {
    ...judged,
    violations,
    acknowledged,
    redriven: workers.redriven,
    extended: history.filter((one) => one.type === 'extended' && one.outcome === 'done').length,
    strikes: struck.map(({ name }) => name),
    inFlight: struck.map(({ inFlight }) => inFlight),
    notes: ofKeys.notes,
    history,
  };
}

interface Struck {
  readonly name: string;
  readonly inFlight: number;
}

async function strike(
  options: QueueRunOptions,
  trouble: Trouble,
  workers: Workers,
  struck: Struck[],
): Promise<void> {
  const { randomness } = trouble;
  const names = queueNemesisNames.filter(
    (name) =>
      (options.only?.includes(name) ?? true) &&
      (trouble.redis !== undefined || !name.includes('Redis')),
  );
  for (const endMs = nowMs() + options.seconds * 1000; nowMs() < endMs;) {
    const name = randomness.pick(names);
    options.tell(`  ${name}`);
    // A fault that meets no message in flight would show nothing; between this look and the fault nobody acknowledges.
    let inFlight = 0;
    const look = (): Promise<boolean> => Promise.resolve((inFlight = workers.inFlight) > 0);
    await until('a message is in flight', look, lookMs);
    struck.push({ name, inFlight });
    await nemeses[name]?.(trouble);
    await pause(randomness.between(300, 1500));
  }
}

async function until(what: string, isSo: () => Promise<boolean>, pauseMs = 100): Promise<void> {
  let last = '';
  for (const deadlineMs = nowMs() + drainDeadlineMs; nowMs() < deadlineMs; await pause(pauseMs)) {
    try {
      if (await isSo()) return;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
  }
  throw new Error(`It took too long until ${what}. ${last}`);
}
