import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalCluster } from '@holdfast/server';
import type { LocalCluster, LocalClusterOptions } from '@holdfast/server';
import { untilSo } from '../../../../checker/src/waits.ts';
import { freePorts } from '../../../src/free-ports.ts';

const statusTimeoutMs = 5000;

export interface TestCluster extends AsyncDisposable {
  readonly cluster: LocalCluster;
}

/** Three real processes in a folder of their own, with a leader; gone with the scope. */
export async function threeNodes(
  environment: Readonly<Record<string, string>> = {},
  more: Pick<LocalClusterOptions, 'entryOf' | 'host' | 'onNodeEnd' | 'tls'> = {},
): Promise<TestCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-test-'));
  const cluster = await startLocalCluster({
    ...more,
    ports: await freePorts(3, more.host),
    folder,
    environment,
  });
  await cluster.leader();
  // A follower hears of its leader a moment later.
  for (const url of cluster.urls)
    await untilSo(() => knowsLeader(cluster, url), {
      what: `${url} knows the leader`,
      pauseMs: 20,
    });
  return {
    cluster,
    async [Symbol.asyncDispose]() {
      await cluster.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function knowsLeader({ security }: LocalCluster, url: string): Promise<boolean> {
  const path = `${url}/cluster/status`;
  const status: unknown =
    security === undefined
      ? await (await fetch(path)).json()
      : await security.ask(path, statusTimeoutMs, undefined);
  return (
    typeof status === 'object' &&
    status !== null &&
    'leader' in status &&
    typeof status.leader === 'string'
  );
}
