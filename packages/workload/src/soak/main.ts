/**
 * `make soak`: three nodes with TLS, keys, an audit, queues and a cache at work for long, and what they use meanwhile. Exit status 1
 * where work failed, or where something went on rising.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { readFlags } from '@holdfast/checker/flags';
import { connect } from '@holdfast/client';
import type { Client } from '@holdfast/client';
import { startLocalCluster } from '@holdfast/server';
import type { LocalCluster } from '@holdfast/server';
import { freePorts } from '../free-ports.ts';
import { sampleOf } from './samples.ts';
import type { Sample } from './samples.ts';
import { trendOf } from './slope.ts';
import type { Point } from './slope.ts';
import { works } from './workers.ts';
import type { Counts } from './workers.ts';

/** Shorter runs see what a program does at its beginning: they are shown, not judged. */
const judgedFromMinutes = 20;
const mebibyte = 1024 * 1024;
const samplesPerRun = 60;
const leastPauseMs = 2000;

const measures: readonly {
  readonly name: keyof Sample;
  readonly unit: string;
  readonly divisor: number;
  /** A rise up to this is none: of the unit. */
  readonly allowed: number;
}[] = [
  { name: 'memoryBytes', unit: 'MiB', divisor: mebibyte, allowed: 40 },
  { name: 'diskBytes', unit: 'MiB', divisor: mebibyte, allowed: 100 },
  { name: 'handles', unit: 'handles', divisor: 1, allowed: 10 },
  { name: 'longestTurnMs', unit: 'ms', divisor: 1, allowed: 50 },
];

const { values } = readFlags({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error('--minutes takes a number above 0.');
  process.exit(2);
}
const root = await mkdtemp(join(tmpdir(), 'holdfast-soak-'));
try {
  process.exitCode = (await soak()) ? 0 : 1;
} finally {
  await rm(root, { recursive: true, force: true });
}

async function soak(): Promise<boolean> {
  const cluster = await startLocalCluster({
    ports: await freePorts(3),
    folder: root,
    tls: true,
    // Small, so that within the first half of a run each has come to where it stays.
    environment: {
      HOLDFAST_STORAGE_SNAPSHOT_LOG_BYTES: String(4 * mebibyte),
      HOLDFAST_AUDIT_ROTATE_BYTES: String(mebibyte),
      HOLDFAST_AUDIT_KEEP_BYTES: String(4 * mebibyte),
    },
  });
  const over = new AbortController();
  const clients: Client[] = [];
  try {
    await cluster.leader();
    const apiKey = await enableSecurity(cluster);
    const counts: Counts = { locks: 0, sessions: 0, messages: 0, reads: 0 };
    const failures: string[] = [];
    const working = works.map(async (work) => {
      const client = await connectTo(cluster, apiKey);
      clients.push(client);
      try {
        await work(client, over.signal, counts);
      } catch (error) {
        if (!over.signal.aborted) failures.push(String(error));
      }
    });
    const points = await watch(cluster, apiKey, counts);
    over.abort();
    await Promise.all(working);
    for (const failure of failures) console.log(`FAILED: ${failure}`);
    return failures.length === 0 && tell(points);
  } finally {
    over.abort();
    await Promise.allSettled(clients.map((client) => client.close()));
    await cluster.close();
  }
}

function connectTo(cluster: LocalCluster, apiKey: string | undefined): Promise<Client> {
  const { security } = cluster;
  if (security === undefined) throw new Error('The cluster has no TLS.');
  const { authority, client } = security;
  return connect({
    endpoints: [...cluster.urls],
    tls: {
      ca: readFileSync(authority, 'utf8'),
      cert: readFileSync(client.certificate, 'utf8'),
      key: readFileSync(client.key, 'utf8'),
    },
    ...(apiKey === undefined ? {} : { apiKey }),
  });
}

/** @returns The key of an administrator. */
async function enableSecurity(cluster: LocalCluster): Promise<string> {
  const first = await connectTo(cluster, undefined);
  const { key } = await first.call('auth_create_key', { identity: 'soak', roles: ['admin'] });
  await first.close();
  const client = await connectTo(cluster, key);
  await client.call('auth_enable', {});
  await client.call('audit_enable', {});
  await client.close();
  return key;
}

/** By node and measure. */
type Points = ReadonlyMap<string, Point[]>;

async function watch(cluster: LocalCluster, apiKey: string, counts: Counts): Promise<Points> {
  const points = new Map<string, Point[]>();
  const agent = agentOf(cluster);
  const startedMs = performance.now();
  const endMs = startedMs + minutes * 60_000;
  const everyMs = Math.max(leastPauseMs, (minutes * 60_000) / samplesPerRun);
  let toldMs = startedMs;
  while (performance.now() < endMs) {
    await pause(Math.min(everyMs, Math.max(1, endMs - performance.now())));
    const atMs = performance.now() - startedMs;
    for (const { nodeId, url, folder, pid } of cluster.nodes) {
      if (pid === undefined) throw new Error(`${nodeId} has ended: see ${folder}.`);
      const metrics = await metricsOf(url, agent, apiKey);
      const sample = await sampleOf(pid, folder, metrics);
      for (const { name, divisor } of measures) {
        const key = `${nodeId} ${name}`;
        const of = points.get(key) ?? [];
        of.push({ atMs, value: sample[name] / divisor });
        points.set(key, of);
      }
    }
    if (performance.now() - toldMs < 60_000) continue;
    toldMs = performance.now();
    console.log(`${(atMs / 60_000).toFixed(1)} minutes: ${JSON.stringify(counts)}`);
  }
  console.log(JSON.stringify(counts));
  return points;
}

function agentOf({ security }: LocalCluster): Agent {
  if (security === undefined) throw new Error('The cluster has no TLS.');
  const { authority, client } = security;
  return new Agent({
    keepAlive: true,
    ca: readFileSync(authority),
    cert: readFileSync(client.certificate),
    key: readFileSync(client.key),
  });
}

async function metricsOf(url: string, agent: Agent, apiKey: string): Promise<string> {
  const headers = { authorization: `Bearer ${apiKey}` };
  const asked = get(`${url}/metrics`, { agent, headers, signal: AbortSignal.timeout(10_000) });
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return text(answer);
}

function tell(points: Points): boolean {
  const isJudged = minutes >= judgedFromMinutes;
  let isFlat = true;
  for (const [key, of] of points) {
    const measure = measures.find(({ name }) => key.endsWith(` ${name}`));
    const trend = trendOf(of);
    if (measure === undefined || trend === undefined) continue;
    const { unit, allowed } = measure;
    const { first, last, perHour, rise } = trend;
    const rises = isJudged && rise > Math.max(allowed, first / 5);
    isFlat &&= !rises;
    console.log(
      `${key.padEnd(24)} ${first.toFixed(1)} to ${last.toFixed(1)} ${unit}, ${perHour >= 0 ? '+' : ''}${perHour.toFixed(1)} ${unit} an hour${rises ? '  RISES' : ''}`,
    );
  }
  if (!isJudged)
    console.log(`Shown, not judged: a run of less than ${String(judgedFromMinutes)} minutes.`);
  return isFlat;
}
