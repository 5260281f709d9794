/**
 * `make soak`: three nodes with TLS, keys, an audit, queues and a cache at work for long, and what they use meanwhile. Exit status 1
 * where work failed, a record of the audit was dropped, or something went on rising (`verdict.ts`).
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
import { connect, HoldfastError } from '@holdfast/client';
import type { Client } from '@holdfast/client';
import { startLocalCluster } from '@holdfast/server';
import type { LocalCluster } from '@holdfast/server';
import { freePorts } from '../free-ports.ts';
import { waitUntil } from '../wait-until.ts';
import { sampleOf } from './samples.ts';
import { judgeAudit, judgeSamples, judgeWork } from './verdict.ts';
import type { TimedSample } from './verdict.ts';
import { works } from './workers.ts';
import type { Counts, Task, Work } from './workers.ts';

const mebibyte = 1024 * 1024;
const samplesPerRun = 60;
const leastPauseMs = 2000;
const longestStartMs = 60_000;
const retryPauseMs = 1000;

const { values } = readFlags({
  options: {
    minutes: { type: 'string', default: '10' },
    /** Between two operations of a client. */
    'pace-ms': { type: 'string', default: '5' },
  },
});
const minutes = Number(values.minutes);
const paceMs = Number(values['pace-ms']);
if (!(minutes > 0) || !(paceMs >= 0)) {
  console.error('--minutes takes a number above 0, --pace-ms one of at least 0.');
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
      // Else this alone is filled for a quarter of an hour at a low rate, with some hundred bytes an event.
      HOLDFAST_LIMITS_MAX_EVENTS_KEPT: '5000',
    },
  });
  const over = new AbortController();
  const clients: Client[] = [];
  try {
    await cluster.leader();
    const apiKey = await enableSecurity(cluster);
    const counts: Counts = { locks: 0, sessions: 0, messages: 0, reads: 0, interrupted: 0 };
    const failures: string[] = [];
    const working = works.map(async (work) => {
      const client = await connectTo(cluster, apiKey);
      clients.push(client);
      await workOn(work, { client, signal: over.signal, counts, paceMs }).catch(
        (error: unknown) => {
          if (over.signal.aborted) return;
          failures.push(String(error));
          // The rest of a run with less work in it would say nothing.
          over.abort();
        },
      );
    });
    const samples = await watch(cluster, apiKey, counts, over.signal);
    over.abort();
    await Promise.all(working);
    for (const failure of failures) console.log(`FAILED: ${failure}`);
    const { interrupted, locks, sessions, messages, reads } = counts;
    const verdicts = [
      judgeSamples(samples, minutes),
      judgeWork(interrupted, locks + sessions + messages + reads),
      judgeAudit(await metricsOfAll(cluster, agentOf(cluster), apiKey)),
    ];
    for (const line of verdicts.flatMap(({ lines }) => lines)) console.log(line);
    return failures.length === 0 && verdicts.every(({ passed }) => passed);
  } finally {
    over.abort();
    await Promise.allSettled(clients.map((client) => client.close()));
    await cluster.close();
  }
}

/** Work that is interrupted by an error of the cluster is begun anew; any other error is a failure. */
async function workOn(work: Work, task: Task): Promise<void> {
  while (!task.signal.aborted) {
    try {
      await work(task);
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code === 'internal') throw error;
      if (task.signal.aborted) return;
      task.counts.interrupted += 1;
      console.log(`Interrupted: ${error.code}: ${error.message}`);
      await pause(retryPauseMs);
    }
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
  // A level rises when all members are connected, a moment after there is a leader.
  let key: string | undefined;
  await waitUntil('the members are at a level with keys', longestStartMs, async () => {
    try {
      ({ key } = await first.call('auth_create_key', { identity: 'soak', roles: ['admin'] }));
      return true;
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'not_supported_yet') return false;
      throw error;
    }
  });
  if (key === undefined) throw new Error('There is no key.');
  await first.close();
  const client = await connectTo(cluster, key);
  await client.call('auth_enable', {});
  await client.call('audit_enable', {});
  await client.close();
  return key;
}

/** What each node used, by its name. */
type Samples = ReadonlyMap<string, readonly TimedSample[]>;

async function watch(
  cluster: LocalCluster,
  apiKey: string,
  counts: Counts,
  signal: AbortSignal,
): Promise<Samples> {
  const samples = new Map<string, TimedSample[]>(cluster.nodes.map(({ nodeId }) => [nodeId, []]));
  const agent = agentOf(cluster);
  const startedMs = performance.now();
  const endMs = startedMs + minutes * 60_000;
  const everyMs = Math.max(leastPauseMs, (minutes * 60_000) / samplesPerRun);
  let toldMs = startedMs;
  while (performance.now() < endMs && !signal.aborted) {
    await pause(Math.min(everyMs, Math.max(1, endMs - performance.now())));
    const atMs = performance.now() - startedMs;
    const metrics = await metricsOfAll(cluster, agent, apiKey);
    for (const { nodeId, folder, pid } of cluster.nodes) {
      if (pid === undefined) throw new Error(`${nodeId} has ended: see ${folder}.`);
      const sample = await sampleOf(pid, folder, metrics.get(nodeId) ?? '');
      samples.get(nodeId)?.push({ atMs, sample });
    }
    if (performance.now() - toldMs < 60_000) continue;
    toldMs = performance.now();
    console.log(`${(atMs / 60_000).toFixed(1)} minutes: ${JSON.stringify(counts)}`);
  }
  console.log(JSON.stringify(counts));
  return samples;
}

async function metricsOfAll(
  cluster: LocalCluster,
  agent: Agent,
  apiKey: string,
): Promise<ReadonlyMap<string, string>> {
  const told = new Map<string, string>();
  for (const { nodeId, url } of cluster.nodes)
    told.set(nodeId, await metricsOf(url, agent, apiKey));
  return told;
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
