/** A cluster of one, and requests to it. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterStatusAnswer } from '@holdfast/protocol';
import { startLocalCluster } from '@holdfast/server';
import { waitUntil } from '../../src/wait-until.ts';

const longestMs = 20_000;

export interface OneNode extends AsyncDisposable {
  readonly url: string;
}

export async function oneNode(ports: readonly number[]): Promise<OneNode> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-test-'));
  const cluster = await startLocalCluster({ ports, folder });
  await cluster.leader();
  const [url] = cluster.urls;
  assert.ok(url !== undefined);
  await waitUntil('the feature level is raised', longestMs, async () => {
    const status = (await (await fetch(`${url}/cluster/status`)).json()) as ClusterStatusAnswer;
    return status.feature_level === status.supported_feature_level;
  });
  return {
    url,
    async [Symbol.asyncDispose]() {
      await cluster.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function post(
  url: string,
  path: string,
  body: object,
  key?: string,
): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(`${url}/${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  assert.ok(response.ok, `${path}: ${text}`);
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}
