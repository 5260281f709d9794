/**
 * `make bench-security`: what TLS with client certificates, keys and the audit cost, each beside a plain cluster in the same run:
 * cycles of acquire and release over the client stream, and connections that are made in a second.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { connect } from '@holdfast/client';
import type { Client } from '@holdfast/client';
import { startLocalCluster } from '@holdfast/server';
import { freePorts } from '../free-ports.ts';
import { generate } from './generate.ts';
import type { LoadSecurity } from './plan.ts';
import { securedBy } from './secured.ts';

const seconds = Number(process.env['SECONDS'] ?? 4);
const workers = Number(process.env['WORKERS'] ?? 64);
const connectMs = 2000;
const inFlight = 8;

interface Kind {
  readonly name: string;
  readonly tls?: true;
  readonly keys?: true;
  readonly audit?: true;
}

interface Measured {
  readonly cyclesPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly connectionsPerSecond: number;
}

const levelDeadlineMs = 30_000;

/** The leader raises the feature level a moment after the members have met: keys and the audit belong to the second. */
async function supported(client: Client): Promise<void> {
  const deadlineMs = performance.now() + levelDeadlineMs;
  for (;;) {
    const refused = await client.call('audit_disable', {}).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refused === undefined) return;
    if (performance.now() > deadlineMs) throw refused;
    await setTimeout(20);
  }
}

/** Opens connections and closes them, so many at a time. */
async function connections(
  endpoints: readonly string[],
  security: LoadSecurity | undefined,
): Promise<number> {
  const untilMs = performance.now() + connectMs;
  let made = 0;
  const open = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      const client = await connect({ endpoints, ...securedBy(security) });
      await client.close();
      made += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, open));
  return made / (connectMs / 1000);
}

async function measured(kind: Kind): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  const cluster = await startLocalCluster({
    ports: await freePorts(3),
    folder,
    ...(kind.tls === true ? { tls: true } : {}),
  });
  try {
    await cluster.leader(30_000);
    const { security: made } = cluster;
    let security: LoadSecurity | undefined =
      made === undefined ? undefined : { authority: made.authority, ...made.client };
    const client = await connect({ endpoints: cluster.urls, ...securedBy(security) });
    await supported(client);
    if (kind.audit === true) await client.call('audit_enable', {});
    if (kind.keys === true && security !== undefined) {
      const { key } = await client.call('auth_create_key', { identity: 'bench', roles: ['admin'] });
      security = { ...security, apiKey: key };
      const administrator = await connect({ endpoints: cluster.urls, ...securedBy(security) });
      await administrator.call('auth_enable', {});
      await administrator.close();
    }
    await client.close();
    const stats = await generate(
      {
        endpoints: cluster.urls,
        workers,
        connections: 1,
        locks: 'own',
        warmUpMs: 1500,
        measureMs: seconds * 1000,
        ...(security === undefined ? {} : { security }),
      },
      undefined,
      () => undefined,
    );
    return {
      cyclesPerSecond: stats.cyclesPerSecond,
      p50: stats.acquireMs.p50,
      p99: stats.acquireMs.p99,
      connectionsPerSecond: await connections(cluster.urls, security),
    };
  } finally {
    await cluster.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const kinds: readonly Kind[] = [
  { name: 'plain' },
  { name: 'TLS, client certificates, keys', tls: true, keys: true },
  { name: 'plain, audit on', audit: true },
  { name: 'plain again' },
];
const all: (readonly [Kind, Measured])[] = [];
for (const kind of kinds) all.push([kind, await measured(kind)]);
const plain = all.filter(([{ name }]) => name.startsWith('plain') && !name.includes('audit'));
const base = plain.reduce((sum, [, one]) => sum + one.cyclesPerSecond, 0) / plain.length;
console.log(
  `| ${String(workers)} workers over one stream | cycles/s | of plain | acquire p50 ms | p99 | connections/s |`,
);
console.log('| --- | ---: | ---: | ---: | ---: | ---: |');
for (const [{ name }, one] of all)
  console.log(
    `| ${name} | ${String(Math.round(one.cyclesPerSecond))} | ${String(Math.round((100 * one.cyclesPerSecond) / base))} % | ${one.p50.toFixed(2)} | ${one.p99.toFixed(2)} | ${String(Math.round(one.connectionsPerSecond))} |`,
  );
