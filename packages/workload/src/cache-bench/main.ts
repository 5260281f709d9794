/**
 * `make bench-cache`: reads of the cache from the memory of the client, from that of a node and through the leader, and
 * writes of a key that nobody, nodes, clients and a dead node have in their memory, against three node processes that fsync every write.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFlags } from '@holdfast/checker/flags';
import { connect } from '@holdfast/client';
import type { Client } from '@holdfast/client';
import { startLocalCluster } from '@holdfast/server';
import type { LocalCluster } from '@holdfast/server';
import { bootNow } from '@holdfast/client/boot-clock';
import { freePorts } from '../free-ports.ts';
import { describeMachine, machineLine } from '../statistics/machine.ts';
import { milliseconds, table, whole } from '../statistics/table.ts';
import { startRedis } from './redis.ts';

const help = `Usage: npm run bench:cache -- [OPTION]…

  --seconds N     counted seconds of each row of reads (2)
  --writes N      of each row of writes (200)
  --json          print one JSON document instead of tables
`;

const { values } = readFlags({
  options: {
    seconds: { type: 'string', default: '2' },
    writes: { type: 'string', default: '200' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

interface Reads {
  readonly what: string;
  readonly perSecond: number;
  /** Of this process, for one read; of those that wait for a node it tells little. */
  readonly cpuNs: number;
}
interface Writes {
  readonly what: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const key = 'bench/key';
/** Awaited reads a second from the memory of the client; a write that three nodes have, as a multiple of an acquire. */
const goals = { hitsPerSecond: 5_000_000, writeToAcquire: 1.5 };
const names = {
  hit: 'memory of the client, not awaited',
  awaitedHit: 'memory of the client, awaited',
  acquire: 'acquire of a lock',
  sharedWrite: 'write, three nodes have it, in turns with that',
} as const;
const inOneTurn = 1000;

/** @param loop Makes so many reads. */
async function reads(
  what: string,
  seconds: number,
  loop: (count: number) => Promise<number>,
): Promise<Reads> {
  await loop(inOneTurn);
  let count = 0;
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  while (performance.now() - startMs < 1000 * seconds) count += await loop(inOneTurn);
  const tookSeconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { what, perSecond: count / tookSeconds, cpuNs: ((user + system) * 1000) / count };
}

/** So many at a time until there are `count`. */
async function atOnce(
  workers: number,
  count: number,
  one: (number: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) await one(next++);
  };
  await Promise.all(Array.from({ length: workers }, work));
  return count;
}

async function readRows(client: Client, url: string, seconds: number): Promise<readonly Reads[]> {
  await client.cache.set(key, { name: 'Ada' });
  await client.cache.get(key);
  const { cache } = client;
  const rows = [
    await reads(names.awaitedHit, seconds, async (count) => {
      for (let read = 0; read < count; read++) await cache.get(key);
      return count;
    }),
    await reads(names.hit, seconds, async (count) => {
      for (let read = 0; read < count; read++) void cache.get(key);
      await cache.get(key);
      return count;
    }),
    await reads('memory of a node, stream, 64 at once', seconds, (count) =>
      atOnce(64, count, () => client.call('cache_get', { k: key })),
    ),
    await reads('memory of a node, HTTP, 16 at once', seconds, (count) =>
      atOnce(16, count, async () => (await fetch(`${url}/cache/get?k=${key}`)).text()),
    ),
  ];
  let fresh = 0;
  rows.push(
    await reads('through the leader, stream, 64 at once', seconds, (count) =>
      atOnce(64, count, () => client.call('cache_get', { k: `fresh/${String((fresh += 1))}` })),
    ),
    await reads('99 reads to 1 write of 100 keys, 64 at once', seconds, (count) =>
      atOnce(64, count, (number) => {
        // Also the keys that are written are all of them in turn.
        const one = `mixed/${String((number + Math.floor(number / 100)) % 100)}`;
        return number % 100 === 0 ? cache.set(one, number) : cache.get(one);
      }),
    ),
  );
  return rows;
}

async function timed(
  what: string,
  count: number,
  before: () => Promise<unknown>,
  one: (number: number) => Promise<unknown>,
): Promise<Writes> {
  const tookMs: number[] = [];
  for (let number = 0; number < count; number++) {
    await before();
    const startMs = performance.now();
    await one(number);
    tookMs.push(performance.now() - startMs);
  }
  return statisticsOf(what, tookMs);
}

function statisticsOf(what: string, tookMs: readonly number[]): Writes {
  const sorted = tookMs.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
  return { what, p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** What others do on this machine at this moment. */
async function beside(seconds: number): Promise<readonly Reads[]> {
  const rows = [
    await reads('the clock that each hit looks at, alone', seconds, async (count) => {
      for (let read = 0; read < count; read++) bootNow();
      return count;
    }),
  ];
  const [port = 0] = await freePorts(1);
  await using redis = await startRedis(port);
  if (redis === undefined) return rows;
  return [
    ...rows,
    await reads('Redis: GET, 64 at once', seconds, (count) => redis.get(count)),
    await reads('Redis: tracked, a Map in the client, awaited', seconds, (count) =>
      redis.tracked(count),
    ),
  ];
}

type Timed = readonly [
  what: string,
  before: () => Promise<unknown>,
  one: (number: number) => Promise<unknown>,
];

/** One of the first, one of the second: whatever else the machine does, both meet it. */
async function inTurns(count: number, ...both: readonly Timed[]): Promise<readonly Writes[]> {
  const rows = both.map(([what]) => ({ what, tookMs: [] as number[] }));
  for (let number = 0; number < count; number++)
    for (const [index, [, before, one]] of both.entries()) {
      await before();
      const startMs = performance.now();
      await one(number);
      rows[index]?.tookMs.push(performance.now() - startMs);
    }
  return rows.map(({ what, tookMs }) => statisticsOf(what, tookMs));
}

async function writeRows(
  cluster: LocalCluster,
  clients: readonly Client[],
  count: number,
): Promise<readonly Writes[]> {
  const [client] = clients;
  if (client === undefined) throw new Error('There is no client.');
  const session = await client.session();
  const nobody = (): Promise<void> => Promise.resolve();
  const onNodes = (urls: readonly string[]) => (): Promise<unknown> =>
    Promise.all(urls.map(async (url) => (await fetch(`${url}/cache/get?k=${key}`)).text()));
  const inClients = (some: readonly Client[]) => (): Promise<unknown> =>
    Promise.all(some.map(({ cache }) => cache.get(key)));
  const write = (number: number): Promise<unknown> => client.cache.set(key, number);
  const rows = [
    ...(await inTurns(
      count,
      [names.acquire, nobody, (number) => session.lock(`bench/${String(number)}`)],
      [names.sharedWrite, onNodes(cluster.urls), write],
    )),
    await timed('write, nobody has the key', count, nobody, write),
    await timed('write, one node has it', count, onNodes(cluster.urls.slice(0, 1)), write),
    await timed('write, three clients have it', count, inClients(clients.slice(0, 3)), write),
    await timed('write, 100 clients have it', count, inClients(clients), write),
  ];
  await session.end();
  return rows;
}

function goalLines(readStats: readonly Reads[], writeStats: readonly Writes[]): readonly string[] {
  const hits = readStats.find(({ what }) => what === names.awaitedHit)?.perSecond ?? Number.NaN;
  const p50Of = (name: string): number =>
    writeStats.find(({ what }) => what === name)?.p50Ms ?? Number.NaN;
  const ratio = p50Of(names.sharedWrite) / p50Of(names.acquire);
  const verdict = (isMet: boolean): string => (isMet ? 'met' : 'missed');
  return [
    `Reads from the memory of the client, awaited, at least ${whole(goals.hitsPerSecond)} a second: ${verdict(hits >= goals.hitsPerSecond)} (${whole(hits)}).`,
    `A write that three nodes have, at most ${String(goals.writeToAcquire)} times an acquire (p50): ${verdict(ratio <= goals.writeToAcquire)} (${ratio.toFixed(2)}).`,
  ];
}

/** A node that has the key is killed, and no other than the leader. */
async function deadRow(cluster: LocalCluster, times: number): Promise<Writes> {
  const leader = await cluster.leader();
  const node = cluster.nodes.find(({ nodeId }) => nodeId !== leader);
  if (node === undefined) throw new Error('There is no follower.');
  const { nodeId, url } = node;
  await using client = await connect({ endpoints: cluster.urls.filter((one) => one !== url) });
  const before = async (): Promise<void> => {
    if (cluster.nodes.find((one) => one.nodeId === nodeId)?.pid === undefined)
      await cluster.restart(nodeId);
    while ((await fetch(`${url}/cache/get?k=${key}`)).status !== 200);
    await cluster.kill(nodeId, 'SIGKILL');
  };
  return await timed('write, a node that had it was killed', times, before, (number) =>
    client.cache.set(key, number),
  );
}

async function bench(): Promise<void> {
  const seconds = Number(values.seconds);
  const writes = Number(values.writes);
  if (!(seconds > 0 && writes > 0)) throw new Error('--seconds and --writes are above 0.');
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-cache-'));
  const cluster = await startLocalCluster({ ports: await freePorts(3), folder });
  const clients: Client[] = [];
  try {
    await cluster.leader();
    for (let number = 0; number < 100; number++) {
      const from = number % cluster.urls.length;
      const endpoints = [...cluster.urls.slice(from), ...cluster.urls.slice(0, from)];
      clients.push(await connect({ endpoints }));
    }
    const [client] = clients;
    const [url] = cluster.urls;
    if (client === undefined || url === undefined) throw new Error('There is no client.');
    await client.cache.set(key, 0);
    const readStats = [...(await readRows(client, url, seconds)), ...(await beside(seconds))];
    const writeStats = [...(await writeRows(cluster, clients, writes)), await deadRow(cluster, 3)];
    const machine = describeMachine();
    if (values.json) console.log(JSON.stringify({ machine, reads: readStats, writes: writeStats }));
    else {
      console.log(`Machine: ${machineLine(machine)}\n`);
      console.log(
        table(
          ['reads', 'a second', 'CPU of the client, ns a read'],
          readStats.map(({ what, perSecond, cpuNs }) => [what, whole(perSecond), whole(cpuNs)]),
        ),
      );
      console.log(
        `\n${table(
          ['writes', 'p50 ms', 'p99 ms'],
          writeStats.map(({ what, p50Ms, p99Ms }) => [
            what,
            milliseconds(p50Ms),
            milliseconds(p99Ms),
          ]),
        )}`,
      );
      for (const line of goalLines(readStats, writeStats)) console.log(`\n${line}`);
    }
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await cluster.close();
    await rm(folder, { recursive: true, force: true });
  }
}

if (values.help) console.log(help);
else await bench();
